//! The edits that make pins agree: literals, and the generated rc file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::disagreement::{Disagreement, PinKind};
use super::place::Edit;
use super::{PinSubject, compare_pins, compare_with};
use crate::rewrite::Replacement;

/// Why nothing is edited.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A file cannot be read again.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The edits do not have the intended effect.
    #[error("the edited files would still disagree on {0} (no file was changed)")]
    Unfaithful(String),
}

/// What is to be edited, and what is left.
#[derive(Debug)]
pub struct Sync {
    /// The files with their new texts.
    pub replacements: Vec<Replacement>,
    /// A line for each edit.
    pub changes: Vec<String>,
    /// What still disagrees afterwards.
    pub left: Vec<Disagreement>,
    /// What was not compared, and why.
    pub notes: Vec<String>,
}

/// Plans all edits and compares the edited texts, which are parsed again for it. Writes nothing.
///
/// # Errors
/// If a file cannot be read, or still disagrees where it was edited.
pub fn plan_sync(subject: &PinSubject<'_>) -> Result<Sync, SyncError> {
    let disagreements = compare_pins(subject).disagreements;
    let moves_module = |found: &&Disagreement| found.kind == PinKind::Override && !found.edits.is_empty();
    // Another commit of the module has another manifest: what that one pins is not known yet.
    let is_moved = disagreements.iter().any(|found| moves_module(&found));
    let mut files: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    let mut edited = Vec::new();
    for found in disagreements {
        let is_late = is_moved && found.kind == PinKind::Input;
        if found.edits.is_empty() || is_late || found.edits.iter().any(|edit| is_link(edit.file())) {
            continue;
        }
        for edit in &found.edits {
            let edits = files.entry(edit.file().to_owned()).or_default();
            if !edits.contains(edit) {
                edits.push(edit.clone());
            }
        }
        edited.push((found.kind, found.subject));
    }
    let mut sync = Sync { replacements: Vec::new(), changes: Vec::new(), left: Vec::new(), notes: Vec::new() };
    let mut overlay = BTreeMap::new();
    for (file, edits) in files {
        let path = PathBuf::from(&file);
        let read = |source| SyncError::Read { path: path.clone(), source };
        let metadata = fs::symlink_metadata(&path).map_err(read)?;
        let before = fs::read_to_string(&path).map_err(read)?;
        let after = apply(&before, &edits);
        sync.changes.extend(edits.iter().map(ToString::to_string));
        overlay.insert(file, after.clone());
        sync.replacements.push(Replacement { path, metadata, before, after });
    }
    let again = compare_with(subject, &overlay);
    let unfaithful = again.disagreements.iter().find(|found| edited.contains(&(found.kind, found.subject.clone())));
    if let Some(found) = unfaithful {
        return Err(SyncError::Unfaithful(found.subject.clone()));
    }
    sync.left = again.disagreements.into_iter().map(|found| explain(found, is_moved)).collect();
    sync.notes = again.notes;
    Ok(sync)
}

/// Says why a disagreement that could be edited was not.
fn explain(mut found: Disagreement, is_moved: bool) -> Disagreement {
    if let Some(edit) = found.edits.iter().find(|edit| is_link(edit.file())) {
        found.hint = format!("`{}` is a symbolic link, which is not written through; {}", edit.file(), found.hint);
    } else if is_moved && found.kind == PinKind::Input && !found.edits.is_empty() {
        found.hint =
            "run it again after Bazel has fetched the module at its new commit, whose manifest counts".to_owned();
    }
    found
}

fn is_link(file: &str) -> bool {
    fs::symlink_metadata(Path::new(file)).is_ok_and(|metadata| metadata.is_symlink())
}

fn apply(before: &str, edits: &[Edit]) -> String {
    let whole = edits.iter().find_map(|edit| match edit {
        Edit::File { text, .. } => Some(text.clone()),
        Edit::Literal { .. } => None,
    });
    if let Some(text) = whole {
        return text;
    }
    let mut literals: Vec<_> = edits
        .iter()
        .filter_map(|edit| match edit {
            Edit::Literal { old, new, .. } => Some((old.place.span.clone(), new)),
            Edit::File { .. } => None,
        })
        .collect();
    literals.sort_by_key(|(span, _)| span.start);
    let mut after = String::with_capacity(before.len());
    let mut done = 0;
    for (span, new) in literals {
        after.push_str(&before[done..span.start]);
        after.push_str(new);
        done = span.end;
    }
    after.push_str(&before[done..]);
    after
}
