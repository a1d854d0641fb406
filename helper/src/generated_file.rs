//! Writing generated files: all of them or none, and never over a file that someone wrote by hand.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::shell::quote_path;

/// What every generated file contains near its start.
pub const MARKER: &str = "@generated";

/// The marker is looked for in the first bytes only: the word may well occur in the text of a hand-written file.
const MARKER_WITHIN: usize = 512;

/// Why files were not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file stands in the way that was not generated.
    #[error(
        "`{file}` exists and has no `{MARKER}` marker, so it is not overwritten (no file was changed)\n\n\
         hint: move it away with `mv {old} {new}`, or choose another folder with `--out`",
        file = .0.display(), old = quote_path(.0), new = quote_path(Path::new(&format!("{}.orig", .0.display())))
    )]
    NotGenerated(PathBuf),
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

/// Writes files below a folder, by name relative to it. Files that already have the wanted text are left alone, so that
/// their times stay and nothing is rebuilt. Returns the names of the files that were written.
///
/// Every new text is on the disk under a temporary name before the first file is replaced, and a failed replacement puts
/// the earlier ones back.
///
/// # Errors
/// See [`WriteError`]. No file is changed then, and no folder is left behind.
pub fn write_all(folder: &Path, files: &BTreeMap<String, String>) -> Result<Vec<String>, WriteError> {
    let mut changes = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        let before = read_existing(&path)?;
        if before.as_deref() == Some(text.as_bytes()) {
            continue;
        }
        if before.as_deref().is_some_and(|bytes| !is_generated(bytes)) {
            return Err(WriteError::NotGenerated(path));
        }
        changes.push(Change { name, path, text, before });
    }
    let mut folders = NewFolders::default();
    let staged: Vec<NamedTempFile> =
        changes.iter().map(|change| change.stage(&mut folders)).collect::<Result<_, _>>()?;
    replace_all(&changes, staged)?;
    folders.keep();
    Ok(changes.into_iter().map(|change| change.name.to_owned()).collect())
}

/// A file that is to be written.
struct Change<'a> {
    name: &'a str,
    path: PathBuf,
    text: &'a str,
    /// `None` if there is no file yet.
    before: Option<Vec<u8>>,
}

impl Change<'_> {
    fn stage(&self, folders: &mut NewFolders) -> Result<NamedTempFile, WriteError> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        folders.create(folder).map_err(|source| WriteError::Io {
            action: "create the folder of",
            path: self.path.clone(),
            source,
        })?;
        stage(&self.path, self.text.as_bytes())
    }

    /// Puts a replaced file back. Its failure is not reported: the one that led here is.
    fn restore(&self) {
        match &self.before {
            None => {
                let _ = fs::remove_file(&self.path);
            }
            Some(bytes) => {
                if let Ok(file) = stage(&self.path, bytes) {
                    let _ = file.persist(&self.path);
                }
            }
        }
    }
}

/// Gives every staged file its name, or none.
fn replace_all(changes: &[Change<'_>], staged: Vec<NamedTempFile>) -> Result<(), WriteError> {
    for (done, (file, change)) in staged.into_iter().zip(changes).enumerate() {
        if let Err(error) = file.persist(&change.path) {
            changes[..done].iter().for_each(Change::restore);
            return Err(WriteError::Io { action: "replace", path: change.path.clone(), source: error.error });
        }
    }
    Ok(())
}

/// Folders that are removed again unless they are kept.
#[derive(Default)]
struct NewFolders {
    /// The outer ones first.
    created: Vec<PathBuf>,
}

impl NewFolders {
    fn create(&mut self, folder: &Path) -> std::io::Result<()> {
        let is_absent = |folder: &&Path| !folder.as_os_str().is_empty() && folder.symlink_metadata().is_err();
        let absent: Vec<PathBuf> = folder.ancestors().take_while(is_absent).map(Path::to_owned).collect();
        self.created.extend(absent.into_iter().rev());
        fs::create_dir_all(folder)
    }

    fn keep(mut self) {
        self.created.clear();
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for folder in self.created.iter().rev() {
            // Only an empty folder can be removed this way: what someone else put there stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Whether a file's bytes carry the marker.
#[must_use]
pub fn is_generated(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(MARKER_WITHIN)];
    start.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
}

fn read_existing(path: &Path) -> Result<Option<Vec<u8>>, WriteError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WriteError::Io { action: "read", path: path.to_owned(), source }),
    }
}

/// A temporary file beside its target: private until it is complete, and on the same file system.
fn stage(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, WriteError> {
    let failed = |action| move |source| WriteError::Io { action, path: path.to_owned(), source };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(failed("write beside"))?;
    file.write_all(bytes).map_err(failed("write"))?;
    // Temporary files are private; the finished one is read by Bazel servers of other users too.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(permissions).map_err(failed("set the permissions of"))?;
    file.as_file().sync_all().map_err(failed("write"))?;
    Ok(file)
}

#[cfg(test)]
mod unit {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn unmarked_file_is_not_overwritten_and_stops_all_writes() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let mine = folder.path().join("m ine");
        fs::write(&mine, "mine\n")?;
        let refused = write_all(folder.path(), &files(&[("a", "# @generated\n"), ("m ine", "# @generated\n")]));
        let path = mine.display();
        let expected = format!(
            "`{path}` exists and has no `@generated` marker, so it is not overwritten (no file was changed)\n\n\
             hint: move it away with `mv '{path}' '{path}.orig'`, or choose another folder with `--out`"
        );
        assert_eq!(refused.map_err(|error| error.to_string()), Err(expected));
        assert_eq!(fs::read_to_string(&mine)?, "mine\n");
        assert!(!folder.path().join("a").exists());
        Ok(())
    }

    #[test]
    fn second_write_touches_nothing() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let wanted = files(&[("a", "# @generated\n"), ("sub/b", "# @generated\n")]);
        assert_eq!(write_all(folder.path(), &wanted)?, ["a", "sub/b"]);
        assert_eq!(write_all(folder.path(), &wanted)?, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn failed_replacement_leaves_every_file_as_it_was() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::write(path("old"), "# @generated old\n")?;
        let change = |name, before| Change { name, path: path(name), text: "# @generated new\n", before };
        let old = Some(b"# @generated old\n".to_vec());
        let changes = [change("old", old), change("new", None), change("taken", None), change("later", None)];
        let staged = changes.iter().map(|change| change.stage(&mut NewFolders::default()));
        let staged = staged.collect::<Result<Vec<_>, _>>()?;
        // Someone else makes a folder where the third file is to go.
        fs::create_dir(path("taken"))?;
        let refused = replace_all(&changes, staged).map_err(|error| error.to_string());
        let expected = format!("cannot replace `{}`: Is a directory (os error 21)", path("taken").display());
        assert_eq!(refused, Err(expected));
        assert_eq!(fs::read_to_string(path("old"))?, "# @generated old\n");
        let mut names: Vec<_> =
            fs::read_dir(folder.path())?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
        names.sort();
        assert_eq!(names, ["old", "taken"]);
        Ok(())
    }

    #[test]
    fn failed_write_leaves_no_folder_behind() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        std::os::unix::fs::symlink("nowhere", folder.path().join("z"))?;
        let wanted = files(&[("new/deep/a", "# @generated\n"), ("z/b", "# @generated\n")]);
        let refused = write_all(folder.path(), &wanted).map_err(|error| error.to_string());
        let expected =
            format!("cannot create the folder of `{}`: File exists (os error 17)", folder.path().join("z/b").display());
        assert_eq!(refused, Err(expected));
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }
}
