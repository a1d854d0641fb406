//! Builds the fuzz targets with the coverage that libFuzzer needs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repository::{cargo, target_directory};
use crate::sandbox::workspace;

/// The flags of cargo-fuzz without a sanitizer, for the crates and not for their build scripts, which have no fuzzer to
/// report to.
const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
    "-Cdebug-assertions",
];

/// Where everything of the fuzzer lies that is not committed.
pub(super) fn folder() -> PathBuf {
    target_directory().join("fuzz")
}

/// The folder with a program for each target.
pub(crate) fn build() -> Result<PathBuf> {
    let host = host()?;
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--locked", "--release", "--target", &host, "--manifest-path"]);
    cargo.arg(workspace().join("fuzz/Cargo.toml")).arg("--target-dir").arg(folder());
    cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    let output = cargo.output().context("cannot run `cargo build`")?;
    if !output.status.success() {
        bail!("the fuzz targets do not build:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(folder().join(host).join("release"))
}

/// The compiler's own target. Only where one is named do its flags leave build scripts alone.
fn host() -> Result<String> {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV").output();
    let output = output.context("cannot run `rustc -vV`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}
