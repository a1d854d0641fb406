//! Which store paths are replaced by which.

use std::collections::BTreeMap;

use crate::store::{STORE_DIR, StorePath, StorePathError};

use super::relevance::Relevance;
use super::search::is_name_character;

/// Characters of the hash in a store root's name.
pub(super) const HASH_LENGTH: usize = 32;

/// Why a replacement is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplacementsError {
    /// One of the two is no store path.
    #[error(transparent)]
    NotAStorePath(#[from] StorePathError),
    /// It could not be found in a text or not be written into a literal.
    #[error("`{path}` has the character `{character}`, which cannot be told from the text around a store path")]
    Character {
        /// The store path.
        path: String,
        /// The first such character.
        character: char,
    },
    /// A store path would have to become two.
    #[error("`{old}` is replaced by both `{first}` and `{second}`")]
    Ambiguous {
        /// The store path.
        old: String,
        /// One replacement.
        first: String,
        /// The other.
        second: String,
    },
}

/// Store paths and what replaces them. All are replaced at once: what replaces one is not replaced again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacements {
    /// By the hash of the old store root, the longest path first.
    by_hash: BTreeMap<String, Vec<Entry>>,
    /// Which texts may name one of them.
    pub(super) relevance: Relevance,
}

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) old: String,
    pub(super) new: String,
}

impl Entry {
    /// The old store path without the store directory: `<hash>-<name>` and the rest.
    pub(super) fn below(&self) -> &str {
        &self.old[STORE_DIR.len() + 1..]
    }
}

impl Replacements {
    /// Takes pairs of an old and a new store path.
    ///
    /// # Errors
    /// If a path has a character that no text can hold safely, or a path has two replacements.
    pub fn new(pairs: impl IntoIterator<Item = (StorePath, StorePath)>) -> Result<Self, ReplacementsError> {
        let mut by_old = BTreeMap::new();
        for (old, new) in pairs {
            let (old, new) = (old.to_string(), new.to_string());
            for path in [&old, &new] {
                if let Some(character) = path.chars().find(|c| !is_name_character(*c) && *c != '/') {
                    return Err(ReplacementsError::Character { path: path.clone(), character });
                }
            }
            match by_old.insert(old.clone(), new.clone()) {
                Some(first) if first != new => {
                    return Err(ReplacementsError::Ambiguous { old, first, second: new });
                }
                _ => {}
            }
        }
        let mut by_hash: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for (old, new) in by_old {
            let entry = Entry { old, new };
            let hash = entry.below()[..HASH_LENGTH].to_owned();
            by_hash.entry(hash).or_default().push(entry);
        }
        for entries in by_hash.values_mut() {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.old.len()));
        }
        let patterns = by_hash.keys().cloned().chain([STORE_DIR.to_owned()]).collect();
        Ok(Self { by_hash, relevance: Relevance::new(patterns) })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.by_hash.values().flatten()
    }

    pub(super) fn of_hash(&self, hash: &str) -> &[Entry] {
        self.by_hash.get(hash).map_or(&[], Vec::as_slice)
    }
}
