//! Toolchains from images: the images are made here from the sandbox's own files, and their compilers run.

mod builder;
mod classic;
mod store;
mod worker;
mod wrap;

use anyhow::Result;

use super::case::Tally;
use crate::lab::Lab;
use crate::root::Entry;
use crate::sandbox::toolchain::output;

/// Where images and toolchains of this group are kept, below the sandbox's place.
const FOLDER: &str = "images";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let folder = lab.sandbox.place().outside(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    store::run(tally, lab);
    classic::run(tally, lab);
    worker::run(tally, lab);
    wrap::run(tally, lab);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// A shell script in the folder of this group, where Nix is; `$0` is the helper.
fn script(lab: &Lab, script: &str) -> Entry {
    let sandbox = &lab.sandbox;
    let entry = sandbox.command("bash").args(["-euc", script, &lab.helper()]);
    entry.directory(sandbox.place().inside(FOLDER)).env("HOME", "/root").env("LC_ALL", "C.UTF-8")
}

/// What a script prints; it has to succeed.
fn printed(lab: &Lab, text: &str, arguments: &[&str]) -> Result<String> {
    output(script(lab, text).args(arguments))
}
