//! Compares two configurations, field by field and item by item.

use std::collections::BTreeMap;
use std::fmt;

use super::rules::Rule;

/// Whose configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What Bazel derived.
    Bazel,
    /// What `lre` derived.
    Ours,
}

impl Side {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bazel => "Bazel's",
            Self::Ours => "ours",
        }
    }
}

/// Something that one side alone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// The attribute: `KIND.NAME`, except for `cc_toolchain_config`'s; or `rules`.
    pub(super) field: String,
    /// Who has it.
    pub(super) side: Side,
    /// The flag, path, entry or rule.
    pub(super) item: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} alone has `{}` in `{}`", self.side.name(), self.item, self.field)
    }
}

/// The kinds of rules that make up a toolchain; each side has one of them that counts.
const KINDS: [&str; 3] = ["cc_toolchain", "cc_toolchain_config", "toolchain"];

/// All differences: of the rules of [`KINDS`] that `counts` chooses by name, and the other rules by kind.
pub(super) fn compare(bazel: &[Rule], ours: &[Rule], counts: impl Fn(Side, &Rule) -> bool) -> Vec<Difference> {
    let fields = |side: Side, rules: &[Rule]| -> BTreeMap<String, Vec<String>> {
        let mut fields = BTreeMap::new();
        let mut others = Vec::new();
        for rule in rules {
            if KINDS.contains(&rule.kind.as_str()) && counts(side, rule) {
                let prefix = if rule.kind == "cc_toolchain_config" { String::new() } else { format!("{}.", rule.kind) };
                fields.extend(rule.attributes.iter().map(|(name, items)| (format!("{prefix}{name}"), items.clone())));
            } else {
                others.push(format!("{} {}", rule.kind, rule.name));
            }
        }
        fields.insert("rules".to_owned(), others);
        fields
    };
    let (bazel, ours) = (fields(Side::Bazel, bazel), fields(Side::Ours, ours));
    let mut names: Vec<&String> = bazel.keys().chain(ours.keys()).collect();
    names.sort();
    names.dedup();
    let none = Vec::new();
    let pairs = names.into_iter().map(|name| (name, bazel.get(name).unwrap_or(&none), ours.get(name).unwrap_or(&none)));
    pairs.flat_map(|(name, bazel, ours)| compare_lists(name, bazel, ours)).collect()
}

/// An item that one list has more often than the other; and the order, where all else is equal and that is not.
fn compare_lists(field: &str, bazel: &[String], ours: &[String]) -> Vec<Difference> {
    let surplus = |of: &[String], over: &[String]| -> Vec<String> {
        let count = |list: &[String], item: &String| list.iter().filter(|other| *other == item).count();
        let mut items: Vec<String> = of.iter().filter(|item| count(of, item) > count(over, item)).cloned().collect();
        items.dedup();
        items
    };
    let only = [(Side::Bazel, surplus(bazel, ours)), (Side::Ours, surplus(ours, bazel))];
    let is_common = |item: &&String| !only.iter().any(|(_, items)| items.contains(item));
    let mut differences: Vec<Difference> = only
        .iter()
        .flat_map(|(side, items)| items.iter().map(|item| (*side, item.clone())))
        .map(|(side, item)| Difference { field: field.to_owned(), side, item })
        .collect();
    let common = |list: &[String]| list.iter().filter(is_common).cloned().collect::<Vec<_>>();
    let (theirs, own) = (common(bazel), common(ours));
    if theirs != own {
        let order = |side, list: Vec<String>| Difference {
            field: field.to_owned(),
            side,
            item: format!("the order {}", list.join(" ")),
        };
        differences.extend([order(Side::Bazel, theirs), order(Side::Ours, own)]);
    }
    differences
}

#[cfg(test)]
mod unit {
    use super::*;

    fn shown(bazel: &[&str], ours: &[&str]) -> Vec<String> {
        let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
        compare_lists("f", &owned(bazel), &owned(ours)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn items_that_one_side_alone_has_are_found() {
        assert_eq!(shown(&["a", "b", "a"], &["a", "b", "a"]), Vec::<String>::new());
        assert_eq!(shown(&["a", "b"], &["c", "b"]), ["Bazel's alone has `a` in `f`", "ours alone has `c` in `f`"]);
        assert_eq!(shown(&["a", "b", "a"], &["a", "b"]), ["Bazel's alone has `a` in `f`"]);
    }

    #[test]
    fn another_order_is_a_difference() {
        let expected = ["Bazel's alone has `the order a b` in `f`", "ours alone has `the order b a` in `f`"];
        assert_eq!(shown(&["a", "x", "b"], &["b", "a"])[1..], expected);
    }
}
