//! Replaces store paths in Starlark files: inside string literals, and nowhere else.
//!
//! A text is split into tokens for its literals, comments and f-strings, and parsed for what its literals are joined to.
//! What a literal says by itself is rewritten; what depends on an expression, or on more than the text, is reported.

mod joined;
mod literal;
mod relevance;
mod replace;
mod replacements;
mod search;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub use replace::{Replacement, replace_all};
pub use replacements::{Replacements, ReplacementsError};

use crate::build_file::{ParseError, recognize, with_module};
use joined::{Run, find_runs};
use literal::{Literal, Texts, split};
use search::{Edges, Reason, find};

/// The bytes that some editors put before UTF-8 text. Bazel refuses them.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a text was not rewritten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// It is no Starlark, or beyond the limits.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The new text was read again and says something else than intended.
    #[error("{file}: the rewritten text would not say the same with other paths ({reason})")]
    Unfaithful {
        /// The name that was given for the file.
        file: String,
        /// What differs.
        reason: String,
    },
}

/// A place that was left as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What stands there and why it was left.
    pub message: String,
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten<'a> {
    /// The whole new text; borrowed where it is the old one.
    pub text: Cow<'a, str>,
    /// How many store paths were replaced.
    pub replaced: usize,
    /// What was not, in the order of the text.
    pub leftovers: Vec<Leftover>,
}

/// Replaces store paths inside the string literals of a Starlark text. `file` is its name in messages.
///
/// # Errors
/// If the text is no Starlark, or larger, deeper or longer than the limits of [`crate::build_file::parse`].
pub fn rewrite<'a>(file: &str, text: &'a str, replacements: &Replacements) -> Result<Rewritten<'a>, RewriteError> {
    if text.starts_with(BYTE_ORDER_MARK) {
        let message = "the file starts with a byte order mark, which Bazel refuses".to_owned();
        let leftovers = vec![Leftover { line: 1, column: 1, message }];
        return Ok(Rewritten { text: text.into(), replaced: 0, leftovers });
    }
    let recognized = recognize(text);
    if replacements.relevance.holds_for(text, recognized.as_ref()) {
        let runs = with_module(file, text, find_runs)?;
        return scan(file, text, replacements, &runs);
    }
    // Every test holds the short cuts to what they leave out.
    if cfg!(not(debug_assertions)) && recognized.is_some() {
        return Ok(Rewritten { text: text.into(), replaced: 0, leftovers: Vec::new() });
    }
    with_module(file, text, |module| {
        debug_assert!(scan(file, text, replacements, &find_runs(module)).is_ok_and(|rewritten| {
            rewritten.replaced == 0 && rewritten.leftovers.is_empty() && rewritten.text == text
        }));
    })?;
    Ok(Rewritten { text: text.into(), replaced: 0, leftovers: Vec::new() })
}

fn scan<'a>(
    file: &str,
    text: &'a str,
    replacements: &Replacements,
    runs: &[Run],
) -> Result<Rewritten<'a>, RewriteError> {
    let texts = split(text);
    let mut scan = Scan { text, replacements, edits: Vec::new(), leftovers: Vec::new() };
    for comment in &texts.comments {
        scan.outside_literals(&text[comment.clone()], comment.start, Edges::CLOSED, &Place::Comment);
    }
    for part in &texts.f_strings {
        let edges = Edges { open_left: part.open_left, open_right: part.open_right };
        scan.outside_literals(&text[part.span.clone()], part.span.start, edges, &Place::FString);
    }
    let mut joined = vec![false; texts.literals.len()];
    for run in runs {
        let find_literal = |start| texts.literals.binary_search_by_key(start, |literal: &Literal| literal.span.start);
        let indices: Vec<usize> = run.literals.iter().filter_map(|start| find_literal(start).ok()).collect();
        indices.iter().for_each(|index| joined[*index] = true);
        scan.run(run, &indices.iter().map(|index| &texts.literals[*index]).collect::<Vec<_>>());
    }
    let alone = Run::default();
    for (literal, _) in texts.literals.iter().zip(&joined).filter(|(_, joined)| !**joined) {
        scan.run(&alone, &[literal]);
    }
    scan.finish(file, &texts)
}

/// Where a text stands that is never rewritten.
enum Place {
    Comment,
    FString,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comment => "a comment",
            Self::FString => "an f-string",
        })
    }
}

/// A store path that is replaced.
struct Edit<'a> {
    span: Range<usize>,
    new: &'a str,
}

struct Scan<'a, 'r> {
    text: &'a str,
    replacements: &'r Replacements,
    edits: Vec<Edit<'r>>,
    /// Byte offset and message.
    leftovers: Vec<(usize, String)>,
}

