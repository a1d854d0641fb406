//! The demo, its sabotages, and everything that a user sees of Bazel.

mod bad_input;
mod command;
mod consumer;
mod fetch;
mod main_job;

use anyhow::{Result, bail};

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

/// What `lre check FOLDER` says in `workspace`, from its first line to its hint; it must find something.
fn helper_message(lab: &Lab, workspace: &str, folder: &str) -> Result<String> {
    let place = lab.sandbox.place();
    let entry = lab.sandbox.command(&lab.helper()).args(["check", folder]).directory(place.inside(workspace));
    let output = entry.build().output()?;
    if output.status.success() {
        bail!("`lre check` finds nothing wrong with `{folder}`");
    }
    Ok(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
}
