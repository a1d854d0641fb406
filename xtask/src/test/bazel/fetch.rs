//! When the toolchain is fetched and checked, and when it is not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use super::helper_message;
use crate::bazel::{ALICE, Bazel};
use crate::lab::{self, Lab};
use crate::sandbox::source;
use crate::sandbox::toolchain::{nix, output};
use crate::test::case::{Tally, expect_equal, expect_lines};

/// A copy of `hello-cc` whose Env has one more store path, which can be garbage-collected.
const WORKSPACE: &str = "src/examples/hello-collected";
/// Counts its calls, then is `lre`.
const COUNTER: &str = "bin/counting-lre";
const COUNT: &str = "bin/counting-lre.count";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let extra = prepare(lab).context("cannot prepare the workspace with a store path to collect")?;
    let bazel = Bazel::new(lab, WORKSPACE, &ALICE, "fetch");
    bazel.forget()?;
    tally.check("without --config=lre the toolchain is never fetched, and a missing store path harms nobody", || {
        collect(lab, &extra)?;
        bazel.run("build", &["--nobuild", "//..."])?.expect_success("a build without LRE")?;
        expect_count(lab, 0)
    });
    tally.check("with --config=lre a missing store path stops the build with the helper's message", || {
        let outcome = bazel.run("build", &["--config=lre", "//..."])?;
        if outcome.success {
            bail!("the build went on without `{extra}`");
        }
        expect_lines("Bazel's message", &outcome.stderr, &helper_message(lab, WORKSPACE, "lre-cc")?)?;
        expect_count(lab, 1)
    });
    tally.check("put back, it builds, and a second build fetches nothing", || {
        expect_equal("the store path put back", &add(lab)?, &extra)?;
        for _ in 0..2 {
            bazel.run("build", &["--config=lre", "//:tally"])?.expect_success("the build")?;
        }
        expect_count(lab, 2)
    });
    tally.check("build and query in turn see the same repositories and refetch none", || {
        let before = markers(lab, &bazel)?;
        for _ in 0..2 {
            bazel.run("query", &["--config=lre", "deps(//:tally)"])?.expect_success("`bazel query`")?;
            bazel.run("build", &["--config=lre", "//:tally"])?.expect_success("`bazel build`")?;
        }
        let after = markers(lab, &bazel)?;
        let refetched: Vec<&String> =
            before.iter().filter(|(name, time)| after.get(*name) != Some(time)).map(|(name, _)| name).collect();
        if !refetched.is_empty() {
            bail!("fetched again: {refetched:?}");
        }
        expect_count(lab, 2)
    });
    tally.check("a store path that is garbage-collected after a build is missed by the next one", || {
        collect(lab, &extra)?;
        let outcome = bazel.run("build", &["--config=lre", "//:tally"])?;
        if outcome.success {
            bail!("the build went on without `{extra}`");
        }
        expect_lines("Bazel's message", &outcome.stderr, &helper_message(lab, WORKSPACE, "lre-cc")?)?;
        expect_count(lab, 3)
    });
    tally.check("LRE_LOCAL=off leaves the check out and says so once, in one line", || {
        let outcome = bazel.run("build", &["--config=lre", "--repo_env=LRE_LOCAL=off", "--nobuild", "//:tally"])?;
        let outcome = outcome.expect_success("the analysis")?;
        let said = outcome.stderr.lines().filter(|line| line.contains("LRE_LOCAL=off")).count();
        if said != 1 {
            bail!("it said so {said} times:\n{}", outcome.stderr);
        }
        expect_count(lab, 3)
    });
    tally.check("another value of LRE_LOCAL is refused", || {
        let outcome = bazel.run("build", &["--config=lre", "--repo_env=LRE_LOCAL=no", "--nobuild", "//:tally"])?;
        if outcome.success {
            bail!("the analysis went on");
        }
        if !outcome.stderr.contains("`LRE_LOCAL=no` is not understood\n") {
            bail!("the value is not named:\n{}", outcome.stderr);
        }
        expect_lines("Bazel's message", &outcome.stderr, "\nhint: say `--repo_env=LRE_LOCAL=off`, or leave it out")
    });
    tally.check("LRE_LOCAL=off still compares the files with their manifest", || {
        let file = lab.sandbox.place().outside(WORKSPACE).join("lre-cc/config/BUILD");
        let text = fs::read_to_string(&file)?;
        fs::write(&file, text.clone() + "# edited\n")?;
        let outcome = bazel.run("build", &["--config=lre", "--repo_env=LRE_LOCAL=off", "--nobuild", "//:tally"]);
        fs::write(&file, text)?;
        let outcome = outcome?;
        if outcome.success {
            bail!("the analysis went on with an edited file");
        }
        let hint = "\nhint: bring back what was committed, as with `git checkout -- lre-cc`, or write it again with \
                    `lre regen --out lre-cc`";
        expect_lines("Bazel's message", &outcome.stderr, hint)
    });
    bazel.shutdown()
}

