//! What a `.bzl` file defines, with its docstrings: parsed, never evaluated.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use starlark_syntax::syntax::ast::{
    ArgumentP, AssignTargetP, AstExpr, AstLiteral, AstNoPayload, AstParameter, AstStmt, ExprP, ParameterP, StmtP,
};
use starlark_syntax::syntax::top_level_stmts::top_level_stmts;
use starlark_syntax::syntax::{AstModule, Dialect};

use super::docstring::{Docstring, clean};

/// Arguments of a call by name.
type Arguments = BTreeMap<String, AstExpr>;

/// A parsed `.bzl` file.
pub(super) struct Bzl {
    /// Its name, for messages.
    file: String,
    /// What it says of itself.
    pub(super) doc: String,
    /// Public macros, in the order of the file.
    pub(super) macros: Vec<Macro>,
    /// Values of its assignments that are calls, such as `rule(…)`, by the names that they are bound to.
    calls: BTreeMap<String, (String, Arguments)>,
}

/// A function that BUILD files call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Macro {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) parameters: Vec<Parameter>,
}

/// A parameter of a macro: its name with the stars that it has, the text of its default, what is said of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) default: Option<String>,
    pub(super) doc: String,
}

/// A tag class of a module extension.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) attributes: Vec<Attribute>,
}

/// An attribute of a tag class. `kind` is what it is after `attr.`; a default or a value is Starlark text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) is_mandatory: bool,
    pub(super) default: Option<String>,
    pub(super) values: Option<String>,
    pub(super) doc: String,
}

impl Bzl {
    /// Parses `text`, the content of `file`. Fails where a public macro has no docstring, or one that names other parameters.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self> {
        let module = AstModule::parse(file, text.to_owned(), &Dialect::Standard)
            .map_err(|error| anyhow!("`{file}` is no Starlark: {}", error.without_diagnostic()))?;
        let statements = top_level_stmts(module.statement());
        let doc = statements.first().and_then(|first| docstring(first)).map(|text| clean(&text)).unwrap_or_default();
        let mut bzl = Self { file: file.to_owned(), doc, macros: Vec::new(), calls: BTreeMap::new() };
        for statement in statements {
            match &statement.node {
                StmtP::Def(def) if !def.name.node.ident.starts_with('_') => {
                    let name = &def.name.node.ident;
                    let made = Macro::read(name, &def.params, &def.body);
                    bzl.macros.push(made.with_context(|| format!("`{name}` in `{file}`"))?);
                }
                StmtP::Assign(assign) => {
                    if let (AssignTargetP::Identifier(name), Some(call)) = (&assign.lhs.node, call(&assign.rhs)) {
                        bzl.calls.insert(name.node.ident.clone(), call);
                    }
                }
                _ => {}
            }
        }
        Ok(bzl)
    }

    /// What module extension `name` says of itself, and its tag classes.
    pub(super) fn extension(&self, name: &str) -> Result<(String, Vec<Class>)> {
        let arguments = self.call(name, "module_extension")?;
        let classes = entries(arguments.get("tag_classes")).with_context(|| format!("`tag_classes` of `{name}`"))?;
        let read = |(tag, class): (String, &AstExpr)| {
            let ExprP::Identifier(class) = &class.node else { bail!("the class of tag `{tag}` has no name") };
            self.tag_class(&tag, &class.node.ident)
        };
        Ok((doc(arguments, name)?, classes.into_iter().map(read).collect::<Result<_>>()?))
    }

    fn tag_class(&self, tag: &str, bound_to: &str) -> Result<Class> {
        let arguments = self.call(bound_to, "tag_class")?;
        let attributes = entries(arguments.get("attrs")).with_context(|| format!("`attrs` of `{bound_to}`"))?;
        let attributes = attributes.into_iter().map(|(name, value)| Attribute::read(&name, value));
        let attributes =
            attributes.collect::<Result<_>>().with_context(|| format!("tag `{tag}` in `{}`", self.file))?;
        Ok(Class { name: tag.to_owned(), doc: doc(arguments, bound_to)?, attributes })
    }

    fn call(&self, name: &str, function: &str) -> Result<&Arguments> {
        match self.calls.get(name) {
            Some((called, arguments)) if called == function => Ok(arguments),
            _ => bail!("`{name}` in `{}` is not what `{function}` returns", self.file),
        }
    }
}

