//! Where an image goes, and how.

use anyhow::Context as _;
use clap::Args;

use super::layers::Layers;
use crate::command::print_data;
use crate::oci::compression::Compression;
use crate::oci::new_image::NewImage;
use crate::oci::output::{Written, write_image};
use crate::oci::reference::ImageReference;
use crate::talk::say;

/// The options of verbs that write an image.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// Where the image goes: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`. To a layout that is
    /// there, the image is added. By default it is tagged with its whole name, and replaces what differs in the tag alone.
    #[arg(long, value_name = "REF")]
    pub(super) out: ImageReference,
    /// What layers are compressed with. `zstd` is faster and smaller; `gzip` is for what does not read
    /// that, such as Docker before version 23.
    #[arg(long, value_enum, default_value_t)]
    pub(super) compression: Compression,
    /// How many layers the image may have. From there on, store roots share one. Container runtimes end at 127.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u16).range(2..=127))]
    pub(super) max_layers: u16,
}

/// Writes an image, and says what it is.
pub(super) fn write(image: &NewImage<'_>, output: &OutputArguments, layers: &Layers) -> anyhow::Result<()> {
    let Written { digest, replaced } = write_image(image, &output.out).context("no image is written")?;
    let size: u64 = image.layers.iter().map(|layer| layer.size).sum();
    let (count, cached) = (image.layers.len(), layers.cached);
    say(format_args!(
        "wrote `{}`: `{}`, {count} layers, {} kB, {cached} of them from the cache",
        output.out,
        image.name,
        size.div_ceil(1000)
    ));
    for tag in replaced {
        say(format_args!("`{}` no longer names `{tag}`", output.out));
    }
    print_data(&format!("{digest}\n"))
}
