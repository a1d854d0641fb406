//! Replacing files one after the other: each is whole at any moment, and a failure puts the earlier ones back.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

use super::Change;
use super::new_folders::NewFolders;
use crate::generated_file::WriteError;

/// Makes the changes. Every new text is on the disk under a temporary name before the first file is replaced.
///
/// # Errors
/// If a file cannot be written. No file is changed then, and no folder is left behind.
pub(super) fn replace_all(changes: &[Change<'_>]) -> Result<(), WriteError> {
    let folders = NewFolders::default();
    let staged = changes.iter().map(|change| stage_in_folder(change, &folders)).collect::<Result<Vec<_>, _>>()?;
    give_names(changes, staged)?;
    folders.keep();
    Ok(())
}

fn stage_in_folder(change: &Change<'_>, folders: &NewFolders) -> Result<NamedTempFile, WriteError> {
    let folder = change.path.parent().unwrap_or_else(|| Path::new("."));
    folders.create(folder).map_err(|source| WriteError::Io {
        action: "create the folder of",
        path: change.path.clone(),
        source,
    })?;
    stage(&change.path, change.text.as_bytes())
}

/// Gives every staged file its name, or none.
fn give_names(changes: &[Change<'_>], staged: Vec<NamedTempFile>) -> Result<(), WriteError> {
    for (done, (file, change)) in staged.into_iter().zip(changes).enumerate() {
        if let Err(error) = file.persist(&change.path) {
            changes[..done].iter().for_each(restore);
            return Err(WriteError::Io { action: "replace", path: change.path.clone(), source: error.error });
        }
    }
    Ok(())
}

/// Puts a replaced file back. Its failure is not reported: the one that led here is.
fn restore(change: &Change<'_>) {
    match &change.before {
        None => {
            let _ = fs::remove_file(&change.path);
        }
        Some(bytes) => {
            if let Ok(file) = stage(&change.path, bytes) {
                let _ = file.persist(&change.path);
            }
        }
    }
}

/// A temporary file beside its target: private until it is complete, and on the same file system.
fn stage(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, WriteError> {
    let failed = |action| move |source| WriteError::Io { action, path: path.to_owned(), source };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(failed("write beside"))?;
    write_readable(file.as_file(), bytes).map_err(failed("write"))?;
    Ok(file)
}

/// Writes a whole file to the disk, readable for the Bazel servers of other users too.
pub(super) fn write_readable(mut file: &File, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(bytes)?;
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.sync_all()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn failed_replacement_leaves_every_file_as_it_was() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        fs::write(path("old"), "# @generated old\n")?;
        let change = |name, before| Change { name, path: path(name), text: "# @generated new\n", before };
        let old = Some(b"# @generated old\n".to_vec());
        let changes = [change("old", old), change("new", None), change("taken", None), change("later", None)];
        let folders = NewFolders::default();
        let staged = changes.iter().map(|change| stage_in_folder(change, &folders)).collect::<Result<Vec<_>, _>>()?;
        // Someone else makes a folder where the third file is to go.
        fs::create_dir(path("taken"))?;
        let refused = give_names(&changes, staged).map_err(|error| error.to_string());
        let expected = format!("cannot replace `{}`: is a directory (os error 21)", path("taken").display());
        assert_eq!(refused, Err(expected));
        assert_eq!(fs::read_to_string(path("old"))?, "# @generated old\n");
        let mut names: Vec<_> =
            fs::read_dir(folder.path())?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
        names.sort();
        assert_eq!(names, ["old", "taken"]);
        Ok(())
    }
}
