//! Slices, each kept once and known by a number.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::execlog::Chunked;

/// How many items lie in one piece of memory, so that growing copies nothing.
const CHUNK: usize = u16::MAX as usize;

/// How far a slice may lie ahead of the one that was expected for those after it to be expected behind it.
const AHEAD: u32 = 64;

/// Where a slice lies. One that does not fit into a chunk is a chunk by itself, and its length is that chunk's.
#[derive(Clone, Copy, Debug)]
struct Span {
    chunk: u32,
    start: u16,
    length: u16,
}

/// The length of a slice that is a chunk by itself.
const WHOLE: u16 = u16::MAX;

/// How many slices are remembered that came last, where that is asked for: as many as fit into a core's nearest memory.
const RECENT: usize = 1 << 11;

/// A slice in the table. The hash is kept so that the table grows without a look at the slices.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    number: u32,
}

/// Slices by number, from 0.
#[derive(Debug)]
pub(super) struct Arena<T> {
    chunks: Vec<Vec<T>>,
    spans: Chunked<Span>,
    numbers: HashTable<Entry>,
    hasher: DefaultHashBuilder,
    bytes: usize,
    /// The slice that is expected next: a second log says nearly all that the first one said, in the same order, and to
    /// compare with what lies next in memory takes a fraction of a look-up.
    expected: u32,
    /// By their hash, slices that came lately: a path is named by the entry of a file, then by the command line that makes
    /// it. Empty where slices do not come twice.
    recent: Vec<Entry>,
}

/// What a slice costs beside its items: its span, and its number in a table that may be half empty.
const OVERHEAD: usize = size_of::<Span>() + 2 * (size_of::<Entry>() + 1);

impl<T> Default for Arena<T> {
    fn default() -> Self {
        let hasher = DefaultHashBuilder::default();
        let (chunks, spans, numbers, recent) = (Vec::new(), Chunked::default(), HashTable::new(), Vec::new());
        Self { chunks, spans, numbers, hasher, bytes: 0, expected: 0, recent }
    }
}

impl<T: Copy + Eq + Hash> Arena<T> {
    /// One for slices most of which come again soon.
    pub(super) fn with_recent() -> Self {
        Self { recent: vec![Entry { hash: 0, number: u32::MAX }; RECENT], ..Self::default() }
    }

    /// Expects the slices from the first one on once more.
    pub(super) fn rewind(&mut self) {
        self.expected = 0;
    }

    /// A slice's number, if it has one.
    pub(super) fn find(&self, slice: &[T]) -> Option<u32> {
        self.find_hashed(self.hash(slice), slice)
    }

    /// A slice's number. A new slice must be approved first.
    #[inline]
    pub(super) fn intern<E>(&mut self, slice: &[T], approve: impl FnOnce() -> Result<(), E>) -> Result<u32, E> {
        let expected = self.expected;
        if (expected as usize) < self.spans.len() && self.get(expected) == slice {
            self.expected += 1;
            if !self.recent.is_empty() {
                self.remember(self.hash(slice), expected);
            }
            return Ok(expected);
        }
        let hash = self.hash(slice);
        if let Some(recent) = self.recent.get(hash as usize % RECENT)
            && recent.hash == hash
            && (recent.number as usize) < self.spans.len()
            && self.get(recent.number) == slice
        {
            return Ok(recent.number);
        }
        if let Some(known) = self.find_hashed(hash, slice) {
            if known.wrapping_sub(expected) < AHEAD {
                self.expected = known + 1;
            }
            self.remember(hash, known);
            return Ok(known);
        }
        approve()?;
        let number = self.add(slice);
        self.expected += u32::from(number == expected);
        self.numbers.insert_unique(spread(hash), Entry { hash, number }, |entry| spread(entry.hash));
        self.remember(hash, number);
        Ok(number)
    }

    fn remember(&mut self, hash: u32, number: u32) {
        if let Some(entry) = self.recent.get_mut(hash as usize % RECENT) {
            *entry = Entry { hash, number };
        }
    }

