//! The configuration of an engine that agrees with manifests: NativeLink's files, and the workers of a Kubernetes base.
//!
//! A pure function of the manifests, so that a changed toolchain changes the configuration and a check finds an old one.

mod images;
mod kubernetes;
mod nativelink;
pub mod port;

use std::collections::{BTreeMap, BTreeSet};

use crate::generated_file::MARKER;
use crate::manifest::Manifest;

pub use images::{IMAGES_FILE, WorkerImage, absent_images, registry_of};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// Two workers would have one name.
    #[error(
        "two manifests describe a toolchain named `{0}`\n\nhint: name one of them otherwise with `lre regen --name NAME`"
    )]
    SameName(String),
    /// Kubernetes does not take the name.
    #[error(
        "the toolchain's name `{0}` cannot be part of a Kubernetes name: expected lower-case letters, digits and `-`\n\n\
         hint: name it otherwise with `lre regen --name NAME`"
    )]
    Name(String),
    /// No image of a worker.
    #[error(
        "there is no image of `{0}`\n\nhint: make it with `lre image build --manifest DIR --out oci:image`, then add \
         `--image oci:image`"
    )]
    NoImage(String),
    /// A registry's name would not survive a YAML file.
    #[error("`{0}` is no place in a registry: expected `HOST/PATH`, such as `registry.example/lre`")]
    Registry(String),
    /// The image's name would not survive a YAML file.
    #[error("the worker image `{0}` is no image reference: expected `NAME:TAG`")]
    Image(String),
}

/// The files of a deployment by name, for one worker a manifest. The first manifest's worker is `worker.json5`. With images
/// there is one for each worker, and a file that pins them by their digests in `registry`.
///
/// # Errors
/// See [`DeployError`].
pub fn render_deployment(
    manifests: &[Manifest],
    images: &[WorkerImage],
    registry: Option<&str>,
) -> Result<BTreeMap<String, String>, DeployError> {
    let mut names = BTreeSet::new();
    for manifest in manifests {
        let name = &manifest.name;
        if !is_kubernetes_name(name) {
            return Err(DeployError::Name(name.clone()));
        }
        if !is_image(&manifest.image.reference) {
            return Err(DeployError::Image(manifest.image.reference.clone()));
        }
        if !names.insert(name) {
            return Err(DeployError::SameName(name.clone()));
        }
    }
    let mut files = nativelink::render_nativelink(manifests);
    files.extend(kubernetes::render_kubernetes(manifests));
    if !images.is_empty() {
        files.insert(IMAGES_FILE.to_owned(), images::render_images(manifests, images, registry)?);
    }
    Ok(files)
}

/// The files that stay as they are where they are somebody's own: they depend on no manifest.
pub fn common_files() -> impl Iterator<Item = String> {
    kubernetes::common_files()
}

/// The first line of every file, after its comment sign.
fn marker() -> String {
    format!("{MARKER} by `lre deploy render`. Do not edit.")
}

/// The file of the worker of the manifest at this place in the list.
fn worker_file(index: usize, manifest: &Manifest) -> String {
    if index == 0 { "worker.json5".to_owned() } else { format!("worker-{}.json5", manifest.name) }
}

fn is_kubernetes_name(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    // `worker-` before it and a pod's suffix after it have to fit into 63 characters.
    !name.is_empty() && name.len() <= 40 && name.chars().all(is_inner) && !name.ends_with('-')
}

/// Part of the name of an image.
fn is_plain(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphanumeric())
        && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:".contains(c))
}

fn is_image(reference: &str) -> bool {
    reference.rsplit_once(':').is_some_and(|(name, tag)| is_plain(name) && is_plain(tag) && !tag.contains('/'))
}
