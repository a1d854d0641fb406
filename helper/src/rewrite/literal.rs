//! The literals, comments and f-strings of a text, and where in the text each byte of a literal's value stands.

use std::ops::Range;

use starlark_syntax::lexer::Token;

use crate::build_file::tokens;

/// What of a text can name a store path. Each list is in the order of the text.
pub(super) struct Texts {
    pub(super) literals: Vec<Literal>,
    pub(super) comments: Vec<Range<usize>>,
    pub(super) f_strings: Vec<FStringPart>,
}

/// A string or bytes literal.
pub(super) struct Literal {
    /// Prefix and quotes included.
    pub(super) span: Range<usize>,
    pub(super) text: Text,
    pub(super) in_f_string: bool,
}

/// What stands between two expressions of an f-string.
pub(super) struct FStringPart {
    pub(super) span: Range<usize>,
    pub(super) open_left: bool,
    pub(super) open_right: bool,
}

/// What a literal evaluates to, with the place of each byte.
pub(super) struct Text {
    pub(super) value: String,
    /// Where the text between the quotes begins.
    start: usize,
    /// The offset of each byte of the value and of its end, unless the source spells the value as it is.
    offsets: Option<Vec<usize>>,
}

impl Text {
    fn of(source: &str, span: &Range<usize>) -> Self {
        let literal = &source[span.clone()];
        let prefix = literal.find(['"', '\'']).unwrap_or(0);
        let quote = &literal[prefix..prefix + 1];
        let is_triple = literal.len() >= prefix + 6 && literal[prefix..].starts_with(&quote.repeat(3));
        let quotes = if is_triple { 3 } else { 1 };
        let start = span.start + prefix + quotes;
        let body = &source[start..span.end - quotes];
        let is_raw = literal[..prefix].contains(['r', 'R']);
        if body.contains('\r') || (!is_raw && body.contains('\\')) {
            let mut decoder = Decoder { value: String::with_capacity(body.len()), offsets: Vec::new(), start };
            decoder.decode(body, is_raw);
            decoder.offsets.push(start + body.len());
            Self { value: decoder.value, start, offsets: Some(decoder.offsets) }
        } else {
            Self { value: body.to_owned(), start, offsets: None }
        }
    }

    /// Where a byte of the value, or its end, stands in the source.
    pub(super) fn offset(&self, in_value: usize) -> usize {
        match &self.offsets {
            None => self.start + in_value,
            Some(offsets) => offsets[in_value],
        }
    }

    /// Where a part of the value stands in the source, if it is spelled there as it is.
    pub(super) fn plain(&self, source: &str, in_value: Range<usize>) -> Option<Range<usize>> {
        let last = in_value.end.checked_sub(1)?;
        let span = self.offset(in_value.start)..self.offset(last) + 1;
        (source.get(span.clone())? == self.value.get(in_value)?).then_some(span)
    }

    /// The part of the value that a part of the source stands for.
    pub(super) fn in_value(&self, span: Range<usize>) -> Option<Range<usize>> {
        match &self.offsets {
            None => Some(span.start.checked_sub(self.start)?..span.end.checked_sub(self.start)?),
            Some(offsets) => {
                let start = offsets.binary_search(&span.start).ok()?;
                Some(start..start + span.len())
            }
        }
    }
}

/// Splits a text that was parsed already into tokens.
pub(super) fn split(text: &str) -> Texts {
    let mut texts = Texts { literals: Vec::new(), comments: Vec::new(), f_strings: Vec::new() };
    let mut f_strings = 0_usize;
    let mut before = None;
    for (start, token, end) in tokens(text) {
        let span = start..end;
        match &token {
            Token::Comment(_) => texts.comments.push(span),
            Token::String(_) | Token::Bytes(_) => {
                let text = Text::of(text, &span);
                texts.literals.push(Literal { span, text, in_f_string: f_strings > 0 });
            }
            Token::FStringStart(_) => f_strings += 1,
            Token::FStringEnd => f_strings = f_strings.saturating_sub(1),
            Token::FStringText(_) => {
                let open_left = matches!(before, Some(Token::FStringExprEnd));
                texts.f_strings.push(FStringPart { span, open_left, open_right: false });
            }
            Token::FStringExprStart if matches!(before, Some(Token::FStringText(_))) => {
                texts.f_strings.last_mut().into_iter().for_each(|part| part.open_right = true);
            }
            _ => {}
        }
        before = Some(token);
    }
    texts
}

struct Decoder {
    value: String,
    offsets: Vec<usize>,
    start: usize,
}

impl Decoder {
    fn push(&mut self, c: char, offset: usize) {
        self.value.push(c);
        for byte in 0..c.len_utf8() {
            self.offsets.push(self.start + offset + byte);
        }
    }

    /// Resolves escapes as the Starlark specification has them. Carriage returns are dropped as the parser does.
    fn decode(&mut self, body: &str, is_raw: bool) {
        let mut rest = body.char_indices().peekable();
        while let Some((offset, c)) = rest.next() {
            match c {
                '\r' => {}
                '\\' if !is_raw => {
                    let tail = &body[offset + 1..];
                    let (decoded, length) = decode_escape(tail);
                    match decoded {
                        Escape::Nothing => {}
                        Escape::Character(c) => self.push_escaped(c, offset),
                        Escape::Unknown => self.push('\\', offset),
                    }
                    while rest.next_if(|(next, _)| *next < offset + 1 + length).is_some() {}
                }
                c => self.push(c, offset),
            }
        }
    }

    /// Every byte stands at the backslash, so that no range with an escape in it is as long as its value.
    fn push_escaped(&mut self, c: char, offset: usize) {
        self.value.push(c);
        self.offsets.extend(std::iter::repeat_n(self.start + offset, c.len_utf8()));
    }
}

enum Escape {
    Nothing,
    Character(char),
    /// A backslash that stands for itself.
    Unknown,
}

/// What a backslash before `tail` means, and how many bytes of `tail` belong to it.
fn decode_escape(tail: &str) -> (Escape, usize) {
    let number = |from: usize, length: usize, radix: u32| {
        let digits = tail.get(from..from + length)?;
        let code = u32::from_str_radix(digits, radix).ok()?;
        Some((Escape::Character(char::from_u32(code)?), from + length))
    };
    let character = |c: char| Some((Escape::Character(c), 1));
    let known = match tail.chars().next() {
        Some('n') => character('\n'),
        Some('r') => character('\r'),
        Some('t') => character('\t'),
        Some('a') => character('\x07'),
        Some('b') => character('\x08'),
        Some('f') => character('\x0c'),
        Some('v') => character('\x0b'),
        Some(c @ ('"' | '\'' | '\\')) => character(c),
        Some('\n') => Some((Escape::Nothing, 1)),
        Some('\r') => Some((Escape::Nothing, 1 + usize::from(tail[1..].starts_with('\n')))),
        Some('x') => number(1, 2, 16),
        Some('u') => number(1, 4, 16),
        Some('U') => number(1, 8, 16),
        Some('0'..='7') => {
            let digits = tail.chars().take(3).take_while(|c| ('0'..='7').contains(c)).count();
            number(0, digits, 8)
        }
        _ => None,
    };
    known.unwrap_or((Escape::Unknown, 0))
}
