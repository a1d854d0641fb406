//! What verbs that write files print of them: as diffs, or as a document for programs.

use std::fmt;

use serde::Serialize;

use super::print_data;
use crate::diff::ChangedFile;
use crate::init::Kept;

/// What a run changed, or would change.
#[derive(Debug, Serialize)]
pub(super) struct Changes {
    schema: u64,
    written: bool,
    files: Vec<ChangedFile>,
    left: Vec<Left>,
}

/// A place that is left as it was, and is to be edited by hand.
#[derive(Debug, Serialize)]
pub(super) struct Left {
    pub(super) file: String,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
    pub(super) message: String,
}

impl Left {
    /// What `lre init` keeps.
    pub(super) fn of_kept(kept: &Kept) -> Self {
        let Kept { place, message } = kept;
        Self { file: place.file.clone(), line: place.line, column: place.column, message: message.clone() }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl Changes {
    /// Whether the files are written by now, and which they are.
    pub(super) fn new(written: bool, files: Vec<ChangedFile>) -> Self {
        Self { schema: 1, written, files, left: Vec::new() }
    }

    /// With the places that were left as they were.
    pub(super) fn leaving(self, left: Vec<Left>) -> Self {
        Self { left, ..self }
    }

    /// Prints them as a document.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        print_data(&(serde_json::to_string_pretty(self)? + "\n"))
    }
}

/// The diffs of files, one below the other.
pub(super) fn diffs<'a>(files: impl IntoIterator<Item = &'a ChangedFile>) -> String {
    files.into_iter().map(|file| file.diff.as_str()).collect()
}
