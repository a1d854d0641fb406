//! Texts, lists of them, files and sets of files of execution logs, each kept once.

mod arena;
mod digest;
mod files;

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::str::Utf8Error;

use hashbrown::HashSet;

use arena::Arena;
pub use digest::Digest;
use files::{File, Files};

/// A text's number in a pool. Equal numbers of one pool are equal texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(NonZeroU32);

/// The number of a list of texts. Equal numbers of one pool are equal lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListId(u32);

/// The number of a path with its digest. Equal numbers of one pool are equal files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// The number of a set of files. Unequal numbers may be equal sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(u32);

/// What a set is made of: files, and sets that were made before it. There is no cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Member {
    Set(SetId),
    File(FileId),
}

/// The texts, lists, files and sets of some logs.
#[derive(Debug)]
pub struct Pool {
    texts: Arena<u8>,
    lists: Arena<Text>,
    files: Files,
    sets: Arena<Member>,
    /// Of the set that is made, kept for their memory alone.
    members: Vec<Member>,
    /// What the spawns take of the logs that were read, in bytes.
    spawns: usize,
}

impl Default for Pool {
    fn default() -> Self {
        let mut pool = Self {
            texts: Arena::with_recent(),
            lists: Arena::default(),
            files: Files::default(),
            sets: Arena::default(),
            members: Vec::new(),
            spawns: 0,
        };
        pool.intern("");
        pool.intern_list(&[]);
        pool.set(&[], &[]);
        pool
    }
}

impl Text {
    /// Its place among the texts of the pool, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    fn of(number: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(number))
    }
}

impl Pool {
    /// The set of no file.
    pub const NO_FILES: SetId = SetId(0);
    /// The empty text.
    pub const NO_TEXT: Text = Text(NonZeroU32::MIN);
    /// The list of no text.
    pub const NO_LIST: ListId = ListId(0);

    /// Expects the next log to say what the first one said: a matter of time alone.
    pub(super) fn rewind(&mut self) {
        self.texts.rewind();
        self.lists.rewind();
        self.sets.rewind();
    }

    /// The number of a text.
    pub fn intern(&mut self, text: &str) -> Text {
        Text::of(always(self.texts.intern(text.as_bytes(), || Ok(()))))
    }

