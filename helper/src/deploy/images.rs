//! The workers' images by digest: a kustomize component for clusters that pull from a registry.
//!
//! A tag says which toolchain an image is for, a registry says which bytes it has today. The digest is of those that were
//! built. A local cluster whose images are loaded by name does not use it.

use std::fmt::Write as _;

use super::{DeployError, is_plain, marker};
use crate::check::image::is_named;
use crate::manifest::Manifest;
use crate::oci::digest::Digest;

/// The file that pins images, below the deployment's folder.
pub const IMAGES_FILE: &str = "kubernetes/images/kustomization.yaml";

/// An image of workers that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerImage {
    /// The names that it has.
    pub names: Vec<String>,
    /// The digest of its manifest.
    pub digest: Digest,
}

/// The component's text.
pub(super) fn render_images(
    manifests: &[Manifest],
    images: &[WorkerImage],
    registry: Option<&str>,
) -> Result<String, DeployError> {
    if let Some(registry) = registry.filter(|registry| !is_plain(registry) || registry.ends_with('/')) {
        return Err(DeployError::Registry(registry.to_owned()));
    }
    let mut text = format!("# {}\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages:\n", marker());
    for Manifest { image, .. } in manifests {
        let reference = &image.reference;
        let is_it = |built: &&WorkerImage| built.names.iter().any(|name| is_named(name, reference));
        let built = images.iter().find(is_it).ok_or_else(|| DeployError::NoImage(reference.clone()))?;
        let name = reference.rsplit_once(':').map_or(reference.as_str(), |(name, _)| name);
        let _ = writeln!(text, "{}\n- name: {name}", tag_line(reference));
        if let Some(registry) = registry {
            let _ = writeln!(text, "  newName: {registry}/{name}");
        }
        let _ = writeln!(text, "  digest: {}", built.digest);
    }
    Ok(text)
}

/// The images of manifests that a component of an earlier run does not pin.
#[must_use]
pub fn absent_images<'a>(manifests: &'a [Manifest], component: &str) -> Vec<&'a str> {
    let references = manifests.iter().map(|manifest| manifest.image.reference.as_str());
    references.filter(|reference| !component.lines().any(|line| line == tag_line(reference))).collect()
}

/// Where a component of an earlier run finds the images.
#[must_use]
pub fn registry_of(component: &str) -> Option<&str> {
    let mut names = component.lines().zip(component.lines().skip(1));
    names.find_map(|(line, next)| {
        let name = line.strip_prefix("- name: ")?;
        next.trim_start().strip_prefix("newName: ")?.strip_suffix(name)?.strip_suffix('/')
    })
}

/// kustomize takes a tag or a digest, so the tag is in a comment.
fn tag_line(reference: &str) -> String {
    format!("# {reference}")
}
