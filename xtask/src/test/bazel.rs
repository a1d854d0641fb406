//! The demo, its sabotages, and everything that a user sees of Bazel.

mod bad_input;
mod command;
mod consumer;
mod fetch;
mod main_job;

use anyhow::Result;

use super::case::Tally;
use crate::lab::Lab;

/// Runs the checks: one sandbox, one service, and one server for each workspace.
pub(crate) fn run(tally: &mut Tally, lab: &mut Lab) -> Result<()> {
    consumer::run(tally, lab)?;
    fetch::run(tally, lab)?;
    bad_input::run(tally, lab)?;
    command::run(tally, lab)?;
    main_job::run(tally, lab);
    Ok(())
}
