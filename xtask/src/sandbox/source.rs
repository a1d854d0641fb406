//! Sources that are built in the sandbox: a copy of this repository's Bazel side, and abseil from Debian.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::debian::shell;
use super::workspace;
use crate::repository::{BAZEL_SIDE, HELPER_SIDE};
use crate::root::Root;
use crate::step::{Attempts, Steps, run_logged};

/// What Nix sees of this repository.
const FLAKE_SIDE: [&str; 11] = [
    "Cargo.lock",
    "Cargo.toml",
    "deploy",
    "examples/flake-consumer",
    "flake.lock",
    "flake.nix",
    "generated-cc",
    "helper",
    "nix",
    "templates",
    "xtask",
];

/// Where abseil's sources are in the services' root.
const ABSEIL: &str = "lre/abseil";

/// Makes `target` a fresh copy of this repository's Bazel side.
pub(crate) fn copy_repository(target: &Path) -> Result<()> {
    if target.exists() {
        fs::remove_dir_all(target).with_context(|| format!("cannot remove `{}`", target.display()))?;
    }
    let source = workspace();
    for name in BAZEL_SIDE.iter().chain(&HELPER_SIDE) {
        copy(&source.join(name), &target.join(name))?;
    }
    Ok(())
}

/// Makes `target` a fresh copy of this repository's flake.
pub(crate) fn copy_flake(target: &Path) -> Result<()> {
    if target.exists() {
        fs::remove_dir_all(target).with_context(|| format!("cannot remove `{}`", target.display()))?;
    }
    for name in FLAKE_SIDE {
        copy(&workspace().join(name), &target.join(name))?;
    }
    Ok(())
}

/// Fetches abseil's source package; Debian stable's still carries its BUILD files.
pub(crate) fn fetch_abseil(root: &Root, steps: &Steps) -> Result<()> {
    steps.keep("abseil sources", "1", Attempts::Patient, |log| {
        let script = format!(
            "cd /etc/apt && sed -n 's/^deb /deb-src /p' sources.list >sources.list.d/source.list && apt-get update -q
            rm -rf /{ABSEIL} && mkdir -p /{ABSEIL} && cd /{ABSEIL}
            apt-get source --download-only -q abseil && tar --strip-components=1 -xf abseil_*.orig.tar.*"
        );
        run_logged(&mut shell(root, &script, Duration::from_secs(300)), log)
    })?;
    Ok(())
}

/// Copies abseil's sources to `target`.
pub(crate) fn copy_abseil(services: &Root, target: &Path) -> Result<()> {
    copy(&services.directory().join(ABSEIL), target)
}

/// Copies a file or a folder; symbolic links stay links.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create `{}`", parent.display()))?;
    }
    let output = Command::new("cp").arg("-a").arg("-T").arg(from).arg(to).output().context("cannot run `cp`")?;
    if !output.status.success() {
        anyhow::bail!("cannot copy `{}`: {}", from.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
