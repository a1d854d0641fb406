//! `lre image build` of the C++ worker's image against what people use in its place, and its memory.

use std::cell::Cell;

use anyhow::{Context as _, Result};

use super::{Measured, Side, compare, deep, run_entry};
use crate::lab::{HELLO, Lab};
use crate::root::Entry;
use crate::sandbox::toolchain::{nix, output};

/// The folder of images, below the sandbox's place.
const FOLDER: &str = "bench-image";

/// What a process may have in memory, in kB, whatever the image's size.
const MEMORY: u64 = 200_000;

/// Of the store root that changes.
const CHANGED_MIB: u64 = 5;

/// Pipes the closure, whose roots are in the file `roots`, through a compressor.
const TAR: &str = "tar -C / --sort=name --mtime=@1 --owner=0 --group=0 -T roots -cf -";

/// Runs the comparisons.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let helper = lab.install_release_helper()?;
    let worker = format!("{}/bin/buildbox-worker", lab.sandbox.toolchain.worker);
    let build = format!(
        "{helper} image build --manifest {}/lre-cc/lre.json --worker {worker} --out oci:out",
        lab.sandbox.place().text(HELLO)
    );
    std::fs::create_dir_all(lab.sandbox.place().outside(FOLDER))?;
    let roots: String = lab.sandbox.toolchain.closure.iter().map(|root| format!("{}\n", &root[1..])).collect();
    std::fs::write(lab.sandbox.place().outside(FOLDER).join("roots"), roots)?;

    let cold = || script(lab, &format!("rm -rf out cache\n{build}"));
    let umoci = |layer: &str| {
        let image = "umoci init --layout peer\numoci new --image peer:a\numoci raw add-layer --image peer:a layer.tar";
        script(lab, &format!("rm -rf peer layer.tar layer.tar.gz\n{TAR} {layer}\n{image}"))
    };
    let twice = || umoci("| tee layer.tar | gzip >layer.tar.gz");
    let once = || umoci(">layer.tar");
    let zstd = || script(lab, &format!("{TAR} | zstd -q -3 -T2 | sha256sum"));
    let ours = Side { name: "lre image build, empty cache", entry: &cold };
    let mut measured = vec![
        compare("image, cold", 4.0, 1, &ours, &Side { name: "tar | gzip, then umoci", entry: &twice })?,
        compare(
            "image, cold, and umoci alone, which runs gzip on all cores",
            2.0,
            1,
            &ours,
            &Side { name: "tar, then umoci", entry: &once },
        )?,
        compare(
            "image, cold, and the limit",
            1.0,
            1,
            &ours,
            &Side { name: "tar | zstd -3 -T2 | sha256sum", entry: &zstd },
        )?,
    ];
    measured.push(warm(lab, &build, &cold)?);
    measured.push(memory(lab, &build)?);
    std::fs::remove_dir_all(lab.sandbox.place().outside(FOLDER))?;
    Ok(measured)
}

/// A second image, in which one root is new to the cache, against one with an empty cache.
fn warm(lab: &Lab, build: &str, cold: &dyn Fn() -> Entry) -> Result<Measured> {
    run_entry(cold())?;
    let roots =
        (0..=super::ROUNDS as u64).map(|seed| deep::add(lab, 100 + seed, CHANGED_MIB)).collect::<Result<Vec<_>>>()?;
    let round = Cell::new(0);
    let warm = || {
        let root = &roots[round.replace(round.get() + 1)];
        script(lab, &format!("rm -rf out\nexport XDG_CACHE_HOME=$PWD/warm\n{build} --include {root}"))
    };
    run_entry(script(lab, &format!("rm -rf out warm\nexport XDG_CACHE_HOME=$PWD/warm\n{build}")))?;
    let ours = Side { name: "lre image build, one root new to the cache", entry: &warm };
    let measured = compare("image, warm", 10.0, 1, &ours, &Side { name: "lre image build, empty cache", entry: cold });
    output(
        nix(&lab.sandbox.builder, lab.sandbox.tools, &lab.sandbox.place(), "nix-store").args(["--delete"]).args(&roots),
    )?;
    measured
}

/// The most that the process had in memory.
fn memory(lab: &Lab, build: &str) -> Result<Measured> {
    let text =
        output(script(lab, &format!("rm -rf out cache\ncommand time -f %M -o memory {build} >log\ncat memory")))?;
    let peak: u64 = text.trim().parse().context("`time` prints no number")?;
    let is_met = peak <= MEMORY;
    let word = if is_met { "met" } else { "missed" };
    let text = format!("image, memory: {} MB at most, and the limit of {} MB is {word}", peak / 1000, MEMORY / 1000);
    println!("\n{text}");
    Ok(Measured { is_met, text })
}

/// A shell script in the bench's folder, with a cache there.
fn script(lab: &Lab, text: &str) -> Entry {
    let place = lab.sandbox.place();
    let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "bash");
    let entry = entry.args(["-euo", "pipefail", "-c", text]).directory(place.inside(FOLDER));
    entry.env("XDG_CACHE_HOME", place.inside(FOLDER).join("cache"))
}
