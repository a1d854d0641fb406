//! Texts, files and sets of files of execution logs, each kept once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A text's number in a pool. Equal numbers of one pool are equal texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(u32);

/// The number of a path with its digest. Equal numbers of one pool are equal files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(u32);

/// The number of a set of files. Unequal numbers may be equal sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SetId(u32);

#[derive(Debug)]
struct Set {
    files: Box<[FileId]>,
    /// Made before this one: there is no cycle.
    sets: Box<[SetId]>,
}

/// The texts, files and sets of some logs.
#[derive(Debug)]
pub struct Pool {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Text>,
    files: Vec<(Text, Text)>,
    file_numbers: HashMap<(Text, Text), FileId>,
    sets: Vec<Set>,
    flat_numbers: HashMap<Box<[FileId]>, SetId>,
    bytes: usize,
}

/// What an entry costs beside its own bytes: two pointers and a number, twice, and a hash table's slack.
const OVERHEAD: usize = 80;

impl Default for Pool {
    fn default() -> Self {
        let mut pool = Self {
            texts: Vec::new(),
            numbers: HashMap::new(),
            files: Vec::new(),
            file_numbers: HashMap::new(),
            sets: Vec::new(),
            flat_numbers: HashMap::new(),
            bytes: 0,
        };
        pool.flat_set(Box::default());
        pool
    }
}

impl Pool {
    /// The set of no file.
    pub const NO_FILES: SetId = SetId(0);

    /// The number of a text.
    pub fn intern(&mut self, text: &str) -> Text {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        let number = Text(number(self.texts.len()));
        let text: Arc<str> = Arc::from(text);
        self.bytes += text.len() + OVERHEAD;
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// The number of a text that may be there already.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Text> {
        self.numbers.get(text).copied()
    }

    /// A text.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        &self.texts[text.0 as usize]
    }

    /// The number of a path with its digest.
    pub fn file(&mut self, path: Text, digest: Text) -> FileId {
        let next = FileId(number(self.files.len()));
        let known = *self.file_numbers.entry((path, digest)).or_insert(next);
        if known == next {
            self.files.push((path, digest));
            self.bytes += OVERHEAD;
        }
        known
    }

    /// A file's path and digest. The digest of a link is `-> ` and its target.
    #[must_use]
    pub fn path_and_digest(&self, file: FileId) -> (Text, Text) {
        self.files[file.0 as usize]
    }

    /// The set of some files, the same for the same files in the same order.
    pub fn flat_set(&mut self, files: Box<[FileId]>) -> SetId {
        if let Some(known) = self.flat_numbers.get(&files) {
            return *known;
        }
        let set = self.set(files.clone(), Box::default());
        self.flat_numbers.insert(files, set);
        set
    }

    /// A set of files and of all that is in other sets.
    pub fn set(&mut self, files: Box<[FileId]>, sets: Box<[SetId]>) -> SetId {
        let set = SetId(number(self.sets.len()));
        self.bytes += (files.len() + sets.len()) * size_of::<u32>() + OVERHEAD;
        self.sets.push(Set { files, sets });
        set
    }

    /// Every file of a set once, sub-sets first.
    #[must_use]
    pub fn files_of(&self, set: SetId) -> Vec<FileId> {
        let mut seen = HashSet::new();
        let mut files = Vec::new();
        // A set is entered, then left with its files: deep nesting takes no stack.
        let mut open = vec![(set, false)];
        let mut entered = HashSet::new();
        while let Some((set, is_left)) = open.pop() {
            let Set { files: own, sets } = &self.sets[set.0 as usize];
            if is_left {
                files.extend(own.iter().copied().filter(|file| seen.insert(*file)));
            } else if entered.insert(set) {
                open.push((set, true));
                open.extend(sets.iter().rev().map(|set| (*set, false)));
            }
        }
        files
    }

    /// About how many bytes of memory the pool takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Four thousand million entries do not fit into the memory that a log may take.
fn number(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than 2³² entries")
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn shared_sets_are_walked_once_and_sub_sets_come_first() {
        let mut pool = Pool::default();
        let digest = pool.intern("d");
        let files: Vec<FileId> =
            ["a", "b", "c"].map(|path| pool.intern(path)).map(|path| pool.file(path, digest)).into();
        let mut set = pool.flat_set(Box::new([files[0]]));
        for _ in 0..200_000 {
            set = pool.set(Box::new([files[1]]), Box::new([set, set]));
        }
        let top = pool.set(Box::new([files[2], files[0]]), Box::new([set]));
        assert_eq!(pool.files_of(top), files);
        assert_eq!(pool.files_of(Pool::NO_FILES), []);
    }

    #[test]
    fn equal_texts_files_and_flat_sets_have_one_number() {
        let mut pool = Pool::default();
        let (text, same) = (pool.intern("x"), pool.intern("x"));
        assert_eq!(text, same);
        let file = pool.file(text, same);
        assert_eq!(file, pool.file(text, text));
        assert_eq!(pool.flat_set(Box::new([file])), pool.flat_set(Box::new([file])));
    }
}
