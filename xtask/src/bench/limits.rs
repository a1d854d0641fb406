//! How much `lre` can be asked: checks as Bazel's fetches run them, and the memory of each command as its input grows.

mod input;
mod memory;

use std::time::Instant;

use anyhow::Result;

use super::{Measured, run_entry};
use crate::lab::{HELLO, Lab};
use crate::sandbox::toolchain::nix;

/// Fetches that a machine is to take in a minute.
const FETCHES: usize = 1_000;
const SECONDS: f64 = 60.0;

/// As many at once as the machine has cores here.
const AT_ONCE: usize = 2;

/// Runs the checks, then each command on inputs of each size.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let helper = lab.install_release_helper()?;
    let mut measured = vec![fetches(lab, &helper)?];
    measured.extend(memory::run(lab, &helper)?);
    Ok(measured)
}

/// One process a fetch, with the arguments of the module extension. The first that is not clean ends the run.
fn fetches(lab: &Lab, helper: &str) -> Result<Measured> {
    let place = lab.sandbox.place();
    let check = format!(
        "{helper} check --confirm lre-cc --workspace . --flake-lock flake.lock --input local-remote-execution \
         --module-file MODULE.bazel"
    );
    let script = format!("seq {FETCHES} | xargs -P {AT_ONCE} -I NUMBER sh -c '{check} >/dev/null || exit 255'");
    let shell = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "bash");
    let start = Instant::now();
    run_entry(shell.args(["-euo", "pipefail", "-c", &script]).directory(place.inside(HELLO)))?;
    let seconds = start.elapsed().as_secs_f64();
    let is_met = seconds <= SECONDS;
    let word = if is_met { "kept" } else { "exceeded" };
    let text = format!(
        "limits: {FETCHES} checks, {AT_ONCE} at once, in {seconds:.1} s, and the limit of {SECONDS} s is {word}"
    );
    println!("\n{text}");
    Ok(Measured { is_met, text })
}
