//! Who reads the remote cache and who writes into it, with the flags that `lre bazelrc` writes.
//!
//! In the clear, for Debian's Bazel has no TLS; `xtask/src/test/deploy/nativelink.rs` is about certificates.

use std::fs;

use anyhow::{Context, Result, bail};

use super::workspace::{Workspace, demo_tag};
use crate::execution_log::read_execution_log;
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};

const BUILD: &str = "genrule(name = \"text\", outs = [\"text.txt\"], cmd = \"echo text of the remote cache >$@\")\n";

/// Every setting.
const ALL: [&str; 16] = [
    "--remote-cache",
    "grpcs://cache.example.com:50053",
    "--remote-executor",
    "grpcs://scheduler.example.com:50052",
    "--instance",
    "main",
    "--ci-remote-cache",
    "grpcs://127.0.0.1:50051",
    "--credential-helper",
    "/bin/true",
    "--tls-certificate",
    "/etc/lre/ca.pem",
    "--tls-client-certificate",
    "/etc/lre/client.pem",
    "--tls-client-key",
    "/etc/lre/client.key",
];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let consumer = Consumer::create(lab)?;
    tally.check("a developer's build reads the cache, and only CI's writes into it", || {
        consumer.configure(&["--remote-cache", &format!("grpc://{}", lab.engine.address())])?;
        let hits = ["lre", "lre", "lre-ci", "lre"].map(|config| consumer.is_hit(config, &[]));
        let hits: Vec<bool> = hits.into_iter().collect::<Result<_>>()?;
        expect_equal("which builds hit", &format!("{hits:?}"), "[false, false, false, true]")
    });
    tally.check("Bazel takes every flag that `lre bazelrc` writes", || {
        consumer.configure(&ALL)?;
        for config in ["lre", "lre-ci"] {
            let nowhere = ["--remote_cache=", "--remote_executor="];
            expect_equal("a hit without a cache", &consumer.is_hit(config, &nowhere)?.to_string(), "false")?;
        }
        consumer.workspace.bazel.run("query", &["--config=lre-ci", "//:text"])?.expect_success("`bazel query`")?;
        Ok(())
    });
    consumer.workspace.bazel.shutdown()
}

/// A workspace with one action, whose `lre.bazelrc` names a cache.
struct Consumer<'a> {
    lab: &'a Lab,
    workspace: Workspace<'a>,
}

impl<'a> Consumer<'a> {
    fn create(lab: &'a Lab) -> Result<Self> {
        let workspace = Workspace::create(lab, "remote-cache")?;
        workspace.write_module("src", &demo_tag(""))?;
        workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
        workspace.write("BUILD.bazel", BUILD)?;
        Ok(Self { lab, workspace })
    }

    /// Writes `lre.bazelrc` for the demo's toolchain and a cache.
    fn configure(&self, remote: &[&str]) -> Result<()> {
        let place = self.lab.sandbox.place();
        let toolchain = ["bazelrc", "--env-json", &place.text("env.json"), "--prefix", "lre"];
        let entry = self.lab.sandbox.command(&self.lab.helper()).args([&toolchain, remote].concat());
        let output = entry.build().output()?;
        if !output.status.success() {
            bail!("`lre bazelrc` failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        self.workspace.write("lre.bazelrc", &String::from_utf8(output.stdout)?)
    }

    /// Builds as if for the first time; whether the action was a hit.
    fn is_hit(&self, config: &str, flags: &[&str]) -> Result<bool> {
        let place = self.lab.sandbox.place();
        let log = "logs/remote-cache.json";
        fs::create_dir_all(place.outside("logs"))?;
        self.workspace.bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        let config = format!("--config={config}");
        let log_flag = format!("--execution_log_json_file={}", place.text(log));
        let all = [&[config.as_str(), &log_flag], flags, &["//:text"]].concat();
        self.workspace.run("build", &all)?.expect_success("the build")?;
        let spawns = read_execution_log(&place.outside(log))?;
        spawns.first().map(|spawn| spawn.cache_hit).context("the build ran nothing")
    }
}
