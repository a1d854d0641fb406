//! `lre image`: worker images, of a toolchain or on top of another image.

mod build;
mod closure;
mod inspect;
mod layers;
mod limits;
mod output;
mod program;
mod progress;
mod wrap;

use clap::Subcommand;

use super::Outcome;

pub(super) use limits::{LimitArguments, explain};

/// Makes worker images, and looks into images.
#[derive(Debug, Subcommand)]
pub enum ImageVerb {
    /// Makes an image of a toolchain: all that its store roots refer to, and nothing else.
    Build(build::BuildArguments),
    /// Makes a worker's image of any other one, whose layers stay as they are.
    Wrap(wrap::WrapArguments),
    /// Prints an image's documents and the store roots in its layers, as JSON, after every byte was compared with the
    /// image's digests.
    Inspect(inspect::InspectArguments),
}

/// Runs the subcommand.
///
/// # Errors
/// See those of the verbs.
pub fn run(verb: &ImageVerb) -> anyhow::Result<Outcome> {
    match verb {
        ImageVerb::Build(arguments) => build::run(arguments),
        ImageVerb::Wrap(arguments) => wrap::run(arguments),
        ImageVerb::Inspect(arguments) => inspect::run(arguments),
    }
}
