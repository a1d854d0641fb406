//! `lre doctor` where Bazel, Nix and a remote-execution server are.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::engine::{BuildGrid, Engine};
use crate::lab::{HELLO, Lab};
use crate::sandbox::{source, toolchain};
use crate::test::case::{Tally, expect_equal};

const WORKSPACE: &str = "src/examples/hello-doctor";

/// What is seen of machine, workspace and toolchain where all is well.
const HEALTHY: &str = "\
passed system
passed Nix
passed store
passed Bazel
passed rc files
passed PATH
passed environment
passed strict env
passed platforms
passed shell
passed lre.bazelrc
passed module
passed check
passed image
passed pins
";

/// What is seen of a server, up to whether it executes.
const CACHE_ALONE: &str = "\
passed connection
passed instance
passed digest
passed compression
passed cache updates
";

/// What a run left.
struct Report {
    code: Option<i32>,
    checks: Vec<Value>,
}

impl Report {
    /// A line for each check: what became of it, and its name.
    fn lines(&self) -> String {
        let line = |check: &Value| format!("{} {}\n", text(check, "status"), text(check, "name"));
        self.checks.iter().map(line).collect()
    }

    /// What is said of the check with a name.
    fn message(&self, name: &str) -> Result<&str> {
        let check = self.checks.iter().find(|check| text(check, "name") == name);
        check.map(|check| text(check, "message")).with_context(|| format!("no check is called `{name}`"))
    }
}

fn text<'a>(check: &'a Value, key: &str) -> &'a str {
    check[key].as_str().unwrap_or_default()
}