    /// The number of a text as it stands in a log.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn intern_bytes(&mut self, text: &[u8]) -> Result<Text, Utf8Error> {
        self.texts.intern(text, || std::str::from_utf8(text).map(drop)).map(Text::of)
    }

    /// The number of a text that may be there already.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Text> {
        self.texts.find(text.as_bytes()).map(Text::of)
    }

    /// A text.
    ///
    /// # Panics
    /// If another pool gave the number.
    #[must_use]
    pub fn text(&self, text: Text) -> &str {
        std::str::from_utf8(self.bytes_of(text)).expect("only UTF-8 is taken in")
    }

    /// A text's bytes.
    pub(crate) fn bytes_of(&self, text: Text) -> &[u8] {
        self.texts.get(text.0.get() - 1)
    }

    /// How many texts there are: all of [`Text::index`] are below.
    #[must_use]
    pub fn count_of_texts(&self) -> usize {
        self.texts.len()
    }

    /// The number of a list.
    pub fn intern_list(&mut self, texts: &[Text]) -> ListId {
        ListId(always(self.lists.intern(texts, || Ok(()))))
    }

    /// A list.
    #[must_use]
    pub fn list(&self, list: ListId) -> &[Text] {
        self.lists.get(list.0)
    }

    /// A list of names, each before its value.
    pub fn pairs(&self, list: ListId) -> impl Iterator<Item = (Text, Text)> {
        self.list(list).as_chunks().0.iter().map(|[name, value]| (*name, *value))
    }

    /// A digest as it stands in a log.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn digest(&mut self, text: &[u8]) -> Result<Digest, Utf8Error> {
        match digest::pack(text) {
            Some(packed) => Ok(Digest::Packed(packed)),
            None => self.intern_bytes(text).map(Digest::Other),
        }
    }

    /// A digest's text.
    #[must_use]
    pub fn digest_text(&self, digest: Digest) -> String {
        match digest {
            Digest::Packed(bytes) => data_encoding::HEXLOWER.encode(&bytes),
            Digest::Other(text) => self.text(text).to_owned(),
        }
    }

    /// The number of a path with its digest.
    pub fn file(&mut self, path: Text, digest: Digest) -> FileId {
        self.files.intern(File { path, digest })
    }

    /// A number of its own for a text that is compared with none: it takes no look-up.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn add_text(&mut self, text: &[u8]) -> Result<Text, Utf8Error> {
        std::str::from_utf8(text)?;
        Ok(Text::of(self.texts.add(text)))
    }

    /// A file's path.
    ///
    /// # Panics
    /// If another pool gave the number.
    #[must_use]
    pub fn path_of(&self, file: FileId) -> Text {
        self.files.get(file).path
    }

    /// A file's digest. That of a link is `-> ` and its target.
    ///
    /// # Panics
    /// If another pool gave the number.
    #[must_use]
    pub fn digest_of(&self, file: FileId) -> Digest {
        self.files.get(file).digest
    }

    /// A set of files and of all that is in other sets, the same for the same ones in the same order.
    pub fn set(&mut self, files: &[FileId], sets: &[SetId]) -> SetId {
        if let ([], [set]) = (files, sets) {
            return *set;
        }
        self.members.clear();
        self.members.extend(sets.iter().copied().map(Member::Set).chain(files.iter().copied().map(Member::File)));
        SetId(always(self.sets.intern(&self.members, || Ok(()))))
    }

    /// How many sets and files are in a set, one level deep.
    #[must_use]
    pub fn members_of(&self, set: SetId) -> usize {
        self.sets.get(set.0).len()
    }

    /// The sets in a set, one level deep.
    pub fn sets_in(&self, set: SetId) -> impl DoubleEndedIterator<Item = SetId> {
        self.sets.get(set.0).iter().filter_map(|member| match member {
            Member::Set(set) => Some(*set),
            Member::File(_) => None,
        })
    }

    /// The files in a set, without those in its sets.
    pub fn files_in(&self, set: SetId) -> impl Iterator<Item = FileId> {
        self.sets.get(set.0).iter().filter_map(|member| match member {
            Member::File(file) => Some(*file),
            Member::Set(_) => None,
        })
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
            if is_left {
                files.extend(self.files_in(set).filter(|file| seen.insert(*file)));
            } else if entered.insert(set) {
                open.push((set, true));
                open.extend(self.sets_in(set).rev().map(|set| (set, false)));
            }
        }
        files
    }

    /// Counts what a log takes that was read.
    pub(super) fn count_spawns(&mut self, bytes: usize) {
        self.spawns += bytes;
    }

    /// About how many bytes of memory the pool takes, with the spawns of the logs that were read into it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.spawns + self.texts.bytes() + self.lists.bytes() + self.files.bytes() + self.sets.bytes()
    }
}

fn always<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn shared_sets_are_walked_once_and_sub_sets_come_first() {
        let mut pool = Pool::default();
        let digest = pool.digest(b"d").expect("UTF-8");
        let files: Vec<FileId> =
            ["a", "b", "c"].map(|path| pool.intern(path)).map(|path| pool.file(path, digest)).into();
        let mut set = pool.set(&[files[0]], &[]);
        for _ in 0..200_000 {
            set = pool.set(&[files[1]], &[set, set]);
        }
        let top = pool.set(&[files[2], files[0]], &[set]);
        assert_eq!(pool.files_of(top), files);
        assert_eq!(pool.files_of(Pool::NO_FILES), []);
    }

    #[test]
    fn equal_texts_lists_files_and_sets_have_one_number() {
        let mut pool = Pool::default();
        let (text, same) = (pool.intern("x"), pool.intern("x"));
        assert_eq!(text, same);
        assert_eq!(pool.intern_list(&[text]), pool.intern_list(&[same]));
        let (digest, other) = (pool.digest(b"1").expect("UTF-8"), pool.digest(b"2").expect("UTF-8"));
        let [file, changed] = [digest, other].map(|digest| pool.file(text, digest));
        assert_ne!(file, changed);
        assert_eq!([digest, other].map(|digest| pool.file(same, digest)), [file, changed]);
        let set = pool.set(&[file], &[]);
        assert_eq!(set, pool.set(&[file], &[]));
        assert_eq!(set, pool.set(&[], &[set]));
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused() {
        assert!(Pool::default().intern_bytes(b"\xFF").is_err());
    }
}
