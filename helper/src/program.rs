//! Programs of this machine, by their names.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of `PATH`. Folders that are named relative to the working folder, the empty name among them, are not looked
/// through: a workspace is not trusted to bring its own `nix-store`.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A command that runs a program of `PATH`. Where there is none, it fails as any program that is not there.
#[must_use]
pub fn command(name: &str) -> Command {
    Command::new(find_program(name).unwrap_or_else(|| Path::new("/nowhere").join(name)))
}
