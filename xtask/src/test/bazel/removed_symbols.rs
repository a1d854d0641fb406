//! Nothing that Bazel 8 or 9 removed is in our Starlark, and every rule is loaded. Those versions cannot run here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::lab::{HELLO, Lab};
use crate::sandbox::workspace;
use crate::test::case::Tally;

/// Rules and modules that are no longer built into Bazel: a file that uses one loads it.
const MOVED: [&str; 32] = [
    "cc_binary",
    "cc_common",
    "cc_import",
    "cc_library",
    "cc_proto_library",
    "cc_shared_library",
    "cc_static_library",
    "cc_test",
    "cc_toolchain",
    "cc_toolchain_alias",
    "fdo_prefetch_hints",
    "fdo_profile",
    "java_binary",
    "java_common",
    "java_import",
    "java_library",
    "java_test",
    "java_toolchain",
    "objc_library",
    "proto_library",
    "py_binary",
    "py_library",
    "py_runtime",
    "py_test",
    "sh_binary",
    "sh_library",
    "sh_test",
    "CcInfo",
    "CcToolchainConfigInfo",
    "DebugPackageInfo",
    "JavaInfo",
    "ProtoInfo",
];

/// What is gone, whether loaded or not, with what to use instead.
const REMOVED: [(&str, &str); 16] = [
    ("@local_config_cc", "`@bazel_tools//tools/cpp:toolchain_type`"),
    ("@local_config_platform", "`@platforms//host`"),
    ("@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl", "`@rules_cc//cc:cc_toolchain_config_lib.bzl`"),
    ("@bazel_tools//tools/cpp:toolchain_utils.bzl", "`@rules_cc//cc:find_cc_toolchain.bzl`"),
    ("@bazel_tools//tools/cpp:unix_cc_toolchain_config.bzl", "rules_cc's"),
    ("@bazel_tools//platforms", "`@platforms`"),
    ("@bazel_tools//tools/build_defs/repo:maven_rules.bzl", "rules_jvm_external"),
    ("cc_toolchain_suite", "`toolchain`"),
    ("crosstool_top", "`--extra_toolchains`"),
    ("cc_configure(", "rules_cc's extension"),
    ("native.bind", "an alias"),
    ("native.local_repository", "`@bazel_tools//tools/build_defs/repo:local.bzl`"),
    ("native.new_local_repository", "`@bazel_tools//tools/build_defs/repo:local.bzl`"),
    ("compatibility_level", "nothing: it has no effect"),
    ("workspace_name", "`repo_name` of a label"),
    ("DATA_CFG", "`cfg = \"exec\"`"),
];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let mut files = Vec::new();
    for folder in ["extensions", "toolchain", "generated-cc", "helper", "examples"] {
        starlark_files(&workspace().join(folder), &mut files)?;
    }
    files.extend([workspace().join("MODULE.bazel"), workspace().join("BUILD.bazel")]);
    starlark_files(&lab.sandbox.place().outside(HELLO).join("lre-cc"), &mut files)?;
    tally.check("no Starlark file uses what Bazel 8 or 9 removed", || {
        let mut found = Vec::new();
        for file in &files {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
            found.extend(removed(&text).into_iter().map(|finding| format!("{}:{finding}", file.display())));
        }
        if files.len() < 20 || !found.is_empty() {
            bail!("in {} files:\n{}", files.len(), found.join("\n"));
        }
        Ok(())
    });
    Ok(())
}

/// The lines of a Starlark file that Bazel 8 or 9 would not understand, with why.
fn removed(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    let loaded = code.join("\n");
    let mut findings = Vec::new();
    for (index, line) in code.iter().enumerate() {
        for symbol in MOVED {
            let is_loaded = loaded.contains(&format!("\"{symbol}\"")) && loaded.contains("load(");
            if uses(line, symbol) && !is_loaded {
                findings.push(format!("{}: `{symbol}` is not loaded", index + 1));
            }
            if line.contains(&format!("native.{symbol}")) {
                findings.push(format!("{}: `native.{symbol}` is gone: load it", index + 1));
            }
        }
        for (symbol, instead) in REMOVED {
            // `ctx.workspace_name` is another thing and stays.
            if line.contains(symbol) && !line.contains(&format!("ctx.{symbol}")) {
                findings.push(format!("{}: `{symbol}` is gone: use {instead}", index + 1));
            }
        }
    }
    findings
}

/// Whether a line calls `symbol`, or takes a part of it.
fn uses(line: &str, symbol: &str) -> bool {
    line.match_indices(symbol).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + symbol.len()..].chars().next();
        let joined = |c: char| c.is_alphanumeric() || "_\"`./:-@~".contains(c);
        !before.is_some_and(joined) && matches!(after, Some('(' | '.'))
    })
}

/// Every Starlark file below `directory`.
fn starlark_files(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read `{}`", directory.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            starlark_files(&entry.path(), files)?;
        } else if ["BUILD", "BUILD.bazel", "MODULE.bazel"].contains(&name.as_str()) || name.ends_with(".bzl") {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::removed;

    #[test]
    fn rule_that_is_not_loaded_is_found() {
        assert_eq!(removed("cc_library(\n    name = \"a\",\n)\n"), ["1: `cc_library` is not loaded"]);
        assert_eq!(removed("native.cc_test(name = \"a\")"), ["1: `native.cc_test` is gone: load it"]);
        assert_eq!(removed("x = [CcInfo.y]"), ["1: `CcInfo` is not loaded"]);
    }

    #[test]
    fn rule_that_is_loaded_or_named_alike_is_not() {
        let text = "load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")\n\nlre_cc_toolchain(name = \"a\")\ncc_library(name = \"b\")\n";
        assert!(removed(text).is_empty());
        assert!(removed("# cc_library(\ndoc = \"a `cc_toolchain`\"\n").is_empty());
    }

    #[test]
    fn what_is_gone_is_found_however_it_is_used() {
        let found = removed("x = Label(\"@local_config_cc//:toolchain\").workspace_name\ny = rctx.workspace_name\n");
        assert_eq!(
            found,
            [
                "1: `@local_config_cc` is gone: use `@bazel_tools//tools/cpp:toolchain_type`",
                "1: `workspace_name` is gone: use `repo_name` of a label",
            ]
        );
    }
}
