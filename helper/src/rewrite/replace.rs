//! Replaces files that people wrote: all of them or none.

use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::generated_file::WriteError;

/// A file, what it held when it was read, and what it is to hold.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// The file. It exists, and is no symbolic link.
    pub path: PathBuf,
    /// Whose permissions and owner the new file gets.
    pub metadata: Metadata,
    /// What it held.
    pub before: String,
    /// What it is to hold.
    pub after: String,
}

/// Replaces files. Every new text is on the disk under a temporary name before the first file is replaced, and a failed
/// replacement puts the earlier ones back.
///
/// # Errors
/// If a file cannot be replaced, or holds something else by now. No file is changed then.
pub fn replace_all(replacements: &[Replacement]) -> Result<(), WriteError> {
    let staged =
        replacements.iter().map(|replacement| stage(replacement, &replacement.after)).collect::<Result<Vec<_>, _>>()?;
    for (done, (file, replacement)) in staged.into_iter().zip(replacements).enumerate() {
        let replaced = check_unchanged(replacement).and_then(|()| {
            file.persist(&replacement.path).map_err(|error| failed("replace", &replacement.path)(error.error))
        });
        if let Err(error) = replaced {
            for earlier in &replacements[..done] {
                // Its failure is not reported: the one that led here is.
                let _ = stage(earlier, &earlier.before).map(|file| file.persist(&earlier.path));
            }
            return Err(error);
        }
    }
    Ok(())
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> WriteError + 'a {
    move |source| WriteError::Io { action, path: path.to_owned(), source }
}

/// An editor may have saved the file since it was read.
fn check_unchanged(replacement: &Replacement) -> Result<(), WriteError> {
    let path = &replacement.path;
    let is_file = fs::symlink_metadata(path).map_err(failed("read", path))?.is_file();
    if is_file && fs::read(path).map_err(failed("read", path))? == replacement.before.as_bytes() {
        Ok(())
    } else {
        Err(failed("replace", path)(io::Error::other("it was changed in the meantime")))
    }
}

/// A temporary file beside its target: private until it is complete, and on the same file system.
fn stage(replacement: &Replacement, text: &str) -> Result<NamedTempFile, WriteError> {
    let Replacement { path, metadata, .. } = replacement;
    // The parent of a bare name is the empty path.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(failed("write beside", path))?;
    file.write_all(text.as_bytes()).map_err(failed("write", path))?;
    let staged = file.as_file().metadata().map_err(failed("write", path))?;
    if (staged.uid(), staged.gid()) != (metadata.uid(), metadata.gid()) {
        fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()))
            .map_err(failed("keep the owner of", path))?;
    }
    file.as_file().set_permissions(metadata.permissions()).map_err(failed("keep the permissions of", path))?;
    file.as_file().sync_all().map_err(failed("write", path))?;
    Ok(file)
}

#[cfg(test)]
mod unit {
    use super::*;

    fn replacement(path: PathBuf, before: &str) -> io::Result<Replacement> {
        let metadata = fs::metadata(&path)?;
        Ok(Replacement { path, metadata, before: before.to_owned(), after: "new".to_owned() })
    }

    #[test]
    fn file_that_changed_in_the_meantime_is_kept_and_the_earlier_ones_are_put_back() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "old")?;
        fs::write(&b, "edited")?;
        let refused = replace_all(&[replacement(a.clone(), "old")?, replacement(b.clone(), "old")?]);
        let expected = format!("cannot replace `{}`: it was changed in the meantime", b.display());
        assert_eq!(refused.map_err(|error| error.to_string()), Err(expected));
        assert_eq!((fs::read_to_string(a)?, fs::read_to_string(b)?), ("old".to_owned(), "edited".to_owned()));
        assert_eq!(fs::read_dir(folder.path())?.count(), 2);
        Ok(())
    }
}
