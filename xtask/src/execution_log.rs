//! Bazel's execution logs, read by `lre` itself, as spawns with their own texts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use lre::execlog::{ListId, Pool, read_log};

/// More than a log of the sandbox has, in bytes.
const LIMIT: usize = 1 << 30;

/// One spawn, as far as parity needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spawn {
    pub(crate) command_args: Vec<String>,
    pub(crate) environment_variables: Vec<Pair>,
    pub(crate) properties: Vec<Pair>,
    pub(crate) inputs: Vec<File>,
    /// What it was to write, and the files in folders.
    pub(crate) outputs: Vec<String>,
    /// What it wrote.
    pub(crate) actual_outputs: Vec<File>,
    pub(crate) mnemonic: String,
    pub(crate) target_label: String,
    pub(crate) runner: String,
    pub(crate) cache_hit: bool,
}

/// A name and its value.
pub(crate) type Pair = (String, String);

/// A file and the digest of its content: empty for an empty file, `-> ` and its target for a link.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) digest: String,
}

impl Spawn {
    fn of(spawn: &lre::execlog::Spawn, pool: &Pool) -> Self {
        let text = |text| pool.text(text).to_owned();
        let pairs = |list: ListId| pool.pairs(list).map(|(name, value)| (text(name), text(value))).collect();
        let file = |file| File { path: text(pool.path_of(file)), digest: pool.digest_text(pool.digest_of(file)) };
        Self {
            command_args: pool.list(spawn.arguments).iter().map(|word| text(*word)).collect(),
            environment_variables: pairs(spawn.environment),
            properties: pairs(spawn.platform),
            inputs: pool.files_of(spawn.inputs).into_iter().map(file).collect(),
            outputs: spawn.outputs.iter().map(|(path, _)| text(*path)).collect(),
            actual_outputs: spawn.outputs.iter().filter_map(|(_, made)| made.map(file)).collect(),
            mnemonic: text(spawn.mnemonic),
            target_label: text(spawn.label),
            runner: text(spawn.runner),
            cache_hit: spawn.cache_hit,
        }
    }

    /// The first output: what a spawn is known by in two builds.
    pub(crate) fn primary_output(&self) -> &str {
        self.outputs.first().map_or("", String::as_str)
    }

    /// Variables by name.
    pub(crate) fn environment(&self) -> BTreeMap<&str, &str> {
        by_name(&self.environment_variables)
    }

    /// Platform properties by name.
    pub(crate) fn properties(&self) -> BTreeMap<&str, &str> {
        by_name(&self.properties)
    }

    /// Digests of the inputs by path.
    pub(crate) fn input_digests(&self) -> BTreeMap<&str, &str> {
        self.inputs.iter().map(|file| (file.path.as_str(), file.digest.as_str())).collect()
    }
}

fn by_name(pairs: &[Pair]) -> BTreeMap<&str, &str> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Reads a log in any of Bazel's formats.
pub(crate) fn read_execution_log(file: &Path) -> Result<Vec<Spawn>> {
    let reader = fs::File::open(file).with_context(|| format!("cannot read the execution log `{}`", file.display()))?;
    let mut pool = Pool::default();
    let log = read_log(reader, &mut pool, LIMIT)
        .map_err(|error| anyhow!("`{}` is not an execution log: {error}", file.display()))?;
    Ok(log.spawns.iter().map(|spawn| Spawn::of(spawn, &pool)).collect())
}
