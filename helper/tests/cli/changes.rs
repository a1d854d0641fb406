//! `--format json` of the verbs that write files: one document, which `docs/changes.schema.json` describes.

use insta::assert_snapshot;
use serde_json::Value;

use crate::schema::violations_of;
use crate::support::{COMPILER, REGEN, ROOT, Scene};

const NEW: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-toolchain-2";
const JSON: &str = "--format=json";

/// The document that a run printed, held against the schema.
fn document(run: &str) -> Value {
    let stdout = run.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr\n")).expect("a run").0;
    let document = serde_json::from_str(stdout).expect("one document");
    let schema = include_str!("../../../docs/changes.schema.json");
    let schema = serde_json::from_str(schema).expect("a schema");
    assert_eq!(violations_of(&schema, &document), Vec::<String>::new());
    document
}

/// Whether the files are written, and their names, with `+` before a new one.
fn summary(run: &str) -> (Value, Vec<String>) {
    let document = document(run);
    let name = |file: &Value| {
        let sign = if file["isNew"] == true { "+" } else { "" };
        format!("{sign}{}", file["file"].as_str().expect("a name"))
    };
    (document["written"].clone(), document["files"].as_array().expect("files").iter().map(name).collect())
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn rewrite_says_what_it_changes_and_what_it_leaves() {
    let scene = Scene::empty();
    scene.write("BUILD", &format!("# from {ROOT}\nA = \"{ROOT}/bin\"\n"));
    let run = ["rewrite", "--from", ROOT, "--to", NEW, "BUILD", JSON];
    let dry = scene.run_without_change(&[&run[..], &["--dry-run"]].concat());
    assert_snapshot!("rewrite", dry);
    assert_eq!(summary(&dry), (false.into(), named(&["BUILD"])));
    assert_eq!(summary(&scene.run(&run)), (true.into(), named(&["BUILD"])));
    let again = document(&scene.run_without_change(&run));
    assert_eq!((again["files"].clone(), again["left"].as_array().map(Vec::len)), (Value::Array(Vec::new()), Some(1)));
}

#[test]
fn regen_says_what_it_changes_in_each_mode() {
    let scene = Scene::with_compiler(COMPILER);
    let new = ["+out/BUILD.bazel", "+out/cc/BUILD", "+out/config/BUILD", "+out/lre.json"];
    let json = |more: &[&'static str]| [&REGEN[..], &[JSON], more].concat();
    assert_eq!(summary(&scene.run_without_change(&json(&["--mode=dry-run"]))), (false.into(), named(&new)));
    assert_eq!(summary(&scene.run(&json(&[]))), (true.into(), named(&new)));
    assert_eq!(summary(&scene.run_without_change(&json(&[]))), (true.into(), named(&[])));
    scene.edit("out/cc/BUILD", "-O2", "-O3");
    let check = scene.run_without_change(&json(&["--mode=check"]));
    assert!(check.starts_with("exit 1\n"), "{check}");
    assert_eq!(summary(&check), (false.into(), named(&["out/cc/BUILD"])));
}

#[test]
fn deployment_says_what_it_changes_in_each_mode() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let render = ["deploy", "render", "--manifest", "out", JSON];
    let check = [&render[..], &["--mode=check"]].concat();
    let (written, planned) = summary(&scene.run_without_change(&check));
    assert_eq!(written, false);
    assert_eq!(summary(&scene.run(&render)), (true.into(), planned));
    assert_eq!(summary(&scene.run_without_change(&check)), (false.into(), named(&[])));
}

#[test]
fn init_asks_nobody_and_says_what_it_adds() {
    let scene = Scene::empty();
    scene.write("MODULE.bazel", "module(name = \"m\")\n");
    scene.write("lre/MODULE.bazel", "module(name = \"local-remote-execution\")\n");
    let init = ["init", "--path", "lre", JSON];
    let expected = ["MODULE.bazel", "+.bazelrc", "+.gitignore"];
    assert_snapshot!("init-asks-nobody", scene.run_without_change(&init));
    let with = |flag: &'static str| [&init[..], &[flag]].concat();
    assert_eq!(summary(&scene.run_without_change(&with("--dry-run"))), (false.into(), named(&expected)));
    assert_eq!(summary(&scene.run(&with("--yes"))), (true.into(), named(&expected)));
    assert_eq!(summary(&scene.run_without_change(&with("--yes"))), (true.into(), named(&[])));
}
