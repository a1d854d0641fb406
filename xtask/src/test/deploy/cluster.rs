//! `deploy/kubernetes/cluster`: what it would run, whole, and what it says of wrong arguments.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::documents::read;
use crate::lab::Lab;
use crate::sandbox::workspace;
use crate::test::case::{Tally, expect_equal};

const UP: &str = "\
kind create cluster --name lre --config HERE/kind/kind.yaml
skopeo --insecure-policy copy --quiet oci:layouts/lre-cc docker-archive:layouts/lre-cc.tar:CC
kind load image-archive --name lre layouts/lre-cc.tar
rm layouts/lre-cc.tar
skopeo --insecure-policy copy --quiet oci:layouts/lre-java docker-archive:layouts/lre-java.tar:JAVA
kind load image-archive --name lre layouts/lre-java.tar
rm layouts/lre-java.tar
kubectl --context kind-lre apply --kustomize HERE/kind
kubectl --context kind-lre --namespace lre rollout status --timeout=10m statefulset/cas
kubectl --context kind-lre --namespace lre rollout status --timeout=10m deployment/scheduler
kubectl --context kind-lre --namespace lre rollout status --timeout=10m deployment/worker-cc
kubectl --context kind-lre --namespace lre rollout status --timeout=10m deployment/worker-java
";
const ENDPOINTS: &str = "\
--remote_cache=grpc://127.0.0.1:50051
--remote_executor=grpc://127.0.0.1:50052
--remote_instance_name=main
";
const DOWN: &str = "kind delete cluster --name lre\n";
const STATUS: &str = "kubectl --context kind-lre --namespace lre get statefulsets,deployments,pods,services\n";

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally.check("`cluster --dry-run` prints the commands of each verb, and the addresses", || {
        let up = UP.replace("CC", &image("cc")?).replace("JAVA", &image("java")?) + ENDPOINTS;
        for (arguments, expected) in [
            (&["up", "--images", "layouts"][..], up.as_str()),
            (&["down"], DOWN),
            (&["status"], STATUS),
            (&["endpoints"], ENDPOINTS),
        ] {
            let all = [arguments, &["--dry-run"]].concat();
            expect_equal(
                &format!("what `cluster {}` prints", all.join(" ")),
                &cluster(&all)?,
                &format!("{expected}exit status: 0\n"),
            )?;
        }
        Ok(())
    });
    tally.check("`cluster` refuses what it does not know with 2", || {
        let said = "error: unknown argument `ups`\n\nhint: see `HERE/cluster --help`\nexit status: 2\n";
        expect_equal("what `cluster ups` says", &cluster(&["ups"])?, said)?;
        let said = "error: `up` and `down` are two commands\nexit status: 2\n";
        expect_equal("what `cluster up down` says", &cluster(&["up", "down"])?, said)
    });
    tally.check("the local cluster's ports are those of its services, and the addresses", || ports(lab));
    tally.check("shellcheck has nothing to say of `cluster`", || {
        fs::copy(workspace().join("deploy/kubernetes/cluster"), lab.sandbox.place().outside("cluster"))?;
        let file = lab.sandbox.place().text("cluster");
        let output = lab.sandbox.command("shellcheck").args([file]).build().output()?;
        expect_equal("what shellcheck says", &String::from_utf8_lossy(&output.stdout), "")
    });
}

/// What the script prints, and its status; `HERE` is its folder.
fn cluster(arguments: &[&str]) -> Result<String> {
    let folder = workspace().join("deploy/kubernetes");
    let output = Command::new(folder.join("cluster")).args(arguments).output().context("cannot run `cluster`")?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).replace(&folder.display().to_string(), "HERE");
    Ok(format!("{text}{}\n", output.status))
}

fn image(kind: &str) -> Result<String> {
    let text = fs::read_to_string(workspace().join(format!("generated-{kind}/lre.json")))?;
    let manifest: serde_json::Value = serde_json::from_str(&text)?;
    manifest["image"]["reference"].as_str().map(str::to_owned).context("a manifest has no image")
}

fn ports(lab: &Lab) -> Result<()> {
    let cluster = read(lab, "kubernetes/kind/kind.yaml")?;
    let services = read(lab, "kubernetes/kind/node-port.yaml")?;
    let mappings = cluster[0]["nodes"][0]["extraPortMappings"].as_array().context("no port is mapped")?;
    if mappings.len() != 2 {
        bail!("{} ports are mapped instead of 2", mappings.len());
    }
    for mapping in mappings {
        let host = &mapping["hostPort"];
        let is_mapped = |service: &&serde_json::Value| {
            let port = &service["spec"]["ports"][0];
            port["nodePort"] == mapping["containerPort"] && port["port"] == *host
        };
        if !services.iter().any(|service| is_mapped(&service)) {
            bail!("no service is behind {mapping}");
        }
        if mapping["listenAddress"] != "127.0.0.1" || !ENDPOINTS.contains(&format!("127.0.0.1:{host}\n")) {
            bail!("{mapping} is no address that `cluster` prints");
        }
    }
    Ok(())
}