/// Makes the workspace and the store path; returns the latter.
fn prepare(lab: &Lab) -> Result<String> {
    let place = lab.sandbox.place();
    let workspace = place.outside(WORKSPACE);
    source::copy(&place.outside(lab::HELLO), &workspace)?;
    let extra = add(lab)?;
    let mut environment: Vec<String> = serde_json::from_str(&lab.sandbox.toolchain.environment)?;
    for entry in &mut environment {
        if entry.starts_with("PATH=") {
            *entry += &format!(":{extra}/bin");
        }
    }
    fs::write(place.outside("collected-env.json"), serde_json::to_string(&environment)?)?;
    let script = r#"rm -rf lre-cc
        "$0" regen --env-json "$1" --out lre-cc
        "$0" bazelrc --env-json "$1" --prefix lre --helper "$2" >lre.bazelrc"#;
    let counter = place.text(COUNTER);
    let words = ["-euc", script, &lab.helper(), &place.text("collected-env.json"), &counter];
    output(
        nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "bash").args(words).directory(place.inside(WORKSPACE)),
    )?;
    let text = format!("#!/bin/sh\necho >>{}\nexec {} \"$@\"\n", place.text(COUNT), lab.helper());
    fs::write(place.outside(COUNTER), text)?;
    fs::set_permissions(place.outside(COUNTER), fs::Permissions::from_mode(0o755))?;
    fs::write(place.outside(COUNT), "")?;
    Ok(extra)
}

/// Adds a small folder to the store; the same content gives the same path.
fn add(lab: &Lab) -> Result<String> {
    let place = lab.sandbox.place();
    let folder = place.outside("lre-collected");
    fs::create_dir_all(folder.join("bin"))?;
    fs::write(folder.join("bin/readme"), "a folder of PATH with nothing to run\n")?;
    let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "nix-store");
    Ok(output(entry.args(["--add", &place.text("lre-collected")]))?.trim().to_owned())
}

/// Deletes a path from the store as garbage collection does.
fn collect(lab: &Lab, path: &str) -> Result<()> {
    let place = lab.sandbox.place();
    output(nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "nix-store").args(["--delete", path])).map(drop)
}

fn expect_count(lab: &Lab, wanted: usize) -> Result<()> {
    let count = fs::read_to_string(lab.sandbox.place().outside(COUNT))?.lines().count();
    if count != wanted {
        bail!("the helper has run {count} times by now, not {wanted}");
    }
    Ok(())
}

/// When each external repository was fetched, by the name of its marker file.
fn markers(lab: &Lab, bazel: &Bazel<'_>) -> Result<BTreeMap<String, SystemTime>> {
    let external = lab.sandbox.place().outside(bazel.output_base()).join("external");
    let mut markers = BTreeMap::new();
    for entry in fs::read_dir(&external).with_context(|| format!("cannot read `{}`", external.display()))? {
        let path = entry?.path();
        if path.extension() == Some(Path::new("marker").as_os_str()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            markers.insert(name, fs::metadata(&path)?.modified()?);
        }
    }
    if markers.is_empty() {
        bail!("`{}` has no marker files", external.display());
    }
    Ok(markers)
}
