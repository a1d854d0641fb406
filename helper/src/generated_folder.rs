//! A folder of generated files, written as a whole: after a kill at any moment it is the old one or the new one.
//!
//! No file system replaces several files at once, but it exchanges two names. The new folder is built beside the old one,
//! with hard links to every file that stays, and takes its name in one step. Where that cannot be done, the files are
//! replaced one after the other, and the caller is told.

mod exchange;
mod new_folders;
mod one_by_one;
mod place;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::diff::ChangedFile;
use crate::generated_file::{WriteError, is_generated};
use exchange::{Refused, exchange};
use one_by_one::replace_all;
use place::Place;

/// What a folder lacks of what it is to hold. Finding it out changes nothing.
#[derive(Debug)]
pub struct FolderPlan<'a> {
    folder: &'a Path,
    files: &'a BTreeMap<String, String>,
    changes: Vec<Change<'a>>,
}

/// A file that is not as it should be.
#[derive(Debug)]
struct Change<'a> {
    /// Relative to the folder.
    name: &'a str,
    path: PathBuf,
    /// What it is to hold.
    text: &'a str,
    /// What it holds; `None` if there is no file.
    before: Option<Vec<u8>>,
}

/// What a write did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files that were written, relative to the folder.
    pub files: Vec<String>,
    /// That they were replaced one after the other, and why, if they were.
    pub warning: Option<String>,
}

impl<'a> FolderPlan<'a> {
    /// Compares a folder with the files that it is to hold, by name relative to it. Other files are not looked at.
    ///
    /// # Errors
    /// If a file cannot be read, one that differs has no `@generated` marker, or a name is a symbolic link.
    pub fn new(folder: &'a Path, files: &'a BTreeMap<String, String>) -> Result<Self, WriteError> {
        let changes = changes(folder, files)?;
        let is_kept = |change: &&Change<'_>| change.before.as_deref().is_some_and(|bytes| !is_generated(bytes));
        match changes.iter().find(is_kept) {
            Some(change) => Err(WriteError::NotGenerated(change.path.clone())),
            None => Ok(Self { folder, files, changes }),
        }
    }

    /// The files that differ, relative to the folder, in the order of their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().map(|change| change.name)
    }

    /// Whether the folder is as it should be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What a write would change, in the order of names.
    pub fn changed_files(&self) -> impl Iterator<Item = ChangedFile> {
        self.changes.iter().map(|change| {
            let before = change.before.as_deref().map(String::from_utf8_lossy);
            ChangedFile::new(change.path.display().to_string(), before.as_deref(), change.text)
        })
    }

    /// Writes the files. Those that are as they should be keep their times, so that nothing is rebuilt.
    ///
    /// # Errors
    /// If a file cannot be written. The folder is as it was then, and no other folder is left behind.
    pub fn write(&self) -> Result<Written, WriteError> {
        if self.is_empty() {
            let place = Place::of(self.folder)?;
            if let Some(_lock) = place.lock() {
                place.remove_leftovers();
            }
            return Ok(Written::default());
        }
        let place = Place::with_parent(self.folder)?;
        let lock = place.lock();
        if lock.is_some() {
            place.remove_leftovers();
        }
        // Another writer may have been first.
        let now = Self::new(self.folder, self.files)?;
        let mut written = Written { files: now.names().map(str::to_owned).collect(), warning: None };
        match now.changes.as_slice() {
            [] => {}
            // One file has one name to take.
            [only] if place.exists() => replace_all(std::slice::from_ref(only))?,
            changes => match exchange(&place, changes) {
                Ok(()) => {}
                Err(Refused::Failed(error)) => return Err(error),
                Err(Refused::Impossible(reason)) => {
                    replace_all(changes)?;
                    let folder = self.folder.display();
                    written.warning =
                        Some(format!("the files in `{folder}` were replaced one after the other, because {reason}"));
                }
            },
        }
        place.keep();
        Ok(written)
    }
}

/// Writes files that are this program's by their names alone, one after the other, into a folder that others share. Each is
/// whole at any moment, and those that are as they should be stay.
///
/// # Errors
/// If a file cannot be written. All of them are as they were then.
pub fn write_each(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), WriteError> {
    replace_all(&changes(folder, files)?)
}

