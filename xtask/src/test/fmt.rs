//! Formatting and lints: rustfmt, clippy with warnings as errors, buildifier; dependencies and workflows.

mod dependencies;
mod workflows;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::case::Tally;
use crate::lab::{HELLO, HELLO_JAVA, Lab};
use crate::repository::{cargo, target_directory};
use crate::sandbox::{tool, workspace};

/// Folders that hold nothing of this repository's own.
const FOREIGN: [&str; 3] = ["target", ".git", "abseil-cpp"];

/// Runs the checks; none of them changes a file.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    tally.check("rustfmt leaves the code alone", || {
        succeed(cargo().args(["fmt", "--all", "--check"]))?;
        succeed(cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
    });
    tally.check("clippy has no warning", || {
        let clippy = |manifest: &str| {
            let mut cargo = cargo();
            cargo.args(["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--manifest-path", manifest]);
            // Both share what they depend on.
            cargo.env("CARGO_TARGET_DIR", target_directory()).args(["--", "--deny", "warnings"]);
            succeed(&mut cargo)
        };
        clippy("Cargo.toml")?;
        clippy("fuzz/Cargo.toml")
    });
    let mut files = starlark_files(&workspace())?;
    // What `lre` makes of a compiler that it asked itself.
    for folder in [format!("{HELLO}/lre-cc"), format!("{HELLO_JAVA}/lre-java")] {
        files.extend(starlark_files(&lab.sandbox.place().outside(folder))?);
    }
    tally.check("buildifier leaves every Starlark file alone", || {
        let mut buildifier = Command::new(tool(&lab.sandbox, "buildifier"));
        succeed(buildifier.args(["-mode=check", "-lint=warn", "-warnings=-module-docstring"]).args(&files))
    });
    workflows::run(tally, lab)?;
    dependencies::run(tally, lab)
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Every BUILD, MODULE.bazel and .bzl file below `directory`.
fn starlark_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read `{}`", directory.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if !FOREIGN.contains(&name.as_str()) {
                files.extend(starlark_files(&entry.path())?);
            }
        } else if ["BUILD", "BUILD.bazel", "MODULE.bazel"].contains(&name.as_str()) || name.ends_with(".bzl") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
