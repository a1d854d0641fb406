//! Trees of files from a text.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// Makes the tree that some lines describe in the folder `root`, which is new: `d NAME` makes a folder and enters it, `u`
/// leaves it, `f MODE NAME=CONTENTS` makes a file, `s SIZE NAME` one of that many zeros, and `l NAME>TARGET` a link. Names
/// are bytes; lines that the system refuses are left out.
///
/// # Panics
/// If `root` cannot be made.
pub fn make_tree(text: &[u8], root: &Path) {
    fs::create_dir(root).expect("a new folder");
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    for line in text.split(|byte| *byte == b'\n') {
        let (kind, rest) = line.split_at(line.len().min(2));
        let here = folders.last().cloned().unwrap_or_else(|| root.to_owned());
        match kind {
            b"d " => {
                if let Some(folder) = below(&here, rest).filter(|folder| fs::create_dir(folder).is_ok()) {
                    folders.push(folder);
                }
            }
            b"u" if folders.len() > 1 => drop(folders.pop()),
            b"f " => {
                let Some((mode, rest)) = halves(rest, b' ') else { continue };
                let (name, contents) = halves(rest, b'=').unwrap_or((rest, b""));
                let mode = std::str::from_utf8(mode).ok().and_then(|mode| u32::from_str_radix(mode, 8).ok());
                let Some(file) = below(&here, name) else { continue };
                if fs::write(&file, contents).is_ok() {
                    let permissions = fs::Permissions::from_mode(mode.unwrap_or(0o644) & 0o7777 | 0o400);
                    fs::set_permissions(&file, permissions).expect("an own file");
                }
            }
            b"s " => {
                let Some((size, name)) = halves(rest, b' ') else { continue };
                let size = std::str::from_utf8(size).ok().and_then(|size| size.parse::<u64>().ok());
                let Some(file) = below(&here, name) else { continue };
                if let (Some(size), Ok(file)) = (size.filter(|size| *size < 1 << 20), fs::File::create_new(file)) {
                    let _ = file.set_len(size);
                }
            }
            b"l " => {
                let Some((name, target)) = halves(rest, b'>') else { continue };
                if let Some(link) = below(&here, name) {
                    let _ = symlink(std::ffi::OsStr::from_bytes(target), link);
                }
            }
            _ => {}
        }
    }
}

/// A path that is not there yet; `None` if the bytes are no name.
fn below(folder: &Path, name: &[u8]) -> Option<PathBuf> {
    let is_name = !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0);
    let path = folder.join(std::ffi::OsStr::from_bytes(name));
    (is_name && path.symlink_metadata().is_err()).then_some(path)
}

fn halves(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().position(|byte| *byte == separator)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}
