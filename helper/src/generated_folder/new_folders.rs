//! Folders that a failed write takes away again.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are removed when this is dropped, unless they are kept.
#[derive(Debug, Default)]
pub(super) struct NewFolders {
    /// The outer ones first.
    created: RefCell<Vec<PathBuf>>,
}

impl NewFolders {
    /// Creates a folder with those above it.
    pub(super) fn create(&self, folder: &Path) -> std::io::Result<()> {
        let is_absent = |folder: &&Path| !folder.as_os_str().is_empty() && folder.symlink_metadata().is_err();
        let absent: Vec<PathBuf> = folder.ancestors().take_while(is_absent).map(Path::to_owned).collect();
        self.created.borrow_mut().extend(absent.into_iter().rev());
        fs::create_dir_all(folder)
    }

    /// They stay.
    pub(super) fn keep(&self) {
        self.created.borrow_mut().clear();
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in self.created.borrow().iter().rev() {
            // Only an empty folder can be removed this way: what someone else put there stays.
            let _ = fs::remove_dir(folder);
        }
    }
}
