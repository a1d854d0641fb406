//! What a root is made of; handed to its process 1 as one line of JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A root directory and what it holds.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Spec {
    /// The directory that becomes `/`.
    pub(crate) directory: PathBuf,
    /// What it holds before its volumes.
    pub(crate) content: Content,
    /// What is mounted in it, in this order.
    pub(crate) volumes: Vec<Volume>,
}

/// A folder of a root that is not the root's own.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Volume {
    /// Where it is seen inside.
    pub(crate) target: PathBuf,
    /// What it holds.
    pub(crate) source: Source,
}

/// What a volume holds.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) enum Source {
    /// A folder from outside, which cannot be written to inside.
    Folder(PathBuf),
    /// So many bytes of memory that everybody may write to; they go away with the root.
    Memory(u64),
}

/// What a root holds to begin with.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// The files of the directory.
    Directory,
    /// The files of another directory, as containers see those of an image: changes go away with the root.
    Over(PathBuf),
}
