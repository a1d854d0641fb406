//! `lre init`.

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::support::Scene;

const MODULE: &str =
    "\"\"\"A module.\"\"\"\n\nmodule(name = \"m\")\n\n# Rules.\nbazel_dep(name = \"rules_cc\", version = \"0.0.11\")\n";

/// With a checkout of this module in it.
fn workspace() -> Scene {
    let scene = Scene::empty();
    scene.write("lre/MODULE.bazel", "module(name = \"local-remote-execution\")\n");
    scene.write("MODULE.bazel", MODULE);
    scene.write(".bazelrc", "build -c opt");
    scene
}

#[test]
fn difference_is_shown_and_nothing_is_written_on_a_dry_run() {
    let scene = workspace();
    scene.write("lre-cc/lre.json", "{}");
    assert_snapshot!(scene.run_without_change(&["init", "--path", "lre", "--toolchain", "lre-cc", "--dry-run"]));
}

#[test]
fn files_are_completed_and_a_second_run_changes_nothing() {
    let scene = workspace();
    let arguments = ["init", "--git", "https://example.com/lre.git", "--commit", &"0".repeat(40), "--yes"];
    assert_snapshot!("first", scene.run(&arguments));
    let again = scene.run_without_change(&["init", "--yes"]);
    assert_snapshot!("again", again);
    assert_eq!(scene.run_without_change(&arguments), again);
    assert!(scene.read("MODULE.bazel").starts_with(MODULE));
    assert_eq!(
        scene.read(".bazelrc"),
        "build -c opt\ntry-import %workspace%/lre.bazelrc\ntry-import %workspace%/user.bazelrc\n"
    );
    assert_eq!(scene.read(".gitignore"), "/user.bazelrc\n");
    // A shell makes it before `lre bazelrc` can refuse anything.
    scene.write("lre.bazelrc", "");
    assert_eq!(scene.run_without_change(&["init", "--yes"]), again);
    scene.write("lre.bazelrc", "# flags\n");
    let complete = "exit 0\n--- stdout\n--- stderr\nnothing to add to `MODULE.bazel`, `.bazelrc` and `.gitignore`\n";
    assert_eq!(scene.run_without_change(&["init", "--yes"]), complete);
}

#[test]
fn toolchain_that_is_there_is_named() {
    let scene = workspace();
    scene.write("lre-cc/lre.json", "{}");
    assert_snapshot!(scene.run(&["init", "--path", "lre", "--yes"]));
}

