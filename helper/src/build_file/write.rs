//! Typed Starlark values and their text, as buildifier would lay it out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A Starlark value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `"text"`
    String(String),
    /// `True` or `False`
    Bool(bool),
    /// `17`
    Number(u32),
    /// `["a", "b"]`, in the given order.
    List(Vec<String>),
    /// `{"a": "b"}`, sorted.
    Dictionary(BTreeMap<String, String>),
}

impl Value {
    /// A string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::String(text.to_owned())
    }

    /// A list of strings.
    #[must_use]
    pub fn list<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::List(items.into_iter().map(|item| item.as_ref().to_owned()).collect())
    }

    /// A dictionary of strings.
    #[must_use]
    pub fn dictionary(entries: &BTreeMap<String, String>) -> Self {
        Self::Dictionary(entries.clone())
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::String(_) | Self::Bool(_) | Self::Number(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Dictionary(entries) => entries.is_empty(),
        }
    }

    fn render(&self) -> String {
        match self {
            Self::String(text) => quote(text),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::List(items) => match items.as_slice() {
                [only] => format!("[{}]", quote(only)),
                _ => block('[', items.iter().map(|item| quote(item)), ']'),
            },
            Self::Dictionary(entries) => {
                block('{', entries.iter().map(|(key, value)| format!("{}: {}", quote(key), quote(value))), '}')
            }
        }
    }
}

fn block(open: char, lines: impl Iterator<Item = String>, close: char) -> String {
    let mut text = format!("{open}\n");
    for line in lines {
        let _ = writeln!(text, "        {line},");
    }
    let _ = write!(text, "    {close}");
    text
}

/// A string literal of one line, whatever the text is: a manifest may say anything.
fn quote(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '\\' | '"' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            // Octal digits are what every Starlark knows.
            control if control.is_ascii_control() => {
                let _ = write!(literal, "\\{:03o}", u32::from(control));
            }
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

/// A call of a rule or macro at the top level of a BUILD file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    function: &'static str,
    attributes: Vec<(&'static str, Value)>,
}

impl Call {
    /// A call without arguments.
    #[must_use]
    pub fn new(function: &'static str) -> Self {
        Self { function, attributes: Vec::new() }
    }

    /// Adds a keyword argument. An empty list or dictionary is left out: rules default to it.
    #[must_use]
    pub fn attribute(mut self, name: &'static str, value: Value) -> Self {
        if !value.is_empty() {
            self.attributes.push((name, value));
        }
        self
    }

    fn render(&self) -> String {
        match self.attributes.as_slice() {
            [(name, value)] => format!("{}({name} = {})\n", self.function, value.render()),
            attributes => {
                let mut text = format!("{}(\n", self.function);
                for (name, value) in attributes {
                    let _ = writeln!(text, "    {name} = {},", value.render());
                }
                text + ")\n"
            }
        }
    }
}

/// A `load` statement for one symbol.
#[must_use]
pub fn load(file: &str, symbol: &str) -> String {
    format!("load({}, {})\n", quote(file), quote(symbol))
}

/// Calls, separated by blank lines.
#[must_use]
pub fn render_calls(calls: &[Call]) -> String {
    calls.iter().map(Call::render).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn values_are_laid_out_as_buildifier_does() {
        let call = Call::new("rule")
            .attribute("name", Value::string("n"))
            .attribute("empty", Value::List(Vec::new()))
            .attribute("one", Value::list(["-D__DATE__=\"redacted\""]))
            .attribute("two", Value::list(["b", "a\\"]))
            .attribute("yes", Value::Bool(true));
        let expected = r#"rule(
    name = "n",
    one = ["-D__DATE__=\"redacted\""],
    two = [
        "b",
        "a\\",
    ],
    yes = True,
)
"#;
        assert_eq!(render_calls(&[call]), expected);
    }
}
