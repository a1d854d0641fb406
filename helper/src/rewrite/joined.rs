//! Which literals are joined to others, or to expressions, so that they do not say by themselves what they become.

use starlark_syntax::syntax::AstModule;
use starlark_syntax::syntax::ast::{
    ArgumentP, AssignOp, AstArgument, AstExpr, AstLiteral, AstStmt, BinOp, ExprP, StmtP,
};
use starlark_syntax::syntax::uniplate::Visit;

use super::search::{Edges, ends_store_path};

/// Literals that are added to one another, in order, and whether an unknown text is added before or after them.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// Byte offsets of the literals.
    pub(super) literals: Vec<usize>,
    pub(super) edges: Edges,
}

/// Every literal that is joined to something.
pub(super) fn find_runs(module: &AstModule) -> Vec<Run> {
    let mut visitor = Visitor { runs: Vec::new() };
    visitor.statement(module.statement());
    visitor.runs
}

struct Visitor {
    runs: Vec<Run>,
}

impl Visitor {
    fn statement(&mut self, statement: &AstStmt) {
        let added = match &statement.node {
            StmtP::AssignModify(_, AssignOp::Add, value) => Some(&**value),
            _ => None,
        };
        statement.visit_children(|child| match child {
            Visit::Stmt(inner) => self.statement(inner),
            Visit::Expr(expression) => {
                let open_left = added.is_some_and(|added| std::ptr::eq(added, expression));
                self.expression(expression, Edges { open_left, open_right: false });
            }
        });
    }

    fn expression(&mut self, expression: &AstExpr, edges: Edges) {
        match &expression.node {
            ExprP::Op(_, BinOp::Add, _) => self.sum(expression, edges),
            ExprP::Literal(_) => {
                if let Some(start) = literal_start(expression).filter(|_| edges != Edges::CLOSED) {
                    self.runs.push(Run { literals: vec![start], edges });
                }
            }
            // What follows is one of two values.
            ExprP::Op(left, BinOp::And | BinOp::Or, right) => {
                self.expression(left, edges);
                self.expression(right, edges);
            }
            ExprP::If(parts) => {
                let (condition, value, other) = &**parts;
                self.expression(condition, Edges::CLOSED);
                self.expression(value, edges);
                self.expression(other, edges);
            }
            ExprP::Op(template, BinOp::Percent, values) => {
                self.expression(template, edges);
                self.expression(values, Edges::CLOSED);
            }
            ExprP::Op(left, BinOp::Multiply, right) => {
                self.expression(left, Edges::OPEN);
                self.expression(right, Edges::OPEN);
            }
            ExprP::Call(function, arguments) => match &function.node {
                ExprP::Dot(receiver, name) => {
                    self.expression(receiver, edges);
                    let separator = Some(&**receiver).filter(|_| name.node == "join");
                    arguments.args.iter().for_each(|argument| self.argument(argument, separator));
                }
                _ => {
                    self.expression(function, Edges::CLOSED);
                    arguments.args.iter().for_each(|argument| self.argument(argument, None));
                }
            },
            other => other.visit_expr(|inner| self.expression(inner, Edges::CLOSED)),
        }
    }

    fn argument(&mut self, argument: &AstArgument, separator: Option<&AstExpr>) {
        match (separator, &argument.node) {
            (Some(separator), ArgumentP::Positional(list)) => match &list.node {
                ExprP::List(items) | ExprP::Tuple(items) => {
                    let parts = !separates(separator);
                    for (index, item) in items.iter().enumerate() {
                        let edges =
                            Edges { open_left: parts && index > 0, open_right: parts && index + 1 < items.len() };
                        self.expression(item, edges);
                    }
                }
                _ => self.expression(list, Edges::CLOSED),
            },
            (_, other) => self.expression(other.expr(), Edges::CLOSED),
        }
    }

    /// `a + "b" + "c" + d`: the literals between two expressions are one text.
    fn sum(&mut self, expression: &AstExpr, edges: Edges) {
        let mut operands = Vec::new();
        collect_operands(expression, &mut operands);
        let mut run = Run { literals: Vec::new(), edges: Edges { open_right: true, ..edges } };
        for (index, operand) in operands.iter().enumerate() {
            if let Some(start) = literal_start(operand) {
                run.literals.push(start);
                continue;
            }
            let next = Run { literals: Vec::new(), edges: Edges::OPEN };
            self.add(std::mem::replace(&mut run, next));
            let open_left = index > 0 || edges.open_left;
            let open_right = index + 1 < operands.len() || edges.open_right;
            self.expression(operand, Edges { open_left, open_right });
        }
        run.edges.open_right = edges.open_right;
        self.add(run);
    }

    fn add(&mut self, run: Run) {
        if !run.literals.is_empty() {
            self.runs.push(run);
        }
    }
}

fn collect_operands<'a>(expression: &'a AstExpr, operands: &mut Vec<&'a AstExpr>) {
    match &expression.node {
        ExprP::Op(left, BinOp::Add, right) => {
            collect_operands(left, operands);
            collect_operands(right, operands);
        }
        _ => operands.push(expression),
    }
}

/// Byte offset of a string or bytes literal.
fn literal_start(expression: &AstExpr) -> Option<usize> {
    let span = match &expression.node {
        ExprP::Literal(AstLiteral::String(text)) => text.span,
        ExprP::Literal(AstLiteral::Bytes(bytes)) => bytes.span,
        _ => return None,
    };
    Some(span.begin().get() as usize)
}

/// Whether a separator of `join` keeps its two sides apart.
fn separates(separator: &AstExpr) -> bool {
    match &separator.node {
        ExprP::Literal(AstLiteral::String(text)) => {
            text.node.starts_with(ends_store_path) && text.node.ends_with(ends_store_path)
        }
        _ => false,
    }
}
