//! What `docker save` and `podman save` write: a `manifest.json` that names entries of the archive.
//!
//! Until Docker 25, a layer is `<id>/layer.tar` or `<digest>.tar`; since then it is `blobs/sha256/<digest>`.

use super::digest::Digest;
use super::document::{ImageConfig, SavedImage};
use super::error::ImageError;
use super::image::{Image, choices};
use super::limits::Limits;
use super::source::Source;

const MANIFEST: &str = "manifest.json";

const NO_MANIFEST: &str = "\n\nhint: `docker save` writes it; an OCI layout in an archive is `oci-archive:FILE`";

/// Finds the one image of that name.
pub(super) fn open_docker_archive(source: Source, name: Option<&str>, limits: &Limits) -> Result<Image, ImageError> {
    let images: Vec<SavedImage> = source.document(MANIFEST, None, NO_MANIFEST, limits)?;
    let lines: Vec<String> = images.iter().map(line).collect();
    let has_name = |image: &SavedImage| name.is_none_or(|name| image.repo_tags.iter().flatten().any(|tag| tag == name));
    let mut found: Vec<SavedImage> = images.into_iter().filter(has_name).collect();
    let (place, count) = (source.place(), found.len());
    let wanted = name.map_or("in it".to_owned(), |name| format!("`{name}`"));
    let image = match found.pop() {
        Some(image) if count == 1 => image,
        None if lines.is_empty() => return Err(ImageError::NoImage { place, wanted, choices: String::new() }),
        None => {
            let choices = choices(&lines, "name one of these after the file, as in `docker-archive:FILE:NAME`");
            return Err(ImageError::NoImage { place, wanted, choices });
        }
        Some(_) => {
            let choices = choices(&lines, "name one of these after the file, as in `docker-archive:FILE:NAME`");
            return Err(ImageError::Ambiguous { place, count, wanted, choices });
        }
    };
    let names = match name {
        Some(name) => vec![name.to_owned()],
        None => image.repo_tags.clone().unwrap_or_default(),
    };
    let config = read_config(&source, &image.config, limits)?;
    // `manifest.json` says nothing about their bytes; the configuration's digests are those of what is in them.
    let blobs = image.layers.into_iter().map(|part| (part, None)).collect();
    Image::assemble(source, names, &image.config, config, blobs)
}

/// The configuration is named by its digest in both flavours.
fn read_config(source: &Source, part: &str, limits: &Limits) -> Result<ImageConfig, ImageError> {
    let stem = part.rsplit('/').next().unwrap_or(part);
    let digest = Digest::from_hex(stem.strip_suffix(".json").unwrap_or(stem));
    let expected = match digest {
        Ok(digest) => source.part(part)?.map(|(_, size)| (digest, size)),
        Err(_) => None,
    };
    source.document(part, expected, "", limits)
}

fn line(image: &SavedImage) -> String {
    let names = image.repo_tags.clone().unwrap_or_default().join(", ");
    if names.is_empty() { format!("without a name  ({})", image.config) } else { names }
}
