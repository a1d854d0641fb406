//! Compilers that ran on a toolchain's platform without belonging to the toolchain, as an execution log shows them.
//!
//! A platform's constraint keeps a toolchain off other platforms; nothing keeps other toolchains off this one. Where one
//! is registered first, the worker is sent a compiler that it may not have.

use std::collections::BTreeMap;

use super::program::{Programs, is_on_platform, program_of};
use super::{group_with, plural};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::execlog::{Log, Pool};
use crate::manifest::Manifest;
use crate::toolchain_kind::ToolchainKind;

/// The first target of some actions, and how many there are.
struct Actions<'a> {
    target: &'a str,
    count: usize,
}

/// Every program outside the manifest that a C++ action of the log, which was read into `pool`, ran on the manifest's
/// platform. `toolchain` and `name` are names of the folder and the log for messages.
#[must_use]
pub fn foreign_compilers(toolchain: &str, manifest: &Manifest, name: &str, pool: &Pool, log: &Log) -> Option<Group> {
    let programs = Programs::of(manifest);
    let mut foreign: BTreeMap<(&str, &str), Actions<'_>> = BTreeMap::new();
    let mut seen = 0;
    for spawn in &log.spawns {
        let mnemonic = pool.text(spawn.mnemonic);
        let Some(program) = program_of(pool, spawn) else { continue };
        if !is_on_platform(manifest, pool, spawn) || !ToolchainKind::Cc.makes(mnemonic) {
            continue;
        }
        seen += 1;
        if !programs.has(program) {
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
