//! Finds the string literals of a BUILD file, and what each is for. Nothing is evaluated.

use starlark_syntax::codemap::{CodeMap, Pos, Span};
use starlark_syntax::dialect::DialectTypes;
use starlark_syntax::syntax::ast::{ArgumentP, AstExpr, AstLiteral, AstStmt, CallArgsP, ExprP};
use starlark_syntax::syntax::module::AstModuleFields as _;
use starlark_syntax::syntax::{AstModule, Dialect};

use super::limits::{MAX_BYTES, STACK_BYTES, check_limits};
use super::parallel::has_large_stack;
use super::recognize::is_surely_starlark;
use super::tabs::blank_tabs;

/// What some release of Bazel accepts, and f-strings: those of other Starlarks are still told from plain literals.
pub(super) const DIALECT: Dialect = Dialect {
    enable_keyword_only_arguments: true,
    enable_types: DialectTypes::ParseOnly,
    enable_f_strings: true,
    ..Dialect::Standard
};

/// Why a file could not be read as Starlark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct ParseError {
    /// The name that was given for the file.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// One line.
    pub message: String,
}

/// A parsed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFile {
    /// Its string literals, in the order of the tree.
    pub literals: Vec<Literal>,
}

/// A string literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// What it evaluates to.
    pub value: String,
    /// The keyword argument that it is in, such as `tool_paths`.
    pub attribute: Option<String>,
    /// The key that it is the value of, in a dictionary.
    pub key: Option<String>,
    /// Line of its opening quote, from 1.
    pub line: usize,
    /// Column of its opening quote, from 1, in characters.
    pub column: usize,
    /// Its text with quotes, as it stands in the file.
    pub source: String,
}

impl Literal {
    /// Line and column of a part of the value, if the literal spells that part as it is; otherwise of the literal.
    #[must_use]
    pub fn position_of(&self, part: &str) -> (usize, usize) {
        let Some(offset) = self.source.find(part) else {
            return (self.line, self.column);
        };
        let before = &self.source[..offset];
        match before.rsplit_once('\n') {
            None => (self.line, self.column + before.chars().count()),
            Some((lines, last)) => (self.line + lines.matches('\n').count() + 1, last.chars().count() + 1),
        }
    }
}

/// Parses a BUILD file. `file` is its name in messages.
///
/// # Errors
/// If the text is no Starlark, or larger, deeper or longer than the limits.
pub fn parse(file: &str, text: &str) -> Result<BuildFile, ParseError> {
    with_module(file, text, |module| {
        let mut visitor = Visitor { codemap: module.codemap(), literals: Vec::new() };
        visitor.statement(module.statement());
        BuildFile { literals: visitor.literals }
    })
}

/// Parses a Starlark file and looks at its tree, all on a thread whose stack is large enough for both.
///
/// Byte offsets in the tree are those of `text`.
pub(crate) fn with_module<T: Send>(
    file: &str,
    text: &str,
    look: impl FnOnce(&AstModule) -> T + Send,
) -> Result<T, ParseError> {
    let run = || parse_here(file, text).map(|module| look(&module));
    if has_large_stack() {
        return run();
    }
    std::thread::scope(|scope| {
        // The parser recurses; the main thread's stack depends on `ulimit` and other threads have 2 MiB.
        let thread = std::thread::Builder::new().name("parser".to_owned()).stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, run) {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => Err(at_start(file, format!("no thread to parse in: {error}"))),
        }
    })
}

fn at_start(file: &str, message: String) -> ParseError {
    ParseError { file: file.to_owned(), line: 1, column: 1, message }
}

fn parse_here(file: &str, text: &str) -> Result<AstModule, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(at_start(file, format!("larger than {MAX_BYTES} bytes")));
    }
    let is_sure = is_surely_starlark(text);
    let text = blank_tabs(text);
    // What the recognizer accepts is within the limits.
    let within = if is_sure { Ok(()) } else { check_limits(&text, &DIALECT) };
    debug_assert!(check_limits(&text, &DIALECT).is_ok() || !is_sure, "{file} is beyond the limits");
    within.map_err(|exceeded| {
        let before = &text[..exceeded.offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ParseError { file: file.to_owned(), line, column, message: exceeded.message }
    })?;
    let parsed = AstModule::parse(file, text.into_owned(), &DIALECT);
    debug_assert!(parsed.is_ok() || !is_sure, "{file} is no Starlark: {parsed:?}");
    parsed.map_err(|error| {
        let position = error.span().map(|span| span.resolve_span().begin).unwrap_or_default();
        let message = error.without_diagnostic().to_string();
        let first_line = message.lines().next().unwrap_or_default();
        let message = first_line.strip_prefix("Parse error: ").unwrap_or(first_line).to_owned();
        ParseError { file: file.to_owned(), line: position.line + 1, column: position.column + 1, message }
    })
}

/// Where in a call an expression stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    attribute: Option<&'a str>,
    key: Option<&'a str>,
}

struct Visitor<'a> {
    codemap: &'a CodeMap,
    literals: Vec<Literal>,
}

