//! The Nix store: names of store roots and store paths, and where they lie on this machine.

pub mod database;
pub mod hash;
pub mod path;

use std::path::{Path, PathBuf};

use crate::shell::quote_path;

pub use path::{StorePath, StorePathError, StoreRoot, find_store_paths};

/// The logical store directory. It is part of every generated text, wherever the store lies on disk.
pub const STORE_DIR: &str = "/nix/store";

/// The place of the store on disk.
///
/// Nix's chroot stores (`--store DIR`) keep the logical `/nix/store/X` at `DIR/nix/store/X`; the ordinary store is the
/// chroot store of `/`.
#[derive(Clone, Debug)]
pub struct Store {
    chroot: Option<PathBuf>,
}

impl Store {
    /// The store of this machine (`None`), or the chroot store in a folder.
    #[must_use]
    pub fn new(chroot: Option<PathBuf>) -> Self {
        // The compiler runs in another folder, where a relative path would mean something else.
        let chroot = chroot.map(|folder| std::path::absolute(&folder).unwrap_or(folder));
        Self { chroot }
    }

    /// The folder given as `--store`, if it was.
    #[must_use]
    pub fn chroot(&self) -> Option<&Path> {
        self.chroot.as_deref()
    }

    /// ` --store DIR` for a command line, or nothing for the store of this machine.
    #[must_use]
    pub fn option(&self) -> String {
        self.chroot.as_ref().map(|folder| format!(" --store {}", quote_path(folder))).unwrap_or_default()
    }

    /// Where a logical absolute path lies on disk.
    #[must_use]
    pub fn on_disk(&self, logical: &str) -> PathBuf {
        match &self.chroot {
            None => PathBuf::from(logical),
            Some(chroot) => chroot.join(logical.trim_start_matches('/')),
        }
    }

    /// The logical path of a path on disk, or `None` for one that is not text or outside a chroot store.
    #[must_use]
    pub fn logical(&self, on_disk: &Path) -> Option<String> {
        match &self.chroot {
            None => on_disk.to_str().map(str::to_owned),
            Some(chroot) => {
                let chroot = chroot.canonicalize().ok()?;
                let inside = on_disk.strip_prefix(chroot).ok()?;
                Some(format!("/{}", inside.to_str()?))
            }
        }
    }

    /// Whether a store root lies on disk. Its registration in Nix's database is another question.
    #[must_use]
    pub fn has_root(&self, root: &StoreRoot) -> bool {
        self.on_disk(&root.path()).symlink_metadata().is_ok()
    }

    /// The file behind a logical path, following links *inside* the store, as the system does for the real one.
    ///
    /// An absolute link in a chroot store names a logical path, which the operating system would look for in the
    /// host's own store.
    #[must_use]
    pub fn resolve(&self, logical: &str) -> Option<PathBuf> {
        let mut current = logical.to_owned();
        for _ in 0..40 {
            let on_disk = self.on_disk(&current);
            match std::fs::read_link(&on_disk) {
                Ok(target) if target.is_absolute() && self.chroot.is_some() => {
                    current = target.to_str()?.to_owned();
                }
                _ => return on_disk.canonicalize().ok(),
            }
        }
        None
    }
}
