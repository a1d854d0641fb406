//! Programs of this machine, by their names.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::Errno;

/// A program of `PATH`. Folders that are named relative to the working folder, the empty name among them, are not looked
/// through: a workspace is not trusted to bring its own `nix-store`.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// A command that runs a program of `PATH`.
///
/// # Errors
/// As if it had been started, if there is none.
pub fn command(name: &str) -> io::Result<Command> {
    find_program(name).map(Command::new).ok_or_else(|| Errno::NOENT.into())
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
