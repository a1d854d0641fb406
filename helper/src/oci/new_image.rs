//! An image that is to be written: its documents, and where its layers' bytes are.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use oci_spec::image::{ANNOTATION_REF_NAME, Descriptor, ImageManifestBuilder, MediaType, RootFs, SCHEMA_VERSION};
use sha2::{Digest as _, Sha256};

use super::compression::{Compression, media_type_of};
use super::digest::Digest;
use super::document::{CONTAINERD_NAME, ImageConfig, SavedImage, to_bytes};
use super::error::ImageError;
use super::image::Layer;
use super::pipeline::Blob;
use super::source::Source;
use super::tee::{Tally, Tee};

/// Where a layer's bytes are.
#[derive(Debug)]
pub enum LayerBytes<'a> {
    /// A file of its own.
    File(PathBuf),
    /// A part of another image.
    Part(&'a Source, String),
}

/// A layer.
#[derive(Debug)]
pub struct NewLayer<'a> {
    /// Its bytes.
    pub bytes: LayerBytes<'a>,
    /// What they are compressed with.
    pub media_type: MediaType,
    /// Of the bytes.
    pub digest: Digest,
    /// Of the bytes.
    pub size: u64,
    /// Of what they unpack to.
    pub diff_id: Digest,
}

impl<'a> NewLayer<'a> {
    /// One that was made here.
    #[must_use]
    pub fn made(file: PathBuf, blob: &Blob, compression: Compression) -> Self {
        let Blob { digest, size, diff_id, .. } = *blob;
        Self { bytes: LayerBytes::File(file), media_type: compression.media_type(), digest, size, diff_id }
    }

    /// One of a base image, whose bytes stay as they are.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_base(source: &'a Source, layer: &Layer) -> Result<Self, ImageError> {
        let unreadable = |error| ImageError::Layer { place: source.place(), layer: layer.to_string(), source: error };
        let (mut reader, _) = source.require(&layer.part, "")?;
        let mut start = Vec::new();
        reader.by_ref().take(4).read_to_end(&mut start).map_err(unreadable)?;
        let (digest, size) = match layer.blob {
            Some(expected) => expected,
            None => {
                let tally = Tally::default();
                tally.add(&start);
                io::copy(&mut Tee::new(reader, tally.clone()), &mut io::sink()).map_err(unreadable)?;
                (tally.digest(), tally.bytes())
            }
        };
        let bytes = LayerBytes::Part(source, layer.part.clone());
        Ok(Self { bytes, media_type: media_type_of(&start), digest, size, diff_id: layer.diff_id })
    }

    /// Its bytes.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.bytes {
            LayerBytes::File(file) => Ok(Box::new(File::open(file)?)),
            LayerBytes::Part(source, part) => {
                source.require(part, "").map(|(reader, _)| reader as Box<dyn Read>).map_err(io::Error::other)
            }
        }
    }

    fn descriptor(&self) -> io::Result<Descriptor> {
        descriptor(self.media_type.clone(), self.digest, self.size)
    }
}

/// An image.
#[derive(Debug)]
pub struct NewImage<'a> {
    /// Its whole name.
    pub name: String,
    /// Its configuration. `rootfs` is filled in from the layers.
    pub config: ImageConfig,
    /// From the lowest to the highest.
    pub layers: Vec<NewLayer<'a>>,
}

/// The documents of an image, as bytes.
pub(super) struct Documents {
    pub(super) config: Vec<u8>,
    pub(super) manifest: Vec<u8>,
    /// Of the manifest, for an index.
    pub(super) entry: Descriptor,
    /// For `docker load`.
    pub(super) saved: SavedImage,
}

impl NewImage<'_> {
    /// The documents. `tag` is what the image is called in a layout, its whole name otherwise.
    pub(super) fn documents(&self, tag: Option<&str>) -> io::Result<Documents> {
        let mut config = self.config.clone();
        let mut rootfs = RootFs::default();
        rootfs.set_diff_ids(self.layers.iter().map(|layer| layer.diff_id.to_string()).collect());
        config.known.set_rootfs(rootfs);
        let platform = config.platform();
        let config = to_bytes(&config)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(descriptor_of(MediaType::ImageConfig, &config)?)
            .layers(self.layers.iter().map(NewLayer::descriptor).collect::<io::Result<Vec<_>>>()?)
            .build();
        let manifest = to_bytes(&manifest.map_err(io::Error::other)?)?;
        let names = [(ANNOTATION_REF_NAME, tag.unwrap_or(&self.name)), (CONTAINERD_NAME, &self.name)];
        let mut entry = descriptor_of(MediaType::ImageManifest, &manifest)?;
        entry.set_annotations(Some(names.map(|(key, name)| (key.to_owned(), name.to_owned())).into()));
        entry.set_platform(Some(platform.to_document().map_err(io::Error::other)?));
        let saved = SavedImage {
            config: format!("{}.json", digest_of(&config).hex()),
            repo_tags: Some(vec![tag.unwrap_or(&self.name).to_owned()]),
            layers: self.layers.iter().map(saved_part).collect(),
        };
        Ok(Documents { config, manifest, entry, saved })
    }
}

impl Documents {
    /// What the image is tagged with.
    pub(super) fn tag(&self) -> Option<&str> {
        self.entry.annotations().as_ref()?.get(ANNOTATION_REF_NAME).map(String::as_str)
    }
}

/// The entry of a layer in an archive for `docker load`.
pub(super) fn saved_part(layer: &NewLayer<'_>) -> String {
    format!("{}.tar", layer.digest.hex())
}

fn descriptor_of(media_type: MediaType, bytes: &[u8]) -> io::Result<Descriptor> {
    descriptor(media_type, digest_of(bytes), bytes.len() as u64)
}

fn descriptor(media_type: MediaType, digest: Digest, size: u64) -> io::Result<Descriptor> {
    let digest = oci_spec::image::Digest::try_from(digest.to_string()).map_err(io::Error::other)?;
    Ok(Descriptor::new(media_type, size, digest))
}

pub(super) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}
