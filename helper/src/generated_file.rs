//! What a generated file is, and why one is not written.

use std::path::{Path, PathBuf};

use crate::shell::quote_path;
use crate::system_error::describe_system_error;

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
    /// A name leads elsewhere.
    #[error(
        "`{link}` is a symbolic link to `{target}`, which is not written through (no file was changed)\n\n\
         hint: remove it with `rm {quoted}`, or choose another folder with `--out`",
        link = link.display(), target = target.display(), quoted = quote_path(link)
    )]
    Link {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A file stands where a folder is to be.
    #[error(
        "`{}` is a file, and a folder is to be written there (no file was changed)\n\n\
         hint: name another folder",
        .0.display()
    )]
    NotFolder(PathBuf),
    /// The file system refused.
    #[error("{}", refusal(action, path, source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

/// What the file system refused. If it is a write, the folder is to blame, and not the first file that was tried.
fn refusal(action: &str, path: &Path, error: &std::io::Error) -> String {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let reason = describe_system_error(error);
    let is_write = action != "read" && matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem);
    match path.ancestors().skip(1).find(|folder| folder.is_dir() || folder.as_os_str().is_empty()) {
        Some(folder) if is_write => format!(
            "nothing can be written to the folder `{}`: {reason}\n\n\
             hint: `ls -ld {}` says who may; name another folder, or let that user run this",
            if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.display(),
            quote_path(folder)
        ),
        _ => format!("cannot {action} `{}`: {reason}", path.display()),
    }
}

/// Whether a file's bytes carry the marker.
#[must_use]
pub fn is_generated(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(MARKER_WITHIN)];
    start.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn folder_that_refuses_is_named_and_not_the_first_file() {
        let said = |action, code| {
            let source = std::io::Error::from_raw_os_error(code);
            WriteError::Io { action, path: "/proc/out/BUILD.bazel".into(), source }.to_string()
        };
        let hint = "hint: `ls -ld /proc` says who may; name another folder, or let that user run this";
        let refused = "nothing can be written to the folder `/proc`";
        assert_eq!(said("replace", 13), format!("{refused}: permission denied (os error 13)\n\n{hint}"));
        assert_eq!(said("replace", 30), format!("{refused}: read-only file system (os error 30)\n\n{hint}"));
        assert_eq!(said("read", 13), "cannot read `/proc/out/BUILD.bazel`: permission denied (os error 13)");
    }
}
