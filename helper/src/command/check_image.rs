//! `lre check --image`: reads what an image holds, and adds what it does not agree with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;

use super::image::{LimitArguments, explain};
use super::progress_bar::ProgressBar;
use crate::check::Checked;
use crate::check::image::{ImageFacts, compare_image};
use crate::manifest::Manifest;
use crate::oci::image::Image;
use crate::oci::platform::Platform;
use crate::oci::reference::ImageReference;
use crate::oci::unpack::unpack_image;
use crate::store::database::query_closure;
use crate::store::nar::hash_nars;
use crate::store::{Store, StoreRoot};

/// What an image is compared with.
pub(super) struct ImageSubject<'a> {
    pub(super) folder: &'a Path,
    pub(super) manifest: &'a Manifest,
    /// This machine's, unless it is to be left alone.
    pub(super) store: Option<&'a Store>,
}

/// Compares an image, and adds the findings.
///
/// # Errors
/// If the image cannot be used.
pub(super) fn add_image(
    checked: &mut Checked,
    subject: &ImageSubject<'_>,
    reference: &ImageReference,
    limits: &LimitArguments,
) -> anyhow::Result<()> {
    let ImageSubject { folder, manifest, store } = *subject;
    let limits = limits.limits();
    let platform = Platform::of_system(manifest.exec.system);
    let image = Image::open(reference, &platform, &limits).map_err(|error| explain(error, reference))?;
    let recorded: Vec<StoreRoot> = manifest.store_roots.iter().map(|root| root.path.clone()).collect();
    let closure = match store.map(|store| query_closure(store, &recorded)) {
        Some(Ok(closure)) => Some(closure),
        Some(Err(unknown)) => {
            checked
                .notes
                .push(format!("{unknown}: only the store roots that the manifest names are looked for in the image"));
            None
        }
        None => None,
    };
    let unpacked = unpack_image(&image, &limits).map_err(|error| explain(error, reference))?;
    let inside = Store::of_image(unpacked.root());
    let wanted: BTreeSet<StoreRoot> =
        recorded.into_iter().chain(closure.iter().flatten().map(|(root, _)| root.clone())).collect();
    let roots = hash_roots(&inside, wanted)?;
    let config = folder.join("config/BUILD");
    if let Ok(text) = std::fs::read_to_string(&config) {
        checked.sources.entry(config.display().to_string()).or_insert(text);
    }
    let facts = ImageFacts { reference: reference.to_string(), names: image.names.clone(), env: image.env(), roots };
    if facts.names.is_empty() {
        checked.notes.push(format!("the image `{reference}` has no name, so that none is compared"));
    }
    checked.groups.extend(compare_image(folder, manifest, &checked.sources, closure.as_ref(), &facts));
    Ok(())
}

/// NAR hashes of the roots that are there.
fn hash_roots(inside: &Store, wanted: BTreeSet<StoreRoot>) -> anyhow::Result<BTreeMap<StoreRoot, String>> {
    let there: Vec<StoreRoot> = wanted.into_iter().filter(|root| inside.has_root(root)).collect();
    let paths: Vec<_> = there.iter().map(|root| (inside.on_disk(&root.path()), 0)).collect();
    let bar = ProgressBar::default();
    let hashes = hash_nars(&paths, |done| bar.show(done, 0));
    bar.clear();
    let hash =
        |(root, hash): (StoreRoot, Result<String, _>)| Ok((root, hash.context("cannot hash what is in the image")?));
    there.into_iter().zip(hashes).map(hash).collect()
}
