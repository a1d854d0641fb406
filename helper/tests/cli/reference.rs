//! `docs/commands.md` is what the program says of itself; completions and manual pages are made of the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Scene;

const CONVENTIONS: &str = "
| a command ends with | |
|---|---|
| 0 | all is well |
| 1 | it found something, or a file is not as it should be: `--mode=check` |
| 2 | it could not do its work, or what it found may hide more |

Data goes to stdout, everything else to stderr. A finding has a code and [a section](findings.md), and comes with all the others. \
`--format json` makes a document of what `check`, `doctor`, `explain` and `pin` find, and [another](changes.schema.json) of the files that \
`deploy render`, `init`, `regen` and `rewrite` change, or would change; `image inspect` prints one, and so is the \
manifest. What takes longer than a moment says so on a terminal. Terminals get colour, unless `NO_COLOR` has a value.
";

fn help(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_lre")).args(words).arg("--help").env_clear().output();
    String::from_utf8(output.expect("the binary runs").stdout).expect("UTF-8")
}

/// The names of the commands below `words`, as their help lists them.
fn commands(words: &[&str]) -> Vec<String> {
    let text = help(words);
    let Some((_, list)) = text.split_once("\nCommands:\n") else { return Vec::new() };
    let names = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

fn section(words: &[&str], reference: &mut String) {
    *reference += &format!("\n## `{}`\n\n```\n{}```\n", [&["lre"], words].concat().join(" "), help(words));
    for name in commands(words) {
        section(&[words, &[name.as_str()]].concat(), reference);
    }
}

#[test]
fn every_command_and_option_is_in_the_reference() {
    let mut reference = "# Commands\n\nWhat each command says with `--help`. Written by `LRE_UPDATE_DOCS=1 cargo test --package lre --test cli reference`; \
                         a test compares it.\n"
        .to_owned()
        + CONVENTIONS;
    section(&[], &mut reference);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/commands.md");
    if std::env::var_os("LRE_UPDATE_DOCS").is_some() {
        fs::write(&file, &reference).expect("the reference is written");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == reference,
        "docs/commands.md is stale: write it with `LRE_UPDATE_DOCS=1 cargo test --package lre --test cli reference`"
    );
}

#[test]
fn manual_has_a_page_for_each_command_and_is_the_same_every_time() {
    let scene = Scene::empty();
    assert_eq!(scene.run(&["man", "a"]), "exit 0\n--- stdout\n--- stderr\n");
    assert_eq!(scene.run(&["man", "b"]), "exit 0\n--- stdout\n--- stderr\n");
    let pages = |folder: &str| {
        let mut pages: Vec<(String, String)> = fs::read_dir(scene.path().join(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .map(|name| (name.clone(), scene.read(&format!("{folder}/{name}"))))
            .collect();
        pages.sort();
        pages
    };
    assert!(pages("a") == pages("b"));
    let names: Vec<String> = pages("a").into_iter().map(|(name, _)| name).collect();
    let mut expected: Vec<String> = commands(&[]).iter().map(|name| format!("lre-{name}.1")).collect();
    for name in commands(&[]) {
        expected.extend(commands(&[&name]).iter().map(|inner| format!("lre-{name}-{inner}.1")));
    }
    expected.push("lre.1".to_owned());
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn completions_of_bash_complete() {
    let scene = Scene::empty();
    let result = scene.run(&["completions", "bash"]);
    let script =
        result.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr\n")).expect("both").0;
    scene.write("lre.bash", script);
    let ask = "source ./lre.bash; COMP_WORDS=(lre che); COMP_CWORD=1; _lre lre che lre; echo \"${COMPREPLY[@]}\"";
    let bash = Path::new("/bin/bash");
    assert!(bash.exists(), "this test needs bash");
    let output = Command::new(bash).args(["-c", ask]).current_dir(scene.path()).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "check\n");
}

#[test]
fn version_names_commit_and_schema() {
    let result = Scene::empty().run(&["--version"]);
    let commit = option_env!("LRE_COMMIT").unwrap_or("not recorded");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(result, format!("exit 0\n--- stdout\nlre {version} (commit {commit}, manifest schema 1)\n--- stderr\n"));
}

#[test]
fn misspelled_command_is_answered_with_the_right_one() {
    insta::assert_snapshot!(Scene::empty().run(&["chekc"]));
}
