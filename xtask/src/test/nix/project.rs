//! A project of its own toolchain, from the flake to what Bazel builds.

use std::fs;

use anyhow::{Result, bail};

use super::consumer::{ENV, PREFIX, SHELL, prepare, stubs};
use super::flake::nix;
use crate::bazel::{ALICE, Bazel, Execution};
use crate::lab::Lab;
use crate::sandbox::toolchain::output;
use crate::sandbox::workspace;
use crate::test::case::{Tally, expect_equal};

/// Below the sandbox's place.
const FOLDER: &str = "checks/project";

/// Runs the check.
pub(super) fn run(tally: &mut Tally, lab: &Lab) {
    tally.check(
        "Bazel builds with the toolchain that the flake's `lre.bazelrc` names, and checks it with that `lre`",
        || {
            write_project(lab)?;
            let bazel = Bazel::new(lab, FOLDER, &ALICE, "project");
            bazel.forget()?;
            let spawns = bazel.spawns("build", Execution::LocalNoCache, &["//:hello"])?;
            let compiler = format!("{}/bin/clang", lab.sandbox.toolchain.compiler);
            let programs: Vec<&str> =
                spawns.iter().filter_map(|spawn| Some(spawn.command_args.first()?.as_str())).collect();
            if programs.is_empty() || programs.iter().any(|program| *program != compiler) {
                bail!("the actions run {programs:?}, and not `{compiler}`");
            }
            let ran = bazel.run("run", &["--config=lre", "--ui_event_filters=-info,-stdout", "//:hello"])?;
            expect_equal("the program's output", &ran.expect_success("`bazel run`")?.stdout, "hello\n")?;
            bazel.shutdown()
        },
    );
}

/// The example, with the demo's toolchain in the place of NativeLink's.
fn write_project(lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    let folder = place.outside(FOLDER);
    let helper = format!("{PREFIX}\n            helper = \"{}\";", lab.helper());
    let changes = [(ENV, "Env = builtins.fromJSON (builtins.readFile ./env.json);"), (PREFIX, helper.as_str())];
    prepare(&folder, &workspace().join("examples/flake-consumer"), &changes)?;
    fs::write(folder.join("env.json"), &lab.sandbox.toolchain.environment)?;
    let module = fs::read_to_string(folder.join("MODULE.bazel"))?;
    fs::write(folder.join("MODULE.bazel"), module.replace("\"../..\"", &format!("\"{}\"", place.text("src"))) + TAG)?;
    fs::write(folder.join(".bazelignore"), "lre-cc\n")?;

    let hook = format!("path:{}#{SHELL}", place.text(FOLDER));
    output(nix(lab, &["build", "--no-link", &hook]).args(stubs(lab)))?;
    let script = output(nix(lab, &["eval", "--raw", &format!("{hook}.shellHook")]).args(stubs(lab)))?;
    let regen = format!("{script}\n{} regen --env-json env.json --out lre-cc", lab.helper());
    let shell = lab.sandbox.command("bash").args(["-euc", &regen]).directory(place.inside(FOLDER));
    output(shell.env("NIX_CONFIG", "build-users-group =").env("HOME", "/root")).map(drop)
}

const TAG: &str = r#"
lre = use_extension("@local-remote-execution//extensions:lre.bzl", "lre")
lre.toolchain(
    name = "cc",
    manifest = "//lre-cc:lre.json",
)
"#;
