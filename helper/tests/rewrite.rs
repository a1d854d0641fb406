//! `rewrite`: what of a text it changes, what it reports, and laws that hold for every text.

use lre::build_file::parse;
use lre::rewrite::{Replacements, RewriteError, Rewritten, rewrite};
use lre::store::StorePath;
use proptest::prelude::*;

const OLD: &str = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-gcc-14";
const NEW: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-gcc-wrapper-15.2";
const OTHER: &str = "/nix/store/h590qn2dl9kbrx8vi2fmw1yzgcvk8p3z-zlib-1.3";

fn replacements(pairs: &[(&str, &str)]) -> Replacements {
    let path = |text: &str| StorePath::parse(text).expect("a store path");
    Replacements::new(pairs.iter().map(|(old, new)| (path(old), path(new)))).expect("usable replacements")
}

fn run_with<'a>(text: &'a str, pairs: &[(&str, &str)]) -> Result<Rewritten<'a>, RewriteError> {
    rewrite("BUILD", text, &replacements(pairs))
}

fn run(text: &str) -> Rewritten<'_> {
    run_with(text, &[(OLD, NEW)]).expect("Starlark")
}

/// Nothing is reported, and the text becomes the expected one, with `OLD` and `NEW` for the two store roots.
fn assert_becomes(template: &str, expected: &str) {
    let text = template.replace("OLD", OLD);
    let rewritten = run(&text);
    assert_eq!(rewritten.text, expected.replace("OLD", OLD).replace("NEW", NEW), "{template}");
    assert_eq!(rewritten.leftovers, [], "{template}");
}

/// The text stays, and these are the messages, with `OLD` for the store root.
fn assert_left(template: &str, messages: &[&str]) {
    let text = template.replace("OLD", OLD).replace("HASH", &OLD[11..43]);
    let rewritten = run(&text);
    let found: Vec<String> = rewritten
        .leftovers
        .iter()
        .map(|left| {
            format!("{}:{}: {}", left.line, left.column, left.message.replace(OLD, "OLD").replace(&OLD[11..43], "HASH"))
        })
        .collect();
    assert_eq!(
        (rewritten.text, found),
        (text.as_str().into(), messages.iter().map(|m| (*m).to_owned()).collect()),
        "{template}"
    );
}

#[test]
fn every_kind_of_literal_is_rewritten() {
    for literal in [
        "'OLD'",
        "\"OLD\"",
        "r'OLD'",
        "r\"OLD \\d\"",
        "\"\"\"OLD\"\"\"",
        "'''\nOLD\n'''",
        "r'''OLD'''",
        "b'OLD'",
        "rb\"OLD\"",
    ] {
        assert_becomes(&format!("x = {literal}\n"), &format!("x = {}\n", literal.replace("OLD", "NEW")));
    }
    assert_becomes("load('OLD/a.bzl', a = 'OLD')", "load('NEW/a.bzl', a = 'NEW')");
    assert_becomes("\"\"\"Doc: OLD\"\"\"\n", "\"\"\"Doc: NEW\"\"\"\n");
    assert_becomes("x = {'OLD/a': ['OLD']}", "x = {'NEW/a': ['NEW']}");
}

#[test]
fn every_other_byte_stays() {
    assert_becomes("x  =[ 'OLD',\t'OTHER'\t]\t# é\r\n\r\ny = 1", "x  =[ 'NEW',\t'OTHER'\t]\t# é\r\n\r\ny = 1");
}

#[test]
fn escapes_line_ends_and_tabs_stay() {
    assert_becomes(
        "x = '\\t\\x41\\u00e9\\101OLD\\n-L\\\"OLD/lib\\\"\\q'",
        "x = '\\t\\x41\\u00e9\\101NEW\\n-L\\\"NEW/lib\\\"\\q'",
    );
    assert_becomes("x = '''\r\nOLD\r\nOLD/a\\\r\n'''\r\n", "x = '''\r\nNEW\r\nNEW/a\\\r\n'''\r\n");
    assert_becomes("f(\r\n\t'OLD',\t# é\r\n\t\r\n)\t\r\n", "f(\r\n\t'NEW',\t# é\r\n\t\r\n)\t\r\n");
    assert_becomes("x = 'a\\\n OLD'", "x = 'a\\\n NEW'");
    assert_becomes("x = r'\\'OLD'", "x = r'\\'NEW'");
}

