//! What is said beside data: as much as `-q` and `-v` let through, and in colour on terminals alone.

use std::process::Command;

use insta::assert_snapshot;

use crate::pin::{OTHER, git, workspace};
use crate::support::{COMPILER, REGEN, Scene};

#[test]
fn quiet_run_says_nothing_of_what_it_wrote() {
    let scene = Scene::with_compiler(COMPILER);
    assert_snapshot!(scene.run(&[&["-q"], &REGEN[..]].concat()));
    assert_eq!(
        scene.run(&["check", "out", "--no-store", "--confirm"]),
        "exit 0\n--- stdout\nlre check: clean\n--- stderr\n"
    );
}

#[test]
fn quiet_run_still_reports_findings_and_errors() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    scene.edit("out/cc/BUILD", "-O2", "-O3");
    let check = ["check", "out", "--no-store"];
    assert_eq!(scene.run(&[&check[..], &["--quiet"]].concat()), scene.run(&check));
    let nowhere = ["check", "nowhere"];
    assert_eq!(scene.run(&[&["--quiet"], &nowhere[..]].concat()), scene.run(&nowhere));
}

#[test]
fn verbose_run_names_each_program() {
    let scene = Scene::with_compiler(COMPILER);
    let said = scene.run(&[&["-v"], &REGEN[..]].concat());
    // Several run at once.
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort_unstable();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn clean_check_says_so_where_somebody_asks_and_nothing_elsewhere() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let check = ["check", "out", "--no-store"];
    let said = |line: &str| format!("exit 0\n--- stdout\n--- stderr\n{line}");
    assert_eq!(scene.run(&check), said(""));
    let line = "`out`: 3 files as the manifest says; nothing was looked for in the store\n";
    assert_eq!(scene.run(&[&check[..], &["-v"]].concat()), said(line));
    let whole = scene.run(&["check", "out", "--store", "store", "-v"]);
    assert_eq!(whole.lines().last(), Some("`out`: 1 store root and 3 files as the manifest says"));
}

#[test]
fn quiet_and_verbose_exclude_each_other() {
    assert_snapshot!(Scene::empty().run(&["-q", "-v", "check", "out"]));
}

#[test]
fn disagreements_of_pins_are_a_document_too() {
    let scene = workspace(&git(&format!("commit = \"{OTHER}\"")));
    assert_snapshot!(scene.run_without_change(&["pin", "--format", "json"]));
}

/// What `lre check nowhere` writes to a terminal.
fn on_terminal(variables: &[(&str, &str)]) -> String {
    let scene = Scene::empty();
    let command = format!("{} check nowhere", env!("CARGO_BIN_EXE_lre"));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]).current_dir(scene.path());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let output = script.env_clear().env("PATH", path).env("SHELL", "/bin/sh").envs(variables.iter().copied()).output();
    let output = output.expect("this test needs `script` of util-linux");
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

#[test]
fn errors_are_coloured_on_terminals_alone_and_not_against_no_color() {
    let plain = Scene::empty().run(&["check", "nowhere"]);
    let plain = plain.split_once("--- stderr\n").expect("stderr").1;
    assert_eq!(on_terminal(&[("NO_COLOR", "1")]), plain);
    let coloured = plain.replacen("error:", "\x1b[31merror\x1b[0m:", 1).replace("\nhint:", "\n\x1b[36mhint\x1b[0m:");
    assert_eq!(on_terminal(&[]), coloured);
}
