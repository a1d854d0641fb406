//! Nix's command line, for what its database does not tell this process.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::process::{Output, Stdio};

use super::database::{Registration, Unknown, Validity};
use super::hash::sri_of_nix_hash;
use super::{Store, StoreRoot};
use crate::program;

use crate::system_error::describe_system_error;
use crate::talk::say_runs;

/// The same answers as the database's, without sizes: one process if all roots are valid, three otherwise.
pub(super) fn query_validity(store: &Store, roots: &[StoreRoot]) -> Result<BTreeMap<StoreRoot, Validity>, Unknown> {
    let all: Vec<&StoreRoot> = roots.iter().collect();
    let refusal = match query_hashes(store, &all) {
        Ok(known) => return Ok(known),
        Err(refusal @ Refusal::NoAnswer(_)) => return Err(refusal.into()),
        Err(refusal) => refusal,
    };
    let Ok(printed) = run(store, &["--check-validity", "--print-invalid"], &all) else { return Err(refusal.into()) };
    let invalid: BTreeSet<&str> = printed.lines().collect();
    let (absent, present): (Vec<_>, Vec<_>) = all.into_iter().partition(|root| invalid.contains(root.path().as_str()));
    // A refusal that no invalid root explains is the database's, not theirs.
    if absent.is_empty() {
        return Err(refusal.into());
    }
    let mut answers = query_hashes(store, &present)?;
    answers.extend(absent.into_iter().map(|root| (root.clone(), Validity::Invalid)));
    Ok(answers)
}

/// Asks Nix to fetch or build store roots; what it says goes to stderr.
///
/// # Errors
/// Why it did not, as one line.
pub fn realise(store: &Store, roots: &[StoreRoot]) -> Result<(), String> {
    let start = || {
        let mut command = program::command("nix-store")?;
        command.args(store_arguments(store)).arg("--realise").args(roots.iter().map(StoreRoot::path));
        say_runs(&command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).status()
    };
    match start() {
        Err(error) => Err(format!("`nix-store` does not run: {}", describe_system_error(&error))),
        Ok(status) if !status.success() => Err(format!("`nix-store --realise` failed with {status}")),
        Ok(_) => Ok(()),
    }
}

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    NoAnswer(String),
    #[error("`nix-store --query --hash` failed: {0}")]
    Failed(String),
}

impl From<Refusal> for Unknown {
    fn from(refusal: Refusal) -> Self {
        Self::Command(refusal.to_string())
    }
}

fn query_hashes(store: &Store, roots: &[&StoreRoot]) -> Result<BTreeMap<StoreRoot, Validity>, Refusal> {
    if roots.is_empty() {
        return Ok(BTreeMap::new());
    }
    let printed = run(store, &["--query", "--hash"], roots)?;
    let hashes: Option<Vec<String>> = printed.lines().map(sri_of_nix_hash).collect();
    let hashes = hashes
        .filter(|hashes| hashes.len() == roots.len())
        .ok_or_else(|| Refusal::Failed(format!("unexpected output `{}`", printed.trim())))?;
    let valid = |nar_hash| Validity::Valid(Registration { nar_hash, nar_size: None });
    Ok(roots.iter().map(|root| (*root).clone()).zip(hashes.into_iter().map(valid)).collect())
}

fn run(store: &Store, verb: &[&str], roots: &[&StoreRoot]) -> Result<String, Refusal> {
    let start = || {
        let mut command = program::command("nix-store")?;
        command.args(store_arguments(store)).args(verb).args(roots.iter().map(|root| root.path()));
        say_runs(&command);
        command.stdin(Stdio::null()).output()
    };
    let Output { status, stdout, stderr } = start()
        .map_err(|error| Refusal::NoAnswer(format!("`nix-store` does not run: {}", describe_system_error(&error))))?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    } else {
        Err(Refusal::Failed(String::from_utf8_lossy(&stderr).trim().to_owned()))
    }
}

fn store_arguments(store: &Store) -> Vec<OsString> {
    store.chroot().map(|chroot| vec!["--store".into(), chroot.into()]).unwrap_or_default()
}
