//! What Nix's database knows about store roots, asked through `nix-store`.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::hash::sri_of_nix_hash;
use super::{Store, StoreRoot};

/// The NAR hashes of some store roots; `None` where the database does not know one.
#[derive(Debug, Default)]
pub struct NarHashes {
    /// `sha256-<base64>` for each root that was asked for.
    pub hashes: BTreeMap<StoreRoot, Option<String>>,
    /// Why hashes are missing, to be told to the user.
    pub warning: Option<String>,
}

/// Asks for all hashes in one call, because each `nix` process costs more than the whole look-up.
#[must_use]
pub fn query_nar_hashes(store: &Store, roots: &[StoreRoot]) -> NarHashes {
    match query(store, roots) {
        Ok(hashes) => {
            NarHashes { hashes: roots.iter().cloned().zip(hashes.into_iter().map(Some)).collect(), warning: None }
        }
        Err(_) if roots.len() > 1 => query_each(store, roots),
        Err(reason) => unknown(roots, &reason),
    }
}

/// One invalid root makes the common call fail for all of them; this names the ones that are.
fn query_each(store: &Store, roots: &[StoreRoot]) -> NarHashes {
    let mut found = NarHashes::default();
    let mut absent = Vec::new();
    for root in roots {
        match query(store, std::slice::from_ref(root)) {
            Ok(hashes) => {
                found.hashes.insert(root.clone(), hashes.into_iter().next());
            }
            Err(QueryError::NoCommand(reason)) => {
                return unknown(roots, &QueryError::NoCommand(reason));
            }
            Err(QueryError::Refused(_)) => {
                found.hashes.insert(root.clone(), None);
                absent.push(root.path());
            }
        }
    }
    if !absent.is_empty() {
        found.warning = Some(format!(
            "the Nix database does not know {} of {} store roots, so the manifest has no NAR hash for them:\n  {}",
            absent.len(),
            roots.len(),
            absent.join("\n  ")
        ));
    }
    found
}

fn unknown(roots: &[StoreRoot], reason: &QueryError) -> NarHashes {
    NarHashes {
        hashes: roots.iter().map(|root| (root.clone(), None)).collect(),
        warning: Some(format!("no NAR hashes in the manifest: {reason}")),
    }
}

#[derive(Debug, thiserror::Error)]
enum QueryError {
    #[error("`nix-store` does not run: {0}")]
    NoCommand(std::io::Error),
    #[error("`nix-store --query --hash` failed: {0}")]
    Refused(String),
}

fn query(store: &Store, roots: &[StoreRoot]) -> Result<Vec<String>, QueryError> {
    let mut command = Command::new("nix-store");
    if let Some(chroot) = store.chroot() {
        command.arg("--store").arg(chroot);
    }
    command.args(["--query", "--hash"]).args(roots.iter().map(StoreRoot::path)).stdin(Stdio::null());
    let output = command.output().map_err(QueryError::NoCommand)?;
    if !output.status.success() {
        return Err(QueryError::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    let hashes: Option<Vec<String>> = printed.lines().map(sri_of_nix_hash).collect();
    match hashes {
        Some(hashes) if hashes.len() == roots.len() => Ok(hashes),
        _ => Err(QueryError::Refused(format!("unexpected output `{}`", printed.trim()))),
    }
}
