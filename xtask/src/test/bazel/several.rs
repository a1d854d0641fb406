//! Several toolchains, and several modules that name some.

use std::fs;

use anyhow::{Result, bail};

use super::workspace::{BUILD, Workspace, demo_tag};
use crate::lab::Lab;
use crate::sandbox::toolchain::{nix, output};
use crate::test::case::{Tally, expect_equal, expect_lines};

const SECOND: &str = "lre.toolchain(\n    name = \"two\",\n    manifest = \"//tools/lre-two:lre.json\",\n)\nuse_repo(lre, \"lre_two\")\n";
const SECOND_TARGET: &str = r#"
cc_library(
    name = "two",
    srcs = ["one.cc"],
    exec_compatible_with = ["//tools/lre-two/config:lre-two"],
)
"#;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    two_toolchains(tally, lab)?;
    other_modules(tally, lab)?;
    no_build_file(tally, lab)
}

fn two_toolchains(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "two")?;
    regenerate(lab, &workspace)?;
    workspace.write("BUILD.bazel", &(BUILD.to_owned() + SECOND_TARGET))?;
    tally.check("each of two toolchains is selected by its own flags, and fetched only then", || {
        workspace.write_module("src", &(demo_tag("") + SECOND))?;
        workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
        let flags = [
            "--extra_toolchains=//tools/lre-two/config:cc-toolchain",
            "--extra_execution_platforms=//tools/lre-two/config:platform",
            // The host's, which every platform of its kind accepts.
            "--repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1",
        ];
        let (platform, properties) = workspace.compile_platform("//:one", &flags)?;
        expect_equal("the execution platform", &platform, "//tools/lre-two/config:platform")?;
        expect_image("two", &properties)?;
        expect_equal("what was fetched", &workspace.fetched()?.join(" "), "lre_manifests lre_toolchains lre_two")?;
        let (platform, properties) = workspace.compile_platform("//:one", &["--config=lre"])?;
        if !platform.ends_with("//generated-cc/config:platform") {
            bail!("with `--config=lre` the execution platform is `{platform}`");
        }
        expect_image("cc", &properties)
    });
    tally.check("two registered toolchains are there at once, in the order of their tags", || {
        for (first, second) in [("cc", "two"), ("two", "cc")] {
            workspace.bazel.shutdown()?;
            let register = "    register = True,\n";
            let two = SECOND.replace("lre.json\",\n", &format!("lre.json\",\n{register}"));
            let cc = demo_tag(register);
            let tags = if first == "cc" { cc + &two } else { two + &cc };
            workspace.write_module("src", &tags)?;
            let (platform, properties) = workspace.compile_platform("//:one", &[])?;
            let name = platform.rsplit_once("lre_toolchains//").map_or(platform.as_str(), |(_, name)| name);
            expect_equal("the execution platform of any target", name, &format!("platforms:000_{first}"))?;
            expect_image(first, &properties)?;
            let (_, properties) = workspace.compile_platform("//:two", &[])?;
            expect_image("two", &properties)?;
            workspace.run("build", &["//..."])?.expect_success(&format!("`{first}` before `{second}`"))?;
        }
        Ok(())
    });
    workspace.bazel.shutdown()
}

/// Generates the second toolchain; its Env has one more entry, so its image is another.
fn regenerate(lab: &Lab, workspace: &Workspace<'_>) -> Result<()> {
    let place = lab.sandbox.place();
    let mut environment: Vec<String> = serde_json::from_str(&lab.sandbox.toolchain.environment)?;
    for entry in &mut environment {
        if entry.starts_with("PATH=") {
            *entry += &format!(":{}/share", lab.sandbox.toolchain.tools);
        }
    }
    fs::write(place.outside("two-env.json"), serde_json::to_string(&environment)?)?;
    let environment = place.text("two-env.json");
    let words = ["regen", "--env-json", &environment, "--name", "two", "--out", "tools/lre-two"];
    let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, &lab.helper());
    output(entry.args(words).directory(place.inside(&workspace.path))).map(drop)
}

