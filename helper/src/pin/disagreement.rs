//! Two files that pin the same thing differently.

use std::fmt;

use super::place::{Edit, Place};
use crate::build_file::ParseError;

/// What disagrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PinKind {
    /// A flake input in `flake.lock`, with the manifest's pin.
    Input,
    /// The commit that `MODULE.bazel` takes this module from, with `flake.lock`.
    Override,
    /// Env in `lre.bazelrc`, with the manifest's.
    Environment,
    /// What the platform asks of a worker in `config/BUILD`, with the manifest's image.
    Image,
    /// A file cannot be used, so that something was not compared.
    Unreadable,
}

/// One side of a disagreement. That of a broken file has no value on the other side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Where it says so.
    pub place: Option<Place>,
    /// What it says; of a long value the first element that differs.
    pub value: String,
    /// What that is.
    pub label: String,
}

impl Side {
    pub(super) fn new(place: Option<Place>, value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { place, value: value.into(), label: label.into() }
    }

    /// Whether it says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        match (self.value.is_empty(), self.label.is_empty()) {
            (false, false) => write!(f, "{}  ({})", self.value, self.label),
            (false, true) => f.write_str(&self.value),
            (true, _) => f.write_str(&self.label),
        }
    }
}

/// Two files that do not agree, or one that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// What disagrees.
    pub kind: PinKind,
    /// One line: what it is about, such as "flake input `nixpkgs`".
    pub subject: String,
    /// The file that is to be changed.
    pub ours: Side,
    /// What it is compared with.
    pub theirs: Side,
    /// What mends it.
    pub hint: String,
    /// What `lre pin --sync` changes. Empty if that is not enough or not known.
    pub edits: Vec<Edit>,
}

impl Disagreement {
    pub(super) fn unreadable(
        subject: impl Into<String>,
        place: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let ours = Side::new(Some(place), message, "");
        let (subject, hint) = (subject.into(), hint.into());
        Self { kind: PinKind::Unreadable, subject, ours, theirs: Side::default(), hint, edits: Vec::new() }
    }

    pub(super) fn of_parse_error(error: ParseError, hint: impl Into<String>) -> Self {
        let ParseError { file, line, column, message } = error;
        let subject = format!("`{file}`");
        Self::unreadable(subject, Place { file, line, column, end_column: column + 1, span: 0..0 }, message, hint)
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn headline(&self) -> String {
        let verb = match self.kind {
            PinKind::Input => "is not locked as the manifest pins it",
            PinKind::Override => "is not at the commit that the flake locks",
            PinKind::Environment => "is not as in the manifest",
            PinKind::Image => "is not that of the manifest's image",
            PinKind::Unreadable => "cannot be used",
        };
        format!("{} {verb}", self.subject)
    }
}

impl fmt::Display for Disagreement {
    /// The house's error: headline, both sides, and the hint after a blank line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.headline())?;
        for side in [&self.ours, &self.theirs].into_iter().filter(|side| !side.is_empty()) {
            writeln!(f, "  {side}")?;
        }
        write!(f, "\nhint: {}", self.hint)
    }
}
