//! The layers of store roots, from the cache or made anew.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::compression::Compression;
use super::layer_cache::{CachedLayer, LayerCache, LayerKey};
use super::store_layer::{HashedRoot, StoreLayerError, write_store_layer};
use crate::store::Store;

/// Is told how the layers come about.
pub trait LayerProgress: Sync {
    /// So many bytes will be read, for layers that are not in the cache.
    fn start(&self, bytes: u64);
    /// Bytes were read for the layer of that number, from 1.
    fn read(&self, number: usize, bytes: u64);
    /// The layer of that number is there.
    fn done(&self, number: usize, roots: &[HashedRoot], layer: &CachedLayer, is_new: bool);
}

/// Finds or makes the layer of each group of store roots.
///
/// # Errors
/// See [`StoreLayerError`].
pub fn store_layers(
    store: &Store,
    cache: &LayerCache,
    compression: Compression,
    groups: &[Vec<HashedRoot>],
    progress: &dyn LayerProgress,
) -> Result<Vec<CachedLayer>, StoreLayerError> {
    let keys: Vec<LayerKey> = groups.iter().map(|roots| LayerKey::of(roots, compression)).collect();
    let found = find_all(cache, &keys);
    let absent = groups.iter().zip(&found).filter(|(_, found)| found.is_none());
    progress.start(absent.flat_map(|(roots, _)| roots).map(|root| root.nar_size).sum());
    let mut layers = Vec::new();
    for (index, ((roots, key), found)) in groups.iter().zip(&keys).zip(found).enumerate() {
        let is_new = found.is_none();
        let layer = match found {
            Some(layer) => layer,
            None => cache.add(key, compression, |chunks| {
                write_store_layer(store, roots, chunks, &|bytes| progress.read(index + 1, bytes))
            })?,
        };
        progress.done(index + 1, roots, &layer, is_new);
        layers.push(layer);
    }
    Ok(layers)
}

/// Looks for all layers side by side: each is digested as a whole.
fn find_all(cache: &LayerCache, keys: &[LayerKey]) -> Vec<Option<CachedLayer>> {
    let found: Vec<Mutex<Option<CachedLayer>>> = keys.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(key) = keys.get(index) else { return };
            *found[index].lock().unwrap_or_else(PoisonError::into_inner) = cache.find(key);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(keys.len());
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    found.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}
