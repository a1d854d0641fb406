//! YAML documents as kustomize makes them, validated, as JSON.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::lab::Lab;
use crate::sandbox::debian::shell;
use crate::sandbox::source::copy;
use crate::sandbox::workspace;
use crate::step::{Attempts, run_logged};

/// The schemas' version of Kubernetes, and the package that has them.
const KUBERNETES: &str = "1.34";
const REQUIREMENT: &str = "kubernetes-validate==1.37.0";
const VENV: &str = "/lre/kubernetes";
pub(super) const FOLDER: &str = "lre/deploy";

/// Documents of one overlay.
pub(super) type Documents = Vec<Value>;

/// Installs kustomize and the schemas, and copies the deployment to where they are.
pub(super) fn install(lab: &Lab) -> Result<()> {
    let sandbox = &lab.sandbox;
    sandbox.steps.keep("kustomize and schemas", REQUIREMENT, Attempts::Patient, |log| {
        let script = format!(
            "export PIP_CERT=/etc/ssl/certs/ca-certificates.crt; unset PIP_FIND_LINKS
            apt-get update && apt-get install -y -q --no-install-recommends kustomize
            python3 -m venv {VENV} && {VENV}/bin/pip install -q --disable-pip-version-check '{REQUIREMENT}'"
        );
        run_logged(&mut shell(&sandbox.services, &script, Duration::from_secs(900)), log)
    })?;
    let folder = sandbox.services.directory().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    copy(&workspace().join("deploy"), &folder)?;
    fs::write(folder.join("validate.py"), include_str!("validate.py")).context("cannot write `validate.py`")
}

/// What kustomize makes of a folder below the deployment's.
pub(super) fn render(lab: &Lab, overlay: &str) -> Result<Documents> {
    validated(lab, &format!("kustomize build /{FOLDER}/{overlay} >/tmp/documents.yaml"), "/tmp/documents.yaml")
}

/// The documents of a file below the deployment's folder.
pub(super) fn read(lab: &Lab, file: &str) -> Result<Documents> {
    validated(lab, ":", &format!("/{FOLDER}/{file}"))
}

/// The base with the component that pins images, as the tests of `lre` have it.
pub(super) fn pinned(lab: &Lab) -> Result<Documents> {
    let snapshot = include_str!("../../../../helper/tests/cli/snapshots/cli__deploy__kubernetes-images.snap");
    let (_, component) = snapshot.split_once("\n---\n").context("the snapshot has no text")?;
    let kubernetes = lab.sandbox.services.directory().join(FOLDER).join("kubernetes");
    for (folder, text) in [("images", component), ("pinned", "resources: [../base]\ncomponents: [../images]\n")] {
        fs::create_dir_all(kubernetes.join(folder))?;
        fs::write(kubernetes.join(folder).join("kustomization.yaml"), text)?;
    }
    render(lab, "kubernetes/pinned")
}

/// Two mistakes that the schemas have to find.
pub(super) fn sabotage(lab: &Lab) -> Result<()> {
    for (change, found) in [
        ("s/runAsNonRoot:/runAsNoneRoot:/", "'runAsNoneRoot' was unexpected"),
        ("s/replicas: 2/replicas: two/", "'two' is not of type"),
    ] {
        let script = format!("kustomize build /{FOLDER}/kubernetes/base | sed '{change}' >/tmp/sabotage.yaml");
        match validated(lab, &script, "/tmp/sabotage.yaml") {
            Err(error) if format!("{error:#}").contains(found) => {}
            Err(error) => return Err(error.context(format!("`{change}` is found as something else"))),
            Ok(_) => bail!("`{change}` is not found"),
        }
    }
    Ok(())
}

fn validated(lab: &Lab, before: &str, file: &str) -> Result<Documents> {
    let script = format!("{before}\n{VENV}/bin/python /{FOLDER}/validate.py {KUBERNETES} {file}");
    let mut command = shell(&lab.sandbox.services, &format!("set -o pipefail\n{script}"), Duration::from_secs(60));
    let output = command.output().context("cannot run kustomize")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("the documents are no JSON")
}
