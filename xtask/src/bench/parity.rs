//! The demo's builds on generated actions: how many hit, and what a fully cached build costs beside Bazel's disk cache.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::{Measured, ROUNDS, median};
use crate::bazel::{Bazel, Execution};
use crate::execution_log::Spawn;
use crate::generated_workspace::write_workspace;
use crate::lab::Lab;
use crate::parity::{Expected, misses, unexpected};

/// Actions of each build.
const SIZES: [usize; 2] = [100, 1_000];

/// What a build whose actions all hit the engine may take, for each second that it takes with Bazel's disk cache.
const OVERHEAD: f64 = 2.0;

/// Builds remotely, then here with the cache alone, then again and again with either cache, in turn.
pub(crate) fn run(lab: &Lab) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for actions in SIZES {
        let name = format!("bench-parity-{actions}");
        let bazel = write_workspace(lab, &name, actions, "")?;
        let result = hits(&bazel, actions).and_then(|hits| Ok([hits, overhead(lab, &bazel, &name, actions)?]));
        bazel.shutdown()?;
        bazel.forget()?;
        measured.extend(result?);
    }
    Ok(measured)
}

/// A remote build, in which all must run, and a local one, in which all must hit.
fn hits(bazel: &Bazel<'_>, actions: usize) -> Result<Measured> {
    let (remote, remote_time) = build(bazel, Execution::Remote)?;
    let odd = unexpected(&remote, Expected::Remote).count();
    if remote.len() != actions || odd > 0 {
        bail!("{} actions in place of {actions}, {odd} of them not on a worker", remote.len());
    }
    let (local, local_time) = build(bazel, Execution::LocalWithCache)?;
    let missed = misses(&remote, &local, Expected::Hit);
    let hits = local.len() - missed.len().min(local.len());
    println!("\nparity: {actions} generated actions\n\n| build | s | actions | hits |\n|---|---|---|---|");
    println!("| remote, nothing cached | {remote_time:.1} | {} | 0 |", remote.len());
    println!("| then local, with the cache | {local_time:.1} | {} | {hits} |", local.len());
    if let Some(first) = missed.first() {
        println!("\n{first}");
    }
    let text = format!("parity: {hits} of {actions} generated actions hit");
    println!("\n{text}");
    Ok(Measured { is_met: hits == actions, text })
}

/// The same build, all of it cached, from the engine and from a folder.
fn overhead(lab: &Lab, bazel: &Bazel<'_>, name: &str, actions: usize) -> Result<Measured> {
    let place = lab.sandbox.place();
    let folder = format!("{name}-disk-cache");
    let disk = format!("--disk_cache={}", place.text(&folder));
    let cached = |flags: &[&str], runner: &str| -> Result<f64> {
        bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        let start = Instant::now();
        let spawns = bazel.spawns("build", Execution::LocalNoCache, &[flags, &["//..."]].concat())?;
        let seconds = start.elapsed().as_secs_f64();
        let hits = spawns.iter().filter(|spawn| spawn.runner == runner).count();
        // The first build of a folder fills it.
        if hits != actions && !runner.is_empty() {
            bail!("{hits} of {actions} are a `{runner}`");
        }
        Ok(seconds)
    };
    let engine = format!("--remote_cache=grpc://{}", lab.engine.address());
    cached(&[&disk], "")?;
    let mut rounds = Vec::new();
    for _ in 0..=ROUNDS {
        rounds.push((cached(&[&engine], "remote cache hit")?, cached(&[&disk], "disk cache hit")?));
    }
    // The first round only warms caches.
    rounds.remove(0);
    std::fs::remove_dir_all(place.outside(&folder)).with_context(|| format!("cannot remove `{folder}`"))?;
    let engine = median(rounds.iter().map(|(engine, _)| *engine).collect());
    let disk = median(rounds.iter().map(|(_, disk)| *disk).collect());
    let ratio = median(rounds.iter().map(|(engine, disk)| engine / disk).collect());
    println!("\nparity: {actions} actions, all cached: medians of {ROUNDS} rounds in turn\n");
    println!("| cache | s a build |\n|---|---|\n| the engine, on this machine | {engine:.2} |");
    println!("| `--disk_cache` | {disk:.2} |");
    let is_met = ratio <= OVERHEAD;
    let word = if is_met { "kept" } else { "exceeded" };
    let text = format!(
        "parity: {actions} hits of the engine take {ratio:.2} times those of a disk cache, and the limit of {OVERHEAD} is {word}"
    );
    println!("\n{text}");
    Ok(Measured { is_met, text })
}

/// A build as if nothing had been built here.
fn build(bazel: &Bazel<'_>, execution: Execution) -> Result<(Vec<Spawn>, f64)> {
    bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
    let start = Instant::now();
    let spawns = bazel.spawns("build", execution, &["//..."])?;
    Ok((spawns, start.elapsed().as_secs_f64()))
}
