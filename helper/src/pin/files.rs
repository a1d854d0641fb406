//! Reading the files that are compared, and remembering which.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::disagreement::Disagreement;
use super::place::{Located, Place};
use crate::shell::quote_path;

/// A file's text.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// Its path from where the command runs, by which messages name it too.
    pub(super) file: String,
    pub(super) text: String,
}

impl Text {
    pub(super) fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place::new(&self.file, &self.text, span)
    }

    /// Bytes of the file.
    pub(super) fn located(&self, span: std::ops::Range<usize>) -> Located<String> {
        Located { value: self.text[span.clone()].to_owned(), place: self.place(span) }
    }
}

/// The root workspace's files, some of them perhaps with a text that is not on the disk yet.
pub(crate) struct Files<'a> {
    workspace: &'a Path,
    overlay: &'a BTreeMap<String, String>,
    read: BTreeSet<PathBuf>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(workspace: &'a Path, overlay: &'a BTreeMap<String, String>) -> Self {
        Self { workspace, overlay, read: BTreeSet::new() }
    }

    /// Every file that was looked for below the workspace.
    pub(super) fn into_read(self) -> Vec<PathBuf> {
        self.read.into_iter().collect()
    }

    /// How messages name a file of the workspace.
    pub(super) fn shown(&self, name: &str) -> String {
        shown(&self.workspace.join(name))
    }

    /// Reads a file of the workspace; `None` if it is absent.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Text>, Box<Disagreement>> {
        self.read.insert(Path::new(name).components().collect());
        self.read_path(&self.workspace.join(name))
    }

    /// Reads a file anywhere; it is remembered if it belongs to the workspace.
    pub(super) fn read_outside(&mut self, path: &Path) -> Result<Option<Text>, Box<Disagreement>> {
        if let Some(name) = below(self.workspace, path) {
            self.read.insert(name);
        }
        self.read_path(path)
    }

    fn read_path(&self, path: &Path) -> Result<Option<Text>, Box<Disagreement>> {
        let file = shown(path);
        if let Some(text) = self.overlay.get(&file) {
            return Ok(Some(Text { file, text: text.clone() }));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(Text { file, text })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let hint = format!("see what is there with `ls -ld {}`", quote_path(Path::new(&file)));
                let place = Place::start(&file);
                Err(Box::new(Disagreement::unreadable(format!("`{file}`"), place, error.to_string(), hint)))
            }
        }
    }
}

/// A path without `.` components.
pub(super) fn shown(path: &Path) -> String {
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    plain.display().to_string()
}

/// The name of a file relative to the workspace, if it lies below. Links among its folders are followed.
pub(super) fn below(workspace: &Path, file: &Path) -> Option<PathBuf> {
    let resolve = |folder: &Path| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        folder.canonicalize().ok()
    };
    let workspace = resolve(workspace)?;
    let mut names = Vec::new();
    let mut rest = file;
    let folder = loop {
        names.push(rest.file_name()?);
        rest = rest.parent()?;
        // A folder that does not exist is looked for above.
        if let Some(folder) = resolve(rest) {
            break folder;
        }
    };
    let file = names.iter().rev().fold(folder, |path, name| path.join(name));
    file.strip_prefix(&workspace).ok().map(Path::to_owned)
}
