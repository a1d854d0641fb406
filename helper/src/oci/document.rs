//! The JSON documents of images.
//!
//! Source: <https://github.com/opencontainers/image-spec>, whose types and names are those of `oci-spec`, and
//! `image/tarexport` of <https://github.com/moby/moby> for what `docker save` writes.

mod check;
mod config;

use std::io;

use oci_spec::image::{ImageIndex, ImageManifest, OciLayout};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::{Place, Step};
pub use config::ImageConfig;

/// The key under which containerd, and Docker since 25, keep the whole name.
pub const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// An image in the `manifest.json` of `docker save`, which is none of OCI's documents.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SavedImage {
    /// The archive's entry with the [`ImageConfig`].
    pub config: String,
    /// Names of the image.
    #[serde(default)]
    pub repo_tags: Option<Vec<String>>,
    /// The archive's entries with the layers.
    pub layers: Vec<String>,
}

/// A document of an image.
pub trait Document: Sized {
    /// Where it has the digests of what is read next. `oci-spec` takes those of other algorithms too.
    const DIGESTS: &'static [Place];

    /// Reads it once [`parse`] has checked it.
    ///
    /// # Errors
    /// If it lacks a key, or has a value of another type.
    fn read(bytes: &[u8]) -> Result<Self, serde_json::Error>;
}

/// A document whose type has all of it that is used.
pub trait Typed: DeserializeOwned {
    /// See [`Document::DIGESTS`].
    const DIGESTS: &'static [Place] = &[];
}

impl<T: Typed> Document for T {
    const DIGESTS: &'static [Place] = <T as Typed>::DIGESTS;

    fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

impl Typed for OciLayout {}

impl Typed for ImageIndex {
    const DIGESTS: &'static [Place] = &[&[Step::Key("manifests"), Step::Items, Step::Key("digest")]];
}

impl Typed for ImageManifest {
    const DIGESTS: &'static [Place] =
        &[&[Step::Key("config"), Step::Key("digest")], &[Step::Key("layers"), Step::Items, Step::Key("digest")]];
}

impl Typed for Vec<SavedImage> {}

/// An index that is added to: what its entries have and OCI does not know stays in it.
impl Typed for Value {}

/// Parses a document.
///
/// # Errors
/// If it is no JSON, lacks a key, has one twice at any depth, or a digest that is none of ours.
pub fn parse<T: Document>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    check::check(bytes, T::DIGESTS)?;
    T::read(bytes)
}

/// The bytes of a document, with its keys in alphabetical order: `oci-spec` has maps without one.
///
/// # Errors
/// If it holds what JSON cannot.
pub fn to_bytes(document: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut document = serde_json::to_value(document)?;
    // Nothing to do, unless a crate asks `serde_json` for keys in the order of their insertion.
    document.sort_all_objects();
    Ok(serde_json::to_vec(&document)?)
}

#[cfg(test)]
mod unit {
    use super::*;

    fn error<T: Document>(json: &str) -> String {
        parse::<T>(json.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn repeated_keys_are_refused() {
        let index = r#"{"schemaVersion": 2, "manifests": [], "manifests": []}"#;
        assert_eq!(error::<ImageIndex>(index), "duplicate field `manifests` at line 1 column 49");
        let labels = r#"{"config": {"Labels": {"a": "1", "a": "2"}}}"#;
        assert_eq!(error::<ImageConfig>(labels), "duplicate field `a` at line 1 column 36");
        let unknown = r#"{"x": [{"y": {"\u0061": 1, "a": 2}}]}"#;
        assert_eq!(error::<OciLayout>(unknown), "duplicate field `a` at line 1 column 30");
    }

    #[test]
    fn digests_of_other_algorithms_are_refused() {
        let hex = "0".repeat(128);
        let digest = format!("sha512:{hex}");
        let expected = |column: usize| {
            format!(
                "`{digest}` is no digest: expected `sha256:` and 64 lower-case hexadecimal digits at line 1 column {column}"
            )
        };
        let blob = format!(r#"{{"mediaType": "x", "size": 1, "digest": "{digest}""#);
        assert_eq!(error::<ImageIndex>(&format!(r#"{{"manifests": [{blob}"#)), expected(192));
        assert_eq!(error::<ImageManifest>(&format!(r#"{{"config": {blob}"#)), expected(188));
        assert_eq!(error::<ImageManifest>(&format!(r#"{{"layers": [{blob}"#)), expected(189));
        let config = format!(r#"{{"rootfs": {{"diff_ids": ["{digest}""#);
        assert_eq!(error::<ImageConfig>(&config), expected(162));
        // Elsewhere it is a text as any other.
        let labels = format!(r#"{{"config": {{"Labels": {{"digest": "{digest}"}}}}}}"#);
        assert_eq!(error::<ImageConfig>(&labels), "missing field `architecture` at line 1 column 173");
    }

    #[test]
    fn lists_are_no_objects() {
        let expected = |column: usize| format!("invalid type: sequence, expected an object at line 1 column {column}");
        assert_eq!(error::<ImageIndex>(r#"[2, null, null, []]"#), expected(1));
        assert_eq!(error::<ImageManifest>(r#"{"schemaVersion": 2, "config": ["x"]}"#), expected(32));
        assert_eq!(error::<ImageConfig>(r#"{"rootfs": ["layers", []]}"#), expected(12));
    }

    #[test]
    fn what_docker_leaves_null_is_absent() -> Result<(), serde_json::Error> {
        let text = br#"{"architecture": "amd64", "os": "linux", "history": null, "variant": null,
            "config": {"Env": null, "Labels": null, "Volumes": null, "OnBuild": null, "User": "", "Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": []}}"#;
        let config: ImageConfig = parse(text)?;
        let run = config.known.config().clone().unwrap_or_default();
        assert_eq!((run.env(), run.labels(), run.volumes(), config.known.history()), (&None, &None, &None, &None));
        assert_eq!(config.document()?, serde_json::from_slice::<Value>(text)?);
        let saved: Vec<SavedImage> = parse(br#"[{"Config": "c.json", "RepoTags": null, "Layers": []}]"#)?;
        assert_eq!(saved.first().map(|image| &image.repo_tags), Some(&None));
        Ok(())
    }
}
