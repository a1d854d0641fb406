//! Tells quickly that a text is Starlark, where no tree of it is needed.
//!
//! `starlark_syntax` stays the judge: what is accepted here, it accepts too, which every debug build asserts and random
//! texts show. What is rare is left to it, and so is every error. Bazel's own files are nearly all accepted, at several
//! times the parser's speed, because nothing is copied and nothing is built.

mod tokens;

use tokens::{Token, Tokens};

use super::limits::MAX_BYTES;

/// How deep the recognizer calls itself: far from the end of the smallest stack, and deeper than people write.
const MAX_DEPTH: usize = 200;

/// Names of one call or definition that are compared with each other. Longer lists are left to the parser.
const MAX_NAMES: usize = 64;

/// What is known of a text that [`super::parse`] is sure to accept.
pub(crate) struct Recognized {
    /// Byte offsets at which the value of a literal may go on elsewhere: another literal may be added to it, or it is
    /// broken by a backslash at the end of a line.
    pub(crate) joints: Vec<usize>,
    /// Whether a literal spells a character by its number.
    pub(crate) has_escape: bool,
}

/// Recognizes a text. `None` says nothing about it.
pub(crate) fn recognize(text: &str) -> Option<Recognized> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut recognizer = Recognizer::new(text);
    recognizer.file()?;
    Some(recognizer.tokens.into_recognized())
}

/// Whether [`super::parse`] is sure to accept the text. `false` says nothing.
pub(super) fn is_surely_starlark(text: &str) -> bool {
    recognize(text).is_some()
}

/// What an expression is, as the left side of an assignment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `a`, `a.b` or `a[b]`.
    Target,
    /// A list or tuple of targets.
    Targets,
    Other,
}

impl Kind {
    /// What a list becomes with another item.
    fn with(self, item: Self) -> Self {
        if self == Self::Other || item == Self::Other { Self::Other } else { Self::Targets }
    }
}

/// Where a statement stands.
#[derive(Clone, Copy, Default)]
struct Scope {
    is_inner: bool,
    in_loop: bool,
    in_function: bool,
}

/// Which arguments of a call are over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Positional,
    Named,
    Star,
    StarStar,
}

/// Recursive descent over the grammar of Bazel's Starlark. Each function takes what it is named after, or nothing is
/// known of the text.
struct Recognizer<'a> {
    tokens: Tokens<'a>,
    now: Token,
    depth: usize,
    /// Those of the calls and definitions around this place.
    names: Vec<&'a [u8]>,
}

impl<'a> Recognizer<'a> {
    fn new(text: &'a str) -> Self {
        Self { tokens: Tokens::new(text), now: Token::Newline, depth: 0, names: Vec::with_capacity(64) }
    }

    fn file(&mut self) -> Option<()> {
        self.tokens.begin()?;
        loop {
            while self.take(Token::Newline) {}
            if self.now == Token::End {
                return self.tokens.is_over().then_some(());
            }
            self.statement(Scope::default())?;
        }
    }

    fn advance(&mut self) {
        self.now = self.tokens.next();
    }

    fn take(&mut self, token: Token) -> bool {
        let is_next = self.now == token;
        if is_next {
            self.advance();
        }
        is_next
    }

    fn expect(&mut self, token: Token) -> Option<()> {
        self.take(token).then_some(())
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let result = if self.depth > MAX_DEPTH { None } else { inner(self) };
        self.depth -= 1;
        result
    }

    /// A name that none of those since `first` may equal.
    fn name(&mut self, name: &'a [u8], first: usize) -> Option<()> {
        let others = &self.names[first..];
        if others.len() >= MAX_NAMES || others.contains(&name) {
            return None;
        }
        self.names.push(name);
        Some(())
    }