#[test]
fn paths_are_found_in_flags_and_lists() {
    assert_becomes(
        "x = '-LOLD/lib -Wl,-rpath,OLD/lib:OLD;OLD A=OLD <OLD> (OLD) [OLD] `OLD` OLD&&OLD'",
        "x = '-LNEW/lib -Wl,-rpath,NEW/lib:NEW;NEW A=NEW <NEW> (NEW) [NEW] `NEW` NEW&&NEW'",
    );
}

#[test]
fn only_whole_components_are_replaced() {
    for text in ["x = 'OLD-dev'", "x = 'OLD.1/bin'", "x = 'OLDa'", "x = 'OLD-%s' % y", "x = 'OLD-' + y", "# OLD-dev"] {
        assert_left(text, &[]);
    }
    let below = format!("{OLD}/bin/gcc");
    let text = format!("x = ['{below}', '{below}-12', '{below}.py', '{below}/x', '{OLD}/bin']");
    let rewritten = run_with(&text, &[(&below, NEW)]).expect("Starlark");
    assert_eq!(rewritten.text, format!("x = ['{NEW}', '{below}-12', '{below}.py', '{NEW}/x', '{OLD}/bin']"));
    assert_eq!((rewritten.replaced, rewritten.leftovers), (2, vec![]));
}

#[test]
fn joined_literals_that_say_it_all_are_rewritten() {
    assert_becomes("x = 'OLD/' + y", "x = 'NEW/' + y");
    assert_becomes("x = y + ' -LOLD/lib'", "x = y + ' -LNEW/lib'");
    assert_becomes("x = '-L' + 'OLD' + '/lib'", "x = '-L' + 'NEW' + '/lib'");
    assert_becomes("x = ['OLD'] + ['b'] + y", "x = ['NEW'] + ['b'] + y");
    assert_becomes("x = ' '.join(['OLD', y, 'OLD'])", "x = ' '.join(['NEW', y, 'NEW'])");
    assert_becomes("x = 'OLD/%s -I%s' % (y, 'OLD')", "x = 'NEW/%s -I%s' % (y, 'NEW')");
    assert_becomes("x = 'OLD' if y else 'OLD'", "x = 'NEW' if y else 'NEW'");
    assert_becomes("x += ['OLD']\n", "x += ['NEW']\n");
}

#[test]
fn what_depends_on_an_expression_is_left() {
    assert_left("x = '/nix/store/' + y", &["1:6: `/nix/store/` is joined to an expression"]);
    assert_left("x = '/nix/store/HASH-' + y", &["1:6: `/nix/store/HASH-` is joined to an expression"]);
    assert_left("x = '/nix/store/HASH-gcc-1' + y", &["1:6: `/nix/store/HASH-gcc-1` is joined to an expression"]);
    assert_left("x = '-IOLD' + y", &["1:8: `OLD` is joined to an expression"]);
    assert_left("x = y + 'OLD/bin'", &["1:10: `OLD` is joined to an expression"]);
    assert_left("x += 'OLD/bin'\n", &["1:7: `OLD` is joined to an expression"]);
    assert_left("x = ('OLD' if y else z) + '/bin'", &["1:7: `OLD` is joined to an expression"]);
    assert_left("x = (y or 'OLD') + z", &["1:12: `OLD` is joined to an expression"]);
    assert_left("x = 'OLD'.lower() + z", &["1:6: `OLD` is joined to an expression"]);
    assert_left("x = ''.join(['/nix/store/', y])", &["1:15: `/nix/store/` is joined to an expression"]);
    assert_left("x = '/'.join(['/nix/store', y])", &["1:16: `/nix/store` is joined to an expression"]);
    assert_left("x = '/nix/store/%s' % y", &["1:6: `/nix/store/` is part of a template"]);
    assert_left("x = '/nix/store/{}'.format(y)", &["1:6: `/nix/store/` is part of a template"]);
    assert_left("x = 'OLD{}'.format(y)", &["1:6: `OLD` is part of a template"]);
    assert_left("x = '%sOLD' % y", &["1:8: `OLD` is part of a template"]);
}

