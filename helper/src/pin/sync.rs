//! The edits that make pins agree: literals, and the generated rc file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::disagreement::{Disagreement, PinKind};
use super::place::Edit;
use super::{PinSubject, compare_pins, compare_with};
use crate::rewrite::Replacement;
use crate::system_error::describe_system_error;

/// Why nothing is edited.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A file cannot be read again.
    #[error("cannot read `{path}`: {}", describe_system_error(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The edits do not have the intended effect.
    #[error("the edited files would not agree on {0} (no file was changed)")]
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
    let known: Vec<_> = disagreements.iter().map(|found| (found.kind, found.subject.clone())).collect();
    let moves_module = |found: &&Disagreement| found.kind == PinKind::Override && !found.edits.is_empty();
    // Another commit of the module has another manifest: what that one pins is not known yet.
    let is_moved = disagreements.iter().any(|found| moves_module(&found));
    let mut files: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    let mut edited = Vec::new();
    // One node of the lock may be two inputs that the manifest pins differently: either edit would undo the other.
    let is_contrary = |found: &&Disagreement| {
        let others = disagreements.iter().flat_map(|other| &other.edits);
        others.clone().any(|other| found.edits.iter().any(|edit| overlaps(edit, other)))
    };
    let contrary: Vec<_> =
        disagreements.iter().filter(is_contrary).map(|found| (found.kind, found.subject.clone())).collect();
    for found in disagreements {
        let is_late = waits(subject, &found, is_moved);
        if found.edits.is_empty() || is_late || found.edits.iter().any(|edit| is_link(edit.file())) {
            continue;
        }
        if contrary.contains(&(found.kind, found.subject.clone())) {
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
        let metadata = Some(fs::symlink_metadata(&path).map_err(read)?);
        let before = fs::read_to_string(&path).map_err(read)?;
        let after = apply(&before, &edits);
        sync.changes.extend(edits.iter().map(ToString::to_string));
        overlay.insert(file, after.clone());
        sync.replacements.push(Replacement { path, metadata, before, after });
    }
    let again = compare_with(subject, &overlay);
    let unfaithful = again.disagreements.iter().find(|found| {
        let name = (found.kind, found.subject.clone());
        // What was not there before is a file that the edits broke.
        edited.contains(&name) || !known.contains(&name)
    });
    if let Some(found) = unfaithful {
        return Err(SyncError::Unfaithful(found.subject.clone()));
    }
    let is_contrary = |found: &Disagreement| contrary.contains(&(found.kind, found.subject.clone()));
    let explained = again.disagreements.into_iter().map(|found| {
        let (is_late, is_contrary) = (waits(subject, &found, is_moved), is_contrary(&found));
        explain(found, is_late, is_contrary)
    });
    sync.left = explained.collect();
    sync.notes = again.notes;
    Ok(sync)
}

/// Whether it is compared with a manifest that another commit of the module may replace.
fn waits(subject: &PinSubject<'_>, found: &Disagreement, is_moved: bool) -> bool {
    is_moved && !subject.owns_toolchain() && matches!(found.kind, PinKind::Input | PinKind::Environment)
}

/// Whether two different edits are of the same bytes.
fn overlaps(one: &Edit, other: &Edit) -> bool {
    let is_apart = match (one, other) {
        (Edit::Literal { old, .. }, Edit::Literal { old: other, .. }) => {
            old.place.span.end <= other.place.span.start || other.place.span.end <= old.place.span.start
        }
        _ => false,
    };
    one.file() == other.file() && one != other && !is_apart
}

/// Says why a disagreement that could be edited was not.
fn explain(mut found: Disagreement, is_late: bool, is_contrary: bool) -> Disagreement {
    if let Some(edit) = found.edits.iter().find(|edit| is_link(edit.file())) {
        found.hint = format!("`{}` is a symbolic link, which is not written through; {}", edit.file(), found.hint);
    } else if is_contrary {
        found.hint = format!("it was not edited, because another pin wants another value there; {}", found.hint);
    } else if is_late && !found.edits.is_empty() {
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
