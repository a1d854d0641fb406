//! The calls of a Starlark file with those arguments that are literals. Nothing is evaluated.

use std::collections::BTreeMap;
use std::ops::Range;

use starlark_syntax::codemap::Span;
use starlark_syntax::syntax::AstModule;
use starlark_syntax::syntax::ast::{ArgumentP, AssignTargetP, AstExpr, AstLiteral, BinOp, ExprP, StmtP};
use starlark_syntax::syntax::top_level_stmts::top_level_stmts;

/// Names for sums of names for sums can be longer than any memory. No commit, label or URL comes near.
const MAX_PIECES: usize = 64;
/// The same, in bytes.
const MAX_LENGTH: usize = 4096;

/// A call of a function that is a plain name, or a method of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Such as `bazel_dep` or `lre.toolchain`.
    pub(crate) function: String,
    /// The bytes of the whole call.
    pub(crate) span: Range<usize>,
    /// Arguments with the names of those that have one.
    pub(crate) arguments: Vec<(Option<String>, Expression)>,
}

/// An expression, as far as literals go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// One or more string literals added to one another, perhaps through names.
    Text {
        /// What they evaluate to.
        value: String,
        /// The value of each literal, and its bytes with quotes.
        pieces: Vec<(String, Range<usize>)>,
        /// Where the expression stands.
        span: Range<usize>,
    },
    /// A list or tuple. Those in it are not looked into.
    List(Vec<Expression>, Range<usize>),
    /// Anything else.
    Other(Range<usize>),
}

impl Expression {
    pub(crate) fn span(&self) -> Range<usize> {
        match self {
            Self::Text { span, .. } | Self::List(_, span) | Self::Other(span) => span.clone(),
        }
    }

    /// Whether copying it for each use costs little.
    fn is_short(&self) -> bool {
        match self {
            Self::Text { value, .. } => value.len() <= MAX_LENGTH,
            Self::List(items, _) => items.len() <= MAX_PIECES && items.iter().all(Self::is_short),
            Self::Other(_) => true,
        }
    }

    /// The same value, used elsewhere.
    fn used_at(mut self, place: Range<usize>) -> Self {
        match &mut self {
            Self::Text { span, .. } | Self::List(_, span) | Self::Other(span) => *span = place,
        }
        self
    }
}

/// Every call in the order of the file, those inside of other expressions too.
pub(crate) fn find_calls(module: &AstModule) -> Vec<Call> {
    let mut finder = Finder { names: bindings(module), calls: Vec::new() };
    module.statement().visit_expr(|expression| finder.expression(expression, true));
    finder.calls
}

/// The names that are bound once, at the top level and before they are used, to literals alone.
fn bindings(module: &AstModule) -> BTreeMap<String, Expression> {
    let mut names: BTreeMap<String, Expression> = BTreeMap::new();
    let mut rebound = Vec::new();
    for statement in top_level_stmts(module.statement()) {
        let (target, value) = match &statement.node {
            StmtP::Assign(assign) => (&assign.lhs, Some(&assign.rhs)),
            StmtP::AssignModify(target, _, _) => (target, None),
            _ => continue,
        };
        let mut bound = Vec::new();
        target.visit_lvalue(|name| bound.push(name.node.ident.clone()));
        let is_plain = matches!(target.node, AssignTargetP::Identifier(_));
        let value = value.filter(|_| is_plain).map(|value| read(value, Some(&names)));
        let value = value.filter(Expression::is_short);
        for name in bound {
            let other = Expression::Other(range(statement.span));
            if names.insert(name.clone(), value.clone().unwrap_or(other)).is_some() {
                rebound.push(name);
            }
        }
    }
    for name in rebound {
        names.remove(&name);
    }
    names
}

fn range(span: Span) -> Range<usize> {
    span.begin().get() as usize..span.end().get() as usize
}

/// Reads an expression. Without names, none is looked up.
fn read(expression: &AstExpr, names: Option<&BTreeMap<String, Expression>>) -> Expression {
    let span = range(expression.span);
    match &expression.node {
        ExprP::Literal(AstLiteral::String(text)) => {
            Expression::Text { value: text.node.clone(), pieces: vec![(text.node.clone(), range(text.span))], span }
        }
        ExprP::List(items) | ExprP::Tuple(items) => {
            let item = |item: &AstExpr| match &item.node {
                ExprP::List(_) | ExprP::Tuple(_) => Expression::Other(range(item.span)),
                _ => match read(item, names) {
                    Expression::List(_, span) => Expression::Other(span),
                    other => other,
                },
            };
            Expression::List(items.iter().map(item).collect(), span)
        }
        ExprP::Identifier(name) => match names.and_then(|names| names.get(&name.node.ident)) {
            Some(value) => value.clone().used_at(span),
            None => Expression::Other(span),
        },
        ExprP::Op(left, BinOp::Add, right) => match (read(left, names), read(right, names)) {
            (Expression::Text { value, pieces, .. }, Expression::Text { value: more, pieces: others, .. })
                if value.len() + more.len() <= MAX_LENGTH && pieces.len() + others.len() <= MAX_PIECES =>
            {
                Expression::Text { value: value + &more, pieces: [pieces, others].concat(), span }
            }
            (Expression::List(items, _), Expression::List(others, _)) if items.len() + others.len() <= MAX_PIECES => {
                Expression::List([items, others].concat(), span)
            }
            _ => Expression::Other(span),
        },
        _ => Expression::Other(span),
    }
}

