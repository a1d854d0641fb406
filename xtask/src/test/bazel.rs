//! The demo, its sabotages, and everything that a user sees of Bazel.

mod bad_input;
mod bazel_flags;
mod choice;
mod command;
mod consumer;
mod cross;
mod differential;
mod doctor;
mod example_toolchain;
mod expectation;
mod explain;
mod features;
mod fetch;
mod findings;
mod helper_lookup;
mod java;
mod java_home;
mod linkers;
mod main_job;
mod modes;
mod packed;
mod page;
mod pins;
mod regeneration;
mod registration;
mod remote_cache;
mod removed_symbols;
mod several;
mod starlark;
pub(crate) mod workspace;

use std::time::Instant;

use anyhow::{Result, bail};

use super::Options;
use super::case::Tally;
use crate::engine::{EngineKind, nativelink};
use crate::lab::Lab;

/// What one file of checks does.
type Checks = fn(&mut Tally, &Lab) -> Result<()>;

/// Runs the checks that share a sandbox and a service; each workspace has one server. Then, without them, the demo.
pub(crate) fn run(tally: &mut Tally, options: &Options, lab: &mut Option<Lab>) -> Result<()> {
    let files: &[(&str, Checks)] = &[
        ("a consumer", consumer::run),
        ("C++ features", features::run),
        ("C++ features of GCC", features::gcc::run),
        ("fetching", fetch::run),
        ("bad input", bad_input::run),
        ("findings and pins", findings::run),
        ("the choice of a manifest", choice::run),
        ("`bazel run`", command::run),
        ("the doctor", doctor::run),
        ("regeneration", regeneration::run),
        ("`on_missing`", modes::run),
        ("`register`", registration::run),
        ("several toolchains", several::run),
        ("Bazel's flags", bazel_flags::run),
        ("Bazel's own configuration", differential::run),
        ("a cross toolchain", cross::run),
        ("linkers", linkers::run),
        ("removed symbols", removed_symbols::run),
        ("the remote cache", remote_cache::run),
        ("Bazel's Starlark", starlark::run),
        ("the helper's lookup", helper_lookup::run),
        ("the packed release", packed::run),
        ("Java", java::run),
        ("Java of `JAVA_HOME` alone", java_home::run),
        ("`lre explain`", explain::run),
        ("the page of `lre explain`", page::run),
    ];
    let opened = super::open(lab, options.engine)?;
    let is_meant = |name: &str| options.only.as_deref().is_none_or(|text| name.contains(text));
    for (name, checks) in files.iter().filter(|(name, _)| is_meant(name)) {
        let start = Instant::now();
        if let Err(error) = checks(tally, opened) {
            tally.fail(&format!("the checks of {name} could not all run"), &error);
        }
        print_time(name, start);
    }
    *lab = None;
    if is_meant("the demo") {
        let start = Instant::now();
        main_job::run(tally, options.engine);
        print_time("the demo", start);
        let start = Instant::now();
        match (options.engine, nativelink::named_binary()?) {
            (EngineKind::Nativelink, _) => {}
            (EngineKind::Buildgrid, Some(_)) => {
                main_job::run_quick(tally, EngineKind::Nativelink);
                print_time("the demo through NativeLink", start);
            }
            (EngineKind::Buildgrid, None) => tally.not_tried(nativelink::NOT_NAMED),
        }
    }
    Ok(())
}

/// What a part costs, starts of Bazel included, beside the times of its checks.
fn print_time(part: &str, start: Instant) {
    println!("  {part}: {:.0} s", start.elapsed().as_secs_f64());
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
