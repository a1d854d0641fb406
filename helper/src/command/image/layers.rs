//! The layers of an image that are made here: those of store roots, and the worker's own on top.

use anyhow::Context as _;
use tempfile::NamedTempFile;

use super::progress::Progress;
use crate::oci::compression::Compression;
use crate::oci::layer_cache::{CachedLayer, LayerCache};
use crate::oci::new_image::NewLayer;
use crate::oci::pipeline::Blob;
use crate::oci::store_layer::HashedRoot;
use crate::oci::store_layers::store_layers;
use crate::oci::worker_layer::{NewEntries, write_worker_layer};
use crate::store::Store;

/// The layers, and the files that they are in.
pub(super) struct Layers {
    /// How many were there before.
    pub(super) cached: usize,
    compression: Compression,
    of_store: Vec<CachedLayer>,
    on_top: (NamedTempFile, Blob),
    _cache: LayerCache,
}

impl Layers {
    /// Makes them. `has_folder` knows the folders that are below.
    pub(super) fn make(
        store: &Store,
        compression: Compression,
        groups: &[Vec<HashedRoot>],
        entries: &NewEntries,
        has_folder: &dyn Fn(&str) -> bool,
    ) -> anyhow::Result<Self> {
        let cache = LayerCache::open().context("no layers can be made")?;
        let progress = Progress::new(groups.len());
        let of_store = store_layers(store, &cache, compression, groups, &progress)?;
        let on_top = cache
            .write(compression, |chunks| write_worker_layer(entries, has_folder, chunks))
            .context("cannot write the worker's layer")?;
        Ok(Self { cached: progress.cached(), compression, of_store, on_top, _cache: cache })
    }

    /// As layers of an image, from the lowest to the highest.
    pub(super) fn layers(&self) -> Vec<NewLayer<'static>> {
        let (file, blob) = &self.on_top;
        let of_store = self.of_store.iter().map(|layer| (layer.file.clone(), layer.blob));
        let all = of_store.chain([(file.path().to_owned(), *blob)]);
        all.map(|(file, blob)| NewLayer::made(file, &blob, self.compression)).collect()
    }
}
