//! The installation script, run by bash and by dash.

mod bench;
mod copy;
mod link;
mod obstacle;
mod workspaces;

use anyhow::Result;

use crate::lab::Lab;
use crate::test::case::Tally;
use bench::{Bench, SHELLS};

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    for shell in SHELLS {
        let bench = Bench::new(lab, shell)?;
        link::run(tally, &bench);
        obstacle::run(tally, &bench);
        copy::run(tally, &bench);
        workspaces::run(tally, &bench);
    }
    tally.check("shellcheck has nothing to say of the scripts and of the snippet", || bench::shellcheck(lab));
    Ok(())
}
