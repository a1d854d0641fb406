//! The unit tests of the flake's functions, which need no store, no flake and no network.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::{FLAKE, command, old_nix};
use crate::lab::Lab;
use crate::root::Entry;
use crate::sandbox::toolchain::output;
use crate::test::case::Tally;

const RUN: &str = "nix/tests/run.nix";

#[derive(Deserialize)]
struct Results {
    passed: usize,
    failed: Vec<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    name: String,
    actual: Value,
    expected: Value,
}

/// Runs them with the sandbox's Nix, and with an old one.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let version = output(command(lab, "nix-instantiate").args(["--version"]))?;
    let version = version.trim().trim_start_matches("nix-instantiate ");
    run_with(tally, command(lab, "nix-instantiate").args([RUN]), version)?;
    match old_nix::instantiate(lab) {
        Ok((entry, version)) => run_with(tally, entry.args([format!("/{FLAKE}/{RUN}")]), &version),
        Err(error) => {
            tally.not_tried(&format!("unit tests of the flake on Nix 2.8: {error:#}"));
            Ok(())
        }
    }
}

fn run_with(tally: &mut Tally, instantiate: Entry, version: &str) -> Result<()> {
    let text = output(instantiate.args(["--store", "dummy://", "--eval", "--strict", "--json"]))?;
    let results: Results = serde_json::from_str(&text).with_context(|| format!("`{RUN}` printed `{text}`"))?;
    println!("  {RUN} with {version}: {} passed, {} failed", results.passed, results.failed.len());
    tally.passed += results.passed;
    for Failure { name, actual, expected } in results.failed {
        tally.fail(&name, &anyhow::anyhow!("expected:\n{expected:#}\nactual:\n{actual:#}"));
    }
    Ok(())
}
