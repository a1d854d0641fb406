//! Writing generated files: all of them or none, and never over a file that someone wrote by hand.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

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
         hint: move it away with `mv {file} {file}.orig`, or choose another folder with `--out`",
        file = .0.display()
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
/// See [`WriteError`]. No file is changed then.
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
        changes.push((name, path, text, before));
    }
    let staged =
        changes.iter().map(|(_, path, text, _)| stage(path, text.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    for (done, (file, (_, path, _, _))) in staged.into_iter().zip(&changes).enumerate() {
        if let Err(error) = file.persist(path) {
            for (_, path, _, before) in &changes[..done] {
                restore(path, before.as_deref());
            }
            return Err(WriteError::Io { action: "replace", path: path.clone(), source: error.error });
        }
    }
    Ok(changes.into_iter().map(|(name, ..)| name.clone()).collect())
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
    fs::create_dir_all(folder).map_err(failed("create the folder of"))?;
    let mut file = NamedTempFile::new_in(folder).map_err(failed("write beside"))?;
    file.write_all(bytes).map_err(failed("write"))?;
    // Temporary files are private; the finished one is read by Bazel servers of other users too.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(permissions).map_err(failed("set the permissions of"))?;
    file.as_file().sync_all().map_err(failed("write"))?;
    Ok(file)
}

/// Puts a replaced file back. Its failure is not reported: the one that led here is.
fn restore(path: &Path, before: Option<&[u8]>) {
    match before {
        None => {
            let _ = fs::remove_file(path);
        }
        Some(bytes) => {
            if let Ok(file) = stage(path, bytes) {
                let _ = file.persist(path);
            }
        }
    }
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
        fs::write(folder.path().join("b"), "mine\n")?;
        let refused = write_all(folder.path(), &files(&[("a", "# @generated\n"), ("b", "# @generated\n")]));
        assert!(matches!(refused, Err(WriteError::NotGenerated(_))));
        assert_eq!(fs::read_to_string(folder.path().join("b"))?, "mine\n");
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
        fs::write(folder.path().join("a"), "# @generated old\n")?;
        fs::create_dir(folder.path().join("b"))?;
        let wanted = files(&[("a", "# @generated new\n"), ("b", "# @generated new\n")]);
        assert!(write_all(folder.path(), &wanted).is_err());
        assert_eq!(fs::read_to_string(folder.path().join("a"))?, "# @generated old\n");
        assert_eq!(fs::read_dir(folder.path())?.count(), 2);
        Ok(())
    }
}
