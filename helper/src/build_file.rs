//! BUILD files: written from typed values, and read with a Starlark parser to find store paths.

mod limits;
mod parallel;
mod parse;
mod recognize;
mod tabs;
mod write;

pub(crate) use parallel::map_in_parallel;
pub(crate) use parse::with_module;
pub use parse::{BuildFile, Literal, ParseError, parse};
pub(crate) use recognize::{Recognized, recognize};
pub(crate) use tabs::tokens;
pub use write::{Call, Value, load, render_calls};