    /// A number of its own for a slice, under which it cannot be found.
    pub(super) fn add(&mut self, slice: &[T]) -> u32 {
        let number = number(self.spans.len());
        let span = self.push(slice);
        self.spans.push(span);
        self.bytes += size_of_val(slice) + OVERHEAD;
        number
    }

    #[expect(clippy::cast_possible_truncation, reason = "half of a hash tells slices apart as well")]
    fn hash(&self, slice: &[T]) -> u32 {
        self.hasher.hash_one(slice) as u32
    }

    fn find_hashed(&self, hash: u32, slice: &[T]) -> Option<u32> {
        let is_it = |entry: &Entry| entry.hash == hash && self.get(entry.number) == slice;
        self.numbers.find(spread(hash), is_it).map(|entry| entry.number)
    }

    fn push(&mut self, slice: &[T]) -> Span {
        let length = u16::try_from(slice.len()).unwrap_or(WHOLE);
        if length == WHOLE {
            self.chunks.push(slice.to_vec());
            return Span { chunk: number(self.chunks.len() - 1), start: 0, length };
        }
        if self.chunks.last().is_none_or(|chunk| chunk.capacity() != CHUNK || chunk.len() + slice.len() > CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let chunk = self.chunks.len() - 1;
        let items = &mut self.chunks[chunk];
        let start = u16::try_from(items.len()).expect("a chunk has no more items");
        items.extend_from_slice(slice);
        Span { chunk: number(chunk), start, length }
    }

    /// The slice of a number that this arena gave.
    #[inline]
    pub(super) fn get(&self, number: u32) -> &[T] {
        let Span { chunk, start, length } = self.spans[number as usize];
        let items = self.chunks[chunk as usize].as_slice();
        if length == WHOLE { items } else { &items[start.into()..][..length.into()] }
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

/// Both ends of it depend on all of the hash, as the table wants it.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Four thousand million slices do not fit into the memory that a log may take.
pub(super) fn number(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than 2³² entries")
}

#[cfg(test)]
mod unit {
    use std::convert::Infallible;

    use super::*;

    fn intern(arena: &mut Arena<u8>, slice: &[u8]) -> u32 {
        arena.intern(slice, || Ok::<_, Infallible>(())).unwrap_or_else(|never| match never {})
    }

    #[test]
    fn slices_of_any_length_keep_their_numbers() {
        let mut arena = Arena::default();
        let long = vec![7; 3 * CHUNK];
        let numbers = [b"a".as_slice(), b"", &long, b"a", b"b"].map(|slice| intern(&mut arena, slice));
        assert_eq!(numbers, [0, 1, 2, 0, 3]);
        assert_eq!([0, 1, 2, 3].map(|number| arena.get(number)), [b"a".as_slice(), b"", &long, b"b"]);
        assert_eq!((arena.find(b"b"), arena.find(b"c")), (Some(3), None));
    }

    #[test]
    fn numbers_are_the_same_whatever_was_expected_or_came_lately() {
        for mut arena in [Arena::default(), Arena::with_recent()] {
            expect_numbers(&mut arena);
        }
    }

    fn expect_numbers(arena: &mut Arena<u8>) {
        let slices: Vec<[u8; 2]> = (0..u16::from(u8::MAX)).map(u16::to_be_bytes).collect();
        for (number, slice) in (0..).zip(&slices) {
            assert_eq!(intern(arena, slice), number);
        }
        for start in [0, 3, 200] {
            arena.rewind();
            // From anywhere, with slices left out, back again, and with new ones.
            let places = (start..slices.len()).step_by(3).chain(0..slices.len());
            for place in places {
                assert_eq!(intern(arena, &slices[place]), number(place));
            }
            let new = arena.len();
            assert_eq!(intern(arena, &[start.try_into().expect("a byte"); 3]), number(new));
        }
        assert_eq!(arena.len(), slices.len() + 3);
    }

    #[test]
    fn slice_that_is_not_approved_is_not_kept() {
        let mut arena = Arena::<u8>::default();
        assert_eq!(arena.intern(b"a", || Err("no")), Err("no"));
        assert_eq!(arena.len(), 0);
    }
}
