//! A few seconds of each fuzz target, from its seeds.

use std::time::Duration;

use anyhow::{Result, bail};

use super::case::Tally;
use crate::fuzz::{self, Corpus, TARGETS};

/// Enough to run every seed, and some thousand inputs that are made of them.
const TIME: Duration = Duration::from_secs(3);

/// Runs all targets, one after the other.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let programs = fuzz::build()?;
    for target in TARGETS {
        tally.check(&format!("no input of `{}` is a crash", target.name), || {
            let figures = fuzz::fuzz(&target, &programs, TIME, Corpus::Forgotten)?;
            println!("  {}: {} inputs reached {} edges", target.name, figures.inputs, figures.edges);
            if figures.inputs == 0 || figures.edges == 0 {
                bail!("nothing was tried");
            }
            Ok(())
        });
    }
    Ok(())
}
