//! Which programs are a toolchain's, and which actions of an execution log are on its platform.

use std::collections::BTreeSet;

use crate::execlog::{Pool, Spawn};
use crate::manifest::Manifest;
use crate::store::{StorePath, StoreRoot};
use crate::toolchain_path::ToolchainPath;

/// The programs of a manifest.
pub(super) struct Programs<'a> {
    roots: BTreeSet<&'a StoreRoot>,
    /// Those outside the store, where the manifest allows that.
    outside: BTreeSet<String>,
}

impl<'a> Programs<'a> {
    pub(super) fn of(manifest: &'a Manifest) -> Self {
        let roots = manifest.store_roots.iter().map(|recorded| &recorded.path).collect();
        Self { roots, outside: programs_outside_store(manifest) }
    }

    /// Whether it is one of them.
    pub(super) fn has(&self, program: &str) -> bool {
        let is_in_store = StorePath::parse(program).is_ok_and(|path| self.roots.contains(path.root()));
        is_in_store || self.outside.contains(program)
    }
}

/// The compiler, the tools and the `java` that lie outside the store.
fn programs_outside_store(manifest: &Manifest) -> BTreeSet<String> {
    let variable = |name: &str| manifest.env.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='));
    let java = variable("JAVA_HOME").map(|home| format!("{home}/bin/java"));
    let programs = variable("CC").map(str::to_owned).into_iter().chain(java);
    let programs = programs.filter_map(|path| manifest.paths().parse(&path).ok());
    let tools = manifest.cc.iter().flat_map(|cc| cc.probe.tools.values().cloned());
    let outside = programs.chain(tools).filter(|path| path.in_store().is_none());
    outside.map(|path: ToolchainPath| path.to_string()).collect()
}

/// Whether an action asked for everything that the manifest's platform does.
pub(super) fn is_on_platform(manifest: &Manifest, pool: &Pool, spawn: &Spawn) -> bool {
    manifest.image.exec_properties.iter().all(|(name, value)| asked(pool, spawn, name) == Some(value))
}

/// What an action asked for by a name.
pub(super) fn asked<'a>(pool: &'a Pool, spawn: &Spawn, name: &str) -> Option<&'a str> {
    let mut properties = pool.pairs(spawn.platform).map(|(name, value)| (pool.text(name), pool.text(value)));
    properties.find_map(|(known, value)| (known == name).then_some(value))
}

/// What an action ran.
pub(super) fn program_of<'a>(pool: &'a Pool, spawn: &Spawn) -> Option<&'a str> {
    pool.list(spawn.arguments).first().map(|word| pool.text(*word))
}
