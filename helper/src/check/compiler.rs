//! Compilers that ran on a toolchain's platform without belonging to the toolchain, as an execution log shows them.
//!
//! A platform's constraint keeps a toolchain off other platforms; nothing keeps other toolchains off this one. Where one
//! is registered first, the worker is sent a compiler that it may not have.

use std::collections::{BTreeMap, BTreeSet};

use super::{group_with, plural};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::execlog::{Log, Pool};
use crate::manifest::Manifest;
use crate::store::{StorePath, StoreRoot};
use crate::toolchain_path::ToolchainPath;

/// The mnemonics of the actions that run a compiler, a linker or an archiver.
const PREFIXES: [&str; 4] = ["Cpp", "Objc", "LTO", "Thinlto"];

/// The first target of some actions, and how many there are.
struct Actions<'a> {
    target: &'a str,
    count: usize,
}

/// The compiler and the tools that lie outside the store, where the manifest allows that.
fn programs_outside_store(manifest: &Manifest) -> BTreeSet<String> {
    let compiler = manifest.env.iter().find_map(|entry| entry.strip_prefix("CC="));
    let compiler = compiler.and_then(|path| manifest.paths().parse(path).ok());
    let tools = manifest.cc.iter().flat_map(|cc| cc.probe.tools.values().cloned());
    let outside = compiler.into_iter().chain(tools).filter(|path| path.in_store().is_none());
    outside.map(|path: ToolchainPath| path.to_string()).collect()
}

/// Every program outside the manifest that a C++ action of the log, which was read into `pool`, ran on the manifest's
/// platform. `toolchain` and `name` are names of the folder and the log for messages.
#[must_use]
pub fn foreign_compilers(toolchain: &str, manifest: &Manifest, name: &str, pool: &Pool, log: &Log) -> Option<Group> {
    let roots: BTreeSet<&StoreRoot> = manifest.store_roots.iter().map(|recorded| &recorded.path).collect();
    let outside = programs_outside_store(manifest);
    let mut foreign: BTreeMap<(&str, &str), Actions<'_>> = BTreeMap::new();
    let mut seen = 0;
    for spawn in &log.spawns {
        let offered = |(name, value): (&String, &String)| {
            pool.pairs(spawn.platform).any(|(known, offer)| pool.text(known) == name && pool.text(offer) == value)
        };
        let is_ours = manifest.image.exec_properties.iter().all(offered);
        let mnemonic = pool.text(spawn.mnemonic);
        let Some(program) = pool.list(spawn.arguments).first().map(|word| pool.text(*word)) else { continue };
        if !is_ours || !PREFIXES.iter().any(|prefix| mnemonic.starts_with(prefix)) {
            continue;
        }
        seen += 1;
        let is_in_store = StorePath::parse(program).is_ok_and(|path| roots.contains(path.root()));
        if !is_in_store && !outside.contains(program) {
            let target = pool.text(spawn.label);
            foreign.entry((program, mnemonic)).or_insert(Actions { target, count: 0 }).count += 1;
        }
    }
    let count: usize = foreign.values().map(|actions| actions.count).sum();
    let findings = foreign.into_iter().map(|((program, mnemonic), Actions { target, count })| {
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let message = format!("`{program}`  ({mnemonic} of {target}{more})");
        Finding::new(Kind::ForeignCompiler, Place::file(name), message)
    });
    let headline = format!(
        "{count} of {seen} C++ actions on the platform of `{toolchain}` {} a program that is not in its `lre.json`",
        plural(count, "runs", "run")
    );
    let hint = "another toolchain is registered before this one: see which with `--toolchain_resolution_debug=\
                @bazel_tools//tools/cpp:toolchain_type`, and put this one before it with `--extra_toolchains`"
        .to_owned();
    group_with(headline, findings.collect(), hint)
}
