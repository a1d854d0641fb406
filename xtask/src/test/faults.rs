//! What a build and a cache survive: a worker or a server that is killed, a full disk, damaged entries, two clients at once.

mod entry;
mod full_disk;
mod killed;
mod site;
mod two_clients;

use anyhow::Result;

use super::case::Tally;
use crate::engine::{Engine, nativelink};
use crate::lab::Lab;
use crate::parity::Expected;
use site::{Site, expect_all};

/// What the data of NativeLink may take where its disk runs full.
const SMALL_DISK: u64 = 24 << 20;

/// Runs the checks: what holds for any engine with the lab's own, and all of them with NativeLink.
pub(crate) fn run(tally: &mut Tally, lab: &mut Lab) -> Result<()> {
    if matches!(lab.engine, Engine::BuildGrid(_)) {
        any_engine(tally, lab, "BuildGrid")?;
    }
    if nativelink::named_binary()?.is_none() {
        tally.not_tried(nativelink::NOT_NAMED);
        return Ok(());
    }
    lab.with_nativelink(nativelink::DATA_BYTES, |lab| {
        any_engine(tally, lab, "NativeLink")?;
        let site = Site::create(lab, "faults-stores")?;
        killed::server(tally, lab, &site);
        entry::run(tally, lab, &site);
        site.close()
    })?;
    lab.with_nativelink(SMALL_DISK, |lab| {
        let site = Site::create(lab, "faults-disk")?;
        full_disk::run(tally, lab, &site)?;
        site.close()
    })
}

fn any_engine(tally: &mut Tally, lab: &Lab, engine: &str) -> Result<()> {
    let site = Site::create(lab, "faults")?;
    killed::worker(tally, lab, &site, engine);
    two_clients::run(tally, &site, engine);
    tally.check(&format!("{engine}: a test that asks for the longest of Bazel's timeouts is run by a worker"), || {
        let spawns = site.run_patient_test("patient")?;
        let tests: Vec<_> = spawns.into_iter().filter(|spawn| spawn.mnemonic == "TestRunner").collect();
        expect_all(&tests, 1, Expected::Remote)
    });
    site.close()
}
