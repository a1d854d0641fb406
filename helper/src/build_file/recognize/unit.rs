//! What is accepted, and that the parser accepts it too: `parse` asserts that of each text.

use proptest::prelude::*;

use super::is_surely_starlark;
use crate::build_file::parse;

/// What Bazel's own files are made of, a statement an item.
const ORDINARY: [&str; 14] = [
    "# A comment\n\n  # indented\n\"\"\"A docstring,\n    over \"lines\".\\\n\"\"\"\n",
    "load(\"//a:b.bzl\", \"c\", d = \"e\",)\nload(':f', 'g')\n",
    "A = [1, 0x1F, 0] + [x for x in range(10) if x not in (1, 2) for y in x if y]  # behind\n",
    "B, (C, [D, _]) = 'x', (\"y\\n\\x41\\0\\\"\tä\", [r'\\d', \"\"\"z\"\"\", ''])\n",
    "E = {\"a\": 1, \"b\": {\"c\": [], }, } | {k: v for k, v in A.items()}\n",
    "r(\n    name = \"n\",  # why\n    deps = [\n        \":a\",\n    ] + select({\"//b\": [\"c\"]}),\n    cmd = \"a %s\" % (\n  \"b\"\n), **E)\n",
    "r(a, 1, x = 2, *args, **kwargs,); pass\nf()(a.b[1])(x = 1)\n",
    "def f(a, b = None, *args, c, d = 1, **kwargs):\n    \"\"\"Docs.\"\"\"\n    if a and not b or c == d:\n\n        # Alone\n        return\n    \
     elif a:\n        x = 1; y = 2;\n    else:\n        pass\n",
    "def g():\n  for i, (j, k) in enumerate(a):\n    if i in j: continue\n    for a.b in c:\n        break\n  return a, b\n",
    "def h(a, *, b):\n    a.b[c].d += -1 + ~2 * 3 // 4 - +5 << 6 >> 7 & 8 | 9 ^ 10 % 11\n",
    "b, c[0] = a[1:], a[:2], a[1:2:3], a[:], a[::2]\n",
    "F = lambda x, *, y = 1: x if y else lambda: (x,)\nG = lambda *a, **b: not a in b\n",
    "H = [\n][0] if a \\\n    else ()\n",
    "def h(*args): return {}\ndef i(\n    a,\n  b = [],\n):\n  def j(): pass\n  return",
];

#[test]
fn ordinary_statements_are_accepted() {
    for text in ORDINARY {
        assert!(parse("ordinary.bzl", text).is_ok(), "{text}");
        assert!(is_surely_starlark(text), "{text}");
    }
    assert!(is_surely_starlark(&ORDINARY[..13].concat()));
    assert!(is_surely_starlark("") && is_surely_starlark("# a") && is_surely_starlark("\n\n  \n"));
}

#[test]
fn what_the_parser_refuses_is_never_accepted() {
    for text in [
        "x = 1 2",
        "x = \"a\" \"b\"",
        "f(a = 1, a = 2)",
        "f(a = 1, 2)",
        "f(*a, *b)",
        "f(**a, *b)",
        "f(**a, **b)",
        "f(*a, b = 1)",
        "def f(a, a): pass",
        "def f(a = 1, b): pass",
        "def f(*): pass",
        "def f(*, **a): pass",
        "def f(**a, b): pass",
        "def f(*, *a): pass",
        "return",
        "break",
        "if a: pass",
        "for a in b: pass",
        "def f():\n  break",
        "def f():\n  load('a', 'b')",
        "load('a')",
        "load('a', b)",
        "f() = 1",
        "1 = a",
        "a, b += 1",
        "(a, b) += 1",
        "a, b",
        "x = 1,",
        "a < b < c",
        "a not b",
        "a[1:] = b",
        "x = (",
        "x = ]",
        "x = (]",
        "  x = 1",
        "def f():\npass",
        "def f():\n    pass\n  pass",
        "def f():\n  if a: pass\n\n  else: pass",
        "while a: pass",
        "x = is",
        "x = 'a",
        "x = 'a\nb'",
        "x = 012",
        "x = 1a",
        "\tx = 1",
        "x = '\\xg0'",
        "x = a!b",
        "x = [a for b]",
        "x = {a}",
        "x = {**a}",
        "x = {a: b, c: d for e in f}",
        "x = a if b",
        "lambda a",
        "x: int = f(",
        "é = 1",
        "x = $",
    ] {
        assert!(parse("refused.bzl", text).is_err(), "{text}");
        assert!(!is_surely_starlark(text), "{text}");
    }
}

#[test]
fn what_is_beyond_the_limits_is_never_accepted() {
    for text in [
        format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000)),
        format!("x = 1{}\n", " + 1".repeat(100_000)),
        format!("x = {}1\n", "not ".repeat(100_000)),
        format!("x = {}1\n", "-".repeat(100_000)),
        format!("x = f{}\n", "()".repeat(100_000)),
        format!("def f():\n  if a:\n    pass\n{}", "  elif b:\n    pass\n".repeat(20_000)),
    ] {
        assert!(!is_surely_starlark(&text));
    }
    assert!(is_surely_starlark(&format!("x = [\n{}]\n", "    \"a\",\n".repeat(100_000))));
}

/// Where a text may be cut: between bytes of different classes.
fn pieces(text: &str) -> Vec<&str> {
    let class = |c: char| if c.is_alphanumeric() || c == '_' { 0 } else { u32::from(c) };
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices().skip(1) {
        if class(c) != class(text[start..].chars().next().unwrap_or_default()) {
            pieces.push(&text[start..at]);
            start = at;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Pieces of ordinary statements are left out, doubled and exchanged: much of that is still Starlark, or nearly.
    #[test]
    fn whatever_is_accepted_the_parser_accepts_too(
        statements in proptest::collection::vec(proptest::sample::select(&ORDINARY[..]), 1..4),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 0..5),
    ) {
        let text = statements.concat();
        let mut parts = pieces(&text);
        for (at, other, change) in changes {
            let (at, other) = (at.index(parts.len()), other.index(parts.len()));
            match change {
                0 => drop(parts.remove(at)),
                1 => parts.insert(at, parts[other]),
                2 => parts.swap(at, other),
                _ => parts[at] = parts[other],
            }
            if parts.is_empty() {
                break;
            }
        }
        let text = parts.concat();
        // `parse` panics if the two disagree.
        let parsed = parse("random.bzl", &text);
        prop_assert!(parsed.is_ok() || !is_surely_starlark(&text), "{text:?}");
    }
}
