//! `docs/reliability.md` promises nothing that no test holds.

use std::fs;
use std::path::{Path, PathBuf};

/// Rust sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_promise_names_a_test_that_exists_and_how_it_was_seen_to_fail() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository");
    let mut files = Vec::new();
    for folder in ["helper/src", "helper/tests", "xtask/src"] {
        sources(&root.join(folder), &mut files);
    }
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).expect("a text file")).collect();
    // Tests of `cargo xtask test` are named by their claims.
    let exists = |name: &str| {
        let (function, claim) = (format!("fn {name}("), format!("\"{name}\""));
        texts.iter().any(|text| text.contains(&function) || text.contains(&claim))
    };
    let document = fs::read_to_string(root.join("docs/reliability.md")).expect("the document");
    let (promises, _) = document.split_once("\n## Figures").expect("the promises, then the figures");
    let rows: Vec<Vec<&str>> = promises
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| promise"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 20, "there are only {} promises", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        assert_eq!(row.len(), 3, "{row:?}");
        let tests: Vec<&str> = row[1].split('`').skip(1).step_by(2).collect();
        let absent: Vec<&&str> = tests.iter().filter(|name| !exists(name)).collect();
        if tests.is_empty() || !absent.is_empty() || row[2].is_empty() {
            wrong.push(format!("{}: {absent:?}", row[0]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_shell_is_started_by_the_helper() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 100);
    let started = |text: &str| {
        let code = text.split("#[cfg(test)]\nmod unit {").next().unwrap_or_default().to_owned();
        ["\"sh\"", "\"bash\"", "\"/bin/sh\"", "\"-c\""]
            .iter()
            .any(|word| code.contains(&format!("Command::new({word}")))
            || code.contains(".arg(\"-c\").arg(") && code.contains("sh")
            || code.contains("command(\"sh\")")
            || code.contains("command(\"bash\")")
    };
    let found: Vec<&PathBuf> =
        files.iter().filter(|file| started(&fs::read_to_string(file).expect("a text file"))).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository");
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("a text file");
    assert!(read("Cargo.toml").contains("\nunsafe_code = \"forbid\"\n"));
    for crate_ in ["helper", "xtask"] {
        assert!(read(&format!("{crate_}/Cargo.toml")).contains("[lints]\nworkspace = true\n"), "{crate_}");
    }
    assert!(read("fuzz/Cargo.toml").contains("\nunsafe_code = \"forbid\"\n"));
}
