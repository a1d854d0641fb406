//! Tells texts apart that cannot name an old store path, whatever their literals are joined to.
//!
//! A literal's value holds a text in one of three ways: the source spells it, an escape spells a part of it, or it is
//! split over literals that are added to one another, the first of which ends with a beginning of it.

use memchr::{memchr_iter, memchr2_iter, memmem};

use crate::build_file::Recognized;

/// The texts without one of which no old store path can be named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Relevance {
    patterns: Vec<String>,
    /// What a pattern may start with, by its last byte.
    beginnings: Vec<Vec<String>>,
}

impl Relevance {
    pub(super) fn new(patterns: Vec<String>) -> Self {
        let mut beginnings = vec![Vec::new(); 256];
        for pattern in &patterns {
            for length in 1..pattern.len() {
                beginnings[usize::from(pattern.as_bytes()[length - 1])].push(pattern[..length].to_owned());
            }
        }
        Self { patterns, beginnings }
    }

    /// Whether a text has to be looked at literal by literal. What is known of its literals spares it that.
    pub(super) fn holds_for(&self, text: &str, recognized: Option<&Recognized>) -> bool {
        let text = text.as_bytes();
        let (has_escape, is_split) = match recognized {
            Some(known) => (known.has_escape, known.joints.iter().any(|end| self.is_begun(&text[..*end]))),
            None => {
                let mut quotes = memchr2_iter(b'"', b'\'', text);
                (has_character_escape(text), quotes.any(|quote| self.is_begun(&text[..quote])))
            }
        };
        has_escape || is_split || self.patterns.iter().any(|pattern| memmem::find(text, pattern.as_bytes()).is_some())
    }

    /// Whether a text ends with the first bytes of a pattern.
    fn is_begun(&self, text: &[u8]) -> bool {
        let beginnings = text.last().and_then(|last| self.beginnings.get(usize::from(*last)));
        beginnings.is_some_and(|known| known.iter().any(|beginning| text.ends_with(beginning.as_bytes())))
    }
}

/// An escape for a character that may stand in a store path, or one that joins two lines.
fn has_character_escape(text: &[u8]) -> bool {
    let escapes = |next: &u8| matches!(next, b'x' | b'X' | b'u' | b'U' | b'N' | b'0'..=b'7' | b'\n' | b'\r');
    memchr_iter(b'\\', text).any(|at| text.get(at + 1).is_some_and(escapes))
}
