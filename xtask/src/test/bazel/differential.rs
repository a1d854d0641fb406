//! Bazel's own configuration of a compiler beside ours: every difference is a row of the table in `docs/regen.md`.

mod difference;
mod exceptions;
mod rules;

use std::fs;

use anyhow::{Context, Result, bail};

use super::example_toolchain::{flags, prepare, tag};
use super::workspace::{BUILD, Workspace};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};
use difference::{Side, compare};
use exceptions::{Exception, read_exceptions, unexplained};
use rules::{Rule, read_rules};

const REPOSITORIES: &str = r#"use_repo(
    lre,
    "lre_cc",
    "lre_gcc",
)

bazels = use_extension("@rules_cc//cc:extensions.bzl", "cc_configure_extension")
use_repo(
    bazels,
    "local_config_cc",
    "local_config_cc_toolchains",
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
    workspace.write_module("src", &(tag("cc") + &tag("gcc") + REPOSITORIES))?;
    // The folders with `toolchain()` are packages here.
    workspace.write(".bazelignore", "")?;
    workspace.write("program.cc", SOURCE)?;
    workspace.write("BUILD.bazel", &(BUILD.replace("\"cc_library\"", "\"cc_binary\", \"cc_library\"") + PROGRAM))?;
    let gcc = prepare(lab, &workspace, "gcc")?;
    let document = crate::sandbox::workspace().join("docs/regen.md");
    let document = fs::read_to_string(&document).with_context(|| format!("cannot read `{}`", document.display()))?;
    let exceptions = read_exceptions(&document)?;
    for (compiler, name, environment) in
        [("clang", "cc", lab.sandbox.toolchain.environment.as_str()), ("gcc", "gcc", gcc.as_str())]
    {
        let claim = format!("Bazel's own configuration of {compiler} differs from ours in explained ways only");
        tally.check(&claim, || differ_as_explained(&workspace, compiler, name, environment, &exceptions));
    }
    tally.check("a program that the GCC toolchain builds runs", || {
        let chosen = flags("gcc");
        let chosen = chosen.iter().map(String::as_str);
        let arguments: Vec<&str> = chosen.chain(["--ui_event_filters=-info,-stdout", "//:program"]).collect();
        let ran = workspace.run("run", &arguments)?.expect_success("`bazel run`")?;
        let said = ran.stdout.replace(|c: char| c.is_ascii_digit(), "N");
        expect_equal("what it says", &said, "thrown by GCC NN: N\n")
    });
    workspace.bazel.shutdown()
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
