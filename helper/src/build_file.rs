//! BUILD files: written from typed values, and read with a Starlark parser to find store paths.

mod limits;
mod parse;
mod write;

pub use parse::{BuildFile, Literal, ParseError, parse};
pub use write::{Call, Value, load, render_calls};
