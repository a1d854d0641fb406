//! What is expected of a build's actions: where they ran, that they hit, and what they made.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::execution_log::Spawn;
use crate::parity::{Expected, misses, unexpected};
use crate::test::case::expect_equal;

/// Fails unless something was built, and all of it as expected.
pub(super) fn expect_all(spawns: &[Spawn], expected: Expected) -> Result<()> {
    if spawns.is_empty() {
        bail!("nothing was built");
    }
    let strays: Vec<&str> = unexpected(spawns, expected).map(Spawn::primary_output).collect();
    expect_equal("what ran elsewhere", &strays.join("\n"), "")
}

/// Fails unless each action of `second` hits, and `second` has each action of `first`.
pub(super) fn expect_hits(first: &[Spawn], second: &[Spawn]) -> Result<()> {
    let missed: Vec<String> = misses(first, second, Expected::Hit).iter().map(ToString::to_string).collect();
    expect_equal("what did not hit", &missed.join("\n"), "")
}

/// Fails unless both builds have the same outputs, byte for byte.
pub(super) fn expect_same_bytes(first: &[Spawn], second: &[Spawn]) -> Result<()> {
    let (first, second) = (digests(first)?, digests(second)?);
    let differ: Vec<&str> =
        first.keys().chain(second.keys()).filter(|path| first.get(*path) != second.get(*path)).copied().collect();
    expect_equal("what differs", &differ.join("\n"), "")
}

/// The digest of each output. Dependency files are left out: a local build keeps them in memory.
fn digests(spawns: &[Spawn]) -> Result<BTreeMap<&str, &str>> {
    let outputs = spawns.iter().flat_map(|spawn| &spawn.actual_outputs);
    let digests: BTreeMap<&str, &str> = outputs
        .map(|file| (file.path.as_str(), file.digest.as_str()))
        .filter(|(path, _)| !path.ends_with(".d"))
        .collect();
    if digests.is_empty() || digests.values().any(|hash| hash.is_empty()) {
        bail!("the execution log tells no digests");
    }
    Ok(digests)
}
