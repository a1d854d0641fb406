//! This repository: where it is, where Cargo builds it, and which of its files belong to the module.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What Bazel sees of this repository.
pub const BAZEL_SIDE: [&str; 9] = [
    "BUILD.bazel",
    "MODULE.bazel",
    ".bazelignore",
    ".bazelrc",
    "extensions",
    "toolchain",
    "generated-cc",
    "generated-java",
    "examples",
];

/// The same of `helper`, which is Rust's otherwise.
pub const HELPER_SIDE: [&str; 3] = ["helper/BUILD.bazel", "helper/command.bzl", "helper/release.json"];

/// What everybody else reads of the module.
const DOCUMENTS: [&str; 2] = ["LICENSE", "README.md"];

/// Whether a file of this repository belongs to the module as it is published.
pub fn is_of_module(file: &str) -> bool {
    let is_below = |name: &&str| file.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    BAZEL_SIDE.iter().chain(&HELPER_SIDE).chain(&DOCUMENTS).any(is_below)
}

/// This repository's root.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Cargo's target folder: the one that this program was built into.
pub fn target_directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(2).map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// The Cargo that runs this program, or the one in `PATH`, in this repository.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace());
    command
}