/// The name of a function or of a method.
fn name(function: &AstExpr) -> Option<String> {
    match &function.node {
        ExprP::Identifier(name) => Some(name.node.ident.clone()),
        ExprP::Dot(object, method) => match &object.node {
            ExprP::Identifier(object) => Some(format!("{}.{}", object.node.ident, method.node)),
            _ => None,
        },
        _ => None,
    }
}

struct Finder {
    names: BTreeMap<String, Expression>,
    calls: Vec<Call>,
}

impl Finder {
    /// Names in comprehensions and lambdas may be their own.
    fn expression(&mut self, expression: &AstExpr, look_up: bool) {
        let look_up = look_up
            && !matches!(
                expression.node,
                ExprP::ListComprehension(..) | ExprP::DictComprehension(..) | ExprP::Lambda(_)
            );
        if let ExprP::Call(function, arguments) = &expression.node
            && let Some(function) = name(function)
        {
            let names = look_up.then_some(&self.names);
            let arguments = arguments.args.iter().map(|argument| match &argument.node {
                ArgumentP::Named(name, value) => (Some(name.node.clone()), read(value, names)),
                ArgumentP::Positional(value) => (None, read(value, names)),
                // What it holds is not known, and neither are the names.
                ArgumentP::Args(value) => (Some("*".to_owned()), Expression::Other(range(value.span))),
                ArgumentP::KwArgs(value) => (Some("**".to_owned()), Expression::Other(range(value.span))),
            });
            let arguments = arguments.collect();
            self.calls.push(Call { function, span: range(expression.span), arguments });
        }
        expression.visit_expr(|inner| self.expression(inner, look_up));
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::build_file::{ParseError, with_module};

    fn value(expression: &Expression) -> String {
        match expression {
            Expression::Text { value, pieces, .. } => format!("{value} in {}", pieces.len()),
            Expression::List(items, _) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
            Expression::Other(_) => "other".to_owned(),
        }
    }

    fn arguments(text: &str) -> Result<Vec<String>, ParseError> {
        let calls = with_module("MODULE.bazel", text, find_calls)?;
        let of =
            |call: &Call| call.arguments.iter().map(|(_, argument)| value(argument)).collect::<Vec<_>>().join(" | ");
        Ok(calls.iter().map(|call| format!("{}({})", call.function, of(call))).collect())
    }

    #[test]
    fn literals_names_and_sums_are_read_and_nothing_else() -> Result<(), ParseError> {
        let text = "A = \"a\"\nB = A + 'b'\nC = \"c\"\nC = \"d\"\nD, E = \"x\", \"y\"\nF = [A]\n\
                    f(A, x = B + \"c\", y = C, z = D, u = U, v = \"%s\" % A, w = F + [\"l\"], **k)\n\
                    [g(A, \"b\") for A in F]\nh.i(j(A))\n";
        let wanted = [
            "f(a in 1 | abc in 3 | other | other | other | other | [a in 1, l in 1] | other)",
            "g(other | b in 1)",
            "h.i(other)",
            "j(a in 1)",
        ];
        assert_eq!(arguments(text)?, wanted);
        Ok(())
    }

    #[test]
    fn sums_of_sums_end() -> Result<(), ParseError> {
        let doubled: String = (0..100).map(|n| format!("A{} = A{n} + A{n}\n", n + 1)).collect();
        let text = format!("A0 = \"a\"\n{doubled}f(A6, A100)\n");
        assert_eq!(arguments(&text)?, [format!("f({} in 64 | other)", "a".repeat(64))]);
        let nested: String =
            (0..100).map(|n| format!("L{} = [L{n}, L{n}]\nM{} = M{n} + M{n}\n", n + 1, n + 1)).collect();
        let text = format!("L0 = [\"a\"]\nM0 = L0\n{nested}f(L100, M100, [[\"a\"]], M1)\n");
        assert_eq!(arguments(&text)?, ["f([other, other] | other | [other] | [a in 1, a in 1])"]);
        Ok(())
    }

    #[test]
    fn places_are_bytes_of_the_text_also_behind_tabs_and_line_ends_of_windows() -> Result<(), ParseError> {
        let text = "# é\r\nf(\r\n\tx = \"é\",\t# c\r\n)\r\n";
        let calls = with_module("MODULE.bazel", text, find_calls)?;
        assert_eq!(&text[calls[0].arguments[0].1.span()], "\"é\"");
        assert_eq!(&text[calls[0].span.clone()], "f(\r\n\tx = \"é\",\t# c\r\n)");
        Ok(())
    }
}
