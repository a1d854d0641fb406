//! Compilers that ran on a toolchain's platform without belonging to the toolchain, as an execution log shows them.
//!
//! A platform's constraint keeps a toolchain off other platforms; nothing keeps other toolchains off this one. Where one
//! is registered first, the worker is sent a compiler that it may not have.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Deserialize;

use super::{group_with, plural};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::manifest::Manifest;
use crate::store::{StorePath, StoreRoot};
use crate::toolchain_path::ToolchainPath;

/// What is needed of a `SpawnExec` in `--execution_log_json_file`, which is one JSON object after another.
///
/// Source: <https://github.com/bazelbuild/bazel/blob/master/src/main/protobuf/spawn.proto>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spawn {
    #[serde(default)]
    command_args: Vec<String>,
    #[serde(default)]
    mnemonic: String,
    #[serde(default)]
    target_label: String,
    #[serde(default)]
    platform: Platform,
}

#[derive(Default, Deserialize)]
struct Platform {
    #[serde(default)]
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    #[serde(default)]
    value: String,
}

/// The mnemonics of the actions that run a compiler, a linker or an archiver.
const PREFIXES: [&str; 4] = ["Cpp", "Objc", "LTO", "Thinlto"];

/// The first target of some actions, and how many there are.
struct Actions {
    target: String,
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

/// Every program outside the manifest that a C++ action of the log ran on the manifest's platform. `toolchain` and `log`
/// are names for messages.
///
/// # Errors
/// If the log cannot be read, or is not JSON.
pub fn foreign_compilers(
    toolchain: &str,
    manifest: &Manifest,
    log: &str,
    reader: impl Read,
) -> Result<Option<Group>, serde_json::Error> {
    let roots: BTreeSet<&StoreRoot> = manifest.store_roots.iter().map(|recorded| &recorded.path).collect();
    let outside = programs_outside_store(manifest);
    let mut foreign: BTreeMap<(String, String), Actions> = BTreeMap::new();
    let mut seen = 0;
    for spawn in serde_json::Deserializer::from_reader(reader).into_iter::<Spawn>() {
        let Spawn { command_args, mnemonic, target_label, platform } = spawn?;
        let offered = |(name, value): (&String, &String)| {
            platform.properties.iter().any(|property| property.name == *name && property.value == *value)
        };
        let is_ours = manifest.image.exec_properties.iter().all(offered);
        let Some(program) = command_args.first() else { continue };
        if !is_ours || !PREFIXES.iter().any(|prefix| mnemonic.starts_with(prefix)) {
            continue;
        }
        seen += 1;
        let is_in_store = StorePath::parse(program).is_ok_and(|path| roots.contains(path.root()));
        if !is_in_store && !outside.contains(program) {
            let actions =
                foreign.entry((program.clone(), mnemonic)).or_insert(Actions { target: target_label, count: 0 });
            actions.count += 1;
        }
    }
    let count: usize = foreign.values().map(|actions| actions.count).sum();
    let findings = foreign.into_iter().map(|((program, mnemonic), Actions { target, count })| {
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let message = format!("`{program}`  ({mnemonic} of {target}{more})");
        Finding::new(Kind::ForeignCompiler, Place::file(log), message)
    });
    let headline = format!(
        "{count} of {seen} C++ actions on the platform of `{toolchain}` {} a program that is not in its `lre.json`",
        plural(count, "runs", "run")
    );
    let hint = "another toolchain is registered before this one: see which with `--toolchain_resolution_debug=\
                @bazel_tools//tools/cpp:toolchain_type`, and put this one before it with `--extra_toolchains`"
        .to_owned();
    Ok(group_with(headline, findings.collect(), hint))
}
