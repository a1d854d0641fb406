//! `--sabotage=worker`: no worker offers what the platform asks for, and somebody ends the wait.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::report::Report;
use super::scenario::hello;
use crate::bazel::Execution;
use crate::engine::{BuildGrid, Engine, QUEUE_DEADLINE_MESSAGE};
use crate::lab::{HELLO, Lab};
use crate::sandbox::toolchain::nix;

/// Runs it.
pub(super) fn run(lab: &mut Lab, number: usize) -> Result<Report> {
    let mut report = Report::default();
    let wanted = lab.manifest_properties()?;
    let mut offered = wanted.clone();
    offered.insert("container-image".to_owned(), "docker://lre-sabotage:0".to_owned());
    lab.start_worker(offered)?;
    let ended = match &lab.engine {
        Engine::BuildGrid(engine) => ended_by_the_service(lab, engine, number)?,
        Engine::NativeLink(_) => ended_by_the_doctor(lab)?,
    };
    match ended {
        Ended::Ran(actions) => report.ran(1, "remote build", actions, Vec::new()),
        Ended::Stopped(by) => {
            let cause = lab.property_mismatch()?.context("the worker offers all that the platform asks for")?;
            let problem = format!(
                "{cause}: no worker took the actions, and {by}\n\n\
                 hint: start the worker with the properties of the manifest's `image.execProperties`"
            );
            report.stopped(1, "remote build", problem);
        }
    }
    lab.start_worker(wanted)?;
    Ok(report)
}

/// How the wait for a worker ended.
enum Ended {
    /// So many actions ran.
    Ran(usize),
    /// By whom, and when.
    Stopped(String),
}

/// The service has a deadline.
fn ended_by_the_service(lab: &Lab, engine: &BuildGrid, run: usize) -> Result<Ended> {
    let mut half = hello(run, 1, "1 remote", Execution::Remote);
    // Bazel takes the end of the wait for a passing fault, and would wait five times more.
    half.arguments.push("--remote_retries=0");
    match half.build(lab) {
        Ok(built) => Ok(Ended::Ran(built.clean()?.len())),
        Err(error) if format!("{error:#}").contains(QUEUE_DEADLINE_MESSAGE) => {
            let deadline = engine.queue_deadline.as_secs();
            Ok(Ended::Stopped(format!("the service ended the wait after {deadline} s")))
        }
        Err(error) => Err(error),
    }
}

/// The service has no deadline, and a build would wait for ever: `lre doctor` does not.
fn ended_by_the_doctor(lab: &Lab) -> Result<Ended> {
    let sandbox = &lab.sandbox;
    let place = sandbox.place();
    let remote = format!("--remote=grpc://{}", lab.engine.address());
    let deadline = 5;
    let entry = nix(&sandbox.builder, sandbox.tools, &place, &lab.helper())
        .args(["doctor", "--format", "json", &remote, &format!("--deadline={deadline}")])
        .directory(place.inside(HELLO));
    let output = entry.build().output().context("cannot run `lre doctor`")?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("no report: {}", String::from_utf8_lossy(&output.stderr)))?;
    let action = report["checks"].as_array().into_iter().flatten().find(|check| check["name"] == "action");
    let action = action.with_context(|| format!("`lre doctor` says nothing of an action: {report:#}"))?;
    let message = action["message"].as_str().unwrap_or_default();
    match action["status"].as_str() {
        Some("passed") => Ok(Ended::Ran(1)),
        Some("failed") if message.contains("no worker offers") => {
            Ok(Ended::Stopped(format!("`lre doctor` ended the wait after {deadline} s; the service has no deadline")))
        }
        _ => bail!("`lre doctor` says something else of the action: {message}"),
    }
}
