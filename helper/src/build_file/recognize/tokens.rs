//! The tokens of plain Starlark, without copies. What is rare ends the text instead: an f-string, bytes, a tab or a
//! carriage return between tokens, a float, a type.

use super::Recognized;
use crate::build_file::limits::LIMITS;

/// Binds no operator.
const NONE: u8 = 0;

/// A token that the recognizer tells from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The text has ended, or something stands here that only the parser judges.
    End,
    Newline,
    Indent,
    Dedent,
    Identifier,
    Number,
    Text,
    And,
    Break,
    Continue,
    Def,
    Elif,
    Else,
    For,
    If,
    In,
    Lambda,
    Load,
    Not,
    Or,
    Pass,
    Return,
    Comma,
    Semicolon,
    Colon,
    Dot,
    Equal,
    /// `+=` and the like.
    Augmented,
    /// `==`, `<` and the like.
    Comparison,
    Pipe,
    Caret,
    Ampersand,
    Shift,
    Plus,
    Minus,
    Star,
    StarStar,
    Tilde,
    /// `%`, `/` and `//`.
    Division,
    OpenRound,
    CloseRound,
    OpenSquare,
    CloseSquare,
    OpenCurly,
    CloseCurly,
}

impl Token {
    /// How strongly it binds as an operator between two operands; the right one binds by one more.
    pub(super) fn binding(self) -> Option<u8> {
        let power = match self {
            Self::Or => 1,
            Self::And => 3,
            Self::Comparison | Self::In | Self::Not => 5,
            Self::Pipe => 7,
            Self::Caret => 9,
            Self::Ampersand => 11,
            Self::Shift => 13,
            Self::Plus | Self::Minus => 15,
            Self::Star | Self::Division => 17,
            _ => NONE,
        };
        (power != NONE).then_some(power)
    }

    pub(super) fn is_comparison(self) -> bool {
        matches!(self, Self::Comparison | Self::In | Self::Not)
    }
}

