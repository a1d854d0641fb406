//! The demo, its sabotages, and everything that a user sees of Bazel.

use anyhow::{Result, bail};

use super::case::Tally;
use crate::demo::{self, Options, Sabotage};
use crate::lab::Lab;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &mut Lab) -> Result<()> {
    tally.check("a remote build, then a local build: every action hits, every byte is equal", || {
        let report = demo::run_in(lab, &Options::default())?;
        print!("{report}");
        if !report.holds() {
            bail!("parity is broken:\n{}", report.problems().join("\n"));
        }
        Ok(())
    });
    for (sabotage, name) in [
        (Sabotage::Env, "environment variable `LRE_SABOTAGE`: absent in the first build, `1` in the second"),
        (Sabotage::Worker, "platform property `container-image`: "),
        (Sabotage::Bytes, " differs from byte "),
    ] {
        tally.check(&format!("{sabotage:?} sabotage is noticed and named"), || sabotaged(lab, sabotage, name));
    }
    Ok(())
}

fn sabotaged(lab: &mut Lab, sabotage: Sabotage, name: &str) -> Result<()> {
    let report = demo::run_in(lab, &Options { sabotage: Some(sabotage), quick: true, host: false })?;
    print!("{report}");
    if report.holds() || report.problems().is_empty() {
        bail!("the demo did not notice");
    }
    match report.problems().iter().find(|problem| !problem.contains(name)) {
        Some(other) => bail!("the demo gave another reason: {other}"),
        None => Ok(()),
    }
}
