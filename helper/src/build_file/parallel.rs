//! Many files on all cores, each thread with the stack that parsing needs.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::limits::STACK_BYTES;

thread_local! {
    static HAS_LARGE_STACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread may parse without another one.
pub(super) fn has_large_stack() -> bool {
    HAS_LARGE_STACK.get()
}

/// What `work` makes of each item, in the order of the items. Where no thread can be had, it runs here.
pub(crate) fn map_in_parallel<I: Sync, T: Send + Sync>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let results: Vec<OnceLock<T>> = items.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some((item, result)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            items.get(index).zip(results.get(index))
        } {
            result.get_or_init(|| work(item));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(items.len()) {
            let thread = std::thread::Builder::new().name("parser".to_owned()).stack_size(STACK_BYTES);
            // Fewer threads take longer, and that is all.
            let _ = thread.spawn_scoped(scope, || {
                HAS_LARGE_STACK.set(true);
                take();
            });
        }
    });
    take();
    results.into_iter().zip(items).map(|(result, item)| result.into_inner().unwrap_or_else(|| work(item))).collect()
}

#[cfg(test)]
mod unit {
    use super::map_in_parallel;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(map_in_parallel(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(map_in_parallel(&[] as &[usize], |item| *item), Vec::<usize>::new());
    }
}
