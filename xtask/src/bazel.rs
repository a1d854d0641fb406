//! Bazel commands in the sandbox.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::execution_log::{Spawn, read_execution_log};
use crate::lab::Lab;
use crate::sandbox::{COMMAND_LIMIT, Tools, host};

/// The lines of a `MODULE.bazel` that have Bazel configure the C++ compiler that it finds.
pub(crate) const OWN_CONFIGURATION: &str = r#"
bazels = use_extension("@rules_cc//cc:extensions.bzl", "cc_configure_extension")
use_repo(
    bazels,
    "local_config_cc",
    "local_config_cc_toolchains",
)
"#;

/// Who runs Bazel: what must not reach a cache key.
#[derive(Clone)]
pub(crate) struct User {
    /// `USER`.
    pub(crate) name: &'static str,
    /// `HOME`, `TMPDIR` and the output bases lie here, below the sandbox's place.
    pub(crate) folder: &'static str,
    /// Put in front of `PATH`.
    pub(crate) path: &'static str,
}

/// The user of every run that needs no other.
pub(crate) const ALICE: User = User { name: "alice", folder: "alice", path: "/usr/games" };
/// Somebody else, in another place.
pub(crate) const BOB: User =
    User { name: "bob", folder: "elsewhere/of/bob", path: "/usr/local/bob/bin:/usr/local/games" };

/// Where actions run and which cache they use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Execution {
    /// On the worker, with the remote cache.
    Remote,
    /// Here, with the remote cache.
    LocalWithCache,
    /// On the worker; nothing is taken from the cache.
    RemoteNoCache,
    /// Here, without any remote service.
    LocalNoCache,
}

impl Execution {
    fn flags(self, address: &str) -> Vec<String> {
        let remote = format!("--remote_executor=grpc://{address}");
        let cache = format!("--remote_cache=grpc://{address}");
        let flags: &[&str] = match self {
            Self::Remote => &[&remote, "--spawn_strategy=remote", "--jobs=4"],
            Self::RemoteNoCache => &[
                &remote,
                "--spawn_strategy=remote",
                "--jobs=4",
                "--noremote_accept_cached",
                // Every output on disk, `.d` and `.jdeps` files too, so that its bytes can be compared.
                "--remote_download_outputs=all",
                "--noexperimental_inmemory_dotd_files",
                "--noexperimental_inmemory_jdeps_files",
            ],
            Self::LocalWithCache => &[&cache, "--spawn_strategy=linux-sandbox,processwrapper-sandbox"],
            Self::LocalNoCache => &["--spawn_strategy=linux-sandbox,processwrapper-sandbox"],
        };
        flags.iter().map(|flag| (*flag).to_owned()).collect()
    }
}

/// A workspace, a user and an output base: one Bazel server.
pub(crate) struct Bazel<'a> {
    lab: &'a Lab,
    workspace: PathBuf,
    user: User,
    base: String,
    startup: Vec<String>,
    has_store: bool,
}

/// What a Bazel command left.
pub(crate) struct Outcome {
    /// Whether it exited with 0.
    pub(crate) success: bool,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Outcome {
    /// Fails with what Bazel said unless the command succeeded.
    pub(crate) fn expect_success(self, what: &str) -> Result<Self> {
        if !self.success {
            let lines: Vec<&str> = self.stderr.lines().collect();
            let end = lines[lines.len().saturating_sub(40)..].join("\n    ");
            bail!("{what} failed:\n    {end}");
        }
        Ok(self)
    }
}

impl<'a> Bazel<'a> {
    /// Bazel in `workspace` (below the sandbox's place) with the output base called `base`.
    pub(crate) fn new(lab: &'a Lab, workspace: impl AsRef<Path>, user: &User, base: &str) -> Self {
        Self {
            lab,
            workspace: workspace.as_ref().to_owned(),
            user: user.clone(),
            base: base.to_owned(),
            startup: Vec::new(),
            has_store: true,
        }
    }

    /// The same with one more option of the server.
    pub(crate) fn with_startup(mut self, option: &str) -> Self {
        self.startup.push(option.to_owned());
        self
    }

    /// The same on a machine that has no Nix: neither the server nor its actions see `/nix`.
    pub(crate) fn without_store(mut self) -> Self {
        self.has_store = false;
        self
    }