#[test]
fn split_paths_are_left() {
    assert_left("x = '/nix/store' + '/HASH-gcc-14/bin'", &["1:6: `OLD` is split over adjacent literals"]);
    assert_left("x = 'OL' + 'D'", &[]);
    assert_left("x = '/nix/store/HASH' + '-gcc' + '-14'", &["1:6: `OLD` is split over adjacent literals"]);
    assert_left("x = 'OLD' + '-dev'", &[]);
    assert_left("x = [STORE, 'HASH-gcc-14/bin']", &["1:14: `HASH-gcc-14` has no `/nix/store/` before it"]);
}

#[test]
fn comments_and_f_strings_are_left() {
    assert_left("# see OLD\nx = 1 # OLD/bin", &["1:7: `OLD` is in a comment", "2:9: `OLD` is in a comment"]);
    assert_left("# /nix/store/* and HASH-gcc-14", &["1:20: `HASH-gcc-14` is in a comment"]);
    assert_left("x = f'OLD/{y}'", &["1:7: `OLD` is in an f-string"]);
    assert_left("x = f'/nix/store/{y}'", &["1:7: `/nix/store/` is in an f-string"]);
    assert_left("x = f\"{y}{f('OLD')}\"", &["1:14: `OLD` is in an f-string"]);
    assert_left("x = f'/nix/store'", &[]);
}

#[test]
fn unclear_spellings_are_left() {
    assert_left("x = '\\x2fnix/store/HASH-gcc-14'", &["1:6: `OLD` is spelled with an escape"]);
    assert_left("x = '/nix/store/HASH-gcc-1\\x34'", &["1:6: `OLD` is spelled with an escape"]);
    assert_left("x = '/nix/store/HASH-\\\ngcc-14'", &["1:6: `OLD` is spelled with an escape"]);
    assert_left("x = '/mntOLD/bin'", &["1:10: `OLD` is below `/mnt`"]);
    assert_left("x = '//OLD'", &["1:8: `OLD` is below `//`"]);
    assert_left("x = 'map=OLD=/x'", &["1:10: `OLD` is followed by `=`, which may belong to its name"]);
    assert_left("x = 'See OLD.'", &["1:10: `OLD` is followed by `.`, which may belong to its name"]);
    assert_left("x = 'OLD~'", &["1:6: `OLD` is followed by `~`, which may belong to its name"]);
    assert_left("x = 'OLD/../y'", &["1:6: `OLD/../y` leaves its store root through `..`"]);
    let pairs = [(format!("{OLD}/bin"), NEW)];
    let text = format!("x = ['{OLD}//bin/gcc', '{OLD}/bin/../lib', '{OLD}/lib']");
    let rewritten = run_with(&text, &[(&pairs[0].0, NEW)]).expect("Starlark");
    let messages: Vec<_> = rewritten.leftovers.iter().map(|left| left.message.replace(OLD, "OLD")).collect();
    assert_eq!(rewritten.text, text);
    assert_eq!(
        messages,
        ["`OLD//bin/gcc` is another spelling of `OLD/bin/gcc`", "`OLD/bin/../lib` is another spelling of `OLD/lib`"]
    );
}

#[test]
fn byte_order_mark_is_reported() {
    let text = format!("\u{feff}x = '{OLD}'\n");
    let rewritten = run(&text);
    assert_eq!(rewritten.text, text);
    assert_eq!(rewritten.leftovers[0].message, "the file starts with a byte order mark, which Bazel refuses");
}

