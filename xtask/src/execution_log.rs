//! Bazel's execution log in its JSON form: one object after another, one for each spawn.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One spawn, as far as parity needs it (`tools.protos.SpawnExec`).
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spawn {
    pub(crate) command_args: Vec<String>,
    pub(crate) environment_variables: Vec<Pair>,
    pub(crate) platform: Platform,
    pub(crate) inputs: Vec<File>,
    pub(crate) listed_outputs: Vec<String>,
    pub(crate) actual_outputs: Vec<File>,
    pub(crate) mnemonic: String,
    pub(crate) target_label: String,
    pub(crate) runner: String,
    pub(crate) cache_hit: bool,
}

/// A name and its value.
#[derive(Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The properties that a worker must offer.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(default)]
pub(crate) struct Platform {
    pub(crate) properties: Vec<Pair>,
}

/// A file and the digest of its content.
#[derive(Deserialize, Clone, Debug, Default)]
#[serde(default)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) digest: Digest,
}

/// A digest; empty for folders and links.
#[derive(Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Digest {
    pub(crate) hash: String,
}

impl Spawn {
    /// The first output: what a spawn is known by in two builds.
    pub(crate) fn primary_output(&self) -> &str {
        self.listed_outputs.first().map_or("", String::as_str)
    }

    /// Variables by name.
    pub(crate) fn environment(&self) -> BTreeMap<&str, &str> {
        pairs(&self.environment_variables)
    }

    /// Platform properties by name.
    pub(crate) fn properties(&self) -> BTreeMap<&str, &str> {
        pairs(&self.platform.properties)
    }

    /// Digests of the inputs by path.
    pub(crate) fn input_digests(&self) -> BTreeMap<&str, &str> {
        self.inputs.iter().map(|file| (file.path.as_str(), file.digest.hash.as_str())).collect()
    }
}

fn pairs(list: &[Pair]) -> BTreeMap<&str, &str> {
    list.iter().map(|pair| (pair.name.as_str(), pair.value.as_str())).collect()
}

/// Reads a log written by `--execution_log_json_file`.
pub(crate) fn read_execution_log(file: &Path) -> Result<Vec<Spawn>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read the execution log `{}`", file.display()))?;
    let spawns = serde_json::Deserializer::from_str(&text).into_iter();
    spawns.collect::<serde_json::Result<_>>().with_context(|| format!("`{}` is not an execution log", file.display()))
}
