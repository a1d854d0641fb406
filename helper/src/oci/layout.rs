//! OCI image layouts: `oci-layout`, `index.json` and `blobs/`.
//!
//! Source: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>.

use oci_spec::image::{
    ANNOTATION_REF_NAME, Descriptor, ImageIndex, ImageManifest, MediaType, OciLayout, SCHEMA_VERSION, ToDockerV2S2 as _,
};

use super::digest::Digest;
use super::document::{CONTAINERD_NAME, ImageConfig};
use super::error::ImageError;
use super::image::{Image, choices, is_whole_name};
use super::limits::Limits;
use super::platform::Platform;
use super::source::{Expected, Source};

/// An index for each of some platforms in an index is what real images have.
const DEPTH: usize = 4;

const NO_LAYOUT: &str = "\n\nhint: an OCI layout has it at its top; what `docker save` writes is `docker-archive:FILE`";

const LAYERS: [MediaType; 3] = [MediaType::ImageLayer, MediaType::ImageLayerGzip, MediaType::ImageLayerZstd];

/// A manifest that may be the image.
struct Candidate {
    descriptor: Descriptor,
    blob: Expected,
    /// Of the entry in `index.json` that leads to it.
    names: Vec<String>,
}

impl Candidate {
    /// What a descriptor in a part leads to.
    fn new(source: &Source, part: &str, descriptor: &Descriptor, names: Vec<String>) -> Result<Self, ImageError> {
        Ok(Self { descriptor: descriptor.clone(), blob: expected(source, part, descriptor)?, names })
    }

    fn platform(&self) -> Option<Platform> {
        self.descriptor.platform().as_ref().map(Platform::from)
    }

    /// What BuildKit adds beside an image: statements about it.
    fn is_attestation(&self) -> bool {
        let platform = self.descriptor.platform().as_ref();
        annotation(&self.descriptor, "vnd.docker.reference.type").is_some()
            || platform.is_some_and(|platform| platform.os().to_string() == "unknown")
    }

    /// What it is tagged with in its layout: the last of its names, of which others may have the same.
    fn tag(&self) -> Option<&str> {
        self.names.last().map(String::as_str)
    }

    fn line(&self) -> String {
        let platform = self.platform().map(|platform| format!("  ({platform})")).unwrap_or_default();
        let name = self.tag().unwrap_or("without a tag");
        format!("{name}  {}{platform}", self.blob.0)
    }
}

/// Finds the one image of that tag or name, for that platform.
pub(super) fn open_layout(
    source: Source,
    tag: Option<&str>,
    platform: &Platform,
    limits: &Limits,
) -> Result<Image, ImageError> {
    if let Source::Folder(path) = &source {
        path.metadata().map_err(|source| ImageError::Unreadable { path: path.clone(), source })?;
    }
    let marker: OciLayout = source.document("oci-layout", None, NO_LAYOUT, limits)?;
    if !marker.image_layout_version().starts_with("1.") {
        let found = marker.image_layout_version().clone();
        return Err(unknown(&source, "oci-layout", "the version", found, "`1.0.0`"));
    }
    let index: ImageIndex = source.document("index.json", None, NO_LAYOUT, limits)?;
    let entries =
        index.manifests().iter().map(|descriptor| named(&source, descriptor)).collect::<Result<Vec<_>, _>>()?;
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
    read_image(source, names, chosen.blob, limits)
}

fn named(source: &Source, descriptor: &Descriptor) -> Result<Candidate, ImageError> {
    let names = [CONTAINERD_NAME, ANNOTATION_REF_NAME].iter().filter_map(|key| annotation(descriptor, key));
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.dedup();
    Candidate::new(source, "index.json", descriptor, names)
}

fn annotation<'a>(descriptor: &'a Descriptor, key: &str) -> Option<&'a str> {
    descriptor.annotations().as_ref()?.get(key).map(String::as_str)
}

