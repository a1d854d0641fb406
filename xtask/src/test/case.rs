//! Runs one check, prints its line, and counts.

use std::fmt;
use std::time::Instant;

use anyhow::{Error, Result, bail};

/// How many checks passed and failed, and what could not be tried here.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) not_tried: Vec<String>,
}

impl Tally {
    /// Runs a check and prints its line.
    pub(crate) fn check(&mut self, claim: &str, work: impl FnOnce() -> Result<()>) {
        let start = Instant::now();
        match work() {
            Ok(()) => {
                self.passed += 1;
                println!("  ok      {:>6.1} s  {claim}", start.elapsed().as_secs_f64());
            }
            Err(error) => self.fail(claim, &error),
        }
    }

    /// Counts a failure and prints it.
    pub(crate) fn fail(&mut self, claim: &str, error: &Error) {
        self.failed += 1;
        println!("  FAILED  {claim}\n{}", indent(&format!("{error:#}")));
    }

    /// Notes what this machine cannot show, and why; it is said again beside the tally.
    pub(crate) fn not_tried(&mut self, what: &str) {
        println!("  not tried          {what}");
        self.not_tried.push(what.to_owned());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

/// Fails unless both texts are equal; shows both.
pub(crate) fn expect_equal(what: &str, actual: &str, expected: &str) -> Result<()> {
    if actual != expected {
        bail!("{what} is not as expected\nexpected:\n{}actual:\n{}", indent(expected), indent(actual));
    }
    Ok(())
}

/// Fails unless `text` has `lines`, whole and in this order, one after another.
pub(crate) fn expect_lines(what: &str, text: &str, lines: &str) -> Result<()> {
    let all: Vec<&str> = text.lines().map(str::trim_end).collect();
    let wanted: Vec<&str> = lines.lines().collect();
    if !all.windows(wanted.len()).any(|window| window == wanted) {
        bail!("{what} lacks the expected lines\nexpected:\n{}actual:\n{}", indent(lines), indent(text));
    }
    Ok(())
}
