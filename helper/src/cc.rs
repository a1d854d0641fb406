//! C++ toolchains: asking the compiler, deciding on a configuration, writing BUILD files.

pub mod answer;
pub mod compiler;
pub mod config;
pub mod feature;
pub(crate) mod flag;
pub mod probe;
pub mod render;
mod stated;
