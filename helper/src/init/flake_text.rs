//! Where a text grows, and with which indentation.

use std::ops::Range;

/// Some text at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Growth {
    /// In bytes.
    pub(super) offset: usize,
    /// What is inserted there.
    pub(super) text: String,
}

impl Growth {
    /// Behind an opening bracket that ends at `offset`, before the first entry, which starts at `entry`.
    pub(super) fn at_start(text: &str, offset: usize, entry: usize, line: &str) -> Self {
        let text = match text[offset..entry].contains('\n') {
            true => format!("\n{}{line}", indentation(text, entry)),
            false => format!(" {line}"),
        };
        Self { offset, text }
    }
}

/// Before the closing bracket at `close`: a line of its own where that has one, with the indentation of the line before.
pub(super) fn before_closing(text: &str, close: usize, line: &str) -> Growth {
    let start = line_start(text, close);
    if !text[start..close].trim().is_empty() || start == 0 {
        let gap = if text[..close].ends_with(char::is_whitespace) { "" } else { " " };
        return Growth { offset: close, text: format!("{gap}{line} ") };
    }
    let closing = &text[start..close];
    let before = text[..start].trim_end();
    let own = indentation(text, before.len());
    let indentation =
        if before.ends_with(['{', '[']) || own.len() <= closing.len() { format!("{closing}  ") } else { own };
    Growth { offset: start, text: format!("{indentation}{line}\n") }
}

/// On a line of its own behind an entry, with whose indentation it starts; a comment behind the entry stays there.
pub(super) fn after(text: &str, entry: Range<usize>, line: &str) -> Growth {
    let end = text[entry.end..].find('\n').map_or(text.len(), |length| entry.end + length);
    let rest = text[entry.end..end].trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Growth { offset: end, text: format!("\n{}{line}", indentation(text, entry.start)) }
    } else {
        Growth { offset: entry.end, text: format!(" {line}") }
    }
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |end| end + 1)
}

/// The white space at the start of the line that `offset` is in.
fn indentation(text: &str, offset: usize) -> String {
    text[line_start(text, offset)..].chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
}
