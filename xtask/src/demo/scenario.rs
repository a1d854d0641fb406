//! The steps of the demo.

use anyhow::Result;

use super::half::Half;
use super::outputs;
use super::report::Report;
use super::{Options, Sabotage};
use crate::bazel::{ALICE, BOB, Execution};
use crate::execution_log::Spawn;
use crate::lab::{ABSEIL, AGAIN, HELLO, Lab};
use crate::parity::{Expected, Miss, difference, misses, unexpected};

const ALL: [&str; 1] = ["//..."];
const ABSEIL_TARGETS: [&str; 2] = ["@abseil-cpp//absl/strings", "@abseil-cpp//absl/container:flat_hash_map"];

/// Runs the steps that the options leave in.
pub(crate) fn run(lab: &mut Lab, options: &Options) -> Result<Report> {
    let mut report = Report::default();
    if options.sabotage == Some(Sabotage::Worker) {
        return worker_sabotage(lab, report);
    }
    if options.sabotage != Some(Sabotage::Bytes) {
        let remote = remote_then_local(lab, &mut report, options)?;
        if options.sabotage.is_none() {
            local_then_remote(lab, &mut report)?;
            tests(lab, &mut report)?;
            second_workspace(lab, &mut report, &remote)?;
        }
    }
    if options.sabotage != Some(Sabotage::Env) {
        bytes(lab, &mut report, options.sabotage)?;
    }
    if options.sabotage.is_none() && !options.quick {
        library(lab, &mut report)?;
    }
    Ok(report)
}

fn hello(name: &str, execution: Execution) -> Half<'_> {
    Half { name, workspace: HELLO, user: ALICE, verb: "build", execution, arguments: ALL.to_vec() }
}

/// Steps 1 and 2.
fn remote_then_local(lab: &Lab, report: &mut Report, options: &Options) -> Result<Vec<Spawn>> {
    let mut local = hello("2 local", Execution::LocalWithCache);
    if options.sabotage == Some(Sabotage::Env) {
        local.arguments.push("--action_env=LRE_SABOTAGE=1");
    }
    pair(lab, report, 1, ("remote build", &hello("1 remote", Execution::Remote)), ("then local, cache only", &local))
}

/// Step 3, under a fresh key.
fn local_then_remote(lab: &Lab, report: &mut Report) -> Result<()> {
    let key = ["--action_env=LRE_DEMO_KEY=3", "--host_action_env=LRE_DEMO_KEY=3"];
    let with_key = |mut half: Half<'static>| {
        half.arguments.extend(key);
        half
    };
    let local = with_key(hello("3 local", Execution::LocalWithCache)).build(lab)?.clean()?;
    report.ran(3, "local build, fresh key", local.len(), strays(&local, Expected::Local));
    let remote = with_key(hello("3 remote", Execution::Remote)).build(lab)?.clean()?;
    report.hit(3, "then remote", remote.len(), &misses(&local, &remote, Expected::Hit));
    Ok(())
}

/// Step 4, under a fresh key, so that the tests' own actions run too.
fn tests(lab: &Lab, report: &mut Report) -> Result<()> {
    let arguments = vec![ALL[0], "--action_env=LRE_DEMO_KEY=4", "--host_action_env=LRE_DEMO_KEY=4"];
    let test = |name, execution| Half { verb: "test", arguments: arguments.clone(), ..hello(name, execution) };
    let remote = test("4 remote test", Execution::Remote);
    let local = test("4 local test", Execution::LocalWithCache);
    pair(lab, report, 4, ("remote test", &remote), ("then local, cache only", &local)).map(drop)
}

/// Step 5: another folder, output base, HOME, USER, TMPDIR and PATH.
fn second_workspace(lab: &Lab, report: &mut Report, first: &[Spawn]) -> Result<()> {
    let half = Half { workspace: AGAIN, user: BOB, ..hello("5 second workspace", Execution::LocalWithCache) };
    let spawns = half.build(lab)?.clean()?;
    let is_shared = |spawn: &&Spawn| first.iter().any(|other| other.primary_output() == spawn.primary_output());
    let shared: Vec<Spawn> = spawns.iter().filter(is_shared).cloned().collect();
    let mut missed: Vec<Miss> = misses(first, &shared, Expected::Hit);
    // The first workspace's own actions have no counterpart here.
    missed.retain(|miss| shared.iter().any(|spawn| spawn.primary_output() == miss.output));
    report.hit(5, "second workspace, shared module", shared.len(), &missed);
    if shared.is_empty() {
        report.stopped(5, "second workspace", "the two workspaces share no action".to_owned());
    }
    Ok(())
}

