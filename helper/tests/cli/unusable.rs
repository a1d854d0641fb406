//! What is said where a command line or a file that it names is not what it has to be.

use insta::assert_snapshot;

use crate::support::{COMPILER, Scene};

/// What `lre` says of command lines, one after the other. None of them writes anything.
fn said(scene: &Scene, lines: &[&str]) -> String {
    let run = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        format!("$ lre {line}\n{}\n", scene.run_without_change(&words))
    };
    lines.iter().map(run).collect()
}

#[test]
fn command_line_that_is_not_understood_is_told_in_one_voice() {
    let lines = [
        "chekc",
        "image biuld",
        "check",
        "check a b",
        "check a --fromat json",
        "check a --format jsn",
        "check a --format",
        "check a -deep",
        "check a --deep --deep",
        "check a --no-store --deep",
        "regen --env-json a --flake .#a --out x",
        "explain a b --bytes x",
        "doctor --deadline 0",
        "init --commit main",
        "check a --image x:y",
        "image build --manifest a --out image",
        "image inspect image.tar",
        "doctor --deadline 3",
        "doctor --remote-header a=b",
        "init --git u",
        "init --toolchain ../lre/generated-cc",
        "regen --env env.json --out a",
        "regen --env A=1 --out a",
        "regen --env-json env.json --env A=1 --out a",
        "regen --name a",
        "rewrite --from a",
        "regen --help=x",
    ];
    assert_snapshot!(said(&Scene::empty(), &lines));
}

#[test]
fn help_of_help_is_help() {
    let scene = Scene::empty();
    for (asked, meant) in [
        (vec!["help", "--help"], vec!["help"]),
        (vec!["help", "-h"], vec!["help"]),
        (vec!["help", "image", "--help"], vec!["help", "image"]),
        (vec!["image", "help", "build", "--help"], vec!["image", "help", "build"]),
        (vec!["-q", "help", "--help"], vec!["help"]),
    ] {
        let said = scene.run(&meant);
        assert!(said.starts_with("exit 0\n"), "{said}");
        assert_eq!(scene.run(&asked), said);
    }
    // A folder may be called so.
    assert_eq!(scene.run(&["check", "help", "--help"]), scene.run(&["check", "--help"]));
}

#[test]
fn files_that_are_absent_or_something_else_are_told_with_what_to_do() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    scene.write("folder/file", "text\n");
    scene.write("empty/lre.json", "{}");
    scene.write("no-equals.json", "[\"PATH\"]");
    scene.write("object.json", "{}");
    let lines = [
        "regen --env-json absent.json --out new",
        "regen --env-json folder --out new",
        "regen --env-json no-equals.json --out new",
        "regen --env-json object.json --out new",
        "regen --env-json out/lre.json --out new",
        "bazelrc --env-json out/lre.json",
        "regen --published out/lre.json --out new",
        "regen --published object.json --out new",
        "regen --published absent/facts.json --out new",
        "regen --out folder/file",
        "deploy render --manifest out --out folder/file",
        "check empty",
        "pin empty",
        "image build --manifest empty --out oci:image",
        "explain folder/file",
        "explain folder",
        "explain absent",
        "rewrite --map absent.json BUILD",
        "rewrite --map folder BUILD",
    ];
    assert_snapshot!(said(&scene, &lines));
}

#[test]
fn folder_that_is_not_there_is_told_with_the_toolchains_beside_it() {
    let scene = Scene::with_compiler(COMPILER);
    let lines = ["check lre-c", "check below/lre-c"];
    let mut text = said(&scene, &lines);
    scene.generate();
    text += &said(&scene, &["check ot", "regen --out ot", "deploy render --manifest ot/lre.json", "regen", "regen cc"]);
    scene.run(&["regen", "--env-json", "env.json", "--store", "store", "--out", "below/lre-cc"]);
    scene.run(&["regen", "--env-json", "env.json", "--store", "store", "--out", "below/other"]);
    text += &said(&scene, &["check below/lre-c", "regen below/lre-cc", "check below"]);
    assert_snapshot!(text);
}

#[test]
fn toolchain_in_the_working_folder_has_a_name() {
    let scene = Scene::empty();
    scene.write("MODULE.bazel", "");
    let said = scene.run(&["doctor", "--no-store", "--toolchain", "cc=."]);
    let section: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("toolchain ")).take(3).collect();
    let expected = [
        "toolchain `.`",
        "  ✗ check           `lre.json` cannot be used: no such file or directory (os error 2)",
        "                    fix: write one with `lre regen --env-json env.json --out .`",
    ];
    assert_eq!(section, expected);
}