impl Visitor<'_> {
    fn statement(&mut self, statement: &AstStmt) {
        // Statements hold expressions at any depth; only the outermost ones are handed out.
        statement.visit_expr(|expression| self.expression(expression, Place::default()));
    }

    fn expression(&mut self, expression: &AstExpr, place: Place<'_>) {
        match &expression.node {
            ExprP::Literal(AstLiteral::String(text)) => self.literal(text.span, &text.node, place),
            ExprP::Call(function, CallArgsP { args }) => {
                self.expression(function, place);
                for argument in args {
                    match &argument.node {
                        ArgumentP::Named(name, value) => {
                            self.expression(value, Place { attribute: Some(&name.node), key: None });
                        }
                        other => self.expression(other.expr(), place),
                    }
                }
            }
            ExprP::Dict(entries) => {
                for (key, value) in entries {
                    self.expression(key, place);
                    let name = match &key.node {
                        ExprP::Literal(AstLiteral::String(name)) => Some(name.node.as_str()),
                        _ => None,
                    };
                    self.expression(value, Place { key: name, ..place });
                }
            }
            other => other.visit_expr(|inner| self.expression(inner, place)),
        }
    }

    fn literal(&mut self, span: Span, value: &str, place: Place<'_>) {
        let begin = self.codemap.resolve_span(Span::new(span.begin(), Pos::new(span.begin().get()))).begin;
        self.literals.push(Literal {
            value: value.to_owned(),
            attribute: place.attribute.map(str::to_owned),
            key: place.key.map(str::to_owned),
            line: begin.line + 1,
            column: begin.column + 1,
            source: self.codemap.source_span(span).to_owned(),
        });
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn error(text: &str) -> Option<String> {
        parse("BUILD", text).err().map(|error| error.to_string())
    }

    #[test]
    fn literals_are_found_with_their_place() -> Result<(), ParseError> {
        let text = "load(\"//a:b.bzl\", \"r\")\n\nr(\n    name = \"é\",\n    t = {\"gcc\": \"/x\" + 'y'},\n    l = [s for s in [\"z\"] if s != \"w\"],\n)\n";
        let file = parse("BUILD", text)?;
        let found: Vec<_> = file
            .literals
            .iter()
            .map(|l| (l.value.as_str(), l.attribute.as_deref(), l.key.as_deref(), l.line, l.column))
            .collect();
        assert_eq!(
            found,
            [
                ("é", Some("name"), None, 4, 12),
                ("gcc", Some("t"), None, 5, 10),
                ("/x", Some("t"), Some("gcc"), 5, 17),
                ("y", Some("t"), Some("gcc"), 5, 24),
                ("z", Some("l"), None, 6, 22),
                ("w", Some("l"), None, 6, 35),
            ]
        );
        Ok(())
    }

    #[test]
    fn what_bazel_accepts_is_parsed() -> Result<(), ParseError> {
        parse("a.bzl", "def f(a, *, b, c = 1):\n    return a\n")?;
        parse("a.bzl", "def f(a: int) -> list[str]:\n    return a\n")?;
        let file = parse("BUILD", "f(\n\t\"a\tb\",\t# c\n\t\n)\t\nx =\t\\\n\t[\n\n\t]\n")?;
        assert_eq!(file.literals[0].value, "a\tb");
        Ok(())
    }

    #[test]
    fn tab_as_indentation_is_an_error_as_in_bazel() {
        let message = "BUILD:1:9: tabs are not allowed";
        assert_eq!(error("def f():\n\treturn\t[]\n").as_deref(), Some(message));
    }

    #[test]
    fn syntax_errors_have_line_and_column() {
        assert_eq!(
            error("x = [\n  1 2\n]\n").as_deref(),
            Some("BUILD:2:5: unexpected integer literal '2', expected symbol ']'")
        );
    }

    #[test]
    fn endless_nesting_and_chains_are_errors_not_aborts() {
        let nested = format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000));
        assert_eq!(error(&nested).as_deref(), Some("BUILD:1:260: too deeply nested (at most 256 are supported)"));
        let chain = format!("x = 1{}\n", " + 1".repeat(100_000));
        let too_long = "too many operands in one expression (at most 4096 are supported)";
        assert_eq!(error(&chain), Some(format!("BUILD:1:8193: {too_long}")));
        let unary = format!("x = {}1\n", "not ".repeat(100_000));
        assert_eq!(error(&unary), Some(format!("BUILD:1:16381: {too_long}")));
        let calls = format!("x = f{}\n", "()".repeat(100_000));
        assert_eq!(error(&calls), Some(format!("BUILD:1:8193: {too_long}")));
        let elif = format!("def f():\n  if a:\n    pass\n{}", "  elif b:\n    pass\n".repeat(20_000));
        assert_eq!(error(&elif).as_deref(), Some("BUILD:511:1: too deeply nested (at most 256 are supported)"));
    }

    #[test]
    fn texts_just_inside_the_limits_are_parsed() -> Result<(), ParseError> {
        parse("BUILD", &format!("x = {}1{}\n", "(".repeat(255), ")".repeat(255)))?;
        parse("BUILD", &format!("x = 1{}\n", " + 1".repeat(2_000)))?;
        parse("BUILD", &format!("x = {}1\n", "not ".repeat(4_000)))?;
        parse("BUILD", &format!("x = {}1\n", "lambda: ".repeat(2_000)))?;
        let items = "    \"a\",\n".repeat(100_000);
        parse("BUILD", &format!("x = [\n{items}]\n"))?;
        Ok(())
    }

    #[test]
    fn larger_files_are_refused() {
        let text = "#".repeat(MAX_BYTES + 1);
        assert_eq!(error(&text).as_deref(), Some("BUILD:1:1: larger than 4194304 bytes"));
    }
}
