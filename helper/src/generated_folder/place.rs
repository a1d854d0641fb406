//! Where a folder is, and what lies beside it while it is written.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::new_folders::NewFolders;
use crate::generated_file::WriteError;

/// A folder, which need not exist, and the one that holds it.
#[derive(Debug)]
pub(super) struct Place {
    /// As it was named, but absolute.
    pub(super) folder: PathBuf,
    /// `None` for the root of the file system.
    pub(super) parent: Option<PathBuf>,
    above: NewFolders,
}

impl Place {
    /// The place of a folder; nothing is created.
    pub(super) fn of(folder: &Path) -> Result<Self, WriteError> {
        let failed = |source| WriteError::Io { action: "resolve", path: folder.to_owned(), source };
        // `a/..` and `.` have other names beside which something can lie.
        let absolute = folder.canonicalize().or_else(|_| std::path::absolute(folder)).map_err(failed)?;
        let parent = absolute.parent().map(Path::to_owned);
        Ok(Self { folder: absolute, parent, above: NewFolders::default() })
    }

    /// The place of a folder, with the folders above it, which go again unless [`Self::keep`] is called.
    pub(super) fn with_parent(folder: &Path) -> Result<Self, WriteError> {
        let place = Self::of(folder)?;
        if let Some(parent) = &place.parent {
            let failed = |source| WriteError::Io { action: "create the folder of", path: folder.to_owned(), source };
            place.above.create(parent).map_err(failed)?;
        }
        Ok(place)
    }

    /// The folders above stay.
    pub(super) fn keep(&self) {
        self.above.keep();
    }

    pub(super) fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    /// Keeps two writers apart as long as it lives. Where the file system has no locks, both write, and the last one wins.
    pub(super) fn lock(&self) -> Option<File> {
        let file = File::open(self.parent.as_ref()?).ok()?;
        file.lock().ok()?;
        Some(file)
    }

    /// What the names of the folders start with that are built beside this one.
    pub(super) fn prefix(&self) -> OsString {
        let mut prefix = OsString::from(".");
        prefix.push(self.folder.file_name().unwrap_or_default());
        prefix.push(".lre-");
        prefix
    }

    /// Removes what a killed run left. The caller has the lock: no other run is writing.
    pub(super) fn remove_leftovers(&self) {
        let Some(entries) = self.parent.as_ref().and_then(|parent| fs::read_dir(parent).ok()) else { return };
        let prefix = self.prefix();
        let named = |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
        for entry in entries.flatten().filter(named) {
            // It is hidden and harms nobody: what cannot be removed stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
