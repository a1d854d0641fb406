//! The real `lre` in a temporary folder: complete output and status.

use anyhow::Result;

use super::case::Tally;
use super::unit::cargo_test;

/// Runs the tests over the binary.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    cargo_test(tally, &["--package", "lre", "--test", "cli"])
}
