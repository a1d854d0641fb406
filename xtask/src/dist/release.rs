//! What the files of a release are called, where they are downloaded from, and their sums.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::source::Source;

/// The systems that a helper is published for, as Nix calls them.
pub(super) const SYSTEMS: [&str; 4] = ["aarch64-darwin", "aarch64-linux", "x86_64-darwin", "x86_64-linux"];
const SUMS: &str = "SHA256SUMS";

/// A version, the commit that it is, and where its files are.
pub struct Release {
    /// Without the `v` of the tag.
    pub version: String,
    commit: String,
    url: String,
}

impl Release {
    /// The version that `Cargo.toml` names, of which the files are found below `url`.
    pub fn new(source: &Source, url: Option<&str>) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let page = format!("{}/releases/download/v{version}", env!("CARGO_PKG_REPOSITORY"));
        let url = url.map_or(page, |url| url.trim_end_matches('/').to_owned());
        Self { version, commit: source.commit.clone(), url }
    }

    /// The tag of the commit.
    pub(super) fn tag(&self) -> String {
        format!("v{}", self.version)
    }

    /// The one folder in the module's archive.
    pub fn module_folder(&self) -> String {
        format!("local-remote-execution-{}", self.version)
    }

    /// The module's archive.
    pub fn module_archive(&self) -> String {
        format!("{}.tar.gz", self.module_folder())
    }

    /// Where a file is downloaded from.
    pub fn url(&self, file: &str) -> String {
        format!("{}/{file}", self.url)
    }

    /// `helper/release.json`: for each system, where its program is and which bytes it has.
    pub(super) fn record(&self, programs: &BTreeMap<&str, String>) -> String {
        let platforms: BTreeMap<&str, Value> = programs
            .iter()
            .map(|(system, sha256)| (*system, json!({"url": self.url(&program(system)), "sha256": sha256})))
            .collect();
        let record = json!({
            "comment": "The last published release of `lre`, written by `cargo xtask dist`. `commit` is what pins are compared with; `platforms` maps a system to its program's `url` and `sha256` (hexadecimal).",
            "version": self.version,
            "commit": self.commit,
            "platforms": platforms,
        });
        format!("{record:#}\n")
    }
}

/// What the program for `system` is called.
pub(super) fn program(system: &str) -> String {
    format!("lre-{system}")
}

/// The SHA-256 of a file, hexadecimal.
pub(super) fn sha256(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(format!("{:x}", Sha256::digest(bytes)))
}

/// A line for each file in `out`, as `sha256sum --check` reads them.
pub(super) fn sums(out: &Path) -> Result<String> {
    let entries = fs::read_dir(out).with_context(|| format!("cannot read `{}`", out.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && name != SUMS {
            names.push(name);
        }
    }
    names.sort();
    names.iter().map(|name| Ok(format!("{}  {name}\n", sha256(&out.join(name))?))).collect()
}

/// Writes the sums beside the files.
pub(super) fn write_sums(out: &Path) -> Result<()> {
    write(&out.join(SUMS), &sums(out)?)
}

/// Writes a file, and its folder if there is none.
pub(super) fn write(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}