    /// The output base, below the sandbox's place.
    pub(crate) fn output_base(&self) -> String {
        format!("{}/bases/{}", self.user.folder, self.base)
    }

    /// Removes what an earlier run left in the output base.
    pub(crate) fn forget(&self) -> Result<()> {
        let base = self.lab.sandbox.place().outside(self.output_base());
        if base.exists() {
            std::fs::remove_dir_all(&base)
                .with_context(|| format!("cannot remove the old output base `{}`", base.display()))?;
        }
        Ok(())
    }

    /// Runs `bazel VERB ARGUMENTS…`.
    pub(crate) fn run(&self, verb: &str, arguments: &[&str]) -> Result<Outcome> {
        let sandbox = &self.lab.sandbox;
        let place = sandbox.place();
        let home = format!("{}/home", self.user.folder);
        let temporary = format!("{}/tmp", self.user.folder);
        for folder in [&home, &temporary] {
            std::fs::create_dir_all(place.outside(folder))?;
        }
        let mut startup = vec![
            format!("--output_base={}", place.text(self.output_base())),
            "--max_idle_secs=600".to_owned(),
            // Servers that live for seconds: start fast instead of running fast later.
            "--host_jvm_args=-XX:TieredStopAtLevel=1".to_owned(),
            "--host_jvm_args=-XX:+UseSerialGC".to_owned(),
        ];
        startup.extend(self.startup.iter().cloned());
        if sandbox.tools == Tools::Sandbox || host::has_debian_bazel() {
            startup.push(format!("--bazelrc={}", place.text("sandbox.bazelrc")));
        }
        let path = match sandbox.tools {
            Tools::Sandbox => crate::root::SEARCH_PATH.to_owned(),
            Tools::Host => host::search_path().to_string_lossy().into_owned(),
        };
        let program = if self.has_store {
            sandbox.command("bazel")
        } else {
            let script = "mount -t tmpfs none /nix && exec bazel \"$@\"";
            sandbox.command("unshare").args(["--mount", "--propagation=private", "sh", "-euc", script, "sh"])
        };
        let command = program
            .args(startup)
            .args([verb])
            .args(arguments)
            .directory(place.inside(&self.workspace))
            .limit(COMMAND_LIMIT)
            .env("HOME", place.inside(home))
            .env("TMPDIR", place.inside(temporary))
            .env("USER", self.user.name)
            .env("PATH", format!("{}:{path}", self.user.path))
            .env("LC_ALL", "C.UTF-8");
        let output = command.build().output().context("cannot run `bazel`")?;
        Ok(Outcome {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Where [`Self::spawns`] leaves the execution log, below the sandbox's place.
    pub(crate) fn log(&self) -> String {
        format!("logs/{}.json", self.base)
    }

    /// Runs a build or test with `--config=lre` and reads its execution log. Fails if Bazel fails.
    pub(crate) fn spawns(&self, verb: &str, execution: Execution, arguments: &[&str]) -> Result<Vec<Spawn>> {
        let place = self.lab.sandbox.place();
        let log = self.log();
        std::fs::create_dir_all(place.outside("logs"))?;
        let log_flag = format!("--execution_log_json_file={}", place.text(&log));
        let file = place.outside(&log);
        if file.exists() {
            std::fs::remove_file(&file).with_context(|| format!("cannot remove the old log `{}`", file.display()))?;
        }
        let flags = self.flags(execution);
        let mut all: Vec<&str> = vec!["--config=lre", "--disk_cache=", "--color=no", "--curses=no", &log_flag];
        all.extend(flags.iter().map(String::as_str));
        all.extend(arguments);
        self.run(verb, &all)?.expect_success(&format!("`bazel {verb}` in `{}`", self.workspace.display()))?;
        read_execution_log(&file)
    }

    /// The flags of an execution mode.
    pub(crate) fn flags(&self, execution: Execution) -> Vec<String> {
        execution.flags(&self.lab.engine.address())
    }

    /// Ends the server; its output base stays.
    pub(crate) fn shutdown(&self) -> Result<()> {
        self.run("shutdown", &[])?.expect_success("`bazel shutdown`").map(drop)
    }
}
