//! The folder of a toolchain as a command's argument, and what to say where there is none.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::builder::{PathBufValueParser, TypedValueParser};

use crate::manifest::{FILE_NAME, Manifest, ManifestError};
use crate::shell::quote_path;
use crate::store::Store;

/// How far above the working folder a toolchain is looked for that was named in a folder below its workspace.
const LEVELS_ABOVE: usize = 8;

/// What reads an argument that names a toolchain: its folder, or the manifest in it.
pub(super) fn parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(folder_of)
}

/// The folder of a toolchain that is named by itself or by its `lre.json`.
pub(super) fn folder_of(named: PathBuf) -> PathBuf {
    match (named.file_name(), named.parent()) {
        (Some(name), Some(folder)) if name == FILE_NAME && !named.is_dir() => {
            if folder.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                folder.to_owned()
            }
        }
        _ => named,
    }
}

/// The toolchains' folders in a folder, sorted. Of what is not readable there are none.
pub(super) fn toolchains_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_toolchain = |folder: &PathBuf| folder.join(FILE_NAME).is_file();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_toolchain).collect();
    found.sort();
    found.into_iter().map(|found| found.strip_prefix("./").map(Path::to_owned).unwrap_or(found)).collect()
}

/// The toolchain's folder that `path` lies in.
pub(super) fn owner(path: &Path) -> Option<&Path> {
    let real = |folder: &Path| Path::new(".").join(folder).canonicalize().ok();
    // `.` and the empty path that is above it are one folder.
    let is_other = |owner: &&Path| real(owner).is_none() || real(owner) != real(path);
    let owner = path.ancestors().skip(1).filter(is_other).find(|owner| owner.join(FILE_NAME).is_file());
    owner.map(|owner| if owner.as_os_str().is_empty() { Path::new(".") } else { owner })
}

/// Reads the manifest of a toolchain's folder, for a command that takes the folder as its last word.
///
/// # Errors
/// If it is absent or not usable; the error says how to write one.
pub(super) fn read_manifest(folder: &Path, store: &Store, command: &str) -> anyhow::Result<Manifest> {
    let text = read_manifest_text(folder, store, command)?;
    Manifest::from_json(&text).map_err(|error| unusable_manifest(folder, &error))
}

/// Why a manifest is not used, and how another one is written.
pub(super) fn unusable_manifest(folder: &Path, error: &ManifestError) -> anyhow::Error {
    let (text, file) = (error.to_string(), folder.join(FILE_NAME));
    let has_hint = text.contains("\n\nhint: ");
    let write = format!("\n\nhint: write one with `lre regen --env-json env.json --out {}`", quote_path(folder));
    anyhow!("cannot use `{}`: {text}{}", file.display(), if has_hint { "" } else { write.as_str() })
}

/// Reads the manifest's text.
///
/// # Errors
/// If it is absent; the error says how to write one.
pub(super) fn read_manifest_text(folder: &Path, store: &Store, command: &str) -> anyhow::Result<String> {
    if folder.is_file() {
        let hint = match owner(folder) {
            Some(owner) => format!("name the folder with `{command} {}`", quote_path(owner)),
            None => format!("name the folder that `lre regen --out` wrote; it has a `{FILE_NAME}`"),
        };
        anyhow::bail!("`{}` is a file, not a toolchain's folder\n\nhint: {hint}", folder.display());
    }
    let path = folder.join(FILE_NAME);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !folder.exists() && owner(folder).is_none() => {
            Err(absent(folder, store))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let hint = match owner(folder) {
                Some(owner) => format!("name the folder with `{command} {}`", quote_path(owner)),
                None => other_hint(folder).unwrap_or_else(|| write_hint(folder, store)),
            };
            anyhow::bail!("`{}` has no manifest `{FILE_NAME}`\n\nhint: {hint}", folder.display())
        }
        other => other.with_context(|| format!("cannot read `{}`", path.display())),
    }
}

fn write_hint(folder: &Path, store: &Store) -> String {
    format!("write one with `lre regen{} --env-json env.json --out {}`", store.option(), quote_path(folder))
}

/// Why a folder is not used that is not there: another one is meant, or none was written yet.
fn absent(folder: &Path, store: &Store) -> anyhow::Error {
    let hint = other_hint(folder).unwrap_or_else(|| write_hint(folder, store));
    anyhow!("there is no folder `{}`\n\nhint: {hint}", folder.display())
}

/// The toolchains that may be meant by a folder that is none: one of that name above the working folder, those in the folder,
/// or those beside it.
pub(super) fn other_hint(folder: &Path) -> Option<String> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = (1..=LEVELS_ABOVE).map(|levels| "../".repeat(levels));
    let mut above = above.map(|up| Path::new(&up).join(folder)).filter(|found| found.join(FILE_NAME).is_file());
    let found = match above.next().filter(|_| folder.is_relative()) {
        Some(found) => vec![found],
        None => {
            Some(toolchains_in(folder)).filter(|inside| !inside.is_empty()).unwrap_or_else(|| toolchains_in(parent))
        }
    };
    let names: Vec<String> = found.iter().map(|found| format!("`{}`", found.display())).collect();
    match names.split_last()? {
        (one, []) => Some(format!("did you mean {one}?")),
        (last, others) => Some(format!("toolchains there are {} and {last}", others.join(", "))),
    }
}
