//! What a root is made of; handed to its process 1 as one line of JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A root directory and what is mounted or put into it.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Spec {
    /// The directory that becomes `/`.
    pub(crate) directory: PathBuf,
    /// What it holds before the binds.
    pub(crate) content: Content,
    /// Directories from outside, in this order.
    pub(crate) binds: Vec<Bind>,
    /// Symbolic links: the link as seen inside, and its target. Only made in an empty root.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
}

/// What a root holds to begin with.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The files of the directory.
    Directory,
    /// Nothing: a tmpfs that goes away with the root.
    Empty,
}

/// A directory from outside that is visible inside, and cannot be written to there.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Bind {
    /// The directory outside.
    pub(crate) source: PathBuf,
    /// Where it is seen inside.
    pub(crate) target: PathBuf,
}