    fn identifier(&mut self) -> Option<&'a [u8]> {
        let word = self.tokens.word();
        self.expect(Token::Identifier)?;
        Some(word)
    }

    fn statement(&mut self, scope: Scope) -> Option<()> {
        match self.now {
            Token::Def => {
                self.advance();
                self.identifier()?;
                self.expect(Token::OpenRound)?;
                self.parameters(Token::CloseRound)?;
                self.expect(Token::CloseRound)?;
                self.suite(Scope { is_inner: true, in_loop: false, in_function: true }).map(|_| ())
            }
            Token::If if scope.is_inner => self.branches(scope),
            Token::For if scope.is_inner => {
                self.advance();
                self.targets()?;
                self.expect(Token::In)?;
                self.test()?;
                self.suite(Scope { in_loop: true, ..scope }).map(|_| ())
            }
            Token::If | Token::For => None,
            _ => self.simple_statement(scope),
        }
    }

    fn branches(&mut self, scope: Scope) -> Option<()> {
        self.advance();
        loop {
            self.test()?;
            let is_block = self.suite(scope)?;
            if !matches!(self.now, Token::Elif | Token::Else) {
                return Some(());
            }
            // Behind a statement on the same line, it depends on whether a line is empty.
            is_block.then_some(())?;
            if self.take(Token::Else) {
                return self.suite(scope).map(|_| ());
            }
            self.advance();
        }
    }

    /// A colon and a block, or a statement on the same line. Whether it is a block.
    fn suite(&mut self, scope: Scope) -> Option<bool> {
        self.expect(Token::Colon)?;
        if !self.take(Token::Newline) {
            self.simple_statement(scope)?;
            return Some(false);
        }
        self.expect(Token::Indent)?;
        self.deeper(|this| {
            while this.now != Token::Dedent {
                this.statement(scope)?;
                while this.take(Token::Newline) {}
            }
            Some(())
        })?;
        self.expect(Token::Dedent)?;
        Some(true)
    }

    fn simple_statement(&mut self, scope: Scope) -> Option<()> {
        self.small_statement(scope)?;
        while self.take(Token::Semicolon) {
            if self.now == Token::Newline {
                break;
            }
            self.small_statement(scope)?;
        }
        self.expect(Token::Newline)
    }

    fn small_statement(&mut self, scope: Scope) -> Option<()> {
        match self.now {
            Token::Pass => self.advance(),
            Token::Break | Token::Continue if scope.in_loop => self.advance(),
            Token::Return if scope.in_function => {
                self.advance();
                if !matches!(self.now, Token::Newline | Token::Semicolon) {
                    self.tests()?;
                }
            }
            Token::Load if !scope.is_inner => self.load()?,
            Token::Break | Token::Continue | Token::Return | Token::Load => return None,
            _ => return self.assignment_or_expression(),
        }
        Some(())
    }

    fn load(&mut self) -> Option<()> {
        self.advance();
        self.expect(Token::OpenRound)?;
        self.expect(Token::Text)?;
        self.expect(Token::Comma)?;
        loop {
            if self.take(Token::Identifier) {
                self.expect(Token::Equal)?;
            }
            self.expect(Token::Text)?;
            let has_comma = self.take(Token::Comma);
            if self.take(Token::CloseRound) {
                return Some(());
            }
            has_comma.then_some(())?;
        }
    }

    fn assignment_or_expression(&mut self) -> Option<()> {
        let first = self.test()?;
        let is_list = self.now == Token::Comma;
        let left = if is_list { self.rest_of_tests(first)? } else { first };
        match self.now {
            Token::Equal if left != Kind::Other => {}
            Token::Augmented if left == Kind::Target => {}
            Token::Equal | Token::Augmented => return None,
            _ => return (!is_list).then_some(()),
        }
        self.advance();
        self.tests().map(|_| ())
    }

    /// Expressions without brackets around them: several are a tuple, whose last item has no comma.
    fn tests(&mut self) -> Option<Kind> {
        let first = self.test()?;
        if self.now == Token::Comma { self.rest_of_tests(first) } else { Some(first) }
    }

    fn rest_of_tests(&mut self, first: Kind) -> Option<Kind> {
        let mut kind = first;
        while self.take(Token::Comma) {
            kind = kind.with(self.test()?);
        }
        Some(kind)
    }

    /// What a loop assigns to.
    fn targets(&mut self) -> Option<()> {
        loop {
            let first = self.unary()?;
            let kind = self.operators(first, 7)?;
            (kind != Kind::Other).then_some(())?;
            if !self.take(Token::Comma) {
                return Some(());
            }
        }
    }

    fn test(&mut self) -> Option<Kind> {
        self.deeper(|this| {
            if this.take(Token::Lambda) {
                this.parameters(Token::Colon)?;
                this.expect(Token::Colon)?;
                this.test()?;
                return Some(Kind::Other);
            }
            let value = this.expression(0)?;
            this.conditional(value)
        })
    }

    /// `if … else …` behind a value.
    fn conditional(&mut self, value: Kind) -> Option<Kind> {
        if !self.take(Token::If) {
            return Some(value);
        }
        self.expression(0)?;
        self.expect(Token::Else)?;
        self.test()?;
        Some(Kind::Other)
    }

    fn expression(&mut self, least: u8) -> Option<Kind> {
        self.deeper(|this| {
            let left = if this.now == Token::Not && least <= 5 {
                this.advance();
                this.expression(5)?;
                Kind::Other
            } else {
                this.unary()?
            };
            this.operators(left, least)
        })
    }

    /// The operators behind an operand that bind at least as strongly as `least`.
    fn operators(&mut self, left: Kind, least: u8) -> Option<Kind> {
        let mut kind = left;
        while let Some(binding) = self.now.binding().filter(|binding| *binding >= least) {
            let operator = self.now;
            self.advance();
            if operator == Token::Not {
                self.expect(Token::In)?;
            }
            self.expression(binding + 1)?;
            // Comparisons are not chained.
            if operator.is_comparison() && self.now.is_comparison() {
                return None;
            }
            kind = Kind::Other;
        }
        Some(kind)
    }

    fn unary(&mut self) -> Option<Kind> {
        if matches!(self.now, Token::Plus | Token::Minus | Token::Tilde) {
            self.advance();
            self.deeper(Self::unary)?;
            return Some(Kind::Other);
        }
        let kind = self.atom()?;
        self.suffixes(kind)
    }

    fn atom(&mut self) -> Option<Kind> {
        let token = self.now;
        let end = self.tokens.value_end();
        self.advance();
        match token {
            Token::Identifier => Some(Kind::Target),
            Token::Number => Some(Kind::Other),
            Token::Text => {
                if self.is_added_to() {
                    self.tokens.add_joint(end);
                }
                Some(Kind::Other)
            }
            Token::OpenRound => self.parenthesized(),
            Token::OpenSquare => self.list(),
            Token::OpenCurly => self.dictionary(),
            _ => None,
        }
    }

    /// Behind a literal: whether another one may be added to it.
    fn is_added_to(&self) -> bool {
        match self.now {
            Token::Plus => self.tokens.is_next(b"(", b"\"'rbf"),
            Token::CloseRound => self.tokens.is_next(b")", b"+"),
            _ => false,
        }
    }

    fn parenthesized(&mut self) -> Option<Kind> {
        if self.take(Token::CloseRound) {
            return Some(Kind::Other);
        }
        let mut kind = self.test()?;
        while self.take(Token::Comma) {
            // One item with a comma is a tuple.
            kind = kind.with(kind);
            if self.now == Token::CloseRound {
                break;
            }
            kind = kind.with(self.test()?);
        }
        self.expect(Token::CloseRound)?;
        Some(kind)
    }

    fn list(&mut self) -> Option<Kind> {
        if self.take(Token::CloseSquare) {
            return Some(Kind::Other);
        }
        let first = self.test()?;
        let mut kind = Kind::Targets.with(first);
        if self.now == Token::For {
            self.comprehension()?;
            kind = Kind::Other;
        } else {
            while self.take(Token::Comma) && self.now != Token::CloseSquare {
                kind = kind.with(self.test()?);
            }
        }
        self.expect(Token::CloseSquare)?;
        Some(kind)
    }

    fn dictionary(&mut self) -> Option<Kind> {
        let mut is_first = true;
        while self.now != Token::CloseCurly {
            self.test()?;
            self.expect(Token::Colon)?;
            self.test()?;
            if self.now == Token::For && is_first {
                self.comprehension()?;
                break;
            }
            if !self.take(Token::Comma) {
                break;
            }
            is_first = false;
        }
        self.expect(Token::CloseCurly)?;
        Some(Kind::Other)
    }

    /// What follows the item of a comprehension.
    fn comprehension(&mut self) -> Option<()> {
        loop {
            if self.take(Token::For) {
                self.targets()?;
                self.expect(Token::In)?;
            } else if !self.take(Token::If) {
                return Some(());
            }
            self.expression(0)?;
        }
    }

    /// Attributes, calls, indices and slices.
    fn suffixes(&mut self, of: Kind) -> Option<Kind> {
        let mut kind = of;
        loop {
            kind = match self.now {
                Token::Dot => {
                    self.advance();
                    self.identifier()?;
                    Kind::Target
                }
                Token::OpenRound => {
                    self.advance();
                    self.arguments()?;
                    self.expect(Token::CloseRound)?;
                    Kind::Other
                }
                Token::OpenSquare => {
                    self.advance();
                    self.index_or_slice()?
                }
                _ => return Some(kind),
            };
        }
    }

    fn index_or_slice(&mut self) -> Option<Kind> {
        if self.now != Token::Colon {
            self.test()?;
            if self.take(Token::CloseSquare) {
                return Some(Kind::Target);
            }
        }
        self.expect(Token::Colon)?;
        if !matches!(self.now, Token::Colon | Token::CloseSquare) {
            self.test()?;
        }
        if self.take(Token::Colon) && self.now != Token::CloseSquare {
            self.test()?;
        }
        self.expect(Token::CloseSquare)?;
        Some(Kind::Other)
    }

    /// Positional arguments, then named ones, then `*` and `**` once each.
    fn arguments(&mut self) -> Option<()> {
        let first = self.names.len();
        let mut stage = Stage::Positional;
        while self.now != Token::CloseRound {
            let before = stage;
            if self.take(Token::Star) {
                stage = Stage::Star;
                (before < stage).then_some(())?;
                self.test()?;
            } else if self.take(Token::StarStar) {
                stage = Stage::StarStar;
                (before < stage).then_some(())?;
                self.test()?;
            } else {
                stage = self.argument(first)?;
                (before <= stage).then_some(())?;
            }
            if !self.take(Token::Comma) {
                break;
            }
        }
        self.names.truncate(first);
        Some(())
    }

    /// One with a name or without; the names of the others start at `first`.
    fn argument(&mut self, first: usize) -> Option<Stage> {
        if self.now != Token::Identifier {
            self.test()?;
            return Some(Stage::Positional);
        }
        let word = self.identifier()?;
        if self.take(Token::Equal) {
            self.name(word, first)?;
            self.test()?;
            return Some(Stage::Named);
        }
        let value = self.suffixes(Kind::Target)?;
        let value = self.operators(value, 0)?;
        self.conditional(value)?;
        Some(Stage::Positional)
    }

    /// Parameters until `end`: those without a default first, then those with one, `*`, and `**` last.
    fn parameters(&mut self, end: Token) -> Option<()> {
        let first = self.names.len();
        let (mut has_default, mut has_star, mut is_bare_star) = (false, false, false);
        while self.now != end {
            if self.take(Token::StarStar) {
                // A bare `*` needs a name behind it, and nothing may stand behind this.
                let name = self.identifier().filter(|_| !is_bare_star)?;
                self.name(name, first)?;
                self.take(Token::Comma);
                break;
            }
            if self.take(Token::Star) {
                if has_star {
                    return None;
                }
                has_star = true;
                is_bare_star = self.now != Token::Identifier;
                if !is_bare_star {
                    let name = self.identifier()?;
                    self.name(name, first)?;
                }
            } else {
                let name = self.identifier()?;
                self.name(name, first)?;
                is_bare_star = false;
                if self.take(Token::Equal) {
                    has_default = true;
                    self.test()?;
                } else if has_default && !has_star {
                    return None;
                }
            }
            if !self.take(Token::Comma) {
                break;
            }
        }
        self.names.truncate(first);
        (self.now == end && !is_bare_star).then_some(())
    }
}

#[cfg(test)]
mod unit;
