//! Finds old store paths in a text, and decides whether the text says all that is needed to replace them.

use std::fmt;
use std::ops::Range;

use super::replacements::{Entry, HASH_LENGTH, Replacements};
use crate::store::{STORE_DIR, StorePath, StorePathError};

/// Whether something unknown stands directly before or after a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edges {
    pub(super) open_left: bool,
    pub(super) open_right: bool,
}

impl Edges {
    pub(super) const CLOSED: Self = Self { open_left: false, open_right: false };
    pub(super) const OPEN: Self = Self { open_left: true, open_right: true };
}

/// An old store path, or something that may be one.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) range: Range<usize>,
    /// What would replace it, if it is one.
    pub(super) entry: Option<&'a Entry>,
    /// Why it is not replaced.
    pub(super) reason: Option<Reason>,
}

/// Why a store path is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// An expression decides how it goes on or what stands before it.
    Joined,
    /// A placeholder is part of it or touches it.
    Template,
    /// The next character may belong to its last component.
    Followed(char),
    /// It lies below another folder, as in a chroot store.
    Below(String),
    /// Only the last part of it is there.
    NoStoreDirectory,
    /// `.`, `..` or doubled slashes decide which path it is.
    Spelling(String),
    /// `..` climbs out of the store root.
    Leaves,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined => write!(f, "is joined to an expression"),
            Self::Template => write!(f, "is part of a template"),
            Self::Followed(c) => write!(f, "is followed by `{}`, which may belong to its name", c.escape_debug()),
            Self::Below(before) => write!(f, "is below `{}`", before.escape_debug()),
            Self::NoStoreDirectory => write!(f, "has no `{STORE_DIR}/` before it"),
            Self::Leaves => write!(f, "leaves its store root through `..`"),
            Self::Spelling(path) => write!(f, "is another spelling of `{path}`"),
        }
    }
}

/// Every old store path in a text, in order.
pub(super) fn find<'a>(text: &str, edges: Edges, replacements: &'a Replacements) -> Vec<Found<'a>> {
    let mut found: Vec<Found<'a>> = Vec::new();
    // A store root is found by its hash, which stands before a `-`.
    for (dash, _) in text.match_indices('-') {
        let Some((base, hash)) = dash.checked_sub(HASH_LENGTH).and_then(|base| Some((base, text.get(base..dash)?)))
        else {
            continue;
        };
        let is_inside = found.last().is_some_and(|last| base < last.range.end);
        if !is_inside && !replacements.of_hash(hash).is_empty() {
            found.extend(at(text, base, edges, replacements.of_hash(hash)));
        }
    }
    let whole = found.len();
    for (start, _) in text.match_indices(STORE_DIR) {
        if found[..whole].binary_search_by_key(&start, |known| known.range.start).is_err() {
            found.extend(unfinished(text, start, edges, replacements));
        }
    }
    found.sort_by_key(|found| found.range.start);
    found
}

/// The old path whose store root's `<hash>-<name>` starts at `base`. `entries` have this hash, the longest path first.
fn at<'a>(text: &str, base: usize, edges: Edges, entries: &'a [Entry]) -> Option<Found<'a>> {
    let rest = &text[base..];
    let before = &text[..base];
    let start = before.ends_with(&format!("{STORE_DIR}/")).then(|| base - STORE_DIR.len() - 1);
    if start.is_none() && before.ends_with(is_name_character) {
        return None;
    }
    let picked = entries.iter().find_map(|entry| match rest.strip_prefix(entry.below()) {
        None if edges.open_right && entry.below().starts_with(rest) => Some((entry, rest.len(), Some(Reason::Joined))),
        None => None,
        Some(after) => match end_of_path(after, edges.open_right) {
            End::Here => Some((entry, entry.below().len(), None)),
            End::Unclear(reason) => Some((entry, entry.below().len(), Some(reason))),
            End::Later => None,
        },
    });
    let (entry, length, reason) =
        picked.map_or((None, 0, None), |(entry, length, reason)| (Some(entry), length, reason));
    let Some(start) = start else {
        return entry.map(|_| Found { range: base..base + length, entry, reason: Some(Reason::NoStoreDirectory) });
    };
    let word = &text[start..start + text[start..].find(|c| !is_path_character(c)).unwrap_or(text.len() - start)];
    let respelled = |reason| Some(Found { range: start..start + word.len(), entry: None, reason: Some(reason) });
    let reason = match (reason, StorePath::parse(word)) {
        (Some(reason), _) => Some(reason),
        (None, Err(StorePathError::Escapes(_))) if entry.is_some() => return respelled(Reason::Leaves),
        // Another path by `.`, `..` or `//`: neither the text nor the mapping alone says what is meant.
        (None, Ok(path)) if covering(&path, entries) != entry => return respelled(Reason::Spelling(path.to_string())),
        (None, _) => unclear_start(&text[..start], edges.open_left),
    };
    entry.map(|_| Found { range: start..base + length, entry, reason })
}

