//! What a generated file is, and why one is not written.

use std::path::{Path, PathBuf};

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

/// Whether a file's bytes carry the marker.
#[must_use]
pub fn is_generated(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(MARKER_WITHIN)];
    start.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
}
