//! A worker and a server that are killed while actions run.

use anyhow::{Context, Result, bail};

use super::site::{QUICK, SLOW, SLOW_WORD, Site, expect_all, wait_until};
use crate::bazel::Execution;
use crate::engine::{Engine, NativeLink};
use crate::lab::Lab;
use crate::parity::Expected;
use crate::test::case::Tally;

/// One of two workers is killed.
pub(super) fn worker(tally: &mut Tally, lab: &Lab, site: &Site<'_>, engine: &str) {
    tally.check(&format!("{engine}: a worker is killed while its actions run, and the other one runs them"), || {
        let second = lab.start_second_worker()?;
        let spawns = site.build_while("worker", Execution::Remote, "//:slow", || {
            wait_until("the second worker runs an action", || second.runs(SLOW_WORD))?;
            // All its processes end at once, without a word to the server.
            drop(second);
            Ok(())
        })?;
        expect_all(&spawns, SLOW, Expected::Remote)
    });
}

/// NativeLink is killed during a build, and started again with its stores.
pub(super) fn server(tally: &mut Tally, lab: &Lab, site: &Site<'_>) {
    tally.check("NativeLink: the server is killed during a build and started again; the build ends well", || {
        let stored = site.build("stored", Execution::Remote, "//:quick")?;
        expect_all(&stored, QUICK, Expected::Remote)?;
        let spawns = site.build_while("restart", Execution::Remote, "//:slow", || {
            let worker = lab.worker.as_ref().context("there is no worker")?;
            wait_until("an action runs", || worker.runs(SLOW_WORD))?;
            restart(lab)
        })?;
        expect_all(&spawns, SLOW, Expected::Remote)
    });
    tally.check("NativeLink: what was stored before it was killed, and after, hits", || {
        let quick = site.build("stored", Execution::LocalWithCache, "//:quick")?;
        expect_all(&quick, QUICK, Expected::Hit)?;
        let slow = site.build("restart", Execution::LocalWithCache, "//:slow")?;
        expect_all(&slow, SLOW, Expected::Hit)
    });
}

/// Kills NativeLink and starts it again.
pub(super) fn restart(lab: &Lab) -> Result<()> {
    let worker = lab.worker.as_ref().context("there is no worker")?;
    let Engine::NativeLink(engine) = &lab.engine else { bail!("the engine is not NativeLink") };
    NativeLink::kill(worker)?;
    engine.start_again(&lab.sandbox, worker)
}
