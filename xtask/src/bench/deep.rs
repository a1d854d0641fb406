//! `lre check --deep` against `nix-store --verify-path` on the same store paths.

use std::fs;
use std::io::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Measured, Side, compare};
use crate::lab::{HELLO, Lab};
use crate::root::Entry;
use crate::sandbox::source;
use crate::sandbox::toolchain::{nix, output};

/// All roots of a comparison together.
const TOTAL_MIB: u64 = 512;
/// How many roots are many.
const MANY: u64 = 16;
/// The workspace, below the sandbox's place.
const FOLDER: &str = "bench-deep";

/// Compares the whole processes on roots of one size, and on one that is as large as all of those.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let helper = lab.install_release_helper()?;
    let mut ratios = Vec::new();
    for (title, target, count) in [("--deep, many roots", 1.7, MANY), ("--deep, one large root", 1.0, 1)] {
        let roots: Vec<String> = (0..count).map(|seed| add(lab, seed, TOTAL_MIB / count)).collect::<Result<_>>()?;
        let ratio = compare_roots(lab, &helper, title, target, &roots);
        output(store(lab).args(["--delete"]).args(&roots))?;
        ratios.push(ratio?);
    }
    Ok(ratios)
}

fn compare_roots(lab: &Lab, helper: &str, title: &'static str, target: f64, roots: &[String]) -> Result<Measured> {
    let place = lab.sandbox.place();
    let toolchain = place.outside(HELLO).join("lre-cc");
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(toolchain.join("lre.json"))?)?;
    let recorded = roots.iter().map(|root| json!({"path": root, "narHash": null}));
    manifest["storeRoots"] = recorded.collect();
    source::copy(&toolchain, &place.outside(FOLDER).join("lre-cc"))?;
    fs::write(place.outside(FOLDER).join("lre-cc/lre.json"), manifest.to_string())?;
    // That the manifest lists other roots than the files name is found too, and costs nothing.
    let ours = || quiet(lab, &[helper, "check", "--deep", "lre-cc"]);
    let peer = || {
        let words: Vec<&str> =
            ["nix-store", "--verify-path"].into_iter().chain(roots.iter().map(String::as_str)).collect();
        quiet(lab, &words)
    };
    let ours = Side { name: "lre check --deep lre-cc", entry: &ours };
    let peer = Side { name: "nix-store --verify-path ROOTS", entry: &peer };
    compare(title, target, 1, &ours, &peer)
}

fn store(lab: &Lab) -> Entry {
    nix(&lab.sandbox.builder, lab.sandbox.tools, &lab.sandbox.place(), "nix-store")
}

/// A command whose findings are not what is measured.
fn quiet(lab: &Lab, words: &[&str]) -> Entry {
    let place = lab.sandbox.place();
    let shell = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "bash");
    let script = "\"$@\" >/dev/null 2>&1 || test $? = 1";
    shell.args(["-c", script, "bash"]).args(words).directory(place.inside(FOLDER))
}

/// Adds a root of one file that nothing compresses.
pub(super) fn add(lab: &Lab, seed: u64, mebibytes: u64) -> Result<String> {
    let place = lab.sandbox.place();
    let name = format!("lre-bench-{seed}");
    let folder = place.outside(&name);
    fs::create_dir_all(&folder)?;
    let mut file = fs::File::create(folder.join("bytes"))?;
    let mut state = seed + 1;
    for _ in 0..mebibytes {
        let mut block = Vec::with_capacity(1 << 20);
        while block.len() < 1 << 20 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend(state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    let added = output(store(lab).args(["--add", &place.text(&name)]));
    fs::remove_dir_all(&folder)?;
    Ok(added?.trim().to_owned())
}
