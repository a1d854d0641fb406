//! Compares the bytes of two builds' outputs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::half::Built;

/// The outputs of both builds, by path below the execution root.
pub(crate) fn paths<'a>(first: &'a Built, second: &'a Built) -> BTreeSet<&'a str> {
    let spawns = first.spawns.iter().chain(&second.spawns);
    spawns.flat_map(|spawn| &spawn.actual_outputs).map(|file| file.path.as_str()).collect()
}

/// The outputs that differ, each with where.
pub(crate) fn differences(first: &Built, second: &Built) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    for path in paths(first, second) {
        differences.extend(difference(&first.execution_root, &second.execution_root, path)?);
    }
    Ok(differences)
}

fn difference(first: &Path, second: &Path, path: &str) -> Result<Option<String>> {
    let read = |root: &Path| -> Result<Option<Vec<u8>>> {
        let file = root.join(path);
        match fs::read(&file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read the output `{}`", file.display())),
        }
    };
    Ok(match (read(first)?, read(second)?) {
        (Some(first), Some(second)) if first == second => None,
        (Some(first), Some(second)) => {
            let place = first.iter().zip(&second).position(|(a, b)| a != b).unwrap_or(first.len().min(second.len()));
            Some(format!(
                "output `{path}` differs from byte {place} on ({} bytes remote, {} bytes local)",
                first.len(),
                second.len()
            ))
        }
        (None, _) => Some(format!("output `{path}` is absent from the remote build")),
        (_, None) => Some(format!("output `{path}` is absent from the local build")),
    })
}

/// Changes one byte in the middle of one output.
pub(crate) fn change_one_byte(built: &Built) -> Result<()> {
    let outputs = built.spawns.iter().flat_map(|spawn| &spawn.actual_outputs);
    let path = outputs.map(|file| &file.path).find(|path| path.ends_with(".o")).context("there is no object file")?;
    let file = built.execution_root.join(path);
    let mut bytes = fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // A new file: the old one is read-only and may have other names.
    fs::remove_file(&file)?;
    fs::write(&file, bytes).with_context(|| format!("cannot write `{}`", file.display()))
}
