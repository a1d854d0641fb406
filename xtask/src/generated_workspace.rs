//! A workspace with as many actions as one likes, for benches: libraries of generated C files.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};

use crate::bazel::{ALICE, Bazel};
use crate::lab::{HELLO, Lab};
use crate::sandbox::source;

const BUILD: &str = r#"load("@rules_cc//cc:defs.bzl", "cc_library")

[cc_library(
    name = "generated_%d" % number,
    srcs = ["generated_%d.c" % number],
    linkstatic = True,
) for number in range(COUNT)]
"#;

/// Compiles and archives: this many actions for each generated file.
pub(crate) const ACTIONS_OF_A_FILE: usize = 2;

/// Writes a workspace of `actions` actions below the sandbox's place, and returns Bazel in it. `module` goes behind the lines
/// of `MODULE.bazel` that name this module and rules_cc.
pub(crate) fn write_workspace<'a>(lab: &'a Lab, name: &str, actions: usize, module: &str) -> Result<Bazel<'a>> {
    let place = lab.sandbox.place();
    let folder = place.outside(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    for part in ["lre-cc", "lre.bazelrc"] {
        source::copy(&place.outside(HELLO).join(part), &folder.join(part))?;
    }
    let write = |file: &str, text: &str| {
        fs::write(folder.join(file), text).with_context(|| format!("cannot write `{file}` of `{}`", folder.display()))
    };
    let files = actions / ACTIONS_OF_A_FILE;
    write("BUILD.bazel", &BUILD.replace("COUNT", &files.to_string()))?;
    write("MODULE.bazel", &(module_file(&place.text("src")) + module))?;
    write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    write(".bazelignore", "lre-cc\n")?;
    for number in 0..files {
        write(&format!("generated_{number}.c"), &source_file(name, number))?;
    }
    let bazel = Bazel::new(lab, name, &ALICE, name);
    bazel.forget()?;
    Ok(bazel)
}

/// A C file of some 4 KB, so that an object is no empty one. Its functions have the workspace's name: no other workspace has
/// the same object, whose archive would hit.
fn source_file(name: &str, number: usize) -> String {
    let name = name.replace('-', "_");
    (0..50).fold(String::new(), |mut text, function| {
        let _ = writeln!(text, "int {name}_{number}_{function}(int x) {{ return x * {number} + {function} % 7; }}");
        text
    })
}

fn module_file(module: &str) -> String {
    format!(
        r#"module(name = "generated")

bazel_dep(name = "local-remote-execution")
local_path_override(
    module_name = "local-remote-execution",
    path = "{module}",
)
bazel_dep(name = "rules_cc", version = "0.0.11")

lre = use_extension("@local-remote-execution//extensions:lre.bzl", "lre")
lre.toolchain(
    name = "cc",
    manifest = "//lre-cc:lre.json",
)
"#
    )
}
