//! The wire format of the logs, as far as it is read; other fields are skipped.
//!
//! Source: <https://github.com/bazelbuild/bazel/blob/master/src/main/protobuf/spawn.proto>, package `tools.protos`.

use std::collections::BTreeMap;

use prost::{Message, Oneof};
use serde::Deserialize;

/// `Digest`. Its hash is lowercase hexadecimal text.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Digest {
    #[prost(string, tag = "1")]
    pub(super) hash: String,
    #[prost(string, tag = "3")]
    pub(super) hash_function_name: String,
}

/// `File`: a link where it has a target; without a digest where it is empty.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct File {
    #[prost(string, tag = "1")]
    pub(super) path: String,
    #[prost(message, optional, tag = "2")]
    pub(super) digest: Option<Digest>,
    #[prost(string, tag = "4")]
    pub(super) symlink_target_path: String,
}

/// `EnvironmentVariable` and `Platform.Property`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct Pair {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

/// `Platform`.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default)]
pub(super) struct Platform {
    #[prost(message, repeated, tag = "1")]
    pub(super) properties: Vec<Pair>,
}

/// `SpawnExec`: what binary and JSON logs consist of.
#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SpawnExec {
    #[prost(string, repeated, tag = "1")]
    pub(super) command_args: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) environment_variables: Vec<Pair>,
    #[prost(message, optional, tag = "3")]
    pub(super) platform: Option<Platform>,
    #[prost(message, repeated, tag = "4")]
    pub(super) inputs: Vec<File>,
    #[prost(string, repeated, tag = "5")]
    pub(super) listed_outputs: Vec<String>,
    #[prost(bool, tag = "6")]
    pub(super) remotable: bool,
    #[prost(bool, tag = "7")]
    pub(super) cacheable: bool,
    #[prost(string, tag = "10")]
    pub(super) mnemonic: String,
    #[prost(message, repeated, tag = "11")]
    pub(super) actual_outputs: Vec<File>,
    #[prost(string, tag = "12")]
    pub(super) runner: String,
    #[prost(bool, tag = "13")]
    pub(super) cache_hit: bool,
    #[prost(string, tag = "14")]
    pub(super) status: String,
    #[prost(int32, tag = "15")]
    pub(super) exit_code: i32,
    #[prost(bool, tag = "16")]
    pub(super) remote_cacheable: bool,
    #[prost(string, tag = "18")]
    pub(super) target_label: String,
    #[prost(message, optional, tag = "19")]
    pub(super) digest: Option<Digest>,
}

/// `ExecLogEntry`: what compact logs consist of.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Entry {
    #[prost(uint32, tag = "1")]
    pub(super) id: u32,
    #[prost(oneof = "Payload", tags = "2, 3, 4, 5, 6, 7, 9, 10")]
    pub(super) payload: Option<Payload>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Payload {
    #[prost(message, tag = "2")]
    Invocation(Invocation),
    #[prost(message, tag = "3")]
    File(File),
    #[prost(message, tag = "4")]
    Directory(Directory),
    #[prost(message, tag = "5")]
    Link(UnresolvedSymlink),
    #[prost(message, tag = "6")]
    InputSet(InputSet),
    #[prost(message, tag = "7")]
    Spawn(CompactSpawn),
    #[prost(message, tag = "9")]
    LinkSet(SymlinkEntrySet),
    #[prost(message, tag = "10")]
    Runfiles(RunfilesTree),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Invocation {
    #[prost(string, tag = "1")]
    pub(super) hash_function_name: String,
}

/// A folder; the paths of its files are relative to it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Directory {
    #[prost(string, tag = "1")]
    pub(super) path: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) files: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct UnresolvedSymlink {
    #[prost(string, tag = "1")]
    pub(super) path: String,
    #[prost(string, tag = "2")]
    pub(super) target_path: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InputSet {
    #[prost(uint32, repeated, tag = "4")]
    pub(super) transitive_set_ids: Vec<u32>,
    #[prost(uint32, repeated, tag = "5")]
    pub(super) input_ids: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SymlinkEntrySet {
    #[prost(btree_map = "string, uint32", tag = "1")]
    pub(super) direct_entries: BTreeMap<String, u32>,
    #[prost(uint32, repeated, tag = "2")]
    pub(super) transitive_set_ids: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RunfilesTree {
    #[prost(string, tag = "1")]
    pub(super) path: String,
    #[prost(uint32, tag = "2")]
    pub(super) input_set_id: u32,
    #[prost(uint32, tag = "3")]
    pub(super) symlinks_id: u32,
    #[prost(uint32, tag = "4")]
    pub(super) root_symlinks_id: u32,
    #[prost(message, optional, tag = "6")]
    pub(super) repo_mapping_manifest: Option<File>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Output {
    #[prost(oneof = "OutputKind", tags = "4, 5")]
    pub(super) kind: Option<OutputKind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum OutputKind {
    /// Missing, or of the wrong kind.
    #[prost(string, tag = "4")]
    InvalidPath(String),
    #[prost(uint32, tag = "5")]
    Id(u32),
}

/// `ExecLogEntry.Spawn`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CompactSpawn {
    #[prost(string, repeated, tag = "1")]
    pub(super) args: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) env_vars: Vec<Pair>,
    #[prost(message, optional, tag = "3")]
    pub(super) platform: Option<Platform>,
    #[prost(uint32, tag = "4")]
    pub(super) input_set_id: u32,
    #[prost(message, repeated, tag = "6")]
    pub(super) outputs: Vec<Output>,
    #[prost(string, tag = "7")]
    pub(super) target_label: String,
    #[prost(string, tag = "8")]
    pub(super) mnemonic: String,
    #[prost(int32, tag = "9")]
    pub(super) exit_code: i32,
    #[prost(string, tag = "10")]
    pub(super) status: String,
    #[prost(string, tag = "11")]
    pub(super) runner: String,
    #[prost(bool, tag = "12")]
    pub(super) cache_hit: bool,
    #[prost(bool, tag = "13")]
    pub(super) remotable: bool,
    #[prost(bool, tag = "14")]
    pub(super) cacheable: bool,
    #[prost(bool, tag = "15")]
    pub(super) remote_cacheable: bool,
    #[prost(message, optional, tag = "16")]
    pub(super) digest: Option<Digest>,
}
