//! The demo, whole, and each of its sabotages.

use anyhow::{Result, bail};

use crate::demo::{self, Options, Sabotage};
use crate::lab::Lab;
use crate::test::case::Tally;

/// What each sabotage must be named as.
const SABOTAGES: [(Sabotage, &str); 3] = [
    (Sabotage::Env, "environment variable `LRE_SABOTAGE`: absent in the first build, `1` in the second"),
    (Sabotage::Worker, "platform property `container-image`: `docker://lre-cc:"),
    (Sabotage::Bytes, " differs from byte "),
];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &mut Lab) {
    tally.check("a remote build, then a local build: every action hits, every byte is equal", || {
        let report = demo::run_in(lab, &Options::default())?;
        print!("{report}");
        if !report.holds() {
            bail!("parity is broken:\n{}", report.problems().join("\n"));
        }
        Ok(())
    });
    for (sabotage, name) in SABOTAGES {
        let claim = format!("the sabotage of `{sabotage:?}` is noticed and named").to_lowercase();
        tally.check(&claim, || sabotaged(lab, sabotage, name));
    }
}

/// The demo must find something, and nothing but what was broken.
fn sabotaged(lab: &mut Lab, sabotage: Sabotage, name: &str) -> Result<()> {
    let report = demo::run_in(lab, &Options { sabotage: Some(sabotage), ..Options::default() })?;
    if report.holds() || report.problems().is_empty() {
        bail!("the demo did not notice:\n{report}");
    }
    match report.problems().iter().find(|problem| !problem.contains(name)) {
        Some(other) => bail!("the demo gave another reason: {other}"),
        None => Ok(()),
    }
}