#[test]
fn replacements_are_made_at_once_and_the_longest_first() {
    let inner = format!("{OLD}/bin");
    let text = format!("x = ['{OLD}', '{OTHER}', '{inner}/a', '{OLD}/b']");
    let swapped = run_with(&text, &[(OLD, OTHER), (OTHER, OLD), (&inner, NEW)]).expect("Starlark");
    assert_eq!(swapped.text, format!("x = ['{OTHER}', '{OLD}', '{NEW}/a', '{OTHER}/b']"));
}

#[test]
fn texts_beyond_the_limits_are_errors() {
    let nested = format!("x = {}'{OLD}'{}", "(".repeat(20_000), ")".repeat(20_000));
    let f_strings = format!("x = {}1{}", "f'{f\"{".repeat(20_000), "}\"}'".repeat(20_000));
    let chain = format!("x = '{OLD}'{}", " + y".repeat(100_000));
    let large = "#".repeat(5 << 20);
    let messages =
        [&nested, &f_strings, &chain, &large].map(|text| run_with(text, &[(OLD, NEW)]).map_err(|e| e.to_string()));
    assert_eq!(
        messages.map(Result::unwrap_err),
        [
            "BUILD:1:260: too deeply nested (at most 256 are supported)",
            "BUILD:1:772: too deeply nested (at most 256 are supported)",
            "BUILD:1:8244: too many operands in one expression (at most 4096 are supported)",
            "BUILD:1:1: larger than 4194304 bytes",
        ]
    );
}

#[test]
fn what_could_not_be_told_from_a_text_is_refused() {
    let pairs = |old: &str, new: &str| {
        let path = |text: &str| StorePath::parse(text).expect("a store path");
        Replacements::new([(path(old), path(new)), (path(OLD), path(OTHER))]).map_err(|error| error.to_string())
    };
    assert_eq!(
        pairs(OTHER, &format!("{NEW}/a\"b")),
        Err(format!("`{NEW}/a\"b` has the character `\"`, which cannot be told from the text around a store path"))
    );
    assert_eq!(pairs(OLD, NEW), Err(format!("`{OLD}` is replaced by both `{NEW}` and `{OTHER}`")));
}

/// A part of a literal that means the same in every kind of literal, and whether a rewrite changes it.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "OLD", "OLD/bin/gcc", "-LOLD/lib", "--sysroot=OLD", "OLD:OLD/bin", "-Wl,-rpath,OLD/lib64",
        ]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["OLD-dev", "OTHER", "OTHER/lib", "/nix/store", "/nix/store/x", "OLD.1"]).prop_map(str::to_owned),
        2 => "[a-zé0-9 ./:=%{}$*@-]{0,6}".prop_map(|text| format!(" {text}")),
    ]
}

fn literal() -> impl Strategy<Value = String> {
    let quotes = prop::sample::select(vec![
        ("\"", "\""),
        ("'", "'"),
        ("r\"", "\""),
        ("r'", "'"),
        ("\"\"\"", "\"\"\""),
        ("'''", "'''"),
        ("r'''", "'''"),
        ("b'", "'"),
        ("rb\"", "\""),
    ]);
    let separator =
        prop::sample::select(vec![" ", ",", ";", "\\t", "\\n ", "\\x20", " \\\\ ", "\\\" ", " \\u0041 ", "|"]);
    (quotes, prop::collection::vec((fragment(), separator), 0..5)).prop_map(|((open, close), parts)| {
        let is_raw = open.contains('r');
        let separated = parts.iter().map(|(part, separator)| {
            let separator = if is_raw && separator.contains('\\') { " " } else { separator };
            format!("{part}{separator}")
        });
        format!("{open}{}{close}", separated.collect::<String>())
    })
}

/// A statement whose literals all say by themselves what they mean, and what has no effect in it.
fn statement() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => literal().prop_map(|a| format!("x = {a}\n")),
        1 => (literal(), literal()).prop_map(|(a, b)| format!("f(\n\tname = {a},\t# OTHER\n    b = [{b}],\n)\n")),
        1 => (literal(), literal()).prop_map(|(a, b)| format!("x = {{{a}: {b}}}\n")),
        1 => (literal(), literal()).prop_map(|(a, b)| format!("x = {a} if y else {b}\n")),
        1 => literal().prop_map(|a| format!("def f(a, *, b = {a}):\n    return\t(a,)\n")),
        1 => literal().prop_map(|a| format!("x = y + \" \" + {a} + \" \" + y\n")),
        1 => Just("# a comment\n\n".to_owned()),
    ]
}

