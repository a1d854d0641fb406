//! Slices, each kept once and known by a number.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// How many items lie in one piece of memory, so that growing copies nothing.
const CHUNK: usize = u16::MAX as usize;

/// Where a slice lies. One that does not fit into a chunk is a chunk by itself, and its length is that chunk's.
#[derive(Clone, Copy, Debug)]
struct Span {
    chunk: u32,
    start: u16,
    length: u16,
}

/// The length of a slice that is a chunk by itself.
const WHOLE: u16 = u16::MAX;

/// Slices by number, from 0.
#[derive(Debug)]
pub(super) struct Arena<T> {
    chunks: Vec<Vec<T>>,
    spans: Vec<Span>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
    bytes: usize,
}

/// What a slice costs beside its items: its span and its number, in tables that may be half empty.
const OVERHEAD: usize = 2 * (size_of::<Span>() + size_of::<u32>() + 1);

impl<T> Default for Arena<T> {
    fn default() -> Self {
        let hasher = DefaultHashBuilder::default();
        Self { chunks: Vec::new(), spans: Vec::new(), numbers: HashTable::new(), hasher, bytes: 0 }
    }
}

impl<T: Copy + Eq + Hash> Arena<T> {
    /// A slice's number, if it has one.
    pub(super) fn find(&self, slice: &[T]) -> Option<u32> {
        self.find_hashed(self.hasher.hash_one(slice), slice)
    }

    /// A slice's number. A new slice must be approved first.
    pub(super) fn intern<E>(&mut self, slice: &[T], approve: impl FnOnce() -> Result<(), E>) -> Result<u32, E> {
        let hash = self.hasher.hash_one(slice);
        if let Some(known) = self.find_hashed(hash, slice) {
            return Ok(known);
        }
        approve()?;
        let number = number(self.spans.len());
        let span = self.push(slice);
        self.spans.push(span);
        self.bytes += size_of_val(slice) + OVERHEAD;
        let (chunks, spans, hasher) = (&self.chunks, &self.spans, &self.hasher);
        let hash_of = |number: &u32| hasher.hash_one(at(chunks, spans, *number));
        self.numbers.insert_unique(hash, number, hash_of);
        Ok(number)
    }

    fn find_hashed(&self, hash: u64, slice: &[T]) -> Option<u32> {
        self.numbers.find(hash, |number| self.get(*number) == slice).copied()
    }

    fn push(&mut self, slice: &[T]) -> Span {
        let length = u16::try_from(slice.len()).unwrap_or(WHOLE);
        if length == WHOLE {
            self.chunks.push(slice.to_vec());
            return Span { chunk: number(self.chunks.len() - 1), start: 0, length };
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() + slice.len() > CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let chunk = self.chunks.len() - 1;
        let items = &mut self.chunks[chunk];
        let start = u16::try_from(items.len()).expect("a chunk has no more items");
        items.extend_from_slice(slice);
        Span { chunk: number(chunk), start, length }
    }

    /// The slice of a number that this arena gave.
    pub(super) fn get(&self, number: u32) -> &[T] {
        at(&self.chunks, &self.spans, number)
    }

    /// How many slices there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn at<'a, T>(chunks: &'a [Vec<T>], spans: &[Span], number: u32) -> &'a [T] {
    let Span { chunk, start, length } = spans[number as usize];
    let items = chunks[chunk as usize].as_slice();
    if length == WHOLE { items } else { &items[start.into()..][..length.into()] }
}

/// Four thousand million slices do not fit into the memory that a log may take.
fn number(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than 2³² entries")
}

#[cfg(test)]
mod unit {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn slices_of_any_length_keep_their_numbers() {
        let mut arena = Arena::default();
        let mut intern =
            |slice: &[u8]| arena.intern(slice, || Ok::<_, Infallible>(())).unwrap_or_else(|never| match never {});
        let long = vec![7; 3 * CHUNK];
        let numbers = [b"a".as_slice(), b"", &long, b"a", b"b"].map(&mut intern);
        assert_eq!(numbers, [0, 1, 2, 0, 3]);
        assert_eq!([0, 1, 2, 3].map(|number| arena.get(number)), [b"a".as_slice(), b"", &long, b"b"]);
        assert_eq!((arena.find(b"b"), arena.find(b"c")), (Some(3), None));
    }

    #[test]
    fn slice_that_is_not_approved_is_not_kept() {
        let mut arena = Arena::<u8>::default();
        assert_eq!(arena.intern(b"a", || Err("no")), Err("no"));
        assert_eq!(arena.len(), 0);
    }
}