impl Macro {
    fn read(name: &str, parameters: &[AstParameter], body: &AstStmt) -> Result<Self> {
        let first = match &body.node {
            StmtP::Statements(statements) => statements.first().and_then(docstring),
            _ => docstring(body),
        };
        let text = Docstring::parse(&first.context("it has no docstring")?);
        let mut docs = text.arguments;
        let read = |parameter: &AstParameter| {
            let (name, default) = match &parameter.node {
                ParameterP::Normal(name, _, default) => (name.node.ident.clone(), default.as_deref()),
                ParameterP::Args(name, _) => (format!("*{}", name.node.ident), None),
                ParameterP::KwArgs(name, _) => (format!("**{}", name.node.ident), None),
                ParameterP::NoArgs | ParameterP::Slash => return None,
            };
            let default = default.map(|default| default.node.to_string());
            let doc = docs.remove(&name).with_context(|| format!("its docstring does not name `{name}`"));
            Some(doc.map(|doc| Parameter { name, default, doc }))
        };
        let parameters = parameters.iter().filter_map(read).collect::<Result<_>>()?;
        if let Some(name) = docs.keys().next() {
            bail!("its docstring names `{name}`, which is no parameter");
        }
        Ok(Self { name: name.to_owned(), doc: text.summary, parameters })
    }
}

impl Attribute {
    fn read(name: &str, value: &AstExpr) -> Result<Self> {
        let read = || {
            let (kind, arguments) = call(value)?;
            let kind = kind.strip_prefix("attr.")?.to_owned();
            let text = |key: &str| arguments.get(key).map(|value| value.node.to_string());
            let is_mandatory = text("mandatory").as_deref() == Some("True");
            let doc = doc(&arguments, name).ok()?;
            let (default, values) = (text("default"), text("values"));
            Some(Self { name: name.to_owned(), kind, is_mandatory, default, values, doc })
        };
        read().with_context(|| format!("attribute `{name}` is no `attr.…(doc = …)`"))
    }
}

/// The function's name and the named arguments of a call.
fn call(expression: &AstExpr) -> Option<(String, Arguments)> {
    let ExprP::Call(function, arguments) = &expression.node else { return None };
    let named = arguments.args.iter().filter_map(|argument| match &argument.node {
        ArgumentP::Named(name, value) => Some((name.node.clone(), value.clone())),
        _ => None,
    });
    Some((function.node.to_string(), named.collect()))
}

/// A dictionary whose keys are literals.
fn entries(dictionary: Option<&AstExpr>) -> Result<Vec<(String, &AstExpr)>> {
    let Some(ExprP::Dict(entries)) = dictionary.map(|dictionary| &dictionary.node) else {
        bail!("it is no dictionary")
    };
    entries.iter().map(|(key, value)| Ok((string(key).context("a key is no literal")?, value))).collect()
}

fn doc(arguments: &Arguments, of: &str) -> Result<String> {
    let text = arguments.get("doc").and_then(string).with_context(|| format!("`{of}` has no `doc`"))?;
    Ok(clean(&text))
}

fn string(expression: &AstExpr) -> Option<String> {
    match &expression.node {
        ExprP::Literal(AstLiteral::String(text)) => Some(text.node.clone()),
        _ => None,
    }
}

fn docstring(statement: &AstStmt) -> Option<String> {
    match &statement.node {
        StmtP::<AstNoPayload>::Expression(expression) => string(expression),
        _ => None,
    }
}
