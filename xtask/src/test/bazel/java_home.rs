//! A Java toolchain of `JAVA_HOME` alone, as the published one is: what needs no tool that rules_java downloads.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::example_toolchain::{tag, write_toolchain};
use super::expectation::{expect_all, expect_hits, expect_same_bytes};
use super::workspace::{self, EXTENSION, RULES_JAVA, Workspace, demo_tag};
use crate::bazel::Execution;
use crate::execution_log::Spawn;
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

/// What the platform of Java has and no other.
const JAVA: &str = "@local-remote-execution//generated-java/config:lre-java";

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
    tally.check("one rc file gives C++ and Java each their own workers, and here every action hits", || {
        workspace.write("cc.json", &lab.sandbox.toolchain.environment)?;
        write_rc(lab, &workspace, &["cc.json", "java.json"])?;
        write_module(&workspace, &(demo_tag("") + &tag("java")))?;
        // What asks for no toolchain goes to the first platform, and a Java program of the build with it.
        let said = BUILD.replace("    src =", &format!("    exec_compatible_with = [\"{JAVA}\"],\n    src ="));
        workspace.write("BUILD.bazel", &(workspace::BUILD.to_owned() + &said))?;
        bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        let targets = ["//:one", "//:said", "//:text"];
        let remote = bazel.spawns("build", Execution::RemoteNoCache, &targets)?;
        expect_all(&remote, Expected::Remote)?;
        let image = |spawn: &Spawn| {
            let image = spawn.properties().get("container-image").copied().unwrap_or_default().to_owned();
            let kind = image.trim_start_matches("docker://").split(':').next().unwrap_or_default().to_owned();
            format!("{} on {kind}", spawn.mnemonic)
        };
        let ran: BTreeSet<String> = remote.iter().map(image).collect();
        let wanted =
            "CppArchive on lre-cc, CppCompile on lre-cc, CppLink on lre-cc, Genrule on lre-cc, JavaRun on lre-java";
        expect_equal("what ran where", &ran.into_iter().collect::<Vec<_>>().join(", "), wanted)?;
        expect_said()?;
        bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        expect_hits(&remote, &bazel.spawns("build", Execution::LocalWithCache, &targets)?)
    });
    bazel.shutdown()
}

/// Writes `lre.bazelrc` from some Envs.
fn write_rc(lab: &Lab, workspace: &Workspace<'_>, environments: &[&str]) -> Result<()> {
    let helper = lab.helper();
    let named = environments.iter().flat_map(|file| ["--env-json", file]);
    let words: Vec<&str> = ["bazelrc", "--prefix", "lre", "--helper", &helper].into_iter().chain(named).collect();
    let place = lab.sandbox.place();
    let rc = lab.sandbox.command(&helper).args(words).directory(place.inside(&workspace.path));
    workspace.write("lre.bazelrc", &output(rc)?)
}

/// Writes `MODULE.bazel` with rules_java and some tags.
fn write_module(workspace: &Workspace<'_>, tags: &str) -> Result<()> {
    workspace.write_module("src", tags)?;
    let module = workspace.read("MODULE.bazel")?;
    workspace.write("MODULE.bazel", &module.replace(EXTENSION, &(RULES_JAVA.to_owned() + EXTENSION)))
}

/// Writes workspace and toolchain; returns `JAVA_HOME`.
fn prepare(lab: &Lab, workspace: &Workspace<'_>) -> Result<String> {
    let environment: Vec<String> = serde_json::from_str(&lab.sandbox.toolchain.java_environment)?;
    let home =
        environment.iter().find_map(|entry| entry.strip_prefix("JAVA_HOME=")).context("Env has no `JAVA_HOME`")?;
    workspace.write("java.json", &serde_json::to_string(&[format!("JAVA_HOME={home}")])?)?;
    write_toolchain(lab, workspace, "java", "java", "lre-java")?;
    write_rc(lab, workspace, &["java.json"])?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    write_module(workspace, &tag("java"))?;
    workspace.write("BUILD.bazel", BUILD)?;
    workspace.write("run.bzl", RULE)?;
    workspace.write("Said.java", SOURCE)?;
    Ok(home.to_owned())
}