#[test]
fn toolchain_that_no_tag_names_is_told() {
    let scene = workspace();
    scene.write("toolchain/lre.json", "{}");
    assert_snapshot!("unnamed", scene.run(&["init", "--path", "lre", "--yes"]));
    let tag = "\nlre = use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\n\
               lre.toolchain(name = \"cc\", manifest = \"//toolchain:lre.json\")\n";
    scene.write("MODULE.bazel", &(scene.read("MODULE.bazel") + tag));
    let named = scene.run_without_change(&["init", "--path", "lre", "--yes"]);
    assert!(named.starts_with("exit 0\n") && !named.contains("no tag names"), "{named}");
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_is_written() {
    let scene = workspace();
    assert_snapshot!("no-source", scene.run_without_change(&["init", "--yes"]));
    assert_snapshot!("not-asked", scene.run_without_change(&["init", "--path", "lre"]));
    assert_snapshot!("commit", scene.run_without_change(&["init", "--git", "u", "--commit", "main"]));
    assert_snapshot!("no-workspace", Scene::empty().run_without_change(&["init", "--yes"]));
    scene.write("MODULE.bazel", "module(\n");
    assert_snapshot!("syntax", scene.run_without_change(&["init", "--path", "lre", "--yes"]));
    scene.write("MODULE.bazel", "include(\"//:deps.MODULE.bazel\")\n");
    assert_snapshot!("segment", scene.run_without_change(&["init", "--path", "lre", "--yes"]));
    let linked = workspace();
    linked.write("elsewhere", "");
    symlink("elsewhere", linked.path().join(".gitignore")).expect("a link");
    assert_snapshot!("link", linked.run_without_change(&["init", "--path", "lre", "--yes"]));
}

#[test]
fn values_that_name_nothing_are_refused() {
    let scene = workspace();
    let refused = |arguments: &[&str]| {
        let said = scene.run_without_change(&[&["init", "--yes"], arguments].concat());
        format!("$ lre init {}\n{said}\n", arguments.join(" "))
    };
    scene.write("sub/MODULE.bazel", MODULE);
    scene.write("sub/deep/file", "");
    assert_snapshot!(
        "values",
        [
            refused(&["--path", "../absent"]),
            refused(&["--path", "sub"]),
            refused(&["--workspace", "sub", "--path", "lre"]),
            refused(&["--path", "lre", "--toolchain", "lre-cc"]),
            refused(&["--path", "lre", "--toolchain", "./lre-cc/lre.json"]),
            refused(&["--path", "lre", "--workspace", "sub/deep"]),
            refused(&["--path", "lre", "--workspace", "absent"]),
            refused(&["--path", "lre", "--workspace", "MODULE.bazel"]),
        ]
        .concat()
    );
}

#[test]
fn what_is_there_and_differs_stays_and_is_said() {
    let scene = workspace();
    scene.write("lre-cc/lre.json", "{}");
    scene.write("other/lre.json", "{}");
    scene.run(&["init", "--path", "lre", "--toolchain", "lre-cc", "--yes"]);
    // The same folder by another name.
    let same = scene.path().join("lre").display().to_string();
    let arguments = ["init", "--path", &same, "--toolchain", "lre-cc/lre.json", "--yes"];
    assert_snapshot!("same", scene.run_without_change(&arguments));
    scene.write(".bazelignore", "lre-cc\nother\n");
    let other = ["init", "--version", "1.0", "--toolchain", "other", "--yes"];
    assert_snapshot!("kept", scene.run_without_change(&other));
    assert_snapshot!("kept-json", scene.run_without_change(&[&other[..], &["--format", "json"]].concat()));
}

#[test]
fn with_nix_the_flags_are_of_one_machine() {
    let scene = workspace();
    scene.run(&["init", "--path", "lre", "--nix", "--yes"]);
    assert_eq!(scene.read(".gitignore"), "/.lre-root\n/lre.bazelrc\n/user.bazelrc\n");
}

/// Runs `lre init` on a terminal that `script` makes, with an answer, and returns what stands there.
fn answered(scene: &Scene, answer: &str) -> String {
    let command = format!("{} init --path lre", env!("CARGO_BIN_EXE_lre"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(scene.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` of bsdutils runs");
    child.stdin.take().expect("a pipe").write_all(answer.as_bytes()).expect("an answer");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

#[test]
fn on_a_terminal_it_asks_and_only_yes_writes() {
    let scene = workspace();
    let before = scene.snapshot();
    let said = answered(&scene, "n\n");
    assert!(
        said.ends_with("write 3 files? [y/N] n\nnothing was written\n")
            || said.ends_with("[y/N] nothing was written\n"),
        "{said}"
    );
    assert!(before == scene.snapshot());
    answered(&scene, "y\n");
    assert_eq!(scene.read(".gitignore"), "/user.bazelrc\n");
}

/// The template's flake is what a new one is.
#[test]
fn new_flake_is_that_of_the_template() {
    let scene = workspace();
    let commit = "0".repeat(40);
    scene.write(".git/HEAD", "");
    let result = scene.run(&["init", "--nix", "--git", "https://github.com/a/b.git", "--commit", &commit, "--yes"]);
    assert!(result.starts_with("exit 0\n"), "{result}");
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/default/flake.nix");
    let template = std::fs::read_to_string(template).expect("the template");
    let expected = template.replace("git+file:///path/to/the/checkout", &format!("github:a/b/{commit}"));
    assert_eq!(scene.read("flake.nix"), expected);
    assert_snapshot!("new-flake", result);
    assert_snapshot!("new-flake-again", scene.run_without_change(&["init", "--nix", "--yes"]));
    // The flake that is there says that Nix is.
    assert_snapshot!("new-flake-known", scene.run_without_change(&["init", "--workspace", ".", "--yes"]));
}

const FLAKE: &str = "\
{
  inputs = {
    nixpkgs.url = \"nixpkgs\"; # ours
    flake-parts.url = \"flake-parts\";
  };

  outputs =
    inputs@{ flake-parts, ... }:
    flake-parts.lib.mkFlake { inherit inputs; } {
      systems = [ \"x86_64-linux\" ];
    };
}
";

#[test]
fn flake_that_is_there_gets_the_input_and_the_import() {
    let scene = workspace();
    scene.write("flake.nix", FLAKE);
    scene.write("lre/.git/HEAD", "");
    assert_snapshot!("flake", scene.run(&["init", "--nix", "--path", "lre", "--yes"]));
    let after = scene.read("flake.nix");
    assert_eq!(after.lines().filter(|line| !FLAKE.lines().any(|known| known == *line)).count(), 2);
    scene.write("flake.nix", &FLAKE.replace("inputs@", ""));
    assert_snapshot!("flake-refused", scene.run_without_change(&["init", "--nix", "--path", "lre", "--yes"]));
    scene.write("flake.nix", FLAKE);
    assert_snapshot!("flake-no-source", scene.run_without_change(&["init", "--nix", "--version", "1", "--yes"]));
}