fn file(statement: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (prop::collection::vec(statement, 0..8), any::<bool>(), any::<bool>()).prop_map(|(statements, crlf, ended)| {
        let text = statements.concat();
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        if ended { text } else { text.trim_end().to_owned() }
    })
}

/// Statements with everything that a rewrite leaves alone.
fn any_statement() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => statement(),
        1 => fragment().prop_map(|a| format!("# {a}\n")),
        1 => (literal(), literal()).prop_map(|(a, b)| format!("x = {a} + {b}\n")),
        1 => (literal(), literal()).prop_map(|(a, b)| format!("x = (y + {a}) * 2 or {b} % z + z\n")),
        1 => literal().prop_map(|a| format!("x += {a}\n")),
        1 => literal().prop_map(|a| format!("x = f'OLD/{{g({})}}'\n", a.replace('\'', "\""))),
        1 => Just("x = '/nix/\\x73tore' + 'OL' + \"D\" + '\\\n'\n".to_owned()),
    ]
}

/// Puts the store roots in, `old` where a rewrite changes them.
fn fill(template: &str, old: &str) -> String {
    template
        .replace("OLD-dev", "KEPT-dev")
        .replace("OLD.1", "KEPT.1")
        .replace("OLD", old)
        .replace("KEPT", OLD)
        .replace("OTHER", OTHER)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rewrite_changes_the_named_paths_and_no_other_byte(template in file(statement())) {
        let text = fill(&template, OLD);
        let rewritten = run(&text);
        prop_assert_eq!(&rewritten.text, &fill(&template, NEW));
        prop_assert_eq!(rewritten.leftovers, vec![]);
    }

    #[test]
    fn rewrite_there_and_back_gives_the_same_bytes(template in file(any_statement())) {
        let text = fill(&template, OLD);
        let there = run(&text);
        prop_assert_eq!(there.text.replace(NEW, OLD), text.clone());
        let back = run_with(&there.text, &[(NEW, OLD)]).expect("Starlark");
        prop_assert_eq!(&back.text, &text);
        prop_assert_eq!(back.replaced, there.replaced);
    }

    #[test]
    fn result_parses_to_the_same_values_with_the_paths_replaced(template in file(any_statement())) {
        let text = fill(&template, OLD);
        let there = run(&text);
        let before = parse("BUILD", &text).expect("Starlark");
        let after = parse("BUILD", &there.text).expect("Starlark");
        let back: Vec<_> = after.literals.iter().map(|literal| literal.value.replace(NEW, OLD)).collect();
        prop_assert_eq!(back, before.literals.iter().map(|literal| literal.value.clone()).collect::<Vec<_>>());
        let values = after.literals.iter().map(|literal| literal.value.matches(NEW).count()).sum::<usize>();
        prop_assert!(values <= there.replaced);
    }

    #[test]
    fn nothing_is_left_unsaid(template in file(any_statement())) {
        let text = fill(&template, OLD);
        let there = run(&text);
        let again = run(&there.text);
        prop_assert_eq!(again.replaced, 0);
        prop_assert_eq!(again.leftovers.len(), there.leftovers.len());
        let named = there.text.replace(&format!("{OLD}-dev"), "").replace(&format!("{OLD}.1"), "").matches(OLD).count();
        prop_assert!(named <= there.leftovers.len(), "{} {:?}", there.text, there.leftovers);
    }

    #[test]
    fn no_text_makes_it_fail_otherwise_than_by_an_error(text in "[a-z'\"\\\\\r\n\t(){}\\[\\]#=+ /.é\u{feff}-]{0,60}") {
        let text = text.replace('z', OLD);
        if let Ok(there) = run_with(&text, &[(OLD, NEW)]) {
            prop_assert_eq!(there.text.replace(NEW, OLD), text);
        }
    }
}
