//! An image that was chosen: its configuration, and where its layers are.

use std::fmt;

use super::archive::Archive;
use super::digest::Digest;
use super::docker::open_docker_archive;
use super::document::ImageConfig;
use super::error::ImageError;
use super::layout::open_layout;
use super::limits::Limits;
use super::platform::Platform;
use super::reference::{ImageReference, Transport};
use super::source::{Expected, Source};

/// An image. Its documents have been verified; its layers are when they are read.
#[derive(Debug)]
pub struct Image {
    /// What holds it.
    pub source: Source,
    /// Names under which it is known there. A tag alone is none.
    pub names: Vec<String>,
    /// The digest of its manifest, by which registries know it; what `docker save` writes has no such manifest.
    pub manifest: Option<Digest>,
    /// Its configuration.
    pub config: ImageConfig,
    /// From the lowest to the highest.
    pub layers: Vec<Layer>,
}

/// A layer of an image.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Counted from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// The part that holds it.
    pub part: String,
    /// What the part's bytes must be, where the image says so.
    pub blob: Option<Expected>,
    /// What the uncompressed bytes must be.
    pub diff_id: Digest,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "layer {} of {} (`{}`)", self.number, self.count, self.part)
    }
}

impl Image {
    /// Finds an image and reads its documents.
    ///
    /// # Errors
    /// See [`ImageError`].
    pub fn open(reference: &ImageReference, platform: &Platform, limits: &Limits) -> Result<Self, ImageError> {
        let name = reference.name.as_deref();
        let image = match reference.transport {
            Transport::Oci => open_layout(Source::Folder(reference.path.clone()), name, platform, limits)?,
            Transport::OciArchive => {
                open_layout(Source::Archive(Archive::open(&reference.path, limits)?), name, platform, limits)?
            }
            Transport::DockerArchive => {
                open_docker_archive(Source::Archive(Archive::open(&reference.path, limits)?), name, limits)?
            }
        };
        let found = image.platform();
        if !platform.accepts(&found) {
            return Err(ImageError::Platform {
                place: image.source.place(),
                found: found.to_string(),
                wanted: platform.to_string(),
            });
        }
        Ok(image)
    }

    /// What it runs on, as its configuration says.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.config.platform()
    }

    /// Its Env.
    #[must_use]
    pub fn env(&self) -> Vec<String> {
        self.config.known.config().as_ref().and_then(|config| config.env().clone()).unwrap_or_default()
    }

    /// Puts the parts together. `part` is the one that the configuration was read from.
    pub(super) fn assemble(
        source: Source,
        names: Vec<String>,
        part: &str,
        config: ImageConfig,
        blobs: Vec<(String, Option<Expected>)>,
    ) -> Result<Self, ImageError> {
        let diff_ids = config.diff_ids().map_err(|error| source.malformed(part, error))?;
        let count = blobs.len();
        if count != diff_ids.len() {
            return Err(ImageError::LayerCount { place: source.place(), layers: count, diff_ids: diff_ids.len() });
        }
        let layers = blobs.into_iter().zip(diff_ids).enumerate();
        let layers = layers
            .map(|(index, ((part, blob), diff_id))| Layer { number: index + 1, count, part, blob, diff_id })
            .collect();
        Ok(Self { source, names, manifest: None, config, layers })
    }
}

/// Whether a text names an image, and is not only a tag.
pub(super) fn is_whole_name(text: &str) -> bool {
    text.contains([':', '/'])
}

/// A list of choices for a message, and how to choose.
pub(super) fn choices(lines: &[String], hint: &str) -> String {
    let list: String = lines.iter().map(|line| format!("\n  {line}")).collect();
    format!("{list}\n\nhint: {hint}")
}
