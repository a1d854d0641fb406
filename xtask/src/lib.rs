//! The part of `cargo xtask` that needs nothing of Linux: runners of other systems make their files of a release with it.

pub mod dist;
pub mod repository;
pub mod step;
