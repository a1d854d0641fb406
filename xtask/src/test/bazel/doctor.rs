//! `lre doctor` where Bazel, Nix and a remote-execution server are.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::engine::BuildGrid;
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
passed check
passed image
passed pins
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
        let remote = ["connection", "instance", "digest", "compression", "cache updates", "execution", "action"];
        let remote: String = remote.iter().map(|name| format!("passed {name}\n")).collect();
        expect_equal("the report", &report.lines(), &format!("{HEALTHY}{remote}"))?;
        let action = report.message("action")?;
        if !action.starts_with("`lre-cc`: ") || !action.contains(" ran `") {
            bail!("the action's message is `{action}`");
        }
        expect_code(&report, 0)
    });
    tally.check("doctor: a port on which nobody listens", || {
        let report = doctor(lab, HELLO, &["--remote=grpc://127.0.0.1:1"])?;
        expect_equal("the report", &report.lines(), &format!("{HEALTHY}failed connection\n"))?;
        expect_equal("its message", report.message("connection")?, "Connection refused (os error 111)")?;
        expect_code(&report, 1)
    });
    tally.check("doctor: an instance that the server does not have", || {
        let report = doctor(lab, HELLO, &[&address, "--remote_instance_name=other"])?;
        expect_equal("the report", &report.lines(), &format!("{HEALTHY}failed instance\n"))?;
        expect_code(&report, 1)
    });
    tally.check("doctor: a server that does not execute", || {
        let logs = lab.sandbox.directory().join("logs");
        let cache = BuildGrid::start_cache(&lab.sandbox.services, &logs)?;
        let report = doctor(lab, HELLO, &[&format!("--remote=grpc://{cache}")])?;
        let remote = ["connection", "instance", "digest", "compression", "cache updates"];
        let remote: String = remote.iter().map(|name| format!("passed {name}\n")).collect();
        expect_equal("the report", &report.lines(), &format!("{HEALTHY}{remote}open execution\n"))?;
        expect_code(&report, 0)
    });
    tally.check(
        "doctor: an action that no worker offers its platform for ends, and nothing is left in the queue",
        || {
            let count = |condition: &str| lab.engine.count_jobs(&lab.sandbox.services, condition);
            let cancelled = count("cancelled")?;
            let asked = "`OSFamily=Linux` with `container-image=docker://lre-cc:nobody`";
            let image = |text: String| replace_image(&text, "docker://lre-cc:nobody");
            let report = edited(lab, image, &[&address, "--deadline=2"])?;
            expect_code(&report, 1)?;
            let wanted = format!("`lre-cc`: no worker offers {asked} (cancelled after 2.0 s)");
            expect_equal("its message", report.message("action")?, &wanted)?;
            // Stage 4 is REAPI's COMPLETED.
            let counts = [count("stage <> 4")?, count("cancelled")? - cancelled];
            expect_equal("jobs that are left, and jobs that were cancelled", &format!("{counts:?}"), "[0, 1]")
        },
    );
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
