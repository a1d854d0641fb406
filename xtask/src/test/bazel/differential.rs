//! Bazel's own configuration of a compiler beside ours: every difference is a row of the table in `docs/regen.md`.

mod difference;
mod exceptions;
mod rules;

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::example_toolchain::{flags, prepare, tag, write_toolchain};
use super::workspace::{BUILD, Workspace};
use crate::bazel::OWN_CONFIGURATION;
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};
use difference::{Side, compare};
use exceptions::{Exception, read_exceptions, unexplained};
use rules::{Rule, read_rules};

const REPOSITORIES: &str = r#"use_repo(
    lre,
    "lre_cc",
    "lre_gcc",
    "lre_stated",
)
"#;

const PROGRAM: &str = r#"
cc_binary(
    name = "program",
    srcs = ["program.cc"],
    deps = [":one"],
)
"#;

const SOURCE: &str = r#"#include <iostream>
#include <stdexcept>

int one();

int main() {
  try {
    throw std::runtime_error("thrown");
  } catch (const std::exception& error) {
    std::cout << error.what() << " by GCC " << __GNUC__ << ": " << one() << std::endl;
  }
}
"#;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "differential")?;
    workspace.write_module("src", &(tag("cc") + &tag("gcc") + &tag("stated") + REPOSITORIES + OWN_CONFIGURATION))?;
    // The folders with `toolchain()` are packages here.
    workspace.write(".bazelignore", "")?;
    workspace.write("program.cc", SOURCE)?;
    workspace.write("BUILD.bazel", &(BUILD.replace("\"cc_library\"", "\"cc_binary\", \"cc_library\"") + PROGRAM))?;
    let gcc = prepare(lab, &workspace, "gcc")?;
    let stated = prepare_stated(lab, &workspace, &gcc)?;
    let document = crate::sandbox::workspace().join("docs/regen.md");
    let document = fs::read_to_string(&document).with_context(|| format!("cannot read `{}`", document.display()))?;
    let exceptions = read_exceptions(&document)?;
    let clang = lab.sandbox.toolchain.environment.as_str();
    for (compiler, name, environment, words) in [
        ("clang", "cc", clang, "clang"),
        ("gcc", "gcc", gcc.as_str(), "gcc"),
        ("stated", "stated", stated.as_str(), "gcc, with all that Env can state,"),
    ] {
        let claim = format!("Bazel's own configuration of {words} differs from ours in explained ways only");
        tally.check(&claim, || differ_as_explained(&workspace, compiler, name, environment, &exceptions));
    }
    for (name, words) in [("gcc", "the GCC toolchain"), ("stated", "the same with all that Env can state")] {
        tally.check(&format!("a program that {words} builds runs"), || {
            let chosen = flags(name);
            let chosen = chosen.iter().map(String::as_str);
            let arguments: Vec<&str> = chosen.chain(["--ui_event_filters=-info,-stdout", "//:program"]).collect();
            let ran = workspace.run("run", &arguments)?.expect_success("`bazel run`")?;
            let said = ran.stdout.replace(|c: char| c.is_ascii_digit(), "N");
            expect_equal("what it says", &said, "thrown by GCC NN: N\n")
        });
    }
    workspace.bazel.shutdown()
}

/// A toolchain whose Env sets every variable of Bazel's own configuration to what the compiler says too.
fn prepare_stated(lab: &Lab, workspace: &Workspace<'_>, gcc: &str) -> Result<String> {
    let manifest: Value = serde_json::from_str(&workspace.read("lre-gcc/lre.json")?)?;
    let libc = manifest["cc"]["probe"]["libc"].as_str().context("the C library has no name")?;
    let toolchain = &lab.sandbox.toolchain;
    let (tools, clang) = (&toolchain.tools, &toolchain.compiler);
    let mut entries: Vec<String> = serde_json::from_str(gcc)?;
    entries.extend([
        format!("ABI_LIBC_VERSION={libc}"),
        "ABI_VERSION=itanium".to_owned(),
        format!("AR={clang}/bin/llvm-ar"),
        "BAZEL_COMPILER=gcc".to_owned(),
        "BAZEL_CONLYOPTS=-std=c17".to_owned(),
        "BAZEL_CXXOPTS=-std=c++20:-DCOLON=%::-DPERCENT=%%".to_owned(),
        "BAZEL_HOST_SYSTEM=x86_64-pc-linux-gnu".to_owned(),
        "BAZEL_LINKLIBS=-lstdc++:-lm:-lpthread".to_owned(),
        format!("BAZEL_LINKOPTS=-L{tools}/lib:-Wl,-rpath,{tools}/lib"),
        format!("BAZEL_LLVM_COV={clang}/bin/llvm-cov"),
        format!("BAZEL_LLVM_PROFDATA={clang}/bin/llvm-profdata"),
        "BAZEL_TARGET_CPU=x86_64".to_owned(),
        format!("BAZEL_TARGET_LIBC={libc}"),
        "BAZEL_TARGET_SYSTEM=x86_64-pc-linux-gnu".to_owned(),
        format!("CPLUS_INCLUDE_PATH={tools}/bin/"),
        "GCOV=gcov-tool".to_owned(),
    ]);
    let environment = serde_json::to_string(&entries)?;
    workspace.write("stated.json", &environment)?;
    write_toolchain(lab, workspace, "stated", "stated", "lre-stated")?;
    Ok(environment)
}

fn differ_as_explained(
    workspace: &Workspace<'_>,
    compiler: &str,
    name: &str,
    environment: &str,
    exceptions: &[Exception],
) -> Result<()> {
    let entries: Vec<String> = serde_json::from_str(environment)?;
    let flags: Vec<String> = entries.iter().map(|entry| format!("--repo_env={entry}")).collect();
    let query = |targets: &str| -> Result<Vec<Rule>> {
        let mut arguments = vec!["--output=build", targets];
        arguments.extend(flags.iter().map(String::as_str));
        let answer = workspace.run("query", &arguments)?.expect_success(&format!("`bazel query '{targets}'`"))?;
        read_rules(&answer.stdout)
    };
    let bazels = query("@local_config_cc//:all + @local_config_cc_toolchains//:all")?;
    let ours = query(&format!("@lre_{name}//cc:all + //lre-{name}/config:all"))?;
    let counts = |side: Side, rule: &Rule| side == Side::Ours || !rule.name.contains("armeabi");
    let found = unexplained(exceptions, compiler, &compare(&bazels, &ours, counts));
    if !found.is_empty() {
        bail!("`docs/regen.md` does not tell the differences:\n{}", found.join("\n"));
    }
    Ok(())
}
