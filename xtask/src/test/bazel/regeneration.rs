//! `lre regen` where it runs: killed at every system call that changes a file, and from a real flake.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::lab::Lab;
use crate::sandbox::toolchain::{REPOSITORY, nix, output};
use crate::sandbox::{source, workspace};
use crate::test::case::{Tally, expect_equal};

/// The folder of these checks, below the sandbox's place.
const PLACE: &str = "checks/regeneration";

/// Published facts, below the sandbox's place.
const FACTS: &str = "checks/facts.json";

/// What changes a file system, or makes a change last.
const CALLS: [&str; 13] = [
    "mkdir",
    "chmod",
    "openat",
    "write",
    "fchmod",
    "fsync",
    "link",
    "linkat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
];

/// The fewest kills that mean something: a run makes some thirty such calls.
const FEWEST_KILLS: usize = 30;

/// A run makes fewer calls of each kind.
const MOST_CALLS: usize = 500;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    for (before, claim) in [
        (Before::Old, "a kill at any system call leaves the old files or the new ones, and the next run completes"),
        (Before::Absent, "a kill at any system call leaves no folder or the whole one, and the next run completes"),
    ] {
        tally.check(claim, || {
            let kills = kill_everywhere(lab, before)?;
            if kills < FEWEST_KILLS {
                bail!("`lre regen` was killed {kills} times only");
            }
            Ok(())
        });
    }
    tally.check("`lre regen --flake` writes what `--env-json` writes for the same Env", || {
        let place = lab.sandbox.place();
        let folder = fresh(lab)?;
        source::copy(&place.outside(REPOSITORY), &folder.join("flake"))?;
        fs::write(folder.join("flake/flake.nix"), FLAKE)?;
        let regen = |source: &[&str], out: &str| {
            let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, &lab.helper());
            let words = [&["regen"], source, &["--out", out]].concat();
            output(entry.args(&words).directory(place.inside(PLACE)))
        };
        let environment = place.text("env.json");
        regen(&["--flake", "path:./flake#lre-cc"], "by-flake")?;
        regen(&["--env-json", &environment], "by-env")?;
        for file in ["lre.json", "cc/BUILD", "config/BUILD", "BUILD.bazel"] {
            let read = |out: &str| fs::read_to_string(folder.join(out).join(file));
            expect_equal(file, &read("by-flake")?, &read("by-env")?)?;
        }
        Ok(())
    });
    Ok(())
}

/// The expression of the custom toolchain as a flake.
const FLAKE: &str = "{ outputs = _: { lre-cc = (import ./examples/custom-toolchain/toolchain.nix { }).lre-cc; }; }\n";

fn fresh(lab: &Lab) -> Result<PathBuf> {
    let folder = lab.sandbox.place().outside(PLACE);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// What stands in the folder before a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Before {
    /// Nothing.
    Absent,
    /// Other text in each file.
    Old,
}

const FILES: [&str; 4] = ["BUILD.bazel", "cc/BUILD", "config/BUILD", "lre.json"];

/// Kills a run at the first call of each kind, then at the second, and so on until it ends by itself.
fn kill_everywhere(lab: &Lab, before: Before) -> Result<usize> {
    let folder = fresh(lab)?;
    fs::copy(workspace().join("helper/tests/facts/pin-64ed20a.json"), lab.sandbox.place().outside(FACTS))?;
    let read = || FILES.map(|file| fs::read_to_string(folder.join("out").join(file)).unwrap_or_default());
    if !regen(lab, &[])? {
        bail!("`lre regen` does not work");
    }
    let new = read();
    // White space at the end changes the meaning of none of them.
    let old = new.clone().map(|text| if before == Before::Old { text + "\n" } else { String::new() });
    let mut kills = 0;
    for call in CALLS {
        for number in 1.. {
            if number > MOST_CALLS {
                bail!("`lre regen` never ends by itself when `{call}` is watched");
            }
            prepare(&folder.join("out"), before, &old)?;
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let ended = regen(lab, &["strace", "-f", "-o", "/dev/null", "-e", &inject])?;
            let found = read();
            if ended {
                expect_equal("what a whole run wrote", &found.concat(), &new.concat())?;
                break;
            }
            kills += 1;
            if found != old && found != new {
                bail!("a kill at call {number} of `{call}` left a mixture:\n{}", found.concat());
            }
            if !regen(lab, &[])? {
                bail!("after a kill at call {number} of `{call}`, the next run fails");
            }
            expect_equal("what the next run wrote", &read().concat(), &new.concat())?;
            let names: Vec<_> = fs::read_dir(&folder)?.flatten().map(|entry| entry.file_name()).collect();
            if names != ["out"] {
                bail!("after a kill at call {number} of `{call}`, the next run left {names:?}");
            }
        }
    }
    Ok(kills)
}

fn prepare(out: &Path, before: Before, old: &[String]) -> Result<()> {
    match before {
        Before::Absent => fs::remove_dir_all(out).with_context(|| format!("cannot remove `{}`", out.display())),
        Before::Old => FILES.iter().zip(old).try_for_each(|(file, text)| {
            fs::write(out.join(file), text).with_context(|| format!("cannot write `{file}` in `{}`", out.display()))
        }),
    }
}

/// Whether `lre regen` ends well, started by `wrapper`. Published facts need no compiler to be asked.
fn regen(lab: &Lab, wrapper: &[&str]) -> Result<bool> {
    let helper = lab.helper();
    let facts = lab.sandbox.place().text(FACTS);
    let words = [wrapper, &[helper.as_str(), "regen", "--published", &facts, "--out", "out"]].concat();
    let entry = lab.sandbox.command(words[0]).args(&words[1..]).directory(lab.sandbox.place().inside(PLACE));
    Ok(entry.build().output().context("cannot run `lre regen`")?.status.success())
}