/// Splits a text into tokens, and counts what the limits are about as [`crate::build_file::limits`] does.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the last token starts.
    start: usize,
    value_end: usize,
    has_escape: bool,
    joints: Vec<usize>,
    indents: Vec<usize>,
    is_indent_due: bool,
    /// Dedents that are due.
    dedents: usize,
    /// How many times `elif` stood there.
    elifs: usize,
    /// Tokens since the last comma of each level of brackets around this place.
    levels: Vec<usize>,
    /// Since the last comma of the innermost level.
    level: usize,
    /// All of them together.
    sum: usize,
    is_ended: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            start: 0,
            value_end: 0,
            has_escape: false,
            joints: Vec::new(),
            indents: Vec::with_capacity(16),
            is_indent_due: false,
            dedents: 0,
            elifs: 0,
            levels: Vec::with_capacity(32),
            level: 0,
            sum: 0,
            is_ended: false,
        }
    }

    /// The bytes of the last token, if it is a word.
    pub(super) fn word(&self) -> &'a [u8] {
        &self.bytes[self.start..self.at]
    }

    /// Where the value of the last token ends, if it is a literal.
    pub(super) fn value_end(&self) -> usize {
        self.value_end
    }

    /// Whether one of `bytes` stands behind brackets and blanks, or something that hides what does.
    pub(super) fn is_next(&self, brackets: &[u8], bytes: &[u8]) -> bool {
        let behind = |byte: &&u8| !(byte.is_ascii_whitespace() || brackets.contains(byte));
        self.bytes[self.at..].iter().find(behind).is_some_and(|byte| b"#\\".contains(byte) || bytes.contains(byte))
    }

    /// The value that ends here may go on elsewhere.
    pub(super) fn add_joint(&mut self, end: usize) {
        self.joints.push(end);
    }

    pub(super) fn into_recognized(self) -> Recognized {
        Recognized { joints: self.joints, has_escape: self.has_escape }
    }

    /// Goes to the first line with a statement, which must not be indented.
    pub(super) fn begin(&mut self) -> Option<()> {
        (self.indentation() == Some(0) || self.at == self.bytes.len()).then_some(())
    }

    pub(super) fn next(&mut self) -> Token {
        self.read().unwrap_or(Token::End)
    }

    /// Whether the text has ended, and all of it was told.
    pub(super) fn is_over(&self) -> bool {
        self.is_ended
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Takes a byte, if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn read(&mut self) -> Option<Token> {
        if std::mem::take(&mut self.is_indent_due) {
            return Some(Token::Indent);
        }
        if self.dedents > 0 {
            self.dedents -= 1;
            return Some(Token::Dedent);
        }
        loop {
            self.start = self.at;
            let Some(byte) = self.peek() else { return self.end() };
            self.at += 1;
            let token = match byte {
                b' ' => continue,
                b'\\' if self.take(b'\n') => continue,
                b'\n' if self.levels.is_empty() => return self.line_end(),
                b'\n' => continue,
                b'#' => {
                    self.comment()?;
                    continue;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.keyword_or_identifier()?,
                b'"' | b'\'' => self.literal(byte, false)?,
                b'0'..=b'9' => self.number(byte)?,
                b',' => return Some(self.separator(Token::Comma)),
                b';' => return Some(self.separator(Token::Semicolon)),
                b'(' => return self.open(Token::OpenRound),
                b'[' => return self.open(Token::OpenSquare),
                b'{' => return self.open(Token::OpenCurly),
                b')' => return self.close(Token::CloseRound),
                b']' => return self.close(Token::CloseSquare),
                b'}' => return self.close(Token::CloseCurly),
                b':' => Token::Colon,
                b'~' => Token::Tilde,
                b'.' if self.peek().is_none_or(|next| next != b'.' && !next.is_ascii_digit()) => Token::Dot,
                b'=' => self.or_equal(Token::Equal, Token::Comparison),
                b'!' if self.take(b'=') => Token::Comparison,
                b'<' | b'>' if self.take(byte) => self.or_equal(Token::Shift, Token::Augmented),
                b'<' | b'>' => self.or_equal(Token::Comparison, Token::Comparison),
                b'+' => self.or_equal(Token::Plus, Token::Augmented),
                b'-' if self.peek() != Some(b'>') => self.or_equal(Token::Minus, Token::Augmented),
                b'*' if self.take(b'*') => Token::StarStar,
                b'*' => self.or_equal(Token::Star, Token::Augmented),
                b'/' => {
                    self.take(b'/');
                    self.or_equal(Token::Division, Token::Augmented)
                }
                b'%' => self.or_equal(Token::Division, Token::Augmented),
                b'&' => self.or_equal(Token::Ampersand, Token::Augmented),
                b'|' => self.or_equal(Token::Pipe, Token::Augmented),
                b'^' => self.or_equal(Token::Caret, Token::Augmented),
                _ => return None,
            };
            self.count()?;
            return Some(token);
        }
    }

    fn count(&mut self) -> Option<()> {
        self.level += 1;
        self.sum += 1;
        (self.sum <= LIMITS.chain).then_some(())
    }

    fn separator(&mut self, token: Token) -> Token {
        self.sum -= std::mem::take(&mut self.level);
        token
    }

    fn open(&mut self, token: Token) -> Option<Token> {
        self.levels.push(std::mem::take(&mut self.level));
        self.is_within_nesting().then_some(token)
    }

    fn close(&mut self, token: Token) -> Option<Token> {
        let outer = self.levels.pop()?;
        self.sum -= std::mem::replace(&mut self.level, outer);
        self.count()?;
        Some(token)
    }

    fn is_within_nesting(&self) -> bool {
        self.levels.len() + self.indents.len() + self.elifs < LIMITS.nesting
    }

    fn or_equal(&mut self, without: Token, with: Token) -> Token {
        if self.take(b'=') { with } else { without }
    }

    /// The end of a line, with the indentation of the next one that has a statement.
    fn line_end(&mut self) -> Option<Token> {
        self.separator(Token::Newline);
        let Some(indent) = self.indentation() else {
            return (self.at == self.bytes.len()).then_some(Token::Newline);
        };
        while self.indents.last().is_some_and(|last| *last > indent) {
            self.indents.pop();
            self.dedents += 1;
        }
        match self.indents.last().copied().unwrap_or(0) {
            same if same == indent => {}
            // Only a deeper line may differ from every line above it.
            _ if self.dedents > 0 => return None,
            _ => {
                self.indents.push(indent);
                self.is_indent_due = true;
            }
        }
        self.is_within_nesting().then_some(Token::Newline)
    }

    /// Skips lines without a statement; the blanks of the first other one. `None` at the end, and where blanks are not
    /// spaces.
    fn indentation(&mut self) -> Option<usize> {
        loop {
            let line = self.at;
            while self.take(b' ') {}
            match self.peek()? {
                b'\n' => self.at += 1,
                b'#' => self.comment()?,
                b'\t' | b'\r' => return None,
                _ => return Some(self.at - line),
            }
        }
    }

    /// The rest of a comment, without the line end.
    fn comment(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        self.at += length;
        (self.peek() != Some(b'\r')).then_some(())
    }

    fn keyword_or_identifier(&mut self) -> Option<Token> {
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        let word = self.word();
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            self.at += 1;
            return if word == b"r" { self.literal(quote, true) } else { None };
        }
        if word.len() > LONGEST_KEYWORD {
            return Some(Token::Identifier);
        }
        Some(match word {
            b"and" => Token::And,
            b"break" => Token::Break,
            b"continue" => Token::Continue,
            b"def" => Token::Def,
            b"elif" => {
                self.elifs += 1;
                Token::Elif
            }
            b"else" => Token::Else,
            b"for" => Token::For,
            b"if" => Token::If,
            b"in" => Token::In,
            b"lambda" => Token::Lambda,
            b"load" => Token::Load,
            b"not" => Token::Not,
            b"or" => Token::Or,
            b"pass" => Token::Pass,
            b"return" => Token::Return,
            b"as" | b"assert" | b"async" | b"await" | b"class" | b"del" | b"except" | b"finally" | b"from"
            | b"global" | b"import" | b"is" | b"nonlocal" | b"raise" | b"try" | b"while" | b"with" | b"yield" => {
                return None;
            }
            _ => Token::Identifier,
        })
    }

    /// A decimal or hexadecimal integer.
    fn number(&mut self, first: u8) -> Option<Token> {
        let is_hexadecimal = first == b'0' && matches!(self.peek(), Some(b'x' | b'X'));
        self.at += usize::from(is_hexadecimal);
        let begin = self.at;
        while self
            .peek()
            .is_some_and(|byte| if is_hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() })
        {
            self.at += 1;
        }
        let is_plain = if is_hexadecimal { self.at > begin } else { first != b'0' || self.at == begin };
        // A float, or letters that are a token of their own.
        let is_over = !self.peek().is_some_and(|byte| is_word(byte) || byte == b'.');
        (is_plain && is_over).then_some(Token::Number)
    }

    /// The rest of a literal behind its first quote.
    fn literal(&mut self, quote: u8, is_raw: bool) -> Option<Token> {
        let is_triple = self.bytes[self.at..].starts_with(&[quote, quote]);
        self.at += if is_triple { 2 } else { 0 };
        loop {
            self.at += memchr::memchr3(quote, b'\\', b'\n', self.bytes.get(self.at..)?)? + 1;
            self.value_end = self.at - 1;
            match self.bytes[self.value_end] {
                b'\\' if is_raw => {
                    // Readers differ in what a backslash before a quote or a line end means.
                    self.peek()?.is_ascii_alphanumeric().then_some(())?;
                    self.at += 1;
                }
                b'\\' => self.escape()?,
                b'\n' if is_triple => {}
                b'\n' => return None,
                _ if !is_triple => return Some(Token::Text),
                _ if self.bytes[self.at..].starts_with(&[quote, quote]) => {
                    self.at += 2;
                    return Some(Token::Text);
                }
                _ => {}
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<()> {
        let backslash = self.at - 1;
        let first = self.peek()?;
        self.at += 1;
        match first {
            // The value goes on in the next line.
            b'\n' => self.joints.push(backslash),
            b'x' => {
                let digits = self.bytes.get(self.at..self.at + 2)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                self.has_escape = true;
            }
            b'0'..=b'7' => self.has_escape = true,
            b'u' | b'U' | b'\r' => return None,
            _ => {}
        }
        Some(())
    }

    /// The end of the text: of a line, and of every block.
    fn end(&mut self) -> Option<Token> {
        if self.is_ended || !self.levels.is_empty() {
            return None;
        }
        self.is_ended = true;
        self.dedents = self.indents.len();
        self.indents.clear();
        Some(Token::Newline)
    }
}

/// No keyword, reserved ones included, has more letters.
const LONGEST_KEYWORD: usize = "continue".len();

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
