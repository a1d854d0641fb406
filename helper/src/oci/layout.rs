//! OCI image layouts: `oci-layout`, `index.json` and `blobs/`.
//!
//! Source: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>.

use super::document::{CONTAINERD_NAME, Descriptor, ImageConfig, ImageManifest, Index, LayoutMarker, REF_NAME};
use super::error::ImageError;
use super::image::{Image, choices, is_whole_name};
use super::limits::Limits;
use super::platform::Platform;
use super::source::{Expected, Source};

/// An index for each of some platforms in an index is what real images have.
const DEPTH: usize = 4;

const NO_LAYOUT: &str = "\n\nhint: an OCI layout has it at its top; what `docker save` writes is `docker-archive:FILE`";

const MANIFESTS: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

const LAYERS: [&str; 4] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
];

/// A manifest that may be the image.
struct Candidate {
    descriptor: Descriptor,
    /// Of the entry in `index.json` that leads to it.
    names: Vec<String>,
}

impl Candidate {
    fn platform(&self) -> Option<Platform> {
        self.descriptor.platform.as_ref().map(Platform::from)
    }

    /// What BuildKit adds beside an image: statements about it.
    fn is_attestation(&self) -> bool {
        let platform = self.descriptor.platform.as_ref();
        self.descriptor.annotations.contains_key("vnd.docker.reference.type")
            || platform.is_some_and(|platform| platform.os == "unknown")
    }

    fn line(&self) -> String {
        let platform = self.platform().map(|platform| format!("  ({platform})")).unwrap_or_default();
        let name = self.names.first().cloned().unwrap_or_else(|| "without a tag".to_owned());
        format!("{name}  {}{platform}", self.descriptor.digest)
    }
}

/// Finds the one image of that tag or name, for that platform.
pub(super) fn open_layout(
    source: Source,
    tag: Option<&str>,
    platform: &Platform,
    limits: &Limits,
) -> Result<Image, ImageError> {
    let marker: LayoutMarker = source.document("oci-layout", None, NO_LAYOUT, limits)?;
    if !marker.image_layout_version.starts_with("1.") {
        let found = marker.image_layout_version;
        return Err(unknown(&source, "oci-layout", "the version", found, "`1.0.0`"));
    }
    let index: Index = source.document("index.json", None, NO_LAYOUT, limits)?;
    let entries: Vec<Candidate> = index.manifests.into_iter().map(named).collect();
    let wanted = |candidate: &Candidate| match tag {
        None => !candidate.is_attestation(),
        Some(tag) => candidate.names.iter().any(|name| name == tag),
    };
    let all: Vec<String> = entries.iter().map(Candidate::line).collect();
    let mut candidates = Vec::new();
    for entry in entries.into_iter().filter(wanted) {
        expand(&source, entry, DEPTH, limits, &mut candidates)?;
    }
    if candidates.is_empty() {
        let wanted = tag.map_or("in it".to_owned(), |tag| format!("`{tag}`"));
        let choices = if all.is_empty() { String::new() } else { choices(&all, "name the tag of one of these") };
        return Err(ImageError::NoImage { place: source.place(), wanted, choices });
    }
    let chosen = choose(&source, candidates, platform)?;
    let names = chosen.names.into_iter().filter(|name| is_whole_name(name)).collect();
    read_image(source, names, &chosen.descriptor, limits)
}

fn named(descriptor: Descriptor) -> Candidate {
    let names = [CONTAINERD_NAME, REF_NAME].iter().filter_map(|key| descriptor.annotations.get(*key).cloned());
    let mut names: Vec<String> = names.collect();
    names.dedup();
    Candidate { names, descriptor }
}

/// The manifests that an entry leads to.
fn expand(
    source: &Source,
    entry: Candidate,
    depth: usize,
    limits: &Limits,
    found: &mut Vec<Candidate>,
) -> Result<(), ImageError> {
    let media_type = entry.descriptor.media_type.as_str();
    if MANIFESTS.contains(&media_type) {
        found.push(entry);
        return Ok(());
    }
    if !INDEXES.contains(&media_type) {
        let part = format!("blobs/sha256/{}", entry.descriptor.digest.hex());
        return Err(unknown(source, &part, "the media type", media_type.to_owned(), "an image manifest or index"));
    }
    if depth == 0 {
        return Err(ImageError::Nesting { place: source.place(), limit: DEPTH });
    }
    let index: Index = source.document(&blob(&entry.descriptor), Some(expected(&entry.descriptor)), "", limits)?;
    for descriptor in index.manifests {
        let inner = Candidate { descriptor, names: entry.names.clone() };
        if !inner.is_attestation() {
            expand(source, inner, depth - 1, limits, found)?;
        }
    }
    Ok(())
}

/// One manifest needs no choice; its configuration says what it is for.
fn choose(source: &Source, mut candidates: Vec<Candidate>, platform: &Platform) -> Result<Candidate, ImageError> {
    let lines: Vec<String> = candidates.iter().map(Candidate::line).collect();
    if candidates.len() > 1 {
        candidates.retain(|candidate| candidate.platform().is_none_or(|found| platform.accepts(&found)));
        // Two names of one image are no choice either.
        candidates.dedup_by_key(|candidate| candidate.descriptor.digest);
    }
    let (place, wanted, count) = (source.place(), format!("for `{platform}`"), candidates.len());
    match candidates.pop() {
        Some(candidate) if count == 1 => Ok(candidate),
        Some(candidate) => {
            candidates.push(candidate);
            let lines: Vec<String> = candidates.iter().map(Candidate::line).collect();
            let choices = choices(&lines, "name one by its tag, or choose with `--platform OS/ARCHITECTURE`");
            Err(ImageError::Ambiguous { place, count, wanted, choices })
        }
        None => {
            let choices = choices(&lines, "choose one with `--platform OS/ARCHITECTURE`");
            Err(ImageError::NoImage { place, wanted, choices })
        }
    }
}

fn read_image(
    source: Source,
    names: Vec<String>,
    descriptor: &Descriptor,
    limits: &Limits,
) -> Result<Image, ImageError> {
    let part = blob(descriptor);
    let manifest: ImageManifest = source.document(&part, Some(expected(descriptor)), "", limits)?;
    if manifest.schema_version != 2 {
        let found = manifest.schema_version.to_string();
        return Err(unknown(&source, &part, "the schema version", found, "2"));
    }
    if let Some(layer) = manifest.layers.iter().find(|layer| !LAYERS.contains(&layer.media_type.as_str())) {
        return Err(unknown(&source, &part, "a layer of the media type", layer.media_type.clone(), LAYER_TYPES));
    }
    let config: ImageConfig = source.document(&blob(&manifest.config), Some(expected(&manifest.config)), "", limits)?;
    let blobs = manifest.layers.iter().map(|layer| (blob(layer), Some(expected(layer)))).collect();
    Ok(Image { manifest: Some(descriptor.digest), ..Image::assemble(source, names, config, blobs)? })
}

const LAYER_TYPES: &str = "a tar archive, as it is or compressed with gzip or zstd";

fn blob(descriptor: &Descriptor) -> String {
    format!("blobs/sha256/{}", descriptor.digest.hex())
}

fn expected(descriptor: &Descriptor) -> Expected {
    (descriptor.digest, descriptor.size)
}

fn unknown(source: &Source, part: &str, what: &'static str, found: String, expected: &'static str) -> ImageError {
    ImageError::Unknown { place: source.place(), part: part.to_owned(), what, found, expected }
}
