//! `--host`: the machine's own Bazel and Nix instead of the sandbox's.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The machine's own search path.
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| crate::root::SEARCH_PATH.into())
}

/// Refuses a machine without Bazel 7.1 or later, or without Nix.
pub(crate) fn check() -> Result<()> {
    let bazel = version("bazel")?;
    let numbers: Vec<u32> = bazel.split(['.', '-', ' ', '+', '~']).map_while(|part| part.parse().ok()).collect();
    if numbers.as_slice() < [7, 1].as_slice() {
        bail!("`bazel` on this machine is {bazel}, and 7.1 is the oldest that works\n\nhint: leave `--host` out");
    }
    version("nix-build").map(drop)
}

fn version(program: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output = output
        .with_context(|| format!("`--host` needs `{program}`, and it does not run here\n\nhint: leave `--host` out"))?;
    if !output.status.success() {
        bail!("`{program} --version` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    Ok(number.unwrap_or_default().to_owned())
}

/// Whether the machine's Bazel is Debian's, which resolves its own modules from `/usr/share/bazel` and needs a registry.
pub(crate) fn has_debian_bazel() -> bool {
    std::path::Path::new("/usr/share/bazel/rules/cc").exists()
}
