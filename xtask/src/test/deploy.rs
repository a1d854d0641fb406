//! The deployment: what kustomize makes of every overlay, against Kubernetes' schemas and the manifests; the script.

mod agreement;
mod cluster;
mod documents;
mod nativelink;
mod pipelines;
mod tls;

use anyhow::{Result, bail};

use super::case::{Tally, expect_equal};
use crate::lab::Lab;
use documents::{Documents, install, render};

/// Everything that is applied, and how much of it is Kubernetes' own.
const OVERLAYS: [&str; 5] =
    ["kubernetes/base", "kubernetes/kind", "kubernetes/autoscaling", "kubernetes/tls", "kubernetes/pipelines"];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    install(lab)?;
    let mut rendered: Vec<(&str, Documents)> = Vec::new();
    for overlay in OVERLAYS {
        tally.check(&format!("`{overlay}` builds and holds against Kubernetes' schemas"), || {
            rendered.push((overlay, render(lab, overlay)?));
            Ok(())
        });
    }
    tally.check("a misspelt field and a value of a wrong type are found", || documents::sabotage(lab));
    for (overlay, documents) in rendered.iter().filter(|(overlay, _)| *overlay != "kubernetes/pipelines") {
        tally.check(&format!("images, properties and ports of `{overlay}` are the manifests'"), || {
            none(agreement::disagreements(documents)?)
        });
        tally.check(&format!("every container of `{overlay}` is confined, limited and watched"), || {
            none(agreement::unconfined(documents)?)
        });
    }
    let find = |name: &str| rendered.iter().find(|(overlay, _)| *overlay == name);
    if let Some((_, documents)) = find("kubernetes/pipelines") {
        tally.check("what the pipeline's parts call each other is what they are called", || {
            none(pipelines::dangling(documents)?)
        });
    }
    if let (Some((_, secured)), Some((_, base))) = (find("kubernetes/tls"), find("kubernetes/base")) {
        tally.check(
            "every port of `kubernetes/tls` takes the certificates of its clients alone, and no secret is in it",
            || none(tls::open(secured)),
        );
        tally.check("a port without TLS is found", || {
            // Four listeners, eight addresses of other processes, six folders.
            expect_equal("what is found of the base", &tls::open(base).len().to_string(), "18")
        });
    }
    tally.check("an overlay with the component of images pulls them by digest", || {
        let documents = documents::pinned(lab)?;
        let worker = documents.iter().find(|document| document["metadata"]["name"] == "worker-cc");
        let image = worker.map(|worker| worker["spec"]["template"]["spec"]["containers"][0]["image"].to_string());
        let image = image.unwrap_or_default();
        // What was built decides the digest.
        let (name, digest) = image.split_once("@sha256:").unwrap_or((&image, ""));
        expect_equal(
            "the image and its digest's length",
            &format!("{name} {}", digest.len()),
            "\"registry.example/lre/lre-cc 65",
        )
    });
    cluster::run(tally, lab);
    nativelink::run(tally, lab)?;
    tally.not_tried("a Kubernetes cluster: no node runs here, so nothing of `deploy/kubernetes` was applied");
    Ok(())
}

/// Fails if something was found, with all of it.
fn none(found: Vec<String>) -> Result<()> {
    if found.is_empty() { Ok(()) } else { bail!("{}", found.join("\n")) }
}
