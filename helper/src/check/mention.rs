//! What the BUILD files of a toolchain's folder say about the store.

use std::collections::BTreeMap;
use std::fmt;

use crate::build_file::Literal;
use crate::cc::flag::paths_outside_store;
use crate::diagnostic::Span;
use crate::store::{StorePath, StoreRoot, find_store_paths};

/// A part of a generated file, named as in the manifest's `files`.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) span: Span,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.span.line, self.span.column)
    }
}

impl Spot {
    /// Where a literal spells `part`, or the literal itself if it spells it with escapes.
    fn new(file: &str, literal: &Literal, part: &str) -> Self {
        let (line, column) = literal.position_of(part);
        let is_spelled = !part.is_empty() && literal.source.contains(part);
        let spelled = if is_spelled { part } else { literal.source.lines().next().unwrap_or_default() };
        let span = Span { line, column, end_column: column + spelled.chars().count() };
        Self { file: file.to_owned(), span }
    }
}

/// Where a BUILD file names a store path.
pub(super) struct Mention {
    pub(super) path: StorePath,
    pub(super) spot: Spot,
    /// What it is for: a tool's name or an attribute.
    pub(super) purpose: String,
    pub(super) is_tool: bool,
}

/// A text that should have been a store path.
pub(super) struct Stray {
    pub(super) text: String,
    pub(super) spot: Spot,
    pub(super) purpose: String,
}

/// Everything that the files of the folder say about the store.
#[derive(Default)]
pub(super) struct Mentions {
    pub(super) well_formed: Vec<Mention>,
    /// Which of them are of a store root, in order.
    of_root: BTreeMap<StoreRoot, Vec<usize>>,
    /// Texts that start like a store path, each with why it is none.
    pub(super) malformed: Vec<(Spot, String)>,
    /// Absolute paths elsewhere.
    pub(super) outside: Vec<Stray>,
    /// Values in the place of a tool that are no path.
    pub(super) placeholders: Vec<Stray>,
}

impl Mentions {
    pub(super) fn add(&mut self, file: &str, literal: &Literal) {
        // `tools` and `shell` are those of `lre_java_toolchain`.
        let attribute = literal.attribute.as_deref();
        let is_tools = matches!(attribute, Some("tool_paths" | "tools"));
        let shell = attribute.filter(|attribute| *attribute == "shell");
        let tool = literal.key.as_deref().filter(|_| is_tools).or(shell);
        let is_linker = literal.value.starts_with("--ld-path=");
        let purpose = tool.or(is_linker.then_some("linker")).or(literal.attribute.as_deref());
        let purpose = purpose.unwrap_or("a string").to_owned();
        for mention in find_store_paths(&literal.value) {
            let text = &literal.value[mention.offset..];
            match mention.path {
                Ok(path) => {
                    let end = path.to_string().len().min(text.len());
                    let spot = Spot::new(file, literal, &text[..end]);
                    let (purpose, is_tool) = (purpose.clone(), tool.is_some() || is_linker);
                    self.of_root.entry(path.root().clone()).or_default().push(self.well_formed.len());
                    self.well_formed.push(Mention { path, spot, purpose, is_tool });
                }
                Err(reason) => self.malformed.push((Spot::new(file, literal, text), reason.to_string())),
            }
        }
        // `config/BUILD` is about platforms: its texts name no files.
        if file.starts_with("config/") || literal.attribute.is_none() {
            return;
        }
        let stray = |text: &str| Stray {
            text: text.to_owned(),
            spot: Spot::new(file, literal, text),
            purpose: purpose.clone(),
        };
        if tool.is_some() && !literal.value.starts_with('/') {
            self.placeholders.push(stray(&literal.value));
        } else {
            self.outside.extend(paths_outside_store(&literal.value).into_iter().map(stray));
        }
    }

    pub(super) fn of_root(&self, root: &StoreRoot) -> impl Iterator<Item = &Mention> {
        self.of_root.get(root).into_iter().flatten().map(|index| &self.well_formed[*index])
    }
}