impl<'a> Scan<'a, '_> {
    fn outside_literals(&mut self, text: &str, start: usize, edges: Edges, place: &Place) {
        for found in find(text, edges, self.replacements) {
            // A comment is prose: the start of a store path in it promises no rest.
            let is_start = found.entry.is_none() && matches!(found.reason, Some(Reason::Template | Reason::Joined));
            if is_start && matches!(place, Place::Comment) {
                continue;
            }
            self.leftovers.push((start + found.range.start, format!("`{}` is in {place}", &text[found.range])));
        }
    }

    /// Literals that evaluate to one text.
    fn run(&mut self, run: &Run, literals: &[&Literal]) {
        let merged;
        let value = match literals {
            [one] => &one.text.value,
            many => {
                merged = many.iter().map(|literal| literal.text.value.as_str()).collect::<String>();
                &merged
            }
        };
        for found in find(value, run.edges, self.replacements) {
            let mut begin = 0;
            let mut holders = literals.iter().filter_map(|literal| {
                let range = begin..begin + literal.text.value.len();
                begin = range.end;
                (range.start < found.range.end && found.range.start < range.end).then_some((*literal, range.start))
            });
            let Some((literal, begin)) = holders.next() else { continue };
            let is_split = holders.next().is_some();
            let in_value = found.range.start - begin..(found.range.end - begin).min(literal.text.value.len());
            let spelled = &value[found.range.clone()];
            let message = match (&found.reason, found.entry) {
                _ if literal.in_f_string => format!("`{spelled}` is in {}", Place::FString),
                _ if is_split => format!("`{spelled}` is split over adjacent literals"),
                (Some(reason), _) => format!("`{spelled}` {reason}"),
                (None, Some(entry)) => match literal.text.plain(self.text, in_value.clone()) {
                    Some(span) => {
                        self.edits.push(Edit { span, new: &entry.new });
                        continue;
                    }
                    None => format!("`{spelled}` is spelled with an escape"),
                },
                (None, None) => continue,
            };
            self.leftovers.push((literal.text.offset(in_value.start), message));
        }
    }

    fn finish(mut self, file: &str, before: &Texts) -> Result<Rewritten<'a>, RewriteError> {
        self.edits.sort_by_key(|edit| edit.span.start);
        self.leftovers.sort();
        let mut text = Cow::Borrowed(self.text);
        if !self.edits.is_empty() {
            text = Cow::Owned(self.edited());
            self.check_faithful(file, &text, before)?;
        }
        let mut lines = Lines { text: self.text, offset: 0, line: 1, column: 1 };
        let leftovers = self.leftovers.into_iter().map(|(offset, message)| {
            let (line, column) = lines.position(offset);
            Leftover { line, column, message }
        });
        Ok(Rewritten { leftovers: leftovers.collect(), replaced: self.edits.len(), text })
    }

    fn edited(&self) -> String {
        let mut text = String::with_capacity(self.text.len());
        let mut done = 0;
        for edit in &self.edits {
            text.push_str(&self.text[done..edit.span.start]);
            text.push_str(edit.new);
            done = edit.span.end;
        }
        text + &self.text[done..]
    }

    /// Parses the new text and compares what each literal evaluates to with what was intended.
    fn check_faithful(&self, file: &str, text: &str, before: &Texts) -> Result<(), RewriteError> {
        let unfaithful = |reason: &str| RewriteError::Unfaithful { file: file.to_owned(), reason: reason.to_owned() };
        with_module(file, text, |_| ())?;
        let after = split(text);
        let counts = |texts: &Texts| (texts.literals.len(), texts.comments.len(), texts.f_strings.len());
        if counts(before) != counts(&after) {
            return Err(unfaithful("it has other literals or comments"));
        }
        let mut edits = self.edits.iter().peekable();
        for (old, new) in before.literals.iter().zip(&after.literals) {
            let mut expected = String::with_capacity(new.text.value.len());
            let mut done = 0;
            while let Some(edit) = edits.next_if(|edit| edit.span.start < old.span.end) {
                let Some(range) = old.text.in_value(edit.span.clone()) else {
                    return Err(unfaithful("a literal ends elsewhere"));
                };
                expected.push_str(&old.text.value[done..range.start]);
                expected.push_str(edit.new);
                done = range.end;
            }
            expected.push_str(&old.text.value[done..]);
            if expected != new.text.value {
                return Err(unfaithful("a literal has another value"));
            }
        }
        Ok(())
    }
}

/// Lines and columns of ascending offsets, in one pass.
struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
    column: usize,
}

impl Lines<'_> {
    fn position(&mut self, offset: usize) -> (usize, usize) {
        for c in self.text[self.offset..offset].chars() {
            if c == '\n' {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        self.offset = offset;
        (self.line, self.column)
    }
}
