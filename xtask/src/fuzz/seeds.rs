//! The folder of seeds that a target starts from.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::build::folder;
use super::target::Target;
use crate::sandbox::workspace;

/// Copies a target's own seeds, and the files of the repository that are seeds too. All of them are run first.
pub(super) fn collect(target: &Target) -> Result<PathBuf> {
    let seeds = folder().join("seeds").join(target.name);
    if seeds.exists() {
        fs::remove_dir_all(&seeds).with_context(|| format!("cannot remove `{}`", seeds.display()))?;
    }
    fs::create_dir_all(&seeds).with_context(|| format!("cannot create `{}`", seeds.display()))?;
    let copy = |from: PathBuf, name: &str| {
        fs::copy(&from, seeds.join(name)).with_context(|| format!("cannot copy `{}`", from.display()))
    };
    let own = workspace().join("fuzz/seeds").join(target.name);
    for entry in fs::read_dir(&own).with_context(|| format!("cannot read `{}`", own.display()))? {
        let entry = entry?;
        copy(entry.path(), &entry.file_name().to_string_lossy())?;
    }
    for file in target.more_seeds {
        copy(workspace().join(file), &file.replace('/', "-"))?;
    }
    Ok(seeds)
}
