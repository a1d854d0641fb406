//! What a root is made of; handed to its process 1 as one line of JSON.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A root directory and what it holds.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Spec {
    /// The directory that becomes `/`.
    pub(crate) directory: PathBuf,
    /// What it holds to begin with.
    pub(crate) content: Content,
}

/// What a root holds to begin with.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// The files of the directory.
    Directory,
    /// The files of another directory, as containers see those of an image: changes go away with the root.
    Over(PathBuf),
}