/// The longest entry that a store path is at or below.
fn covering<'a>(path: &StorePath, entries: &'a [Entry]) -> Option<&'a Entry> {
    let path = path.to_string();
    entries.iter().find(|entry| {
        let below = path.strip_prefix(&entry.old);
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    })
}

/// The start of a store path that an expression or a placeholder completes: `"/nix/store/" + x`, `"/nix/store/%s"`.
fn unfinished<'a>(text: &str, start: usize, edges: Edges, replacements: &'a Replacements) -> Option<Found<'a>> {
    let length = text[start..].find(|c| !is_path_character(c));
    let reason = match length.map(|length| &text[start + length..]) {
        None if edges.open_right => Reason::Joined,
        Some(after) if after.starts_with(is_placeholder) => Reason::Template,
        _ => return None,
    };
    let range = start..length.map_or(text.len(), |length| start + length);
    let may_become = replacements.entries().any(|entry| entry.old.starts_with(&text[range.clone()]));
    may_become.then_some(Found { range, entry: None, reason: Some(reason) })
}

enum End {
    Here,
    /// The last component goes on, so it is another path.
    Later,
    Unclear(Reason),
}

fn end_of_path(after: &str, is_open: bool) -> End {
    let name = &after[..after.find(|c| !is_name_character(c)).unwrap_or(after.len())];
    match after.chars().next() {
        None if is_open => End::Unclear(Reason::Joined),
        None | Some('/') => End::Here,
        Some(c) if ends_store_path(c) => End::Here,
        Some(c) if is_placeholder(c) => End::Unclear(Reason::Template),
        // `-ffile-prefix-map=/nix/store/…=/x`, and the end of a sentence: legal in names, seldom meant as a part of one.
        Some('=') => End::Unclear(Reason::Followed('=')),
        Some(c) if name.chars().all(|c| ".?".contains(c)) => End::Unclear(Reason::Followed(c)),
        Some(_) => End::Later,
    }
}

/// Why what stands before a store path may make it another one.
fn unclear_start(before: &str, is_open: bool) -> Option<Reason> {
    let separator = before.char_indices().rev().find(|(_, c)| ends_store_path(*c) || "=([{".contains(*c));
    let word = separator.map_or(before, |(offset, c)| &before[offset + c.len_utf8()..]);
    if word.contains('/') {
        Some(Reason::Below(word.to_owned()))
    } else if word.contains(is_placeholder) {
        Some(Reason::Template)
    } else {
        (separator.is_none() && is_open).then_some(Reason::Joined)
    }
}

/// What Nix allows in the name of a store root.
pub(super) fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-._?=".contains(c)
}

fn is_path_character(c: char) -> bool {
    is_name_character(c) || c == '/'
}

/// What separates store paths in flags, lists, prose and shell commands.
pub(super) fn ends_store_path(c: char) -> bool {
    c.is_whitespace() || c.is_control() || ",:;\"'`)]}<>|&".contains(c)
}

/// What starts a placeholder in the templates of `format`, `%`, make variables and globs.
fn is_placeholder(c: char) -> bool {
    "{%$*".contains(c)
}
