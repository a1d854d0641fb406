//! Root causes of small builds.

use serde_json::{Value, json};

use super::*;
use crate::execlog::{Pool, read_log};

const ONE: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-clang-18.1";
const OTHER: &str = "/nix/store/vf8cjkgwmgd4sb3vkxh6x9iar71s1w1c-clang-22.1";

/// A spawn that makes `output` with the digest `made` from inputs `path=digest`.
fn spawn(output: &str, made: &str, inputs: &[&str], is_hit: bool) -> Value {
    let file = |path: &str, digest: &str| json!({"path": path, "digest": {"hash": digest}});
    let inputs: Vec<Value> =
        inputs.iter().filter_map(|input| input.split_once('=')).map(|(path, digest)| file(path, digest)).collect();
    json!({
        "commandArgs": ["tool"], "inputs": inputs, "listedOutputs": [output], "actualOutputs": [file(output, made)],
        "cacheHit": is_hit, "cacheable": true, "remoteCacheable": true, "mnemonic": "Tool", "targetLabel": output,
    })
}

fn with(mut spawn: Value, key: &str, value: Value) -> Value {
    spawn[key] = value;
    spawn
}

/// Each cause's line, the targets that it makes differ, and how many more it costs.
fn causes(first: &[Value], second: &[Value]) -> Vec<(String, Vec<String>, usize)> {
    let mut pool = Pool::default();
    let mut read = |spawns: &[Value]| {
        let text: String = spawns.iter().map(Value::to_string).collect();
        read_log(text.as_bytes(), &mut pool, 1 << 30).expect("a log")
    };
    let (first, second) = (read(first), read(second));
    let report = explain(&pool, &first, &second, NO_LIMITS).expect("memory");
    let labels = |root: &RootCause<'_>| root.actions.iter().map(|action| action.label.to_owned()).collect();
    report.causes.iter().map(|root| (root.cause.describe(), labels(root), root.downstream)).collect()
}

fn one(first: &Value, second: &Value) -> Vec<String> {
    causes(std::slice::from_ref(first), std::slice::from_ref(second)).into_iter().map(|(cause, ..)| cause).collect()
}

#[test]
fn store_path_that_is_all_that_differs_is_drift_wherever_it_stands() {
    let flag = |root: &str| {
        with(spawn("a", "1", &[], false), "commandArgs", json!(["tool", format!("-Wl,-rpath,{root}/lib,-L{root}/lib")]))
    };
    let variable = |value: String| {
        with(spawn("a", "1", &[], false), "environmentVariables", json!([{"name": "PATH", "value": value}]))
    };
    let drift = [format!("store path of `clang` is `{ONE}` in the first build, `{OTHER}` in the second")];
    assert_eq!(one(&flag(ONE), &flag(OTHER)), drift);
    assert_eq!(one(&variable(format!("{ONE}/bin:/bin")), &variable(format!("{OTHER}/bin:/bin"))), drift);
    let path = [format!("`PATH` is `{ONE}/bin` in the first build, `{ONE}/bin:/usr/bin` in the second")];
    assert_eq!(one(&variable(format!("{ONE}/bin")), &variable(format!("{ONE}/bin:/usr/bin"))), path);
    let more = [format!(
        "environment variable `PATH` is `{ONE}/bin` in the first build, `{ONE}/bin:{OTHER}/bin` in the second"
    )];
    assert_eq!(one(&variable(format!("{ONE}/bin")), &variable(format!("{ONE}/bin:{OTHER}/bin"))), more);
}

#[test]
fn action_is_counted_under_the_one_that_made_its_input_even_if_that_was_a_hit() {
    let first = [spawn("a.o", "1", &["a.cc=1"], false), spawn("a", "1", &["a.o=1"], false)];
    let second = [spawn("a.o", "2", &["a.cc=2"], true), spawn("a", "2", &["a.o=2"], false)];
    let expected = ("input `a.cc` is `1` in the first build, `2` in the second".to_owned(), vec!["a.o".to_owned()], 1);
    assert_eq!(causes(&first, &second), [expected]);
}

#[test]
fn input_that_only_one_build_reads_is_told_with_the_action_that_made_it() {
    let first = [spawn("x", "1", &[], true), spawn("a", "1", &["x=1"], false)];
    let second = [spawn("x", "1", &[], true), spawn("a", "1", &["y=1"], false)];
    let expected = [
        (
            "input `x`, made by Tool x is `1` in the first build, absent in the second".to_owned(),
            vec!["a".to_owned()],
            0,
        ),
        ("input `y` is absent in the first build, `1` in the second".to_owned(), vec!["a".to_owned()], 0),
    ];
    assert_eq!(causes(&first, &second), expected);
}

