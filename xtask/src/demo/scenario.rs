//! The steps of the demo.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use super::half::Half;
use super::outputs;
use super::report::Report;
use super::{Options, Sabotage, worker_sabotage};
use crate::bazel::{ALICE, BOB, Execution};
use crate::execution_log::Spawn;
use crate::lab::{ABSEIL, AGAIN, HELLO, Lab};
use crate::parity::{Expected, misses, unexpected};

const ALL: [&str; 1] = ["//..."];
const ABSEIL_TARGETS: [&str; 2] = ["@abseil-cpp//absl/strings", "@abseil-cpp//absl/container:flat_hash_map"];

/// How many demos this process has run: each has keys of its own, so that none hits what another left in the cache.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// Runs the steps that the options leave in.
pub(crate) fn run(lab: &mut Lab, options: &Options) -> Result<Report> {
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    if options.sabotage == Some(Sabotage::Worker) {
        return worker_sabotage::run(lab, run);
    }
    let mut demo = Demo { lab, run, report: Report::default() };
    if options.sabotage != Some(Sabotage::Bytes) {
        let first = demo.remote_then_local(options.sabotage)?;
        if options.sabotage.is_none() {
            demo.local_then_remote()?;
            demo.tests()?;
            demo.second_workspace(&first)?;
        }
    }
    if options.sabotage != Some(Sabotage::Env) {
        demo.bytes(options.sabotage)?;
    }
    if options.sabotage.is_none() && !options.quick {
        demo.library()?;
    }
    Ok(demo.report)
}

/// A half that builds all of `hello-cc`, with the key of `step` in `run`.
pub(super) fn hello<'a>(run: usize, step: u8, name: &'a str, execution: Execution) -> Half<'a> {
    Half {
        name,
        workspace: HELLO,
        user: ALICE,
        verb: "build",
        execution,
        key: format!("{run}.{step}"),
        arguments: ALL.to_vec(),
    }
}

/// A demo on its way.
struct Demo<'a> {
    lab: &'a Lab,
    run: usize,
    report: Report,
}

