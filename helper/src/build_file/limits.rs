//! Refuses texts that would make a recursive parser run out of stack.
//!
//! The parser, and the drop of its tree, use stack for each nesting level and for each operand of a chain. Both are
//! bounded here by counting tokens, which needs no recursion.

use starlark_syntax::codemap::CodeMap;
use starlark_syntax::lexer::{Lexer, Token};
use starlark_syntax::syntax::Dialect;

/// No BUILD file that people maintain is larger.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// How deep and how long an expression may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Brackets inside brackets, with indentation and `elif`.
    pub(super) nesting: usize,
    /// Tokens of one expression, brackets around it included, that no comma or line end separates.
    pub(super) chain: usize,
}

pub(super) const LIMITS: Limits = Limits { nesting: 256, chain: 4096 };

/// The stack that parsing gets, chosen so that texts at both limits parse in a debug build.
pub(super) const STACK_BYTES: usize = 256 << 20;

/// A limit that was exceeded, and the byte offset where.
pub(super) struct Exceeded {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// Counts the parser's own tokens.
pub(super) fn check_limits(text: &str, dialect: &Dialect) -> Result<(), Exceeded> {
    let codemap = CodeMap::new(String::new(), text.to_owned());
    // One counter a bracket level, the outermost first; their sum bounds the depth of the tree at this place.
    let mut levels = vec![0_usize];
    let mut sum = 0_usize;
    let mut indentation = 0_usize;
    for token in Lexer::new(text, dialect, codemap) {
        // A text that cannot be split into tokens is the parser's to report.
        let Ok((offset, token, _)) = token else {
            return Ok(());
        };
        match token {
            Token::OpeningRound | Token::OpeningSquare | Token::OpeningCurly | Token::FStringExprStart => {
                levels.push(0)
            }
            Token::ClosingRound | Token::ClosingSquare | Token::ClosingCurly | Token::FStringExprEnd
                if levels.len() > 1 =>
            {
                sum -= levels.pop().unwrap_or_default();
                add(&mut levels, &mut sum);
            }
            Token::Comma | Token::Newline | Token::Semicolon => {
                if let Some(level) = levels.last_mut() {
                    sum -= std::mem::take(level);
                }
            }
            Token::Indent => indentation += 1,
            Token::Dedent => indentation = indentation.saturating_sub(1),
            // A chain of `elif` is a tree as deep as it is long, and goes on over the ends of lines.
            Token::Elif => indentation += 1,
            Token::Comment(_) => {}
            _ => add(&mut levels, &mut sum),
        }
        let exceeded = |what: &str, limit: usize| {
            Err(Exceeded { offset, message: format!("{what} (at most {limit} are supported)") })
        };
        if levels.len() + indentation > LIMITS.nesting {
            return exceeded("too deeply nested", LIMITS.nesting);
        }
        if sum > LIMITS.chain {
            return exceeded("too many operands in one expression", LIMITS.chain);
        }
    }
    Ok(())
}

fn add(levels: &mut [usize], sum: &mut usize) {
    if let Some(level) = levels.last_mut() {
        *level += 1;
        *sum += 1;
    }
}
