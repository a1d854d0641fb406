//! The same commit in other folders: what is made there has to have the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::Place;
use super::release::sha256;
use super::source::Source;

/// A copy of the sources, and new folders for everything else.
pub(super) struct Copy {
    pub(super) place: Place,
    pub(super) out: PathBuf,
    _folder: TempDir,
}

impl Copy {
    /// Copies the commit's files. What Cargo fetched is linked, so that nothing is fetched again.
    pub(super) fn create(first: &Place, source: &Source) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("somewhere-else-").tempdir();
        let folder = folder.context("cannot create a temporary folder")?;
        let below = |name: &str| folder.path().join(name).to_path_buf();
        let place =
            Place { root: below("sources"), target_directory: below("built"), cargo_home: below("home/of/cargo") };
        for file in &source.files {
            copy(&first.root.join(file), &place.root.join(file))?;
        }
        fs::create_dir_all(&place.cargo_home)?;
        for entry in
            fs::read_dir(&first.cargo_home).with_context(|| format!("cannot read `{}`", first.cargo_home.display()))?
        {
            let entry = entry?;
            symlink(entry.path(), place.cargo_home.join(entry.file_name()))?;
        }
        Ok(Self { place, out: below("dist"), _folder: folder })
    }

    /// Copies what other runners made, and what is therefore not made again.
    pub(super) fn take_helpers(&self, out: &Path) -> Result<()> {
        for entry in fs::read_dir(out).with_context(|| format!("cannot read `{}`", out.display()))? {
            let name = entry?.file_name();
            if name.to_string_lossy().starts_with("lre-") {
                copy(&out.join(&name), &self.out.join(&name))?;
            }
        }
        Ok(())
    }
}

/// Copies a file with its mode.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

/// Fails unless both folders have the same files with the same bytes.
pub(super) fn compare(first: &Path, second: &Path) -> Result<()> {
    let (first, second) = (hashes(first)?, hashes(second)?);
    let names = first.keys().chain(second.keys().filter(|name| !first.contains_key(*name)));
    let differ: Vec<String> = names
        .filter(|name| first.get(*name) != second.get(*name))
        .map(|name| {
            let hash = |of: &BTreeMap<String, String>| of.get(name).map_or("not made", String::as_str).to_owned();
            format!("  {name}\n    first  {}\n    second {}", hash(&first), hash(&second))
        })
        .collect();
    if !differ.is_empty() {
        bail!(
            "{} of {} files are not the same when they are made again\n{}",
            differ.len(),
            first.len(),
            differ.join("\n")
        );
    }
    Ok(())
}

/// The SHA-256 of every file below a folder.
fn hashes(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("cannot read `{}`", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                hashes.insert(name, sha256(&path)?);
            }
        }
    }
    Ok(hashes)
}