impl Demo<'_> {
    fn hello<'b>(&self, step: u8, name: &'b str, execution: Execution) -> Half<'b> {
        hello(self.run, step, name, execution)
    }

    /// Steps 1 and 2.
    fn remote_then_local(&mut self, sabotage: Option<Sabotage>) -> Result<Vec<Spawn>> {
        let remote = self.hello(1, "1 remote", Execution::Remote);
        let mut local = self.hello(1, "2 local", Execution::LocalWithCache);
        if sabotage == Some(Sabotage::Env) {
            local.arguments.push("--action_env=LRE_SABOTAGE=1");
        }
        self.pair((1, "remote build", &remote), (2, "then local, cache only", &local))
    }

    /// Step 3.
    fn local_then_remote(&mut self) -> Result<()> {
        let local = self.hello(3, "3 local", Execution::LocalWithCache).build(self.lab)?.clean()?;
        self.report.ran(3, "local build, fresh key", local.len(), strays(&local, Expected::Local));
        let remote = self.hello(3, "3 remote", Execution::Remote).build(self.lab)?.clean()?;
        self.report.hit(3, "then remote", remote.len(), &misses(&local, &remote, Expected::Hit));
        Ok(())
    }

    /// Step 4, under a fresh key, so that everything that the tests are built from runs too.
    fn tests(&mut self) -> Result<()> {
        let remote = Half { verb: "test", ..self.hello(4, "4 remote test", Execution::Remote) };
        let local = Half { verb: "test", ..self.hello(4, "4 local test", Execution::LocalWithCache) };
        self.pair((4, "remote test", &remote), (4, "then local, cache only", &local)).map(drop)
    }

    /// Step 5: another folder, output base, HOME, USER, TMPDIR and PATH. Every action of the shared module hits what
    /// the first workspace left in step 1.
    fn second_workspace(&mut self, first: &[Spawn]) -> Result<()> {
        let half = self.hello(1, "5 second workspace", Execution::LocalWithCache);
        let spawns = Half { workspace: AGAIN, user: BOB, ..half }.build(self.lab)?.clean()?;
        let shared: Vec<Spawn> = spawns.into_iter().filter(|spawn| spawn.target_label.starts_with('@')).collect();
        let of_module: Vec<Spawn> = first.iter().filter(|spawn| spawn.target_label.starts_with('@')).cloned().collect();
        // What the first workspace needs of the module and this one does not is no miss.
        let mut missed = misses(&of_module, &shared, Expected::Hit);
        missed.retain(|miss| shared.iter().any(|spawn| spawn.primary_output() == miss.output));
        self.report.hit(5, "second workspace, shared module", shared.len(), &missed);
        if shared.is_empty() {
            self.report.stopped(5, "second workspace", "the two workspaces share no action".to_owned());
        }
        Ok(())
    }

    /// Step 6: no cache on either side.
    fn bytes(&mut self, sabotage: Option<Sabotage>) -> Result<()> {
        let remote = self.hello(6, "6 remote, no cache", Execution::RemoteNoCache).build(self.lab)?;
        self.report.ran(6, "remote build, no cache", remote.spawns.len(), strays(&remote.spawns, Expected::Remote));
        let local = self.hello(6, "6 local, no cache", Execution::LocalNoCache).build(self.lab)?;
        self.report.ran(6, "local build, no cache", local.spawns.len(), strays(&local.spawns, Expected::Local));
        if sabotage == Some(Sabotage::Bytes) {
            outputs::change_one_byte(&local)?;
        }
        let differences = outputs::differences(&remote, &local)?;
        self.report.compared(6, "bytes of their outputs", outputs::paths(&remote, &local).len(), differences);
        remote.clean()?;
        local.clean()?;
        Ok(())
    }

    /// Step 7: abseil.
    fn library(&mut self) -> Result<()> {
        let half = |half| Half { workspace: ABSEIL, arguments: ABSEIL_TARGETS.to_vec(), ..half };
        let remote = half(self.hello(7, "7 remote abseil", Execution::Remote));
        let local = half(self.hello(7, "7 local abseil", Execution::LocalWithCache));
        self.pair((7, "abseil, remote build", &remote), (7, "then local, cache only", &local)).map(drop)
    }

    /// A remote half in which everything runs, then a local half in which everything hits.
    fn pair(&mut self, remote: (u8, &str, &Half<'_>), local: (u8, &str, &Half<'_>)) -> Result<Vec<Spawn>> {
        let first = remote.2.build(self.lab)?;
        let first_log = first.log.clone();
        let first = first.clean()?;
        self.report.ran(remote.0, remote.1, first.len(), strays(&first, Expected::Remote));
        let second = local.2.build(self.lab)?;
        let explained = explain(self.lab, &first_log, &second.log)?;
        let second = second.clean()?;
        let missed = misses(&first, &second, Expected::Hit);
        self.report.hit(local.0, local.1, second.len(), &missed);
        self.report.explained(local.0, "`lre explain` of both logs", second.len(), explained, !missed.is_empty());
        self.report.count(first.len(), missed.len());
        Ok(first)
    }
}

/// What `lre explain` says of two logs: the line with the hits, or else the first line of the first cause.
fn explain(lab: &Lab, first: &str, second: &str) -> Result<Result<String, String>> {
    let place = lab.sandbox.place();
    let entry = lab.sandbox.command(&lab.helper()).args(["explain", &place.text(first), &place.text(second)]);
    let output = entry.build().output().context("cannot run `lre explain`")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().next().unwrap_or_default().to_owned();
    match output.status.code() {
        Some(0) => Ok(text.lines().find(|line| line.starts_with("hits: ")).map(str::to_owned).ok_or(line)),
        Some(1) => Ok(Err(line)),
        _ => bail!("`lre explain` failed: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// Spawns that were not run as expected, in words.
fn strays(spawns: &[Spawn], expected: Expected) -> Vec<String> {
    let words = |spawn: &Spawn| format!("{} {} ran as `{}`", spawn.mnemonic, spawn.primary_output(), spawn.runner);
    unexpected(spawns, expected).map(words).collect()
}
