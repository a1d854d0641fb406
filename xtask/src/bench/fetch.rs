//! What a fetch of the leaf repository adds to Bazel's own: the same command on a repository whose rule does nothing.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

use super::{Measured, ROUNDS, median};
use crate::bazel::{ALICE, Bazel};
use crate::lab::{HELLO, Lab};
use crate::sandbox::source;
use crate::sandbox::toolchain::{nix, output};

/// The workspace, below the sandbox's place.
const FOLDER: &str = "bench-fetch";
/// What the leaf repository may add.
const LIMIT_MS: f64 = 50.0;

const BARE: &str = r#"def _bare_impl(rctx):
    rctx.file("BUILD.bazel", "")

bare = repository_rule(implementation = _bare_impl)

def _bare_extension_impl(_mctx):
    bare(name = "bare")

bare_extension = module_extension(implementation = _bare_extension_impl)
"#;

/// Fetches both again and again, in turn, with a warm server.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let place = lab.sandbox.place();
    let folder = place.outside(FOLDER);
    source::copy(&place.outside(HELLO).join("lre-cc"), &folder.join("lre-cc"))?;
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write `{name}` of `{}`", folder.display()))
    };
    write("MODULE.bazel", &module_file(&place.text("src")))?;
    write("bare.bzl", BARE)?;
    write("BUILD.bazel", "")?;
    let bazel = Bazel::new(lab, FOLDER, &ALICE, FOLDER);
    bazel.forget()?;
    let helper = format!("--repo_env=LRE_HELPER={}", helper_in_store(lab)?);
    let fetch = |repository: &str| -> Result<f64> {
        let start = Instant::now();
        let flag = format!("--repo=@{repository}");
        bazel.run("fetch", &["--force", &helper, &flag])?.expect_success(&format!("the fetch of `@{repository}`"))?;
        Ok(start.elapsed().as_secs_f64() * 1000.0)
    };
    let mut rounds = Vec::new();
    for _ in 0..=ROUNDS {
        rounds.push((fetch("lre_cc")?, fetch("bare")?));
    }
    bazel.shutdown()?;
    bazel.forget()?;
    // The first round starts the server.
    rounds.remove(0);
    let leaf = median(rounds.iter().map(|(leaf, _)| *leaf).collect());
    let bare = median(rounds.iter().map(|(_, bare)| *bare).collect());
    let added = median(rounds.iter().map(|(leaf, bare)| leaf - bare).collect());
    println!("\nfetch: medians of {ROUNDS} rounds in turn\n");
    println!("| command | median, ms |\n|---|---|");
    println!("| `bazel fetch --force --repo=@lre_cc` | {leaf:.0} |");
    println!("| the same of a repository whose rule writes an empty file | {bare:.0} |");
    let is_met = added <= LIMIT_MS;
    let word = if is_met { "met" } else { "missed" };
    let text = format!("fetch: the leaf repository adds {added:.0} ms, and the limit of {LIMIT_MS} ms is {word}");
    println!("\n{text}");
    Ok(vec![Measured { is_met, text }])
}

/// The release build as a store path, as the flake's `lre.bazelrc` names it.
fn helper_in_store(lab: &Lab) -> Result<String> {
    let place = lab.sandbox.place();
    lab.install_release_helper()?;
    let folder = place.outside("lre-release/bin");
    fs::create_dir_all(&folder)?;
    fs::copy(place.outside("bin/lre-release"), folder.join("lre"))?;
    let store = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "nix-store");
    let added = output(store.args(["--add", &place.text("lre-release")]))?;
    Ok(format!("{}/bin/lre", added.trim()))
}

fn module_file(module: &str) -> String {
    format!(
        r#"module(name = "bench")

bazel_dep(name = "local-remote-execution")
local_path_override(
    module_name = "local-remote-execution",
    path = "{module}",
)

lre = use_extension("@local-remote-execution//extensions:lre.bzl", "lre")
lre.toolchain(
    name = "cc",
    manifest = "//lre-cc:lre.json",
)
use_repo(lre, "lre_cc")

bare = use_extension("//:bare.bzl", "bare_extension")
use_repo(bare, "bare")
"#
    )
}
