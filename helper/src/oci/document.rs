//! The JSON documents of images, as far as they are used.
//!
//! Source: <https://github.com/opencontainers/image-spec>, and `image/tarexport` of <https://github.com/moby/moby> for what
//! `docker save` writes. By hand and not from `oci-spec`, whose types drop what Docker adds to a configuration
//! (`Healthcheck`, `Shell`), which an image on top of a base has to keep, and do not refuse repeated keys.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::digest::Digest;

/// The key of a manifest's name or tag in an index.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The key under which containerd, and Docker since 25, keep the whole name.
pub const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// The media type of [`ImageManifest`].
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The media type of [`Index`].
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The media type of [`ImageConfig`].
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The `oci-layout` file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayoutMarker {
    /// `1.0.0`.
    pub image_layout_version: String,
}

/// A reference to a blob.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    pub media_type: String,
    /// Of its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// What the image that it leads to runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<PlatformField>,
    /// Names among others.
    #[serde(default, deserialize_with = "unique_keys", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A platform as documents spell it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PlatformField {
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `linux`.
    pub os: String,
    /// Such as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// An image index.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// 2.
    pub schema_version: u64,
    /// [`INDEX`], or nothing in older layouts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Manifests, or indexes again.
    pub manifests: Vec<Descriptor>,
}

/// An image manifest.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// 2.
    pub schema_version: u64,
    /// [`MANIFEST`], Docker's, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The [`ImageConfig`].
    pub config: Descriptor,
    /// From the lowest to the highest.
    pub layers: Vec<Descriptor>,
}

/// An image's configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ImageConfig {
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `linux`.
    pub os: String,
    /// Such as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How a container of it runs.
    #[serde(default)]
    pub config: Option<RunConfig>,
    /// What it consists of.
    pub rootfs: RootFs,
    /// How it was made: an item for each layer, and for each step that made none.
    #[serde(default, deserialize_with = "list_or_null", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Value>,
    /// The rest, kept as it is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How a container of an image runs.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RunConfig {
    /// `KEY=VALUE` strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// Name or number, of the group too after a colon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Where processes start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// The program, and its first arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// The arguments after those, unless others are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Labels.
    #[serde(default, deserialize_with = "unique_keys_or_null", skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// The rest, kept as it is.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The layers of a configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RootFs {
    /// `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digests of the uncompressed layers, from the lowest to the highest.
    pub diff_ids: Vec<Digest>,
}

/// An image in the `manifest.json` of `docker save`.
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

/// A map whose keys are all different. Of two values, other programs may take the other one.
struct UniqueKeys<T>(PhantomData<T>);

impl<'de> Visitor<'de> for UniqueKeys<BTreeMap<String, String>> {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut access: M) -> Result<Self::Value, M::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<String, String>()? {
            if map.contains_key(&key) {
                return Err(M::Error::custom(format!("duplicate key `{key}`")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

fn unique_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    deserializer.deserialize_any(UniqueKeys(PhantomData))
}

fn unique_keys_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    unique_keys(deserializer).map(Some)
}

fn list_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Parses a document.
///
/// # Errors
/// If it is no JSON, lacks a key, or has one twice.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes)
}

#[cfg(test)]
mod unit {
    use super::*;

    fn error<T: DeserializeOwned>(json: &str) -> String {
        parse::<T>(json.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn repeated_keys_are_refused() {
        let index = r#"{"schemaVersion": 2, "manifests": [], "manifests": []}"#;
        assert_eq!(error::<Index>(index), "duplicate field `manifests` at line 1 column 49");
        let labels = r#"{"Labels": {"a": "1", "a": "2"}}"#;
        assert_eq!(error::<RunConfig>(labels), "duplicate key `a` at line 1 column 31");
    }

    #[test]
    fn what_docker_leaves_null_is_absent() -> Result<(), serde_json::Error> {
        let config: RunConfig = parse(br#"{"Env": null, "Labels": null, "User": "", "Cmd": ["sh"]}"#)?;
        assert_eq!((config.env, config.labels), (None, Some(BTreeMap::new())));
        let saved: SavedImage = parse(br#"{"Config": "c.json", "RepoTags": null, "Layers": []}"#)?;
        assert_eq!(saved.repo_tags, None);
        Ok(())
    }
}