/// The manifests that an entry leads to.
fn expand(
    source: &Source,
    entry: Candidate,
    depth: usize,
    limits: &Limits,
    found: &mut Vec<Candidate>,
) -> Result<(), ImageError> {
    let media_type = entry.descriptor.media_type();
    if is_a(media_type, &MediaType::ImageManifest) {
        found.push(entry);
        return Ok(());
    }
    let part = part_of(&entry.blob);
    if !is_a(media_type, &MediaType::ImageIndex) {
        return Err(unknown(source, &part, "the media type", media_type.to_string(), "an image manifest or index"));
    }
    if depth == 0 {
        return Err(ImageError::Nesting { place: source.place(), limit: DEPTH });
    }
    let index: ImageIndex = source.document(&part, Some(entry.blob), "", limits)?;
    for descriptor in index.manifests() {
        let inner = Candidate::new(source, &part, descriptor, entry.names.clone())?;
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
        candidates.dedup_by_key(|candidate| candidate.blob.0);
    }
    let (place, wanted, count) = (source.place(), format!("for `{platform}`"), candidates.len());
    match candidates.pop() {
        Some(candidate) if count == 1 => Ok(candidate),
        Some(candidate) => {
            candidates.push(candidate);
            let lines: Vec<String> = candidates.iter().map(Candidate::line).collect();
            let transport = source.transport();
            let one = candidates.last().and_then(Candidate::tag).map(str::to_owned);
            let hint = match one {
                Some(name) => format!("name one by its tag, such as `{transport}:{place}:{name}`"),
                None => "give each a tag, then name one".to_owned(),
            };
            let choices = choices(&lines, &hint);
            Err(ImageError::Ambiguous { place, count, wanted, choices })
        }
        None => {
            let choices = choices(&lines, "choose one with `--platform OS/ARCHITECTURE`");
            Err(ImageError::NoImage { place, wanted, choices })
        }
    }
}

fn read_image(source: Source, names: Vec<String>, blob: Expected, limits: &Limits) -> Result<Image, ImageError> {
    let part = part_of(&blob);
    let manifest: ImageManifest = source.document(&part, Some(blob), "", limits)?;
    if manifest.schema_version() != SCHEMA_VERSION {
        let found = manifest.schema_version().to_string();
        return Err(unknown(&source, &part, "the schema version", found, "2"));
    }
    let is_layer = |layer: &Descriptor| LAYERS.iter().any(|media_type| is_a(layer.media_type(), media_type));
    if let Some(layer) = manifest.layers().iter().find(|layer| !is_layer(layer)) {
        return Err(unknown(&source, &part, "a layer of the media type", layer.media_type().to_string(), LAYER_TYPES));
    }
    let blobs = manifest.layers().iter().map(|layer| {
        let blob = expected(&source, &part, layer)?;
        Ok((part_of(&blob), Some(blob)))
    });
    let blobs = blobs.collect::<Result<Vec<_>, ImageError>>()?;
    let config_blob = expected(&source, &part, manifest.config())?;
    let config: ImageConfig = source.document(&part_of(&config_blob), Some(config_blob), "", limits)?;
    Ok(Image { manifest: Some(blob.0), ..Image::assemble(source, names, &part_of(&config_blob), config, blobs)? })
}

const LAYER_TYPES: &str = "a tar archive, as it is or compressed with gzip or zstd";

/// Whether a media type is that one, or what Docker called it before.
fn is_a(media_type: &MediaType, wanted: &MediaType) -> bool {
    media_type == wanted || wanted.to_docker_v2s2().is_ok_and(|docker| media_type.as_ref() == docker)
}

fn part_of((digest, _): &Expected) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// What the blob has to be that a descriptor in a part leads to.
fn expected(source: &Source, part: &str, descriptor: &Descriptor) -> Result<Expected, ImageError> {
    let digest = Digest::try_from(descriptor.digest()).map_err(|error| source.malformed(part, error))?;
    Ok((digest, descriptor.size()))
}

fn unknown(source: &Source, part: &str, what: &'static str, found: String, expected: &'static str) -> ImageError {
    ImageError::Unknown { place: source.place(), part: part.to_owned(), what, found, expected }
}
