//! How much an image may make this machine do, as options.

use anyhow::anyhow;
use clap::Args;

use crate::oci::error::{Excess, ImageError};
use crate::oci::limits::Limits;

/// Limits that a large but honest image may need to exceed.
#[derive(Clone, Debug, Args)]
pub(in crate::command) struct LimitArguments {
    /// Bytes of all files that an image may unpack to. By default 32 GiB.
    #[arg(long, value_name = "BYTES")]
    max_unpacked: Option<u64>,
    /// How many times its size a layer may unpack to. By default 200.
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u64).range(1..))]
    max_ratio: Option<u64>,
}

impl LimitArguments {
    /// The limits.
    pub(in crate::command) fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            unpacked: self.max_unpacked.unwrap_or(default.unpacked),
            ratio: self.max_ratio.unwrap_or(default.ratio),
            ..default
        }
    }
}

/// Says which image it is, and which option lifts a limit.
pub(in crate::command) fn explain(error: ImageError, reference: &impl std::fmt::Display) -> anyhow::Error {
    let option = match &error {
        ImageError::Limit { excess: Excess::Ratio(times), .. } => {
            Some(format!("--max-ratio {}", times.saturating_mul(2)))
        }
        ImageError::Limit { excess: Excess::Unpacked(bytes), .. } => {
            Some(format!("--max-unpacked {}", bytes.saturating_mul(2)))
        }
        _ => None,
    };
    let hint =
        option.map(|option| format!("\n\nhint: for an image that you trust, add `{option}`")).unwrap_or_default();
    anyhow!("cannot use the image `{reference}`: {error}{hint}")
}
