//! Where in a file something stands, and what is to stand there instead.

use std::fmt;
use std::ops::Range;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as users see it: its path from where the command runs.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The first column after it. If it spans lines, that is the end of its first line.
    pub end_column: usize,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

impl Place {
    pub(crate) fn new(file: &str, text: &str, span: Range<usize>) -> Self {
        let before = &text[..span.start];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = text[line_start..span.start].chars().count() + 1;
        let first_line = text[span.clone()].split(['\r', '\n']).next().unwrap_or_default();
        let end_column = column + first_line.chars().count();
        Self { file: file.to_owned(), line: before.matches('\n').count() + 1, column, end_column, span }
    }

    /// The start of a file of which no part is to blame.
    pub(super) fn start(file: &str) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, end_column: 1, span: 0..0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// What stands there.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// A change of a file that mends a disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Other bytes in the place of some.
    Literal {
        /// What the bytes are, such as `commit`.
        name: String,
        /// The bytes, and what they are now.
        old: Located<String>,
        /// What they are to be.
        new: String,
    },
    /// Another text of the whole file.
    File {
        /// The file as users see it.
        file: String,
        /// What the new text is made from.
        source: String,
        /// The new text.
        text: String,
    },
}

impl Edit {
    /// The file that it changes.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Self::Literal { old, .. } => &old.place.file,
            Self::File { file, .. } => file,
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal { name, old, new } => write!(f, "{}: {name} {} -> {new}", old.place, old.value),
            Self::File { file, source, .. } => write!(f, "{file}: rendered again from {source}"),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::Place;

    #[test]
    fn columns_count_characters_and_lines_end_with_their_carriage_return() {
        let text = "a\r\né = \"x\r\ny\"\r\n";
        let start = text.find('"').unwrap_or_default();
        let place = Place::new("f", text, start..start + 6);
        assert_eq!((place.line, place.column, place.end_column), (2, 5, 7));
        assert_eq!(place.to_string(), "f:2:5");
    }
}
