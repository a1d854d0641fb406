//! A Java toolchain of `JAVA_HOME` alone, as the published one is: what needs no tool that rules_java downloads.

use std::fs;

use anyhow::{Context, Result};

use super::example_toolchain::{tag, write_toolchain};
use super::expectation::{expect_all, expect_hits, expect_same_bytes};
use super::workspace::{EXTENSION, RULES_JAVA, Workspace};
use crate::bazel::Execution;
use crate::lab::Lab;
use crate::parity::Expected;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

const BUILD: &str = r#"load(":run.bzl", "java_run")

java_run(
    name = "said",
    src = "Said.java",
)
"#;

/// The JDK compiles the one source itself.
const RULE: &str = r#"load("@rules_java//java:defs.bzl", "java_common")

def _java_run_impl(ctx):
    runtime = ctx.attr._runtime[java_common.JavaRuntimeInfo]
    said = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run(
        arguments = [ctx.file.src.path, said.path],
        executable = runtime.java_executable_exec_path,
        inputs = depset([ctx.file.src], transitive = [runtime.files]),
        mnemonic = "JavaRun",
        outputs = [said],
    )
    return DefaultInfo(files = depset([said]))

java_run = rule(
    implementation = _java_run_impl,
    attrs = {
        "src": attr.label(allow_single_file = True),
        "_runtime": attr.label(cfg = "exec", default = "@bazel_tools//tools/jdk:current_java_runtime"),
    },
)
"#;

const SOURCE: &str = r#"import java.nio.file.Files;
import java.nio.file.Path;

class Said {
  public static void main(String[] words) throws Exception {
    Files.writeString(Path.of(words[0]), System.getProperty("java.home") + "\n");
  }
}
"#;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "java-home")?;
    let home = prepare(lab, &workspace)?;
    let _worker = lab.start_worker_beside("java-home", &format!("{}/lre-java/lre.json", workspace.path), &[])?;
    let bazel = &workspace.bazel;
    let build = |execution| bazel.spawns("build", execution, &["//:said"]);
    let expect_said = || {
        let file = lab.sandbox.place().outside(bazel.output_base());
        let file = file.join("execroot/_main/bazel-out/k8-fastbuild/bin/said.txt");
        let said = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        expect_equal("what the program says", &said, &format!("{home}\n"))
    };
    tally.check(
        "a toolchain of `JAVA_HOME` alone runs Java on a worker, and here with full hits and equal bytes",
        || {
            let remote = build(Execution::RemoteNoCache)?;
            expect_all(&remote, Expected::Remote)?;
            expect_said()?;
            let inputs: Vec<&str> = remote.iter().flat_map(|spawn| spawn.input_digests().into_keys()).collect();
            expect_equal("what it is made of", &inputs.join("\n"), "Said.java")?;
            bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
            expect_hits(&remote, &build(Execution::LocalWithCache)?)?;
            bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
            let local = build(Execution::LocalNoCache)?;
            expect_all(&local, Expected::Local)?;
            expect_said()?;
            expect_same_bytes(&remote, &local)
        },
    );
    bazel.shutdown()
}

/// Writes workspace and toolchain; returns `JAVA_HOME`.
fn prepare(lab: &Lab, workspace: &Workspace<'_>) -> Result<String> {
    let environment: Vec<String> = serde_json::from_str(&lab.sandbox.toolchain.java_environment)?;
    let home =
        environment.iter().find_map(|entry| entry.strip_prefix("JAVA_HOME=")).context("Env has no `JAVA_HOME`")?;
    workspace.write("java.json", &serde_json::to_string(&[format!("JAVA_HOME={home}")])?)?;
    write_toolchain(lab, workspace, "java", "java", "lre-java")?;
    let place = lab.sandbox.place();
    let words = ["bazelrc", "--env-json", "java.json", "--prefix", "lre", "--helper", &lab.helper()];
    let rc = lab.sandbox.command(&lab.helper()).args(words).directory(place.inside(&workspace.path));
    workspace.write("lre.bazelrc", &output(rc)?)?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    workspace.write_module("src", &tag("java"))?;
    let module = workspace.read("MODULE.bazel")?;
    workspace.write("MODULE.bazel", &module.replace(EXTENSION, &(RULES_JAVA.to_owned() + EXTENSION)))?;
    workspace.write("BUILD.bazel", BUILD)?;
    workspace.write("run.bzl", RULE)?;
    workspace.write("Said.java", SOURCE)?;
    Ok(home.to_owned())
}
