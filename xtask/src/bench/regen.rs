//! `lre regen` against Bazel's own configuration of the same compiler.

use std::fs;

use anyhow::{Context, Result};

use super::{Measured, compare_by};
use crate::bazel::{ALICE, Bazel};
use crate::lab::Lab;
use crate::sandbox::toolchain::{nix, output};

/// The workspace, below the sandbox's place.
const FOLDER: &str = "bench-regen";

const MODULE: &str = r#"module(name = "bench")

bazel_dep(name = "rules_cc", version = "0.0.11")

bazels = use_extension("@rules_cc//cc:extensions.bzl", "cc_configure_extension")
use_repo(bazels, "local_config_cc")
"#;

/// Compares a whole process that writes a new folder with a fetch by a warm server.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let place = lab.sandbox.place();
    let folder = place.outside(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    fs::write(folder.join("MODULE.bazel"), MODULE)?;
    fs::write(folder.join("BUILD.bazel"), "")?;
    let helper = lab.install_release_helper()?;
    let environment = place.text("env.json");
    let out = folder.join("out");
    let ours = || {
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, &helper);
        let words = ["regen", "--env-json", &environment, "--out", "out"];
        output(entry.args(words).directory(place.inside(FOLDER))).map(drop)
    };
    let bazel = Bazel::new(lab, FOLDER, &ALICE, FOLDER);
    bazel.forget()?;
    let entries: Vec<String> = serde_json::from_str(&lab.sandbox.toolchain.environment)?;
    let mut flags = vec!["--force".to_owned(), "--repo=@local_config_cc".to_owned()];
    flags.extend(entries.iter().map(|entry| format!("--repo_env={entry}")));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let peer = || bazel.run("fetch", &flags)?.expect_success("the fetch of `@local_config_cc`").map(drop);
    let measured = compare_by(
        "regen",
        5.0,
        ("lre regen --env-json env.json --out NEW", &ours),
        ("bazel fetch --force --repo=@local_config_cc", &peer),
    );
    bazel.shutdown()?;
    bazel.forget()?;
    Ok(vec![measured?])
}
