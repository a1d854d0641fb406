//! Replaces files that people wrote, and adds new ones: all of them or none.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::generated_file::WriteError;

/// What a new file gets, as other files of a workspace.
const NEW_MODE: u32 = 0o644;

/// A file, what it held when it was read, and what it is to hold.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// The file. It is no symbolic link.
    pub path: PathBuf,
    /// Whose permissions and owner the new file gets; `None` if there was no file.
    pub metadata: Option<Metadata>,
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
        if let Err(error) = give_name(file, replacement) {
            replacements[..done].iter().for_each(restore);
            return Err(error);
        }
    }
    Ok(())
}

fn give_name(file: NamedTempFile, replacement: &Replacement) -> Result<(), WriteError> {
    let path = &replacement.path;
    let named = if replacement.metadata.is_some() {
        check_unchanged(replacement)?;
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    named.map(drop).map_err(|error| failed("replace", path)(error.error))
}

/// Puts a replaced file back. Its failure is not reported: the one that led here is.
fn restore(replacement: &Replacement) {
    let Replacement { path, metadata, before, .. } = replacement;
    if metadata.is_none() {
        let _ = fs::remove_file(path);
    } else {
        let _ = stage(replacement, before).map(|file| file.persist(path));
    }
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
    let mut permissions = Permissions::from_mode(NEW_MODE);
    if let Some(metadata) = metadata {
        let staged = file.as_file().metadata().map_err(failed("write", path))?;
        if (staged.uid(), staged.gid()) != (metadata.uid(), metadata.gid()) {
            fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()))
                .map_err(failed("keep the owner of", path))?;
        }
        permissions = metadata.permissions();
    }
    file.as_file().set_permissions(permissions).map_err(failed("keep the permissions of", path))?;
    file.as_file().sync_all().map_err(failed("write", path))?;
    Ok(file)
}

#[cfg(test)]
mod unit {
    use super::*;

    fn replacement(path: PathBuf, before: &str) -> io::Result<Replacement> {
        let metadata = Some(fs::metadata(&path)?);
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

    #[test]
    fn new_file_replaces_none_and_goes_again_if_a_later_one_cannot_be_written() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let new = |name: &str| {
            let path = folder.path().join(name);
            Replacement { path, metadata: None, before: String::new(), after: "new".to_owned() }
        };
        fs::write(folder.path().join("b"), "edited")?;
        let refused = replace_all(&[new("a"), new("b")]).map_err(|error| error.to_string());
        let expected = format!("cannot replace `{}`: file exists (os error 17)", folder.path().join("b").display());
        assert_eq!(refused, Err(expected));
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        replace_all(&[new("a")])?;
        assert_eq!(fs::metadata(folder.path().join("a"))?.permissions().mode() & 0o777, 0o644);
        Ok(())
    }
}
