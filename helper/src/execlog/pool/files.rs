//! Files, each kept once and known by a number.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::arena::number;
use super::{Digest, FileId, Text};
use crate::execlog::Chunked;

/// How many files of one path are looked through. Most paths have one file, or another one in each build.
const LINKED: usize = 4;

/// A path with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct File {
    pub(super) path: Text,
    pub(super) digest: Digest,
}

/// A file, and one more than the number of the next one of its path; 0 if it is the last of those that are linked.
#[derive(Clone, Copy, Debug)]
struct Link {
    file: File,
    next: u32,
}

/// Files by number, from 0.
#[derive(Debug, Default)]
pub(super) struct Files {
    links: Chunked<Link>,
    /// By the place of the path among the texts, one more than the number of its first file; 0 if it has none.
    firsts: Chunked<u32>,
    /// Those beyond the linked ones of their paths.
    others: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// What the table takes.
    bytes: usize,
}

impl Files {
    /// A file's number.
    pub(super) fn intern(&mut self, file: File) -> FileId {
        let place = file.path.index();
        self.firsts.extend_to(place + 1, &0);
        let Some(mut known) = self.firsts[place].checked_sub(1) else {
            let id = self.push(file);
            self.firsts[place] = id.0 + 1;
            return id;
        };
        for _ in 1..LINKED {
            let Link { file: other, next } = self.links[known as usize];
            if other == file {
                return FileId(known);
            }
            let Some(next) = next.checked_sub(1) else {
                let id = self.push(file);
                self.links[known as usize].next = id.0 + 1;
                return id;
            };
            known = next;
        }
        if self.get(FileId(known)) == file { FileId(known) } else { self.intern_other(file) }
    }

    fn intern_other(&mut self, file: File) -> FileId {
        let hash = self.hasher.hash_one(file);
        if let Some(known) = self.others.find(hash, |number| self.get(FileId(*number)) == file) {
            return FileId(*known);
        }
        let id = self.push(file);
        let Self { links, others, hasher, .. } = self;
        others.insert_unique(hash, id.0, |number| hasher.hash_one(links[*number as usize].file));
        self.bytes += 2 * (size_of::<u32>() + 1);
        id
    }

    fn push(&mut self, file: File) -> FileId {
        let id = FileId(number(self.links.len()));
        self.links.push(Link { file, next: 0 });
        id
    }

    /// The file of a number.
    #[inline]
    pub(super) fn get(&self, file: FileId) -> File {
        self.links[file.0 as usize].file
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.links.bytes() + self.firsts.bytes()
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::execlog::Pool;

    #[test]
    fn however_many_files_a_path_has_each_has_one_number() {
        let mut pool = Pool::default();
        let path = pool.intern("a");
        let files: Vec<File> = (0_u8..20).map(|byte| File { path, digest: Digest::Packed([byte; 32]) }).collect();
        let mut known = Files::default();
        for _ in 0..2 {
            let numbers: Vec<u32> = files.iter().map(|file| known.intern(*file).0).collect();
            assert_eq!(numbers, (0..20).collect::<Vec<u32>>());
        }
        for (number, file) in (0..).zip(&files) {
            assert_eq!(known.get(FileId(number)), *file);
        }
    }
}
