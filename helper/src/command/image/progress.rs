//! How far an image is: a bar on a terminal, a line for each layer elsewhere.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crate::command::progress_bar::ProgressBar;
use crate::oci::layer_cache::CachedLayer;
use crate::oci::store_layer::HashedRoot;
use crate::oci::store_layers::LayerProgress;
use crate::talk::say;

pub(super) struct Progress {
    bar: ProgressBar,
    begin: Instant,
    layers: usize,
    total: AtomicU64,
    done: AtomicU64,
    cached: AtomicUsize,
}

impl Progress {
    /// For so many layers.
    pub(super) fn new(layers: usize) -> Self {
        let (total, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let cached = AtomicUsize::new(0);
        Self { bar: ProgressBar::default(), begin: Instant::now(), layers, total, done, cached }
    }

    /// How many layers were in the cache.
    pub(super) fn cached(&self) -> usize {
        self.cached.load(Ordering::Relaxed)
    }
}

impl LayerProgress for Progress {
    fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    fn read(&self, number: usize, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let total = self.total.load(Ordering::Relaxed);
        let seconds = self.begin.elapsed().as_secs_f64();
        self.bar.show_line(|| describe(number, self.layers, done, total, seconds));
    }

    fn done(&self, number: usize, roots: &[HashedRoot], layer: &CachedLayer, is_new: bool) {
        self.cached.fetch_add(usize::from(!is_new), Ordering::Relaxed);
        if self.bar.is_terminal() {
            self.bar.clear();
            return;
        }
        let what = match roots {
            [only] => only.root.path(),
            more => format!("{} store roots", more.len()),
        };
        let origin = if is_new { "" } else { ", from the cache" };
        say(format_args!("layer {number} of {}: {what}, {} kB{origin}", self.layers, layer.blob.size.div_ceil(1000)));
    }
}

/// `total` is of NARs, and a little more than what is read.
fn describe(number: usize, layers: usize, done: u64, total: u64, seconds: f64) -> String {
    let megabytes = |bytes: u64| bytes / 1_000_000;
    let total = total.max(done);
    let left = seconds * (total - done) as f64 / done.max(1) as f64;
    format!(
        "layer {number} of {layers}: {} of {} MB, {} %, {left:.0} s left",
        megabytes(done),
        megabytes(total),
        done * 100 / total.max(1)
    )
}

#[cfg(test)]
mod unit {
    use super::describe;

    #[test]
    fn time_left_is_that_of_the_bytes_that_are_left() {
        assert_eq!(describe(2, 3, 100_000_000, 400_000_000, 1.0), "layer 2 of 3: 100 of 400 MB, 25 %, 3 s left");
        assert_eq!(describe(1, 1, 0, 0, 0.0), "layer 1 of 1: 0 of 0 MB, 0 %, 0 s left");
        assert_eq!(describe(1, 1, 2_000_000, 1_000_000, 1.0), "layer 1 of 1: 2 of 2 MB, 100 %, 0 s left");
    }
}
