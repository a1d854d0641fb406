//! Two clients that build the same at once, one remotely and one here.

use std::thread;

use anyhow::anyhow;

use super::site::{SLOW, Site, build, expect_all};
use crate::bazel::Execution;
use crate::parity::Expected;
use crate::test::case::{Tally, expect_equal};

/// Runs the check.
pub(super) fn run(tally: &mut Tally, site: &Site<'_>, engine: &str) {
    tally.check(&format!("{engine}: two clients at once, and what they leave in the cache is one build's"), || {
        let other = site.other_client()?;
        let (first, second) = thread::scope(|scope| {
            let second = scope.spawn(|| build(&other, "clients", Execution::LocalWithCache, "//:slow"));
            let first = site.build("clients", Execution::Remote, "//:slow");
            (first, second.join().map_err(|_| anyhow!("the thread of the second client panicked")))
        });
        other.shutdown()?;
        other.forget()?;
        let (first, second) = (first?, second??);
        // Each may hit what the other one was faster with.
        expect_equal("what the second client has", &digests(&second), &digests(&first))?;
        let third = site.build("clients", Execution::LocalWithCache, "//:slow")?;
        expect_all(&third, SLOW, Expected::Hit)?;
        expect_equal("what a third client has", &digests(&third), &digests(&first))
    });
}

/// Each output with its digest.
fn digests(spawns: &[crate::execution_log::Spawn]) -> String {
    let outputs = spawns.iter().flat_map(|spawn| &spawn.actual_outputs);
    let mut lines: Vec<String> = outputs.map(|file| format!("{} {}\n", file.digest, file.path)).collect();
    lines.sort();
    lines.concat()
}
