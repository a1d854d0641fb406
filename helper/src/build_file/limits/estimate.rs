//! Bounds for the depth and the chains of a text, from its bytes: never less than what counting tokens finds.
//!
//! Only comments, plain literals, brackets, commas and line ends are told apart; every other byte that may start a token
//! counts as one. Where that is not certain, there is no estimate.

/// Upper bounds for a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Most {
    /// Brackets inside brackets, with indentation and `elif`.
    pub(super) nesting: usize,
    /// Tokens of one expression, as `MAX_CHAIN` counts them.
    pub(super) chain: usize,
}

/// The bounds, or `None` where bytes do not tell: an f-string, a literal without an end, a bracket too many, a byte that
/// the parser refuses.
pub(super) fn estimate(text: &str) -> Option<Most> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0, levels: vec![0], sum: 0, most: Most::default(), fixed: 0 };
    let mut deepest = 1;
    scan.indentation();
    while let Some(byte) = scan.bytes.get(scan.at).copied() {
        scan.at += 1;
        match byte {
            b' ' | b'\t' => {}
            b'\r' if scan.bytes.get(scan.at) == Some(&b'\n') => {}
            b'\n' if scan.levels.len() == 1 => {
                scan.reset();
                scan.indentation();
            }
            b'\n' => {}
            b'#' => scan.comment()?,
            b'"' | b'\'' => scan.literal(byte, false)?,
            b'(' | b'[' | b'{' => {
                scan.levels.push(0);
                deepest = deepest.max(scan.levels.len());
            }
            b')' | b']' | b'}' => {
                let inner = scan.levels.pop().filter(|_| !scan.levels.is_empty())?;
                scan.sum -= inner;
                scan.add(1);
            }
            b',' | b';' => scan.reset(),
            // A joined line goes on.
            b'\\' if scan.bytes.get(scan.at) == Some(&b'\n') => scan.at += 1,
            _ if is_word(byte) => scan.word()?,
            _ if byte.is_ascii_graphic() && byte != b'\\' => scan.add(1),
            _ => return None,
        }
    }
    let Most { nesting, chain } = scan.most;
    Some(Most { nesting: nesting + scan.fixed + deepest, chain })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// As in the exact count.
    levels: Vec<usize>,
    sum: usize,
    /// `nesting` is the deepest indentation alone.
    most: Most,
    /// How many times `elif` stands there.
    fixed: usize,
}

impl Scan<'_> {
    fn add(&mut self, tokens: usize) {
        if let Some(level) = self.levels.last_mut() {
            *level += tokens;
            self.sum += tokens;
        }
        self.most.chain = self.most.chain.max(self.sum);
    }

    fn reset(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.sum -= std::mem::take(level);
        }
    }

    /// No line is indented by more levels than it has blanks.
    fn indentation(&mut self) {
        let blanks = self.bytes[self.at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.at += blanks;
        self.most.nesting = self.most.nesting.max(blanks);
    }

    /// Readers differ in whether a carriage return alone ends a comment.
    fn comment(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        self.at += length;
        (rest.get(length) != Some(&b'\r') || rest.get(length + 1) == Some(&b'\n')).then_some(())
    }

    fn word(&mut self) -> Option<()> {
        let start = self.at - 1;
        self.at += self.bytes[self.at..].iter().take_while(|byte| is_word(**byte)).count();
        let word = &self.bytes[start..self.at];
        self.fixed += usize::from(word.ends_with(b"elif"));
        match self.bytes.get(self.at).copied() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                match word {
                    b"b" => self.literal(quote, false),
                    b"r" | b"rb" | b"br" => self.literal(quote, true),
                    _ => None,
                }
            }
            _ => {
                // Letters directly behind a number are tokens of their own.
                self.add(if word[0].is_ascii_digit() { word.len() } else { 1 });
                Some(())
            }
        }
    }

    /// The rest of a literal behind its first quote.
    fn literal(&mut self, quote: u8, is_raw: bool) -> Option<()> {
        self.add(1);
        let is_triple = self.bytes[self.at..].starts_with(&[quote, quote]);
        if is_triple {
            self.at += 2;
        }
        loop {
            self.at += memchr::memchr3(quote, b'\\', b'\n', self.bytes.get(self.at..)?)? + 1;
            match self.bytes[self.at - 1] {
                // Readers differ in what a backslash before a quote or a line end means in a raw literal.
                b'\\' if is_raw && !self.bytes.get(self.at)?.is_ascii_alphanumeric() => return None,
                b'\\' => self.at += 1,
                b'\n' if !is_triple => return None,
                b'\n' => {}
                _ if !is_triple => return Some(()),
                _ if self.bytes[self.at..].starts_with(&[quote, quote]) => {
                    self.at += 2;
                    return Some(());
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod unit {
    use proptest::prelude::*;

    use super::super::{Limits, count};
    use super::*;
    use crate::build_file::parse::DIALECT;

    #[test]
    fn bounds_of_ordinary_text_are_close() {
        let text = "load(\"//a:b.bzl\", 'r')  # (((\nr(\n    name = r\"x\\d\",\n    deps = [\n        ':a',\n    ] + \
                    [\":b\"],\n)\n\ndef f():\n    if 1 == 2:\n        pass\n";
        assert_eq!(estimate(text), Some(Most { nesting: 8 + 3, chain: 6 }));
    }

    #[test]
    fn texts_that_bytes_do_not_tell_about_have_no_bounds() {
        for text in ["f'('", "rf'{a}'", "'a\nb'", "'''a", ")", "a \\b", "é", "x = r'\\''", "# a\r(", "'\\", "a\r("] {
            assert_eq!(estimate(text), None, "{text}");
        }
    }

    const PIECES: [&str; 42] = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "\r",
        "\\\n",
        " ",
        "\t",
        "a",
        "1",
        "or",
        "elif",
        "0x1f",
        "1.5e3",
        "==",
        "+",
        ".",
        "'",
        "\"",
        "'''",
        "\"\"\"",
        "'a'",
        "\"b\"",
        "\"\"\"c\n\"\"\"",
        "r'\\d'",
        "b'x'",
        "f'{a}'",
        "\\",
        "\\'",
        "#",
        "# (c\n",
        ":",
        "if a:\n  ",
        "é",
    ];

    proptest! {
        #[test]
        fn bounds_are_never_below_the_exact_count(
            pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..60),
        ) {
            let text = pieces.concat();
            if let Some(most) = estimate(&text) {
                let limits = Limits { nesting: most.nesting, chain: most.chain };
                prop_assert!(count(&text, &DIALECT, limits).is_ok(), "{text:?} is beyond {most:?}");
            }
        }
    }
}
