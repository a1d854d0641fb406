//! Files, each kept once and known by a number.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::arena::number;
use super::{Digest, FileId, Text};

/// How many files lie in one piece of memory, so that growing copies nothing.
const CHUNK: usize = 1 << 12;

/// A path with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct File {
    pub(super) path: Text,
    pub(super) digest: Digest,
}

/// Files by number, from 0.
#[derive(Debug, Default)]
pub(super) struct Files {
    chunks: Vec<Vec<File>>,
    /// By the place of the path among the texts, one more than the number of its first file; 0 if it has none. Most
    /// paths have one file, or the same one in both builds: no table knows them.
    firsts: Vec<u32>,
    /// All files but the first ones of their paths.
    others: HashTable<u32>,
    hasher: DefaultHashBuilder,
    bytes: usize,
}

impl Files {
    /// A file's number.
    pub(super) fn intern(&mut self, file: File) -> FileId {
        let place = file.path.index();
        if place >= self.firsts.len() {
            self.firsts.resize(place + 1, 0);
        }
        let Some(first) = self.firsts[place].checked_sub(1) else {
            let id = self.push(file);
            self.firsts[place] = id.0 + 1;
            return id;
        };
        if self.get(FileId(first)) == file {
            return FileId(first);
        }
        let hash = self.hasher.hash_one(file);
        if let Some(known) = self.others.find(hash, |number| self.get(FileId(*number)) == file) {
            return FileId(*known);
        }
        let id = self.push(file);
        let Self { chunks, others, hasher, .. } = self;
        others.insert_unique(hash, id.0, |number| hasher.hash_one(at(chunks, *number)));
        self.bytes += 2 * (size_of::<u32>() + 1);
        id
    }

    fn push(&mut self, file: File) -> FileId {
        let count = match self.chunks.last() {
            Some(chunk) => (self.chunks.len() - 1) * CHUNK + chunk.len(),
            None => 0,
        };
        if count.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks.last_mut().expect("one was added where there was none").push(file);
        self.bytes += size_of::<File>();
        FileId(number(count))
    }

    /// The file of a number.
    #[inline]
    pub(super) fn get(&self, file: FileId) -> File {
        at(&self.chunks, file.0)
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.firsts.capacity() * size_of::<u32>()
    }
}

fn at(chunks: &[Vec<File>], number: u32) -> File {
    chunks[number as usize / CHUNK][number as usize % CHUNK]
}
