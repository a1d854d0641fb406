//! Temporary folders that nobody else can enter.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// A new folder in another one, or where temporary files lie (`TMPDIR`). It goes with the value.
///
/// Programs are run in it and their answers believed: whoever could write there could decide what a toolchain is.
///
/// # Errors
/// If it cannot be made; the error names the place.
pub fn temporary_folder(prefix: &str, parent: Option<&Path>) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(prefix).permissions(Permissions::from_mode(0o700));
    parent.map_or_else(|| builder.tempdir(), |parent| builder.tempdir_in(parent))
}
