//! A layer of store roots, straight from the store: one walk makes the tar archive and the NAR hash.
//!
//! Entries come in the order of NARs, owned by root, with the one time that Nix gives all files and the two modes that a
//! NAR tells apart. Hard links, which Nix makes to save space, are files of their own here: what else is in a store must not
//! change the bytes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType};

use super::image_entry::new_header;
use crate::store::hash::sri_of_digest;
use crate::store::{Store, StoreRoot};
use crate::system_error::describe_system_error;

/// Of one read.
const BUFFER: usize = 256 * 1024;

/// Folders that nobody may write to, as in a store.
const FOLDER_MODE: u32 = 0o555;

/// Why a layer of store roots cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StoreLayerError {
    /// Something in the store cannot be read.
    #[error("cannot read `{}`: {}", path.display(), describe_system_error(source))]
    Unreadable {
        /// The file, folder or link.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The bytes are not those that Nix registered.
    #[error(
        "the bytes of `{root}` are not those that Nix registered: their NAR hash is `{found}`, and not `{expected}`\n\n\
         hint: let Nix mend it with `nix-store{option} --repair-path {root}`"
    )]
    NarHash {
        /// The store root.
        root: StoreRoot,
        /// In Nix's database.
        expected: String,
        /// Of the bytes.
        found: String,
        /// `--store DIR` of the command that mends it, or nothing.
        option: String,
    },
    /// The layer cannot be written.
    #[error("cannot write the layer: {}", describe_system_error(.0))]
    Unwritable(#[from] io::Error),
}

/// A store root and its NAR hash, `sha256-<base64>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedRoot {
    /// The root.
    pub root: StoreRoot,
    /// As Nix registered it.
    pub nar_hash: String,
    /// Bytes of its NAR, where known.
    pub nar_size: u64,
}

/// Writes the layer's tar archive. `progress` is called with bytes as they are read.
///
/// # Errors
/// If a root cannot be read, or is not what Nix registered.
pub(super) fn write_store_layer(
    store: &Store,
    roots: &[HashedRoot],
    target: &mut dyn Write,
    progress: &dyn Fn(u64),
) -> Result<(), StoreLayerError> {
    let mut tar = Builder::new(target);
    for folder in ["nix/", "nix/store/"] {
        tar.append_data(&mut new_header(EntryType::Directory, 0o755, 0), folder, io::empty())?;
    }
    for HashedRoot { root, nar_hash, .. } in roots {
        let mut walk = Walk { tar: &mut tar, nar: Nar::default(), buffer: vec![0; BUFFER], progress };
        walk.nar.text(b"nix-archive-1");
        walk.node(&store.on_disk(&root.path()), root.path().trim_start_matches('/').as_bytes())?;
        let found = sri_of_digest(&walk.nar.0.finalize());
        if found != *nar_hash {
            let (root, expected, option) = (root.clone(), nar_hash.clone(), store.option());
            return Err(StoreLayerError::NarHash { root, expected, found, option });
        }
    }
    tar.into_inner()?;
    Ok(())
}

/// The digest of a NAR.
#[derive(Default)]
struct Nar(Sha256);

impl Nar {
    /// A text: its length, its bytes, and zeros up to a multiple of eight.
    fn text(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self.pad(bytes.len() as u64);
    }

    fn texts(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.text(text.as_bytes()));
    }

    fn pad(&mut self, length: u64) {
        let zeros = usize::try_from(length.next_multiple_of(8) - length).unwrap_or_default();
        self.0.update(&[0; 8][..zeros]);
    }
}

struct Walk<'a, 'b> {
    tar: &'a mut Builder<&'b mut dyn Write>,
    nar: Nar,
    buffer: Vec<u8>,
    progress: &'a dyn Fn(u64),
}

impl Walk<'_, '_> {
    fn node(&mut self, path: &Path, name: &[u8]) -> Result<(), StoreLayerError> {
        let unreadable = |source| StoreLayerError::Unreadable { path: path.to_owned(), source };
        let metadata = path.symlink_metadata().map_err(unreadable)?;
        self.nar.texts(&["(", "type"]);
        if metadata.is_dir() {
            self.nar.text(b"directory");
            self.folder(path, name)?;
        } else if metadata.is_symlink() {
            let target = path.read_link().map_err(unreadable)?;
            self.nar.texts(&["symlink", "target"]);
            self.nar.text(target.as_os_str().as_bytes());
            let mut header = new_header(EntryType::Symlink, 0o777, 0);
            self.tar.append_link(&mut header, path_of(name), &target)?;
        } else if metadata.is_file() {
            let is_executable = metadata.permissions().mode() & 0o100 != 0;
            self.nar.text(b"regular");
            if is_executable {
                self.nar.texts(&["executable", ""]);
            }
            self.file(path, name, is_executable, metadata.len())?;
        } else {
            return Err(unreadable(io::Error::other("it is neither a file nor a folder nor a link")));
        }
        self.nar.text(b")");
        Ok(())
    }

    fn folder(&mut self, path: &Path, name: &[u8]) -> Result<(), StoreLayerError> {
        let unreadable = |source| StoreLayerError::Unreadable { path: path.to_owned(), source };
        let mut folder = name.to_vec();
        folder.push(b'/');
        let mut header = new_header(EntryType::Directory, FOLDER_MODE, 0);
        self.tar.append_data(&mut header, path_of(&folder), io::empty())?;
        let entries = fs::read_dir(path).map_err(unreadable)?;
        let mut names = entries
            .map(|entry| Ok(entry?.file_name().into_vec()))
            .collect::<io::Result<Vec<Vec<u8>>>>()
            .map_err(unreadable)?;
        names.sort();
        for child in names {
            self.nar.texts(&["entry", "(", "name"]);
            self.nar.text(&child);
            self.nar.text(b"node");
            let inner = [folder.as_slice(), &child].concat();
            self.node(&path.join(path_of(&child)), &inner)?;
            self.nar.text(b")");
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: &[u8], is_executable: bool, size: u64) -> Result<(), StoreLayerError> {
        let unreadable = |source| StoreLayerError::Unreadable { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        self.nar.text(b"contents");
        self.nar.0.update(size.to_le_bytes());
        let mut header = new_header(EntryType::Regular, if is_executable { 0o555 } else { 0o444 }, size);
        // The header with its extensions for a long name; the contents follow without the copies that `tar` would make.
        self.tar.append_data(&mut header, path_of(name), io::empty())?;
        let mut left = size;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            let length = match file.read(&mut self.buffer[..wanted]) {
                Ok(0) => return Err(unreadable(io::Error::other("it became shorter while it was read"))),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            self.nar.0.update(&self.buffer[..length]);
            self.tar.get_mut().write_all(&self.buffer[..length])?;
            (self.progress)(length as u64);
            left -= length as u64;
        }
        self.nar.pad(size);
        let padding = usize::try_from(size.next_multiple_of(512) - size).unwrap_or_default();
        self.tar.get_mut().write_all(&[0; 512][..padding])?;
        Ok(())
    }
}

fn path_of(name: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(name))
}
