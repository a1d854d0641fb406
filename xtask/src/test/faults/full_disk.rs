//! A store whose disk is full.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, bail};

use super::site::{LARGE, QUICK, Site, expect_all};
use crate::bazel::Execution;
use crate::engine::nativelink::DATA;
use crate::lab::Lab;
use crate::parity::Expected;
use crate::test::case::Tally;

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab, site: &Site<'_>) -> Result<()> {
    let filler = lab.worker.as_ref().context("there is no worker")?.outside(DATA).join("filler");
    tally.check("NativeLink: with a full disk local builds end well, remote ones fail, and old entries hit", || {
        let stored = site.build("disk", Execution::Remote, "//:quick")?;
        expect_all(&stored, QUICK, Expected::Remote)?;
        fill(&filler)?;
        large(site, Expected::Local)?;
        let refused = site.refused("full", Execution::Remote, "//:large")?;
        // The engine's log has the reason, `No space left on device`; Bazel does not hand it on.
        if !refused.contains("Error while uploading artifact with digest") {
            bail!("the remote build fails for another reason: {refused}");
        }
        expect_all(&site.build("disk", Execution::LocalWithCache, "//:quick")?, QUICK, Expected::Hit)
    });
    fs::remove_file(&filler).with_context(|| format!("cannot remove `{}`", filler.display()))?;
    tally.check("NativeLink: what a full disk kept out is no hit, and is stored once there is room", || {
        large(site, Expected::Local)?;
        large(site, Expected::Hit)
    });
    Ok(())
}

/// Builds the large output with the cache; it must be whole.
fn large(site: &Site<'_>, expected: Expected) -> Result<()> {
    let spawns = site.build("disk", Execution::LocalWithCache, "//:large")?;
    expect_all(&spawns, 1, expected)?;
    let output = site.output(&spawns[0]);
    let bytes = fs::read(&output).with_context(|| format!("cannot read `{}`", output.display()))?;
    if bytes.len() as u64 != LARGE || bytes.iter().any(|byte| *byte != 0) {
        bail!("`{}` is not whole: {} bytes", output.display(), bytes.len());
    }
    Ok(())
}

/// Writes until nothing more fits.
fn fill(file: &std::path::Path) -> Result<()> {
    let mut file = fs::File::create(file).with_context(|| format!("cannot create `{}`", file.display()))?;
    loop {
        match file.write_all(&[1; 4096]) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error).context("cannot fill the disk"),
        }
    }
}