fn expect_image(toolchain: &str, properties: &str) -> Result<()> {
    if !properties.contains(&format!("container-image: docker://lre-{toolchain}:")) {
        bail!("the action is not for toolchain `{toolchain}`: {properties}");
    }
    Ok(())
}

fn other_modules(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "modules")?;
    let dependency = "bazel_dep(name = \"greedy\")\nlocal_path_override(\n    module_name = \"greedy\",\n    path = \"greedy\",\n)\n";
    workspace.write(
        "greedy/MODULE.bazel",
        r#"module(name = "greedy")

bazel_dep(name = "local-remote-execution")

lre = use_extension("@local-remote-execution//extensions:lre.bzl", "lre")
lre.helper(path = "/no/such/lre")
lre.toolchain(
    name = "cc",
    manifest = "//lre-cc:lre.json",
    register = True,
)
lre.toolchain(
    name = "greedy",
    manifest = "//lre-greedy:lre.json",
    register = True,
)
use_repo(lre, "lre_greedy")
"#,
    )?;
    workspace.write("greedy/BUILD.bazel", "alias(\n    name = \"its\",\n    actual = \"@lre_greedy//cc\",\n)\n")?;
    workspace.write(".bazelignore", "lre-cc\ngreedy\n")?;
    let said = "the root module alone chooses toolchains, pins and their helper; without effect: \
                `lre.toolchain(name = \"cc\")` of module `greedy`, \
                `lre.toolchain(name = \"greedy\")` of module `greedy`, `lre.helper` of module `greedy`";
    let expect_said = |stderr: &str| {
        let lines: Vec<&str> = stderr.lines().filter(|line| line.contains("greedy")).collect();
        if lines.len() != 1 || !lines[0].ends_with(said) {
            bail!("Bazel says of it: {lines:#?}");
        }
        Ok(())
    };
    tally.check("a dependency's tags change nothing, and one line says so", || {
        workspace.write_module("src", "")?;
        workspace.write("MODULE.bazel", &(workspace.read("MODULE.bazel")? + dependency))?;
        let outcome = workspace.run("build", &["--nobuild", "//:one"])?.expect_success("the analysis")?;
        expect_said(&outcome.stderr)?;
        expect_equal("what was fetched", &workspace.fetched()?.join(" "), "lre_toolchains")
    });
    tally.check("the root module's toolchain wins over a dependency's, and one line says so", || {
        workspace.write_module("src", &demo_tag("    register = True,\n"))?;
        workspace.write("MODULE.bazel", &(workspace.read("MODULE.bazel")? + dependency))?;
        let outcome = workspace.run("build", &["//..."])?.expect_success("the build")?;
        expect_said(&outcome.stderr)?;
        let (_, properties) = workspace.compile_platform("//:one", &[])?;
        expect_image("cc", &properties)
    });
    tally.check("a dependency's own toolchain, if it is used, is refused with the root module's edit", || {
        let said = workspace.refused("build", &["--nobuild", "@greedy//:its"])?;
        expect_lines(
            "Bazel's message",
            &said,
            "Error in fail: module `greedy` names the toolchain `greedy`, and only the root module may\n\n\
             hint: add to the root module's `MODULE.bazel`\n  \
             lre = use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\n  \
             lre.toolchain(name = \"greedy\", manifest = …)",
        )
    });
    workspace.bazel.shutdown()
}

fn no_build_file(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "no-root-build")?;
    tally.check("a workspace without a BUILD file at its root builds with flags and registered", || {
        fs::remove_file(lab.sandbox.place().outside(&workspace.path).join("BUILD.bazel"))?;
        workspace.write("code/BUILD.bazel", BUILD)?;
        workspace.write("code/one.cc", "int one() { return 1; }\n")?;
        workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
        workspace.write_module("src", &demo_tag(""))?;
        workspace.run("build", &["--config=lre", "//..."])?.expect_success("the build with flags")?;
        workspace.write_module("src", &demo_tag("    register = True,\n"))?;
        workspace.run("build", &["//..."])?.expect_success("the build without flags").map(drop)
    });
    workspace.bazel.shutdown()
}
