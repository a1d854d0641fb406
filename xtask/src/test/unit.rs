//! Unit and golden tests of both crates, by Cargo's own runner.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::case::Tally;
use crate::repository::cargo;
use crate::sandbox::workspace;

/// Runs the tests beside the code and every file of `helper/tests`: whole texts, laws, stores. `cli` is a group itself.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let mut arguments = vec!["--package".to_owned(), "lre".to_owned(), "--lib".to_owned()];
    let folder = workspace().join("helper/tests");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    for name in files.iter().filter_map(|file| file.file_stem()) {
        arguments.extend(["--test".to_owned(), name.to_string_lossy().into_owned()]);
    }
    cargo_test(tally, &arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
    cargo_test(tally, &["--package", "xtask"])
}

/// Runs `cargo test` and adds its counts.
pub(crate) fn cargo_test(tally: &mut Tally, arguments: &[&str]) -> Result<()> {
    let mut cargo = cargo();
    cargo.args(["test", "--quiet", "--locked", "--no-fail-fast"]).args(arguments);
    // A snapshot that differs is a failure, never a file to look at later.
    cargo.env("INSTA_UPDATE", "no").env("CI", "true");
    let output = cargo.output().context("cannot run `cargo test`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (passed, failed) = counts(&text);
    tally.passed += passed;
    tally.failed += failed;
    println!("  cargo test {}: {passed} passed, {failed} failed", arguments.join(" "));
    if !output.status.success() {
        println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    match (output.status.success(), passed, failed) {
        (true, 0, _) => bail!("`cargo test {}` ran no test", arguments.join(" ")),
        (false, _, 0) => bail!("`cargo test {}` did not run", arguments.join(" ")),
        _ => Ok(()),
    }
}

/// The sums of the lines `test result: … N passed; N failed; …`.
pub(crate) fn counts(text: &str) -> (usize, usize) {
    let results = text.lines().filter(|line| line.starts_with("test result:"));
    let number = |line: &str, word: &str| -> usize {
        let words: Vec<&str> = line.split([' ', ';']).filter(|part| !part.is_empty()).collect();
        let place = words.iter().position(|part| *part == word);
        place.and_then(|place| words.get(place.wrapping_sub(1))).and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    results.fold((0, 0), |(passed, failed), line| (passed + number(line, "passed"), failed + number(line, "failed")))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn counts_of_several_test_binaries_are_added() {
        let text = "running 2 tests\n..\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                    test result: FAILED. 3 passed; 1 failed; 0 ignored\n";
        assert_eq!(counts(text), (5, 1));
    }
}
