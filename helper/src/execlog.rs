//! Bazel's execution logs: what every spawn of a build was made of, and whether a cache had it.
//!
//! Three formats, told apart by content: compact, binary and JSON. They are read as streams into one model whose texts
//! and files lie in a [`Pool`]. Two logs that are compared share a pool, so that equal texts have equal numbers.

mod chunked;
mod compact;
mod inflate;
mod json;
mod message;
mod node;
mod pool;
mod read;
mod row;
mod spawn;
pub mod synthetic;
mod wire;

#[cfg(test)]
mod broken;
#[cfg(test)]
mod unit;

pub use chunked::Chunked;
pub use pool::{Digest, FileId, ListId, Pool, SetId, Text};
pub use read::{ReadError, ReadProblem, read_log, read_outcomes};

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `--execution_log_compact_file`: one zstd stream of entries that refer to each other.
    Compact,
    /// `--execution_log_binary_file`: spawns with all their inputs, each after its length.
    Binary,
    /// `--execution_log_json_file`: one object after another.
    Json,
}

/// A build's spawns, in the order in which they ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How it was written.
    pub format: Format,
    /// Such as `SHA256`; `None` where the log does not say.
    pub hash_function: Option<String>,
    /// Every spawn. Hits in Bazel's own action cache, on this machine, are in no log.
    pub spawns: Chunked<Spawn>,
}

/// One run of a program, or a cache's answer instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawn {
    /// The command line.
    pub arguments: ListId,
    /// Variables, each before its value, in the order of the log.
    pub environment: ListId,
    /// Properties that a worker must offer, each before its value.
    pub platform: ListId,
    /// What it may read.
    pub inputs: SetId,
    /// What it wrote, or was to write: path, and the file if it is there.
    pub outputs: Box<[(Text, Option<FileId>)]>,
    /// The target.
    pub label: Text,
    /// The kind of action, such as `CppCompile`.
    pub mnemonic: Text,
    /// `remote`, `linux-sandbox`, `disk cache hit`, …
    pub runner: Text,
    /// What went wrong; empty if nothing did.
    pub status: Text,
    /// The program's exit code.
    pub exit_code: i32,
    /// Whether a disk or remote cache had the result.
    pub cache_hit: bool,
    /// Whether it was allowed to run remotely.
    pub remotable: bool,
    /// Whether any cache was allowed.
    pub cacheable: bool,
    /// Whether a remote cache was allowed.
    pub remote_cacheable: bool,
    /// The action's digest, which is its key in the cache. Only there where a cache was in use.
    pub digest: Option<Digest>,
}

impl Spawn {
    /// The first output: what a spawn is known by in two builds.
    #[must_use]
    pub fn primary_output(&self) -> Option<Text> {
        self.outputs.first().map(|(path, _)| *path)
    }
}
