//! Reads what `bazel query --output=build` prints: every rule with its attributes after macros.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A rule with the attributes that its package sets.
#[derive(Debug)]
pub(super) struct Rule {
    /// Such as `cc_toolchain`.
    pub(super) kind: String,
    /// Its target's name.
    pub(super) name: String,
    /// Each attribute as a list: one item for a scalar, `key=value` for an entry of a dictionary, none for an empty value.
    pub(super) attributes: BTreeMap<String, Vec<String>>,
}

/// All rules, in the order of the output.
pub(super) fn read_rules(text: &str) -> Result<Vec<Rule>> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut is_open = false;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line == ")" {
            is_open = false;
        } else if let Some(kind) = line.strip_suffix('(').filter(|_| !is_open) {
            rules.push(Rule { kind: kind.to_owned(), name: String::new(), attributes: BTreeMap::new() });
            is_open = true;
        } else if let Some(rule) = rules.last_mut().filter(|_| is_open) {
            let assignment = line.trim().trim_end_matches(',').split_once(" = ");
            let (attribute, value) = assignment.with_context(|| format!("`{line}` sets no attribute"))?;
            let items = items(value).with_context(|| format!("cannot read `{line}`"))?;
            if attribute == "name" {
                rule.name = items.concat();
            } else if !attribute.starts_with("generator_") {
                rule.attributes.insert(attribute.to_owned(), items);
            }
        }
    }
    Ok(rules)
}

/// Strings, lists and dictionaries are printed as JSON has them.
fn items(value: &str) -> Result<Vec<String>> {
    if matches!(value, "True" | "False" | "None") || value.starts_with("select(") {
        return Ok(vec![value.to_owned()]);
    }
    Ok(match serde_json::from_str(value)? {
        Value::Array(list) => list.iter().map(text).collect::<Result<_>>()?,
        Value::Object(entries) => {
            let mut items = Vec::new();
            for (key, value) in &entries {
                let values = match value {
                    Value::Array(list) => list.iter().map(text).collect::<Result<Vec<_>>>()?.join(" "),
                    single => text(single)?,
                };
                items.push(format!("{key}={values}"));
            }
            items
        }
        single => vec![text(&single)?],
    })
}

fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        other => bail!("`{other}` is no string"),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn rules_are_read_with_their_attributes() -> Result<()> {
        let text = "# /BUILD:1:1\nkind(\n  name = \"a\",\n  generator_name = \"x\",\n  flags = [\"-D\\\"x\\\"\", \"b, c\"],\n  \
                    empty = [],\n  tools = {\"ar\": \"/ar\", \"f\": [\"g\", \"h\"]},\n  yes = True,\n)\n# Rule\n\nother(\n  name = \"b\",\n)\n";
        let rules = read_rules(text)?;
        let expected = [
            ("empty", vec![]),
            ("flags", vec!["-D\"x\"", "b, c"]),
            ("tools", vec!["ar=/ar", "f=g h"]),
            ("yes", vec!["True"]),
        ];
        let expected: BTreeMap<String, Vec<String>> = expected
            .into_iter()
            .map(|(name, items)| (name.to_owned(), items.into_iter().map(str::to_owned).collect()))
            .collect();
        assert_eq!((rules[0].kind.as_str(), rules[0].name.as_str()), ("kind", "a"));
        assert_eq!(rules[0].attributes, expected);
        assert_eq!((rules[1].kind.as_str(), rules[1].name.as_str()), ("other", "b"));
        Ok(())
    }
}
