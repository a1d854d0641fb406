//! The module's entry in a registry such as the Bazel Central Registry, made of the templates in `.bcr/`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::release::{Release, write};

const MODULE: &str = "local-remote-execution";

/// Writes `registry/`, which `--registry` takes.
pub(super) fn write_entry(root: &Path, release: &Release, module_file: &str, out: &Path) -> Result<()> {
    let module = out.join("registry/modules").join(MODULE);
    let entry = module.join(&release.version);
    let mut metadata = template(root, "metadata.template.json")?;
    metadata["versions"] = json!([release.version]);
    write(&module.join("metadata.json"), &format!("{metadata:#}\n"))?;
    let mut source = template(root, "source.template.json")?;
    let archive = release.module_archive();
    let published = filled(source["url"].as_str().unwrap_or_default(), release);
    if !published.ends_with(&format!("/{archive}")) {
        bail!("`.bcr/source.template.json` names the archive `{published}`, and it is called `{archive}`");
    }
    let folder = filled(source["strip_prefix"].as_str().unwrap_or_default(), release);
    if folder != release.module_folder() {
        bail!("`.bcr/source.template.json` strips `{folder}`, and the archive has `{}`", release.module_folder());
    }
    source["integrity"] = integrity(&out.join(&archive))?.into();
    source["strip_prefix"] = folder.into();
    source["url"] = release.url(&archive).into();
    write(&entry.join("source.json"), &format!("{source:#}\n"))?;
    write(&entry.join("MODULE.bazel"), module_file)?;
    let presubmit = fs::read_to_string(root.join(".bcr/presubmit.yml")).context("cannot read `.bcr/presubmit.yml`")?;
    write(&entry.join("presubmit.yml"), &presubmit)
}

/// What the publisher's templates leave open.
fn filled(text: &str, release: &Release) -> String {
    text.replace("{VERSION}", &release.version).replace("{TAG}", &release.tag())
}

fn template(root: &Path, name: &str) -> Result<Value> {
    let file = root.join(".bcr").join(name);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("`{}` is no JSON", file.display()))
}

/// The SHA-256 of a file as registries and overrides name it.
pub fn integrity(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(format!("sha256-{}", BASE64.encode(&Sha256::digest(bytes))))
}
