//! NAR archives, written a second time and as simply as can be: what the helper's hashes are held against.
//!
//! Source: <https://nix.dev/manual/nix/stable/protocols/nix-archive>.

use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// The archive of a file, folder or link.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn nar_of(path: &Path) -> Vec<u8> {
    let mut nar = Vec::new();
    text(&mut nar, b"nix-archive-1");
    node(&mut nar, path);
    nar
}

fn node(nar: &mut Vec<u8>, path: &Path) {
    let metadata = path.symlink_metadata().expect("metadata");
    text(nar, b"(");
    text(nar, b"type");
    if metadata.is_symlink() {
        text(nar, b"symlink");
        text(nar, b"target");
        text(nar, fs::read_link(path).expect("a link").as_os_str().as_bytes());
    } else if metadata.is_dir() {
        text(nar, b"directory");
        let entries = fs::read_dir(path).expect("a folder");
        let mut names: Vec<Vec<u8>> = entries.map(|entry| entry.expect("an entry").file_name().into_vec()).collect();
        names.sort();
        for name in names {
            for part in [&b"entry"[..], b"(", b"name", &name, b"node"] {
                text(nar, part);
            }
            node(nar, &path.join(std::ffi::OsStr::from_bytes(&name)));
            text(nar, b")");
        }
    } else {
        text(nar, b"regular");
        if metadata.permissions().mode() & 0o100 != 0 {
            text(nar, b"executable");
            text(nar, b"");
        }
        text(nar, b"contents");
        text(nar, &fs::read(path).expect("a file"));
    }
    text(nar, b")");
}

fn text(nar: &mut Vec<u8>, text: &[u8]) {
    nar.extend_from_slice(&(text.len() as u64).to_le_bytes());
    nar.extend_from_slice(text);
    nar.resize(nar.len().next_multiple_of(8), 0);
}
