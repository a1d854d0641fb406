//! The workspace of the fault checks: one Bazel server, and builds that know nothing of each other but the cache.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::bazel::{BOB, Bazel, Execution};
use crate::execution_log::Spawn;
use crate::lab::Lab;
use crate::parity::{Expected, unexpected};
use crate::test::bazel::workspace::{Workspace, demo_tag};

/// Actions that are over at once, actions that can be disturbed, and one with a large output.
const BUILD: &str = r#"
[genrule(
    name = "quick_%d" % number,
    outs = ["quick_%d.txt" % number],
    cmd = "echo quick %d $$LRE_FAULTS_KEY >$@" % number,
) for number in range(QUICK)]

[genrule(
    name = "slow_%d" % number,
    outs = ["slow_%d.txt" % number],
    cmd = "sleep 2; echo slow %d $$LRE_FAULTS_KEY >$@" % number,
) for number in range(SLOW)]

[filegroup(
    name = kind,
    srcs = ["%s_%d" % (kind, number) for number in range(count)],
) for kind, count in [("quick", QUICK), ("slow", SLOW)]]

sh_test(
    name = "patient",
    timeout = "eternal",
    srcs = ["patient.sh"],
)

genrule(
    name = "large",
    outs = ["large.bin"],
    cmd = "head -c LARGE /dev/zero >$@",
)
"#;

pub(super) const QUICK: usize = 3;
pub(super) const SLOW: usize = 8;
/// Bytes of the large output.
pub(super) const LARGE: u64 = 8 << 20;

/// The word of a process that runs as long as a slow action does.
pub(super) const SLOW_WORD: &str = "sleep";

/// A workspace with one server.
pub(super) struct Site<'a> {
    lab: &'a Lab,
    workspace: Workspace<'a>,
}

impl<'a> Site<'a> {
    /// A fresh one.
    pub(super) fn create(lab: &'a Lab, name: &str) -> Result<Self> {
        let workspace = Workspace::create(lab, name)?;
        let numbers = [("QUICK", QUICK as u64), ("SLOW", SLOW as u64), ("LARGE", LARGE)];
        let build = numbers.iter().fold(BUILD.to_owned(), |text, (name, n)| text.replace(name, &n.to_string()));
        workspace.write("BUILD.bazel", &build)?;
        workspace.write("patient.sh", "true\n")?;
        workspace.make_executable("patient.sh")?;
        workspace.write_module("src", &demo_tag(""))?;
        workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
        Ok(Self { lab, workspace })
    }

    /// Builds `target` as if nothing had been built here, with a key that only builds of the same one share.
    pub(super) fn build(&self, key: &str, execution: Execution, target: &str) -> Result<Vec<Spawn>> {
        self.workspace.bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        build(&self.workspace.bazel, key, execution, target)
    }

    /// Runs a test that asks for the longest of Bazel's timeouts.
    pub(super) fn run_patient_test(&self, key: &str) -> Result<Vec<Spawn>> {
        self.workspace.bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        run(&self.workspace.bazel, "test", key, Execution::Remote, "//:patient")
    }

    /// The same while something is done to the engine.
    pub(super) fn build_while(
        &self,
        key: &str,
        execution: Execution,
        target: &str,
        disturb: impl FnOnce() -> Result<()>,
    ) -> Result<Vec<Spawn>> {
        thread::scope(|scope| {
            let build = scope.spawn(|| self.build(key, execution, target));
            let disturbed = disturb();
            let spawns = build.join().map_err(|_| anyhow!("the thread of the build panicked"))?;
            disturbed?;
            spawns
        })
    }

    /// Bazel of another user in the same workspace.
    pub(super) fn other_client(&self) -> Result<Bazel<'a>> {
        let bazel = Bazel::new(self.lab, &self.workspace.path, &BOB, "faults-other");
        bazel.forget()?;
        Ok(bazel)
    }

    /// The same, and it has to fail; returns what Bazel says.
    pub(super) fn refused(&self, key: &str, execution: Execution, target: &str) -> Result<String> {
        self.workspace.bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        match build(&self.workspace.bazel, key, execution, target) {
            Ok(_) => bail!("the build of `{target}` succeeded"),
            Err(error) => Ok(format!("{error:#}")),
        }
    }

    /// Where an output of the last build lies.
    pub(super) fn output(&self, spawn: &Spawn) -> PathBuf {
        let place = self.lab.sandbox.place();
        place.outside(self.workspace.bazel.output_base()).join("execroot/_main").join(spawn.primary_output())
    }

    /// Ends the server.
    pub(super) fn close(self) -> Result<()> {
        self.workspace.bazel.shutdown()
    }
}

/// Builds with a key.
pub(super) fn build(bazel: &Bazel<'_>, key: &str, execution: Execution, target: &str) -> Result<Vec<Spawn>> {
    run(bazel, "build", key, execution, target)
}

fn run(bazel: &Bazel<'_>, verb: &str, key: &str, execution: Execution, target: &str) -> Result<Vec<Spawn>> {
    bazel.spawns(verb, execution, &[&format!("--action_env=LRE_FAULTS_KEY={key}"), target])
}

/// Fails unless there are `count` spawns and all were run as `expected`.
pub(super) fn expect_all(spawns: &[Spawn], count: usize, expected: Expected) -> Result<()> {
    let odd: Vec<String> =
        unexpected(spawns, expected).map(|spawn| format!("{} ran as `{}`", spawn.target_label, spawn.runner)).collect();
    if spawns.len() != count || !odd.is_empty() {
        bail!("{} spawns in place of {count}, and not {expected:?}: {}", spawns.len(), odd.join(", "));
    }
    Ok(())
}

/// Waits until something holds.
pub(super) fn wait_until(what: &str, holds: impl Fn() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !holds().with_context(|| format!("cannot see whether {what}"))? {
        if start.elapsed() > Duration::from_secs(120) {
            bail!("it is not so after 120 s that {what}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
