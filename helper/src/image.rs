//! The worker image that a toolchain asks for.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::manifest::{Image, Origin, RecordedRoot};
use crate::store::hash::nix_base32;
use crate::system::System;

/// 160 bits, as in a store path: 32 characters of base32.
const TAG_BYTES: usize = 20;

/// The property by which a worker is asked for an image.
pub const CONTAINER_IMAGE: &str = "container-image";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TagInput<'a> {
    env: &'a [String],
    store_roots: Vec<&'a RecordedRoot>,
}

/// The image of a toolchain, named by everything that decides its bytes: Env and the store roots with their NAR hashes.
///
/// Nothing that contains the tag is hashed, so that the tag can be written into the generated files.
///
/// # Errors
/// None that the arguments can cause; serde's signature has one.
pub fn compute_image(
    name: &str,
    exec: System,
    env: &[String],
    roots: &[RecordedRoot],
) -> Result<Image, serde_json::Error> {
    let mut store_roots: Vec<&RecordedRoot> = roots.iter().collect();
    store_roots.sort_by(|a, b| a.path.cmp(&b.path));
    let digest = Sha256::digest(serde_json::to_vec(&TagInput { env, store_roots })?);
    let tag = nix_base32(&digest[..TAG_BYTES]);
    Ok(image(Origin::Computed, exec, &format!("lre-{name}:{tag}")))
}

/// An image whose name is known, with what a worker for that system offers.
#[must_use]
pub fn image(origin: Origin, exec: System, reference: &str) -> Image {
    let os_family = if exec.is_darwin() { "Darwin" } else { "Linux" };
    let exec_properties = BTreeMap::from([
        ("OSFamily".to_owned(), os_family.to_owned()),
        (CONTAINER_IMAGE.to_owned(), format!("docker://{reference}")),
    ]);
    Image { origin, reference: reference.to_owned(), exec_properties }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::store::StoreRoot;

    fn root(name: &str, nar_hash: Option<&str>) -> Result<RecordedRoot, crate::store::StorePathError> {
        let path = StoreRoot::try_from(format!("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-{name}"))?;
        Ok(RecordedRoot { path, nar_hash: nar_hash.map(str::to_owned) })
    }

    #[test]
    fn tag_follows_env_and_bytes_but_not_the_order_of_roots() -> anyhow::Result<()> {
        let env = ["A=1".to_owned()];
        let (a, b) = (root("a", Some("sha256-1"))?, root("b", None)?);
        let image = compute_image("cc", System::X86_64Linux, &env, &[a.clone(), b.clone()])?;
        assert_eq!(image.reference, "lre-cc:nwqzhac6khlkz2krj650qlbwarczzxir");
        assert_eq!(compute_image("cc", System::X86_64Linux, &env, &[b.clone(), a.clone()])?, image);
        assert_ne!(compute_image("cc", System::X86_64Linux, &["A=2".to_owned()], &[a, b.clone()])?, image);
        assert_ne!(compute_image("cc", System::X86_64Linux, &env, &[root("a", Some("sha256-2"))?, b])?, image);
        Ok(())
    }
}
