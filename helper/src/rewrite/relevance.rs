//! Tells texts apart that cannot name an old store path, whatever their literals are joined to.
//!
//! A literal's value holds a text in one of three ways: the source spells it, an escape spells a part of it, or it is
//! split over literals that are added to one another, the first of which ends with a beginning of it.

use super::replacements::{HASH_LENGTH, Replacements};
use crate::store::STORE_DIR;

/// Whether a text has to be looked at literal by literal. `has_sums` says whether any of its literals are joined.
pub(super) fn may_name_store_paths(text: &str, has_sums: bool, replacements: &Replacements) -> bool {
    let start = STORE_DIR.len() + 1;
    let hashes = replacements.entries().filter_map(|entry| entry.old.get(start..start + HASH_LENGTH));
    let patterns: Vec<&str> = hashes.chain([STORE_DIR]).collect();
    has_character_escape(text)
        || patterns.iter().any(|pattern| text.contains(pattern))
        || (has_sums && patterns.iter().any(|pattern| has_beginning_before_quote(text.as_bytes(), pattern.as_bytes())))
}

/// An escape for a character that may stand in a store path, or one that joins two lines.
fn has_character_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escapes = |next: &u8| matches!(next, b'x' | b'X' | b'u' | b'U' | b'N' | b'0'..=b'7' | b'\n' | b'\r');
    text.match_indices('\\').any(|(at, _)| bytes.get(at + 1).is_some_and(escapes))
}

/// Whether a quote stands directly behind the first bytes of a pattern.
fn has_beginning_before_quote(text: &[u8], pattern: &[u8]) -> bool {
    let is_quote = |(_, byte): &(usize, &u8)| matches!(byte, b'"' | b'\'');
    text.iter().enumerate().filter(is_quote).any(|(quote, _)| {
        let before = &text[quote.saturating_sub(pattern.len() - 1)..quote];
        let Some(last) = before.last() else { return false };
        (1..=before.len()).any(|length| pattern[length - 1] == *last && before.ends_with(&pattern[..length]))
    })
}