/// The files that differ.
fn changes<'a>(folder: &Path, files: &'a BTreeMap<String, String>) -> Result<Vec<Change<'a>>, WriteError> {
    if let Some(file) = folder.ancestors().find(|part| part.is_file()) {
        return Err(WriteError::NotFolder(file.to_owned()));
    }
    let mut changes = Vec::new();
    for (name, text) in files {
        refuse_links(folder, name)?;
        let path = folder.join(name);
        let before = read_existing(&path)?;
        if before.as_deref() != Some(text.as_bytes()) {
            changes.push(Change { name, path, text, before });
        }
    }
    Ok(changes)
}

/// Fails if the folder, the file or a folder between them is a symbolic link.
fn refuse_links(folder: &Path, name: &str) -> Result<(), WriteError> {
    let inner = Path::new(name).ancestors().filter(|part| !part.as_os_str().is_empty()).map(|part| folder.join(part));
    for link in inner.chain([folder.to_owned()]) {
        if let Ok(target) = fs::read_link(&link) {
            return Err(WriteError::Link { link, target });
        }
    }
    Ok(())
}

fn read_existing(path: &Path) -> Result<Option<Vec<u8>>, WriteError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WriteError::Io { action: "read", path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn write(folder: &Path, entries: &[(&str, &str)]) -> Result<Written, String> {
        let files = entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        FolderPlan::new(folder, &files).and_then(|plan| plan.write()).map_err(|error| error.to_string())
    }

    fn written(names: &[&str]) -> Result<Written, String> {
        Ok(Written { files: names.iter().map(|name| (*name).to_owned()).collect(), warning: None })
    }

    #[test]
    fn unmarked_file_is_not_overwritten_and_stops_all_writes() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let mine = folder.path().join("m ine");
        fs::write(&mine, "mine\n")?;
        let path = mine.display();
        let expected = format!(
            "`{path}` exists and has no `@generated` marker, so it is not overwritten (no file was changed)\n\n\
             hint: move it away with `mv '{path}' '{path}.orig'`, or choose another folder with `--out`"
        );
        assert_eq!(write(folder.path(), &[("a", "# @generated\n"), ("m ine", "# @generated\n")]), Err(expected));
        assert_eq!(fs::read_to_string(&mine)?, "mine\n");
        assert!(!folder.path().join("a").exists());
        Ok(())
    }

    #[test]
    fn second_write_touches_nothing() -> anyhow::Result<()> {
        let outer = tempfile::tempdir()?;
        let folder = outer.path().join("new/out");
        let wanted = [("a", "# @generated\n"), ("sub/b", "# @generated\n")];
        assert_eq!(write(&folder, &wanted), written(&["a", "sub/b"]));
        assert_eq!(write(&folder, &wanted), written(&[]));
        Ok(())
    }

    #[test]
    fn links_are_not_written_through() -> anyhow::Result<()> {
        let outer = tempfile::tempdir()?;
        let path = |name: &str| outer.path().join(name);
        fs::create_dir_all(path("out"))?;
        for (link, folder, file) in [("out/a", "out", "a"), ("out/sub", "out", "sub/b"), ("link", "link", "a")] {
            std::os::unix::fs::symlink("elsewhere", path(link))?;
            let shown = path(link).display().to_string();
            let expected = format!(
                "`{shown}` is a symbolic link to `elsewhere`, which is not written through (no file was changed)\n\n\
                 hint: remove it with `rm {shown}`, or choose another folder with `--out`"
            );
            assert_eq!(write(&path(folder), &[(file, "# @generated\n")]), Err(expected));
        }
        assert!(!path("elsewhere").exists() && !path("out/elsewhere").exists());
        Ok(())
    }

    #[test]
    fn failed_write_leaves_no_folder_behind() -> anyhow::Result<()> {
        let outer = tempfile::tempdir()?;
        fs::write(outer.path().join("file"), "")?;
        let folder = outer.path().join("file/out");
        let refused = write(&folder, &[("a", "# @generated\n"), ("b", "# @generated\n")]);
        let expected = format!(
            "`{}` is a file, and a folder is to be written there (no file was changed)\n\nhint: name another folder",
            outer.path().join("file").display()
        );
        assert_eq!(refused, Err(expected));
        // The longest name that a folder may have leaves no room for one beside it.
        let folder = outer.path().join("new/deep").join("n".repeat(255));
        let wanted = [("a", "# @generated\n"), (&"m".repeat(256), "# @generated\n")];
        assert!(write(&folder, &wanted).is_err_and(|error| error.contains("file name too long")));
        assert_eq!(fs::read_dir(outer.path())?.count(), 1);
        Ok(())
    }
}
