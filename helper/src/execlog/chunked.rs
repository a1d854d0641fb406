//! Items by number, in pieces of memory: millions of them are added without a copy of those before, and no memory is
//! cleared twice.

use std::iter::Flatten;
use std::ops::{Index, IndexMut};
use std::slice::Iter;

/// Items in a piece.
const CHUNK: usize = 1 << 12;

/// Items by number, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunked<T> {
    /// All but the last have [`CHUNK`] items.
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunked<T> {
    /// Adds an item.
    #[inline]
    pub(super) fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(item),
            Some(_) => {
                self.chunks.push(Vec::with_capacity(CHUNK));
                self.push(item);
            }
            // It grows: a small log takes little.
            None => self.chunks.push(vec![item]),
        }
    }

    /// How many items there are.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The item of a number.
    #[must_use]
    #[inline]
    pub fn get(&self, number: usize) -> Option<&T> {
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)
    }

    /// The item that was added last.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// All items, in the order of their numbers.
    pub fn iter(&self) -> Flatten<Iter<'_, Vec<T>>> {
        self.into_iter()
    }

    /// How many bytes of memory the items take, without what they refer to.
    pub(super) fn bytes(&self) -> usize {
        let last = self.chunks.last().map_or(0, Vec::capacity);
        (self.chunks.len().saturating_sub(1) * CHUNK + last) * size_of::<T>()
    }
}

impl<T: Clone> Chunked<T> {
    /// Adds copies of an item until there are so many.
    pub(super) fn extend_to(&mut self, length: usize, item: &T) {
        for _ in self.len()..length {
            self.push(item.clone());
        }
    }
}

impl<T> Index<usize> for Chunked<T> {
    type Output = T;

    #[inline]
    fn index(&self, number: usize) -> &T {
        &self.chunks[number / CHUNK][number % CHUNK]
    }
}

impl<T> IndexMut<usize> for Chunked<T> {
    #[inline]
    fn index_mut(&mut self, number: usize) -> &mut T {
        &mut self.chunks[number / CHUNK][number % CHUNK]
    }
}

impl<'a, T> IntoIterator for &'a Chunked<T> {
    type Item = &'a T;
    type IntoIter = Flatten<Iter<'a, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.iter().flatten()
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn items_keep_their_numbers_across_pieces() {
        let mut items = Chunked::default();
        for length in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            items.extend_to(length, &items.len());
            assert_eq!((items.len(), items.is_empty()), (length, length == 0));
            assert_eq!(items.get(length), None);
        }
        for (number, first) in [(0, 0), (1, 1), (CHUNK, CHUNK), (CHUNK + 1, CHUNK + 1), (3 * CHUNK - 1, CHUNK + 1)] {
            assert_eq!((items[number], items.get(number)), (first, Some(&first)));
        }
        items[CHUNK] = 0;
        assert_eq!((items[CHUNK - 1], items[CHUNK], items[CHUNK + 1]), (1, 0, CHUNK + 1));
        assert_eq!(items.last(), Some(&(CHUNK + 1)));
        assert_eq!(items.iter().count(), items.len());
        assert_eq!(items.bytes(), items.len() * size_of::<usize>());
    }
}
