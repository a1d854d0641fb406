//! Whiteouts: entries of a layer that hide what lower layers have.
//!
//! Source: <https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts>. What the layer itself has stays,
//! whether it comes before or after the whiteout.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;

/// What an entry's name says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Whiteout<'a> {
    /// The name in the same folder is hidden.
    Of(&'a OsStr),
    /// All that the folder has is hidden.
    Opaque,
    /// Aufs keeps such files for itself; they are not part of the image.
    Internal,
    /// `.wh.` and nothing else.
    Nameless,
}

impl<'a> Whiteout<'a> {
    pub(super) fn of(name: &'a OsStr) -> Option<Self> {
        let hidden = name.as_bytes().strip_prefix(b".wh.")?;
        Some(match hidden {
            b"" | b"." | b".." => Self::Nameless,
            b".wh..opq" => Self::Opaque,
            _ if hidden.starts_with(b".wh.") => Self::Internal,
            _ => Self::Of(OsStr::from_bytes(hidden)),
        })
    }
}

/// Removes what lies at a path, except for what the layer has written. `folder` is the opened parent of `path`.
pub(super) fn remove_lower(folder: &Dir, path: &Path, written: &BTreeSet<PathBuf>) -> io::Result<()> {
    let Some(name) = path.file_name() else { return Ok(()) };
    let metadata = match folder.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let is_touched = written.range(path.to_owned()..).next().is_some_and(|next| next.starts_with(path));
    if !metadata.is_dir() {
        return if is_touched { Ok(()) } else { folder.remove_file(name) };
    }
    if !is_touched {
        return folder.remove_dir_all(name);
    }
    remove_children(&folder.open_dir(name)?, path, written)
}

/// Removes everything in a folder, except for what the layer has written.
pub(super) fn remove_children(folder: &Dir, path: &Path, written: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in folder.entries()? {
        remove_lower(folder, &path.join(entry?.file_name()), written)?;
    }
    Ok(())
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn names_say_what_they_hide() {
        let of = |name: &'static str| Whiteout::of(OsStr::new(name));
        assert_eq!(of("x"), None);
        assert_eq!(of(".wh.x"), Some(Whiteout::Of(OsStr::new("x"))));
        assert_eq!(of(".wh..wh..opq"), Some(Whiteout::Opaque));
        assert_eq!(of(".wh..wh.plnk"), Some(Whiteout::Internal));
        for name in [".wh.", ".wh..", ".wh..."] {
            assert_eq!(of(name), Some(Whiteout::Nameless), "{name}");
        }
    }
}
