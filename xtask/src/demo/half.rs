//! One half of a pair of builds: a build with a new output base, its spawns, and a line that says what happened.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::bazel::{Bazel, Execution, User};
use crate::execution_log::Spawn;
use crate::lab::Lab;
use crate::step::line;

/// What to build, where and how.
#[derive(Clone)]
pub(crate) struct Half<'a> {
    /// What the demo calls it; also names its output base and its log.
    pub(crate) name: &'a str,
    /// The workspace, below the sandbox's place.
    pub(crate) workspace: &'a str,
    /// Who builds.
    pub(crate) user: User,
    /// `build` or `test`.
    pub(crate) verb: &'a str,
    /// Where actions run.
    pub(crate) execution: Execution,
    /// Goes into every action's environment, so that other halves of the same key hit and no others.
    pub(crate) key: String,
    /// Targets and flags.
    pub(crate) arguments: Vec<&'a str>,
}

/// A finished half.
pub(crate) struct Built {
    /// Its spawns.
    pub(crate) spawns: Vec<Spawn>,
    /// Where its outputs are, outside.
    pub(crate) execution_root: PathBuf,
    /// Its execution log, below the sandbox's place.
    pub(crate) log: String,
    output_base: PathBuf,
}

impl Half<'_> {
    /// Builds in a new output base; the server has ended when this returns.
    pub(crate) fn build(&self, lab: &Lab) -> Result<Built> {
        let start = Instant::now();
        let base = self.name.replace([' ', ','], "-");
        let bazel = Bazel::new(lab, self.workspace, &self.user, &base);
        let output_base = lab.sandbox.place().outside(bazel.output_base());
        bazel.forget()?;
        let keys = ["action_env", "host_action_env"].map(|flag| format!("--{flag}=LRE_DEMO_KEY={}", self.key));
        let mut arguments: Vec<&str> = keys.iter().map(String::as_str).collect();
        arguments.extend(&self.arguments);
        let spawns = bazel.spawns(self.verb, self.execution, &arguments);
        let shutdown = bazel.shutdown();
        let spawns = spawns?;
        shutdown?;
        let hits = spawns.iter().filter(|spawn| spawn.cache_hit).count();
        line(self.name, start.elapsed(), &format!("{} actions, {hits} from the remote cache", spawns.len()));
        Ok(Built { spawns, execution_root: output_base.join("execroot/_main"), log: bazel.log(), output_base })
    }
}

impl Built {
    /// `bazel clean --expunge`, as far as the next half is concerned: nothing of this one is left.
    pub(crate) fn clean(self) -> Result<Vec<Spawn>> {
        fs::remove_dir_all(&self.output_base)
            .with_context(|| format!("cannot remove `{}`", self.output_base.display()))?;
        Ok(self.spawns)
    }
}
