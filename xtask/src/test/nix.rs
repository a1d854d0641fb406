//! The Nix side: the custom toolchain and its store, the flake's functions, its module, and the script that it installs.

mod bazelrc;
mod binary_cache;
mod consumer;
mod flake;
mod generator;
mod installation;
mod nar;
mod old_nix;
mod project;
mod real;
mod toolchain;
mod unit;

use anyhow::Result;

use super::case::Tally;
use crate::lab::Lab;
use crate::root::Entry;
use crate::sandbox::{source, toolchain as sandbox_toolchain};

/// A copy of the flake, below the sandbox's place.
const FLAKE: &str = "flake";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    source::copy_flake(&lab.sandbox.place().outside(FLAKE))?;
    toolchain::run(tally, lab)?;
    nar::run(tally, lab)?;
    binary_cache::run(tally, lab);
    unit::run(tally, lab)?;
    bazelrc::run(tally, lab)?;
    installation::run(tally, lab)?;
    generator::run(tally, lab);
    flake::run(tally, lab)?;
    consumer::run(tally, lab)?;
    project::run(tally, lab);
    Ok(())
}

/// A command in the copy of the flake, where Nix is.
fn command(lab: &Lab, program: &str) -> Entry {
    let sandbox = &lab.sandbox;
    let entry = sandbox_toolchain::nix(&sandbox.builder, sandbox.tools, &sandbox.place(), program);
    entry.directory(sandbox.place().inside(FLAKE))
}
