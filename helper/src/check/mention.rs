//! What the BUILD files of a toolchain's folder say about the store.

use crate::build_file::Literal;
use crate::diagnostic::{Finding, Kind};
use crate::store::{StorePath, StoreRoot, find_store_paths};

/// Where a BUILD file names a store path.
pub(super) struct Mention {
    pub(super) path: StorePath,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    /// What it is for: a tool's name or an attribute.
    pub(super) purpose: String,
    pub(super) is_tool: bool,
}

/// Everything that the files of the folder say about the store.
#[derive(Default)]
pub(super) struct Mentions {
    pub(super) well_formed: Vec<Mention>,
    pub(super) malformed: Vec<Finding>,
}

impl Mentions {
    pub(super) fn add(&mut self, file: &str, literal: &Literal) {
        for mention in find_store_paths(&literal.value) {
            let text = &literal.value[mention.offset..];
            let spelled = mention.path.as_ref().map_or(text, |path| {
                let spelled = path.root().path().len();
                &text[..spelled.min(text.len())]
            });
            let (line, column) = literal.position_of(spelled);
            let in_tool_paths = literal.attribute.as_deref() == Some("tool_paths");
            let is_linker = literal.value.starts_with("--ld-path=");
            let tool = if is_linker { Some("linker") } else { literal.key.as_deref().filter(|_| in_tool_paths) };
            let purpose = tool.or(literal.attribute.as_deref());
            match mention.path {
                Ok(path) => self.well_formed.push(Mention {
                    path,
                    file: file.to_owned(),
                    line,
                    column,
                    purpose: purpose.unwrap_or("a string").to_owned(),
                    is_tool: tool.is_some(),
                }),
                Err(reason) => self.malformed.push(Finding {
                    kind: Kind::MalformedStorePath,
                    file: Some(file.to_owned()),
                    line: Some(line),
                    column: Some(column),
                    root: None,
                    message: format!("{file}:{line}:{column}: {reason}"),
                    hint: None,
                }),
            }
        }
    }

    pub(super) fn of_root<'a>(&'a self, root: &'a StoreRoot) -> impl Iterator<Item = &'a Mention> {
        self.well_formed.iter().filter(move |mention| mention.path.root() == root)
    }
}