/// Step 6: no cache on either side.
fn bytes(lab: &Lab, report: &mut Report, sabotage: Option<Sabotage>) -> Result<()> {
    let remote = hello("6 remote, no cache", Execution::RemoteNoCache).build(lab)?;
    report.ran(6, "remote build, no cache", remote.spawns.len(), strays(&remote.spawns, Expected::Remote));
    let local = hello("6 local, no cache", Execution::LocalNoCache).build(lab)?;
    report.ran(6, "local build, no cache", local.spawns.len(), strays(&local.spawns, Expected::Local));
    if sabotage == Some(Sabotage::Bytes) {
        outputs::change_one_byte(&local)?;
    }
    let differences = outputs::differences(&remote, &local)?;
    report.compared(6, "bytes of their outputs", outputs::paths(&remote, &local).len(), differences);
    remote.clean()?;
    local.clean()?;
    Ok(())
}

/// Step 7: abseil.
fn library(lab: &Lab, report: &mut Report) -> Result<()> {
    let half = |name, execution| Half { workspace: ABSEIL, arguments: ABSEIL_TARGETS.to_vec(), ..hello(name, execution) };
    let remote = half("7 remote abseil", Execution::Remote);
    let local = half("7 local abseil", Execution::LocalWithCache);
    pair(lab, report, 7, ("abseil, remote build", &remote), ("then local, cache only", &local)).map(drop)
}

/// A remote half in which everything runs, then a local half in which everything hits.
fn pair(
    lab: &Lab,
    report: &mut Report,
    step: u8,
    (remote_name, remote): (&str, &Half<'_>),
    (local_name, local): (&str, &Half<'_>),
) -> Result<Vec<Spawn>> {
    let remote = remote.build(lab)?.clean()?;
    report.ran(step, remote_name, remote.len(), strays(&remote, Expected::Remote));
    let local = local.build(lab)?.clean()?;
    let missed = misses(&remote, &local, Expected::Hit);
    report.hit(if step == 1 { 2 } else { step }, local_name, local.len(), &missed);
    report.count(remote.len(), missed.len());
    Ok(remote)
}

/// Spawns that were not run as expected, in words.
fn strays(spawns: &[Spawn], expected: Expected) -> Vec<String> {
    let words = |spawn: &Spawn| format!("{} {} ran as `{}`", spawn.mnemonic, spawn.primary_output(), spawn.runner);
    unexpected(spawns, expected).map(words).collect()
}

/// `--sabotage=worker`: no worker offers what the platform asks for; the service's deadline ends the wait.
fn worker_sabotage(lab: &mut Lab, mut report: Report) -> Result<Report> {
    let wanted = lab.manifest_properties()?;
    let mut offered = wanted.clone();
    offered.insert("container-image".to_owned(), "docker://lre-sabotage:0".to_owned());
    lab.start_worker(offered.clone())?;
    let built = hello("1 remote", Execution::Remote).build(lab);
    lab.start_worker(wanted.clone())?;
    match built {
        Ok(built) => report.ran(1, "remote build", built.clean()?.len(), Vec::new()),
        Err(error) => {
            let asked = |spawn: &std::collections::BTreeMap<String, String>| properties_spawn(spawn);
            let cause = difference(&asked(&wanted), &asked(&offered)).unwrap_or_default();
            let cause = cause.replace("the first build", "the platform").replace("the second", "the worker");
            report.stopped(1, "remote build", format!("{cause}\n{error:#}"));
        }
    }
    Ok(report)
}

/// A spawn that has nothing but properties.
fn properties_spawn(properties: &std::collections::BTreeMap<String, String>) -> Spawn {
    let mut spawn = Spawn::default();
    let pair = |(name, value): (&String, &String)| crate::execution_log::Pair { name: name.clone(), value: value.clone() };
    spawn.platform.properties = properties.iter().map(pair).collect();
    spawn
}
