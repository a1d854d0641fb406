//! Tabs that Bazel accepts and the parser does not.
//!
//! Bazel refuses a tab in the indentation of a statement only. The parser refuses it between any two tokens.

use std::borrow::Cow;

use starlark_syntax::codemap::CodeMap;
use starlark_syntax::lexer::{Lexer, Token};

use super::parse::DIALECT;

/// The text with a space for each tab that means no more than a space, so that every byte offset stays. Literals,
/// comments and the indentation of statements keep their tabs.
pub(super) fn blank_tabs(text: &str) -> Cow<'_, str> {
    if !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let mut blanked = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for (start, token, end) in tokens(text) {
        let depth_after = match token {
            Token::OpeningRound | Token::OpeningSquare | Token::OpeningCurly | Token::FStringExprStart => depth + 1,
            Token::ClosingRound | Token::ClosingSquare | Token::ClosingCurly | Token::FStringExprEnd => {
                depth.saturating_sub(1)
            }
            Token::String(_) | Token::Bytes(_) | Token::Comment(_) | Token::FStringText(_) => depth,
            _ => continue,
        };
        if start >= blanked.len() {
            push_gap(&mut blanked, &text[..start], depth > 0);
            blanked.push_str(&text[start..end]);
        }
        depth = depth_after;
    }
    push_gap(&mut blanked, text, depth > 0);
    Cow::Owned(blanked)
}

/// The tokens of a text with their byte offsets. Errors are left out: a tab is one, and the parser reports all others.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = (usize, Token, usize)> {
    let mut lexer = Lexer::new(text, &DIALECT, CodeMap::new(String::new(), text.to_owned()));
    let mut last_error = None;
    std::iter::from_fn(move || {
        loop {
            match lexer.next()? {
                Ok(token) => return Some(token),
                Err(error) => {
                    // In the text of an unfinished f-string the lexer stays where it is, and returns its error for ever.
                    let place = error.into_error().span().map(|place| place.span);
                    if place.is_none() || place == last_error {
                        return None;
                    }
                    last_error = place;
                }
            }
        }
    })
}

/// Adds the rest of `until`, which has neither literals nor comments nor brackets.
fn push_gap(blanked: &mut String, until: &str, in_brackets: bool) {
    let mut indents = blanked.is_empty();
    let mut continued = false;
    for c in until[blanked.len()..].chars() {
        blanked.push(if c == '\t' && !indents { ' ' } else { c });
        match c {
            '\n' => (indents, continued) = (!in_brackets && !continued, false),
            '\\' => (indents, continued) = (false, true),
            ' ' | '\t' | '\r' => {}
            _ => (indents, continued) = (false, false),
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn unfinished_f_strings_have_an_end() {
        for text in
            ["f'\t", "f'a\t{b}", "f'{\t", "f'{a\t}}'", "\tf\"\"\"{f'\t", "f'\t}", "f'a}\t", "f'{a!\t}}", "\tf'{a:}"]
        {
            assert_eq!(blank_tabs(text).len(), text.len());
        }
    }
}
