//! Who reads the remote cache and who writes into it, with the flags that `lre bazelrc` writes and with certificates.

mod tls;

use std::fs;

use anyhow::{Context, Result, bail};

use super::workspace::{Workspace, demo_tag};
use crate::bazel::Outcome;
use crate::execution_log::read_execution_log;
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let consumer = Consumer::create(lab)?;
    tally.check("a developer's build reads the cache, and only CI's writes into it", || {
        consumer.configure(&["--remote-cache", &format!("grpc://{}", lab.engine.address())])?;
        let hits = ["lre", "lre", "lre-ci", "lre"].map(|config| consumer.build("plain", config, &[])?.is_hit());
        let hits: Vec<bool> = hits.into_iter().collect::<Result<_>>()?;
        expect_equal("which builds hit", &format!("{hits:?}"), "[false, false, false, true]")
    });
    tls::run(tally, lab, &consumer)?;
    consumer.workspace.bazel.shutdown()
}

/// A workspace whose `lre.bazelrc` names a cache.
struct Consumer<'a> {
    lab: &'a Lab,
    workspace: Workspace<'a>,
}

/// A build of one action.
struct Build {
    outcome: Outcome,
    /// What ran it, and whether that was the cache; nothing if the build ended before.
    runner: Option<(String, bool)>,
}

impl Build {
    fn is_hit(self) -> Result<bool> {
        self.runner().map(|(_, is_hit)| is_hit)
    }

    fn runner(self) -> Result<(String, bool)> {
        self.outcome.expect_success("the build")?;
        self.runner.context("the build ran nothing")
    }

    /// What Bazel says of a build that cannot reach its cache.
    fn refusal(self) -> Result<String> {
        if self.outcome.success {
            bail!("the build succeeded:\n{}", self.outcome.stderr);
        }
        Ok(self.outcome.stderr)
    }
}

impl<'a> Consumer<'a> {
    fn create(lab: &'a Lab) -> Result<Self> {
        let workspace = Workspace::create(lab, "remote-cache")?;
        workspace.write_module("src", &demo_tag(""))?;
        workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
        let rule =
            |name: &str| format!("genrule(name = \"{name}\", outs = [\"{name}.txt\"], cmd = \"echo {name} >$@\")\n");
        workspace.write("BUILD.bazel", &["plain", "ci", "intruder", "upload", "remote"].map(rule).concat())?;
        Ok(Self { lab, workspace })
    }

    /// Runs `lre` in the workspace; what it prints.
    fn lre(&self, arguments: &[&str]) -> Result<String> {
        let place = self.lab.sandbox.place();
        let entry = self.lab.sandbox.command(&self.lab.helper()).args(arguments);
        let output = entry.directory(place.inside(&self.workspace.path)).build().output()?;
        if !output.status.success() {
            bail!("`lre {}` failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Writes `lre.bazelrc` for the demo's toolchain and a cache.
    fn configure(&self, remote: &[&str]) -> Result<()> {
        let env = self.lab.sandbox.place().text("env.json");
        let toolchain = ["bazelrc", "--env-json", &env, "--prefix", "lre"];
        self.workspace.write("lre.bazelrc", &self.lre(&[&toolchain, remote].concat())?)
    }

    /// Builds a target as if for the first time.
    fn build(&self, target: &str, config: &str, flags: &[&str]) -> Result<Build> {
        let place = self.lab.sandbox.place();
        let log = "logs/remote-cache.json";
        fs::create_dir_all(place.outside("logs"))?;
        let file = place.outside(log);
        if file.exists() {
            fs::remove_file(&file)?;
        }
        self.workspace.bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        let config = format!("--config={config}");
        let (log, target) = (format!("--execution_log_json_file={}", place.text(log)), format!("//:{target}"));
        let all = [&[config.as_str(), "--color=no", "--curses=no", &log], flags, &[&target]].concat();
        let outcome = self.workspace.run("build", &all)?;
        let spawns = if outcome.success { read_execution_log(&file)? } else { Vec::new() };
        let runner = spawns.first().map(|spawn| (spawn.runner.clone(), spawn.cache_hit));
        Ok(Build { outcome, runner })
    }
}