/// Runs `lre doctor` in a workspace.
fn doctor(lab: &Lab, workspace: &str, arguments: &[&str]) -> Result<Report> {
    let sandbox = &lab.sandbox;
    let place = sandbox.place();
    let entry = toolchain::nix(&sandbox.builder, sandbox.tools, &place, &lab.helper());
    let entry = entry.args(["doctor", "--format", "json"]).args(arguments).directory(place.inside(workspace));
    let output = entry.build().output().context("cannot run `lre doctor`")?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("no report: {}", String::from_utf8_lossy(&output.stderr)))?;
    let checks = report["checks"].as_array().context("no checks")?.clone();
    Ok(Report { code: output.status.code(), checks })
}

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let address = format!("--remote=grpc://{}", lab.engine.address());
    tally.check("doctor: where all is well, every check passes, a worker's action too", || {
        let report = doctor(lab, HELLO, &[&address])?;
        let expected = format!("{HEALTHY}{CACHE_ALONE}passed execution\npassed action\n");
        expect_equal("the report", &report.lines(), &expected)?;
        let action = report.message("action")?;
        if !action.starts_with("`lre-cc`: ") || !action.contains(" ran `") {
            bail!("the action's message is `{action}`");
        }
        expect_code(&report, 0)
    });
    tally.check("doctor: a port on which nobody listens", || {
        let report = doctor(lab, HELLO, &["--remote=grpc://127.0.0.1:1"])?;
        expect_equal("the report", &report.lines(), &format!("{HEALTHY}failed connection\n"))?;
        expect_equal("its message", report.message("connection")?, "connection refused (os error 111)")?;
        expect_code(&report, 1)
    });
    tally.check("doctor: an instance that the server does not have", || {
        let report = doctor(lab, HELLO, &[&address, "--remote_instance_name=other"])?;
        let (remote, code) = match lab.engine {
            Engine::BuildGrid(_) => ("failed instance\n".to_owned(), 1),
            // It answers for an instance that it does not have, and says that this one does not execute.
            Engine::NativeLink(_) => (format!("{CACHE_ALONE}open execution\n"), 0),
        };
        expect_equal("the report", &report.lines(), &format!("{HEALTHY}{remote}"))?;
        expect_code(&report, code)
    });
    tally.check("doctor: a server that does not execute", || {
        let logs = lab.sandbox.directory().join("logs");
        let cache = BuildGrid::start_cache(&lab.sandbox.services, &logs)?;
        let report = doctor(lab, HELLO, &[&format!("--remote=grpc://{cache}")])?;
        expect_equal("the report", &report.lines(), &format!("{HEALTHY}{CACHE_ALONE}open execution\n"))?;
        expect_code(&report, 0)
    });
    tally.check(
        if lab.engine.buildgrid().is_some() {
            "doctor: an action that no worker offers its platform for ends, and nothing is left in the queue"
        } else {
            "doctor: an action that no worker offers its platform for ends"
        },
        || {
            // What is left in a queue can only be seen in BuildGrid's.
            let count = |condition: &str| {
                lab.engine.buildgrid().map(|engine| engine.count_jobs(&lab.sandbox.services, condition)).transpose()
            };
            let cancelled = count("cancelled")?;
            let asked = "`OSFamily=Linux` with `container-image=docker://lre-cc:nobody`";
            let image = |text: String| replace_image(&text, "docker://lre-cc:nobody");
            let report = edited(lab, image, &[&address, "--deadline=2"])?;
            expect_code(&report, 1)?;
            let end = match lab.engine {
                Engine::BuildGrid(_) => "cancelled after 2.0 s",
                // It drops the action by itself, a minute after its last client has gone.
                Engine::NativeLink(_) => "after 2.0 s it could not be cancelled: cancel_operation not implemented",
            };
            let wanted = format!("`lre-cc`: no worker offers {asked} ({end})");
            expect_equal("its message", report.message("action")?, &wanted)?;
            // Stage 4 is REAPI's COMPLETED.
            let (left, after) = (count("stage <> 4")?, count("cancelled")?);
            let (Some(left), Some(before), Some(after)) = (left, cancelled, after) else { return Ok(()) };
            let counts = [left, after - before];
            expect_equal("jobs that are left, and jobs that were cancelled", &format!("{counts:?}"), "[0, 1]")
        },
    );
    // NativeLink gives it to any worker that says nothing of the property.
    if lab.engine.buildgrid().is_none() {
        tally.not_tried("doctor: what is left in NativeLink's queue, which cannot be seen");
        tally.not_tried("doctor: a property that the server does not know, which NativeLink takes");
        return Ok(());
    }
    tally.check("doctor: a property that the server does not know is refused", || {
        let property =
            |text: String| text.replace("\"OSFamily\": \"Linux\"", "\"OSFamily\": \"Linux\", \"moon\": \"full\"");
        let report = edited(lab, property, &[&address])?;
        let message = report.message("action")?;
        if !message.contains("`moon=full`") || !message.contains(" is refused: ") {
            bail!("its message is `{message}`");
        }
        expect_code(&report, 1)
    });
    Ok(())
}

fn expect_code(report: &Report, code: i32) -> Result<()> {
    if report.code != Some(code) {
        bail!("it ended with {:?} in place of {code}\n{:#?}", report.code, report.checks);
    }
    Ok(())
}

/// Runs it in a copy of the workspace with another manifest.
fn edited(lab: &Lab, edit: impl Fn(String) -> String, arguments: &[&str]) -> Result<Report> {
    let place = lab.sandbox.place();
    source::copy(&place.outside(HELLO), &place.outside(WORKSPACE))?;
    let manifest = place.outside(WORKSPACE).join("lre-cc/lre.json");
    let before = fs::read_to_string(&manifest)?;
    let after = edit(before.clone());
    if after == before {
        bail!("the edit changed nothing in `{}`", manifest.display());
    }
    fs::write(&manifest, after)?;
    doctor(lab, WORKSPACE, arguments)
}

/// A manifest that asks for another image.
fn replace_image(text: &str, image: &str) -> String {
    let key = "\"container-image\": \"";
    let Some((before, rest)) = text.split_once(key) else { return text.to_owned() };
    let after = rest.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{key}{image}\"{after}")
}
