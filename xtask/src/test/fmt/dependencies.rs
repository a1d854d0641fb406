//! What is depended on: licences, sources, doubled versions and known vulnerabilities, by cargo-deny and `deny.toml`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::lab::Lab;
use crate::repository::cargo;
use crate::sandbox::workspace;
use crate::step::{Attempts, run_logged};
use crate::test::case::Tally;

const VERSION: &str = "0.20.2";

/// What cargo-deny says where the database of advisories cannot be cloned.
const NO_DATABASE: &str = "failed to fetch advisory database";

/// Each workspace of this repository, and what is no fault there: what the fuzzer alone brings is not in the other.
const MANIFESTS: [(&str, &[&str]); 2] =
    [("Cargo.toml", &["--allow=license-exception-not-encountered"]), ("fuzz/Cargo.toml", &[])];

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let folder = lab.sandbox.directory().join("cargo-tools");
    lab.sandbox.steps.keep("cargo-deny", VERSION, Attempts::Patient, |log| {
        let mut cargo = cargo();
        cargo
            .args(["install", "--debug", "--locked", "--force", "--version", VERSION, "cargo-deny", "--root"])
            .arg(&folder);
        // Two seconds of work are not worth minutes of optimization.
        run_logged(cargo.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0"), log)
    })?;
    let program = folder.join("bin/cargo-deny");
    tally.check("every dependency has a licence and a source that `deny.toml` allows, and one version", || {
        for (manifest, more) in MANIFESTS {
            let (success, said) = deny(&program, manifest, &[more, &["bans", "licenses", "sources"]].concat())?;
            if !success {
                bail!("{said}");
            }
        }
        Ok(())
    });
    for (manifest, _) in MANIFESTS {
        let (success, said) = deny(&program, manifest, &["advisories"])?;
        if !success && said.contains(NO_DATABASE) {
            tally.not_tried("advisories: RustSec's database cannot be cloned from here");
            return Ok(());
        }
        let name = format!("no advisory is known of any dependency in `{manifest}`");
        tally.check(&name, || if success { Ok(()) } else { bail!("{said}") });
    }
    Ok(())
}

fn deny(program: &Path, manifest: &str, arguments: &[&str]) -> Result<(bool, String)> {
    let mut command = Command::new(program);
    command
        .args(["--locked", "--config=deny.toml", "--manifest-path", manifest])
        .args(["check", "--hide-inclusion-graph", "--deny=warnings"])
        .args(arguments)
        .current_dir(workspace());
    let output = command.output().with_context(|| format!("cannot run `{}`", program.display()))?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok((output.status.success(), said))
}
