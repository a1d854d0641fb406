//! A toolchain that runs on one system and produces code for another.

use std::fs;

use anyhow::{Context, Result};

use super::example_toolchain::{flags, prepare, tag, write_toolchain};
use super::workspace::Workspace;
use crate::lab::Lab;
use crate::sandbox::toolchain::output;
use crate::test::case::{Tally, expect_equal};

const BUILD: &str = r#"load("@rules_cc//cc:defs.bzl", "cc_binary")

cc_binary(
    name = "program",
    srcs = ["program.cc"],
)
"#;

const SOURCE: &str = "#include <iostream>\n\nint main() { std::cout << __VERSION__ << std::endl; }\n";

/// Machines in the header of an ELF file.
const X86_64: u8 = 62;
const AARCH64: u8 = 183;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "cross")?;
    prepare(lab, &workspace, "cross")?;
    workspace.write_module("src", &(tag("cross") + "use_repo(lre, \"lre_cross\")\n"))?;
    workspace.write("program.cc", SOURCE)?;
    workspace.write("BUILD.bazel", BUILD)?;
    let chosen = flags("cross");
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    tally.check("a cross toolchain of nothing but its Env builds for its target, on its execution platform", || {
        let arguments = [chosen.as_slice(), &["--platforms=//lre-cross/config:target"]].concat();
        let machine = machine(lab, &workspace, &arguments)?;
        expect_equal("the machine in the program's header", &machine.to_string(), &AARCH64.to_string())?;
        let (platform, _) = workspace.compile_platform("//:program", &arguments)?;
        expect_equal("the execution platform", &platform, "//lre-cross/config:platform")
    });
    tally.check("the toolchain of this system is there for what is built for this system", || {
        let arguments = ["--config=lre"];
        workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
        workspace.write_module("src", &(tag("cc") + &tag("cross") + "use_repo(lre, \"lre_cross\")\n"))?;
        let machine = machine(lab, &workspace, &[chosen.as_slice(), &arguments].concat())?;
        expect_equal("the machine in the program's header", &machine.to_string(), &X86_64.to_string())
    });
    tally.check("chosen as `cc`, it gives the flags of `lre.bazelrc` its systems", || {
        write_toolchain(lab, &workspace, "cross", "cc", "lre-chosen")?;
        let chosen = "lre.toolchain(\n    name = \"cc\",\n    manifest = \"//lre-chosen:lre.json\",\n)\n";
        workspace.write_module("src", chosen)?;
        let place = lab.sandbox.place();
        let sync = lab.sandbox.command(&lab.helper()).args(["pin", "--sync", "lre-chosen"]);
        output(sync.directory(place.inside(&workspace.path)))?;
        let arguments = ["--config=lre", "--platforms=//lre-chosen/config:target"];
        let machine = machine(lab, &workspace, &arguments)?;
        expect_equal("the machine in the program's header", &machine.to_string(), &AARCH64.to_string())
    });
    workspace.bazel.shutdown()
}

/// The machine that the built program is for.
fn machine(lab: &Lab, workspace: &Workspace<'_>, arguments: &[&str]) -> Result<u8> {
    let with = |more: &[&'static str]| [arguments, more].concat();
    workspace.run("build", &with(&["//:program"]))?.expect_success("`bazel build`")?;
    let files = workspace.run("cquery", &with(&["--output=files", "//:program"]))?.expect_success("`bazel cquery`")?;
    let root = lab.sandbox.place().outside(workspace.bazel.output_base()).join("execroot/_main");
    let program = root.join(files.stdout.trim());
    let bytes = fs::read(&program).with_context(|| format!("cannot read `{}`", program.display()))?;
    bytes.get(18).copied().context("the program has no header")
}
