//! Findings of a check, for people and for programs.

pub mod github;
pub mod human;
pub mod json;
mod kind;
pub mod sarif;

use serde::Serialize;

pub use kind::Kind;

/// A file as it is named from where the check runs, and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// A part of a line; `None` for the file as a whole.
    pub span: Option<Span>,
}

/// A part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// From 1.
    pub line: usize,
    /// Column of the first character, from 1, in characters.
    pub column: usize,
    /// Column after the last character.
    pub end_column: usize,
}

impl Span {
    /// Where `part` first stands in `text`, which it does on one line.
    #[must_use]
    pub fn of(part: &str, text: &str) -> Option<Self> {
        let before = &text[..text.find(part)?];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some(Self { line, column, end_column: column + part.chars().count() })
    }
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), span: None }
    }
}

/// Another place that a finding is about, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What, in a few words.
    pub label: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// What it is about or what causes it.
    pub place: Option<Place>,
    /// What is said under that place; the kind's own words if it is empty.
    pub label: String,
    /// The store root that it is about.
    pub root: Option<String>,
    /// One line: the subject with where it is needed.
    pub message: String,
    /// What mends it.
    pub hint: Option<String>,
    /// The other sides of a disagreement.
    pub related: Vec<Related>,
}

impl Finding {
    /// A finding that says `message`.
    #[must_use]
    pub fn new(kind: Kind, place: Place, message: String) -> Self {
        let (place, related) = (Some(place), Vec::new());
        Self { kind, place, label: String::new(), root: None, message, hint: None, related }
    }
}

/// Findings of one kind under one headline, as people read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What failed, with counts.
    pub headline: String,
    /// The findings.
    pub findings: Vec<Finding>,
    /// What mends all of them.
    pub hint: String,
}