#[test]
fn equal_keys_mean_equal_inputs_however_the_logs_list_them() {
    let read = |input: &str| with(spawn("a", "1", &[input], false), "digest", json!({"hash": "k"}));
    assert_eq!(one(&read("x=1"), &read("a.runfiles/_main/x=1")), ["same key, but the cache had no result"]);
}

#[test]
fn chain_of_any_length_has_one_root() {
    let chain = |digest: &str| -> Vec<Value> {
        (0..20_000).map(|n| spawn(&format!("f{}", n + 1), digest, &[&format!("f{n}={digest}")], false)).collect()
    };
    let expected =
        ("input `f0` is `1` in the first build, `2` in the second".to_owned(), vec!["f1".to_owned()], 19_999);
    assert_eq!(causes(&chain("1"), &chain("2")), [expected]);
}

#[test]
fn spawns_that_make_each_others_inputs_end() {
    let circle = |digest: &str| {
        [spawn("a", digest, &[&format!("b={digest}")], false), spawn("b", digest, &[&format!("a={digest}")], false)]
    };
    let labels = vec!["a".to_owned(), "b".to_owned()];
    let expected = ("the keys differ, but nothing in the logs does".to_owned(), labels, 0);
    assert_eq!(causes(&circle("1"), &circle("2")), [expected]);
}

#[test]
fn what_a_log_says_forges_no_line() {
    let text = "1\nhits: 1 of 1\u{1b}[0m";
    let action = Action { mnemonic: text, label: text, output: text };
    let cause = Cause::Variable { name: text.to_owned(), values: Sides::both(text.to_owned(), "\"".to_owned()) };
    let root = RootCause {
        cause,
        actions: vec![action],
        count: 1,
        downstream: 0,
        commands: None,
        notes: vec![text.to_owned()],
    };
    let report = Report { mnemonics: BTreeMap::from([(text.to_owned(), Hits::default())]), causes: vec![root] };
    let said = human::render_human(&report, None);
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said}");
    assert_eq!(said.lines().count(), 7, "{said}");
}

#[test]
fn comparison_may_not_take_more_memory_than_is_allowed() {
    let value = |value: &str| json!([{"name": "SALT", "value": value.repeat(1000)}]);
    let build = |value_of: &dyn Fn(usize) -> Value| {
        let spawns =
            (0..500).map(|n| with(spawn(&n.to_string(), "1", &[], false), "environmentVariables", value_of(n)));
        spawns.map(|spawn| spawn.to_string()).collect::<String>()
    };
    let mut pool = Pool::default();
    let same = build(&|_| value("x"));
    let different = build(&|n| value(&n.to_string()));
    let [first, second] = [same, different].map(|text| read_log(text.as_bytes(), &mut pool, 1 << 30).expect("a log"));
    let limits = |memory| Limits { memory, ..NO_LIMITS };
    let least = (1..64).find(|mebibytes| explain(&pool, &first, &second, limits(mebibytes << 20)).is_ok());
    let enough = least.expect("few megabytes") << 20;
    assert!(enough > pool.bytes() + (1 << 20), "{enough} for {} of logs", pool.bytes());
    let report = explain(&pool, &first, &second, limits(enough)).expect("memory");
    assert_eq!(report.causes.len(), 500);
    let error = explain(&pool, &first, &second, limits(enough - (1 << 20))).expect_err("too many causes");
    assert_eq!(error, MemoryExceeded);
    assert!(explain_one(&pool, &second, limits(pool.bytes())).is_err());
}

#[test]
fn first_actions_are_named_in_order_and_all_are_counted() {
    let spawns = (0..100).map(|n| spawn(&format!("f{:02}", n * 37 % 100), "1", &[], false));
    let text: String = spawns.map(|spawn| spawn.to_string()).collect();
    let mut pool = Pool::default();
    let log = read_log(text.as_bytes(), &mut pool, 1 << 30).expect("a log");
    let outputs = |named: usize| {
        let report = explain_one(&pool, &log, Limits { named, ..NO_LIMITS }).expect("memory");
        let root = &report.causes[0];
        (root.actions.iter().map(|action| action.output.to_owned()).collect::<Vec<_>>(), root.count)
    };
    let (all, count) = outputs(usize::MAX);
    assert!(all.is_sorted() && all.len() == 100 && count == 100);
    for named in [0, 1, 3, 99, 100, 101] {
        assert_eq!(outputs(named), (all[..named.min(100)].to_vec(), 100));
    }
}
