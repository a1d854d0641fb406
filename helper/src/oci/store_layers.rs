//! The layers of store roots, from the cache or made anew.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::compression::Compression;
use super::layer_cache::{CachedLayer, LayerCache, LayerKey, RecordedLayer};
use super::store_layer::{HashedRoot, StoreLayerError, write_store_layer};
use crate::store::Store;

/// Is told how the layers come about.
pub trait LayerProgress: Sync {
    /// So many more bytes will be read, for layers that are not in the cache.
    fn expect(&self, bytes: u64);
    /// Bytes were read for the layer of that number, from 1.
    fn read(&self, number: usize, bytes: u64);
    /// The layer of that number is there. They are told in the order of their numbers.
    fn done(&self, number: usize, roots: &[HashedRoot], layer: &CachedLayer, is_new: bool);
}

/// Finds or makes the layer of each group of store roots.
///
/// The layers that the cache has no record of are made while the others are digested.
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
    let in_order = InOrder { groups, progress, state: Mutex::default() };
    let make = |indices: &[usize]| {
        progress.expect(indices.iter().flat_map(|index| &groups[*index]).map(|root| root.nar_size).sum());
        for &index in indices {
            let layer = cache.add(&keys[index], compression, |chunks| {
                write_store_layer(store, &groups[index], chunks, &|bytes| progress.read(index + 1, bytes))
            })?;
            in_order.put(index, layer, true);
        }
        Ok::<(), StoreLayerError>(())
    };
    let records = keys.iter().map(|key| cache.recorded(key)).enumerate();
    let (absent, recorded): (Vec<_>, Vec<_>) = records.partition(|(_, record)| record.is_none());
    let absent: Vec<usize> = absent.into_iter().map(|(index, _)| index).collect();
    let recorded = Recorded::new(recorded.into_iter().filter_map(|(index, record)| Some((index, record?))).collect());
    thread::scope(|scope| {
        let others = thread::available_parallelism().map_or(1, usize::from) - 1;
        for _ in 0..others.min(recorded.layers.len()) {
            scope.spawn(|| recorded.verify(&in_order));
        }
        make(&absent)?;
        recorded.verify(&in_order);
        Ok::<(), StoreLayerError>(())
    })?;
    make(&recorded.damaged.into_inner().unwrap_or_else(PoisonError::into_inner))?;
    Ok(in_order.state.into_inner().unwrap_or_else(PoisonError::into_inner).layers)
}

/// Layers that the cache has a record of, the largest first: it takes longest.
struct Recorded {
    layers: Vec<(usize, RecordedLayer)>,
    next: AtomicUsize,
    /// Those that are not as recorded.
    damaged: Mutex<Vec<usize>>,
}

impl Recorded {
    fn new(mut layers: Vec<(usize, RecordedLayer)>) -> Self {
        layers.sort_by_key(|(_, layer)| std::cmp::Reverse(layer.size()));
        Self { layers, next: AtomicUsize::new(0), damaged: Mutex::default() }
    }

    /// Digests layers until there are none left. Several threads may do so.
    fn verify(&self, in_order: &InOrder) {
        while let Some((index, layer)) = self.layers.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            match layer.verify() {
                Some(layer) => in_order.put(*index, layer, false),
                None => self.damaged.lock().unwrap_or_else(PoisonError::into_inner).push(*index),
            }
        }
    }
}

/// Tells of layers in the order of their numbers, in whatever order they come.
struct InOrder<'a> {
    groups: &'a [Vec<HashedRoot>],
    progress: &'a dyn LayerProgress,
    state: Mutex<Layers>,
}

#[derive(Default)]
struct Layers {
    /// Those that were told of.
    layers: Vec<CachedLayer>,
    /// Those that wait for one before them.
    waiting: BTreeMap<usize, (CachedLayer, bool)>,
}

impl InOrder<'_> {
    fn put(&self, index: usize, layer: CachedLayer, is_new: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.insert(index, (layer, is_new));
        loop {
            let index = state.layers.len();
            let Some((layer, is_new)) = state.waiting.remove(&index) else { return };
            self.progress.done(index + 1, &self.groups[index], &layer, is_new);
            state.layers.push(layer);
        }
    }
}
