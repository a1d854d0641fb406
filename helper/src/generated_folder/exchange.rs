//! Building a folder beside another one and giving it that one's name.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::{Builder, TempDir};

use super::Change;
use super::one_by_one::write_readable;
use super::place::Place;
use crate::generated_file::WriteError;
use crate::system_error::describe_system_error;

/// Files of somebody else's that are linked into the new folder; beyond that, it is no folder of its own.
const MAX_OTHERS: usize = 1000;

/// Why a folder was not exchanged. Nothing was changed.
pub(super) enum Refused {
    /// It cannot be done here, for this reason.
    Impossible(String),
    /// Something went wrong that goes wrong in any other way too.
    Failed(WriteError),
}

/// Makes the changes to a folder in one step. The folder need not exist.
pub(super) fn exchange(place: &Place, changes: &[Change<'_>]) -> Result<(), Refused> {
    let exists = place.exists();
    // A shell that stands in a folder stays in it when another one takes its name.
    if exists && std::env::current_dir().is_ok_and(|current| current.starts_with(&place.folder)) {
        return Err(Refused::Impossible("it is the working folder, or holds it".to_owned()));
    }
    let staged = stage(place, exists)?;
    if exists {
        let is_replaced = |path: &Path| changes.iter().any(|change| Path::new(change.name) == path);
        let mut others = 0;
        link_others(&place.folder, staged.path(), Path::new(""), &is_replaced, &mut others)
            .map_err(|error| impossible("the other files there cannot be linked", &error))?;
    }
    for change in changes {
        write(change, &staged.path().join(change.name))?;
    }
    let flags = if exists { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
    renameat_with(CWD, staged.path(), CWD, &place.folder, flags)
        .map_err(|error| impossible("the file system does not exchange folders", &error.into()))?;
    // A power cut must not undo it. Not every file system lets a folder be synced, and then nothing else would help.
    let _ = staged.path().parent().map(|parent| File::open(parent).and_then(|parent| parent.sync_all()));
    // What was there before lies there now, and goes.
    drop(staged);
    Ok(())
}

fn impossible(what: &str, error: &io::Error) -> Refused {
    Refused::Impossible(format!("{what} ({})", describe_system_error(error)))
}

fn stage(place: &Place, exists: bool) -> Result<TempDir, Refused> {
    let Some(parent) = &place.parent else {
        return Err(Refused::Impossible("it is the root of the file system".to_owned()));
    };
    let impossible = |error| impossible("no folder like it can be made beside it", &error);
    let mut builder = Builder::new();
    let prefix = place.prefix();
    // What the umask leaves of it, as for any other new folder.
    builder.prefix(&prefix).permissions(Permissions::from_mode(0o777));
    let staged = builder.tempdir_in(parent).map_err(impossible)?;
    if exists {
        let permissions = fs::metadata(&place.folder).map_err(impossible)?.permissions();
        fs::set_permissions(staged.path(), permissions).map_err(impossible)?;
    }
    Ok(staged)
}

fn write(change: &Change<'_>, target: &Path) -> Result<(), Refused> {
    let failed = |action| {
        let path = change.path.clone();
        move |source| Refused::Failed(WriteError::Io { action, path, source })
    };
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(failed("create the folder of"))?;
    }
    File::create_new(target).and_then(|file| write_readable(&file, change.text.as_bytes())).map_err(failed("write"))
}

/// Hard links for everything in `from` except what is replaced.
fn link_others(
    from: &Path,
    to: &Path,
    below: &Path,
    is_replaced: &dyn Fn(&Path) -> bool,
    others: &mut usize,
) -> io::Result<()> {
    for entry in fs::read_dir(from.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(to.join(&path))?;
            fs::set_permissions(to.join(&path), entry.metadata()?.permissions())?;
            link_others(from, to, &path, is_replaced, others)?;
        } else if !is_replaced(&path) {
            *others += 1;
            if *others > MAX_OTHERS {
                return Err(io::Error::other(format!("there are more than {MAX_OTHERS}")));
            }
            fs::hard_link(from.join(&path), to.join(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod unit {
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use super::super::{FolderPlan, Written};
    use super::*;

    fn names(folder: &Path) -> io::Result<Vec<OsString>> {
        let mut names: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        Ok(names)
    }

    fn version(text: &str) -> BTreeMap<String, String> {
        ["a", "sub/b", "sub/c"].map(|name| (name.to_owned(), format!("# @generated {text}\n"))).into()
    }

    #[test]
    fn other_files_stay_as_they_are_and_what_a_killed_run_left_goes() -> anyhow::Result<()> {
        let outer = tempfile::tempdir()?;
        let folder = outer.path().join("out");
        for (name, text) in [("sub/mine", "mine"), ("sub/b", "# @generated old\n"), ("deep/er/mine", "too")] {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(outer.path()))?;
            fs::write(path, text)?;
        }
        std::os::unix::fs::symlink("nowhere", folder.join("link"))?;
        fs::set_permissions(&folder, Permissions::from_mode(0o750))?;
        fs::create_dir(outer.path().join(".out.lre-killed"))?;
        fs::create_dir(outer.path().join(".other.lre-1"))?;
        let time = fs::metadata(folder.join("sub/mine"))?.modified()?;
        let files = version("new");
        assert_eq!(FolderPlan::new(&folder, &files)?.write()?.warning, None);
        assert_eq!(fs::read_to_string(folder.join("sub/b"))?, "# @generated new\n");
        assert_eq!(fs::read_to_string(folder.join("deep/er/mine"))?, "too");
        assert_eq!(fs::read_link(folder.join("link"))?, Path::new("nowhere"));
        assert_eq!(fs::metadata(folder.join("sub/mine"))?.modified()?, time);
        assert_eq!(fs::metadata(&folder)?.permissions().mode() & 0o777, 0o750);
        assert_eq!(names(outer.path())?, [".other.lre-1", "out"]);
        Ok(())
    }

    #[test]
    fn folder_with_too_many_other_files_is_written_file_by_file_and_that_is_said() -> anyhow::Result<()> {
        let outer = tempfile::tempdir()?;
        let folder = outer.path().join("out");
        fs::create_dir(&folder)?;
        for number in 0..=MAX_OTHERS {
            fs::write(folder.join(number.to_string()), "")?;
        }
        let files = version("new");
        let warning = format!(
            "the files in `{}` were replaced one after the other, because the other files there cannot be linked (there \
             are more than 1000)",
            folder.display()
        );
        let written = Written { files: files.keys().cloned().collect(), warning: Some(warning) };
        assert_eq!(FolderPlan::new(&folder, &files)?.write()?, written);
        assert_eq!(fs::read_to_string(folder.join("sub/b"))?, "# @generated new\n");
        assert_eq!(names(outer.path())?, ["out"]);
        Ok(())
    }

    #[test]
    fn eight_writers_leave_one_whole_folder_and_nothing_beside_it() -> anyhow::Result<()> {
        let outer = tempfile::tempdir()?;
        let folder = outer.path().join("out");
        let versions: Vec<_> = (0..8).map(|number| version(&number.to_string())).collect();
        std::thread::scope(|scope| {
            let folder = &folder;
            let writers: Vec<_> =
                versions.iter().map(|files| scope.spawn(move || FolderPlan::new(folder, files)?.write())).collect();
            for writer in writers {
                let written = writer.join().map_err(|_| anyhow::anyhow!("a writer panicked"))??;
                assert_eq!(written.warning, None);
            }
            anyhow::Ok(())
        })?;
        let text = fs::read_to_string(folder.join("a"))?;
        assert_eq!(fs::read_to_string(folder.join("sub/b"))?, text);
        assert_eq!(fs::read_to_string(folder.join("sub/c"))?, text);
        assert_eq!(names(outer.path())?, ["out"]);
        Ok(())
    }
}
