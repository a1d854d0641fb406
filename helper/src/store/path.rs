//! Store roots (`/nix/store/<hash>-<name>`) and store paths (anything below one), with Nix's own rules for names.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::STORE_DIR;
use super::hash::BASE32_ALPHABET;

const HASH_LENGTH: usize = 32;
const NAME_LIMIT: usize = 211;

/// Why a text is not a store path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorePathError {
    /// It does not start with `/nix/store/`.
    #[error("`{0}` is not under `/nix/store`")]
    Outside(String),
    /// The first component is no `<hash>-<name>`.
    #[error("`{0}` names no store root: expected `/nix/store/<32 characters of Nix's base32>-<name>`")]
    Malformed(String),
    /// `..` climbs out of the store root.
    #[error("`{0}` leaves its store root through `..`")]
    Escapes(String),
}

/// A store root, `/nix/store/<hash>-<name>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoreRoot {
    base_name: String,
}

impl StoreRoot {
    fn from_base_name(base_name: &str) -> Option<Self> {
        let (hash, name) = base_name.split_at_checked(HASH_LENGTH)?;
        let name = name.strip_prefix('-')?;
        let valid = hash.chars().all(|c| BASE32_ALPHABET.contains(c))
            && (1..=NAME_LIMIT).contains(&name.len())
            && name.chars().all(is_name_character)
            && !matches!(name, "." | "..")
            && !name.starts_with(".-")
            && !name.starts_with("..-");
        valid.then(|| Self { base_name: base_name.to_owned() })
    }

    /// The logical path, `/nix/store/<hash>-<name>`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{STORE_DIR}/{}", self.base_name)
    }

    /// The part after the hash, such as `coreutils-9.5`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.base_name[HASH_LENGTH + 1..]
    }

    /// The name without the version, such as `coreutils`. The version starts at the first `-` before no letter, as for
    /// Nix's `parseDrvName`.
    #[must_use]
    pub fn package(&self) -> &str {
        let name = self.name();
        let starts_version = |rest: &str| rest.chars().next().is_some_and(|c| !c.is_alphabetic());
        let mut dashes = name.match_indices('-');
        dashes.find(|(place, _)| starts_version(&name[place + 1..])).map_or(name, |(place, _)| &name[..place])
    }
}

impl fmt::Display for StoreRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STORE_DIR}/{}", self.base_name)
    }
}

impl TryFrom<String> for StoreRoot {
    type Error = StorePathError;

    fn try_from(text: String) -> Result<Self, StorePathError> {
        let path = StorePath::parse(&text)?;
        if path.rest.is_empty() { Ok(path.root) } else { Err(StorePathError::Malformed(text)) }
    }
}

impl From<StoreRoot> for String {
    fn from(root: StoreRoot) -> Self {
        root.path()
    }
}

/// A path at or below a store root, without `.`, `..`, doubled or trailing slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StorePath {
    root: StoreRoot,
    /// Empty, or `/` and the rest.
    rest: String,
}

impl StorePath {
    /// Parses and normalises a logical path, as Bazel normalises the paths of included headers: by text alone.
    ///
    /// # Errors
    /// If the path is outside the store, its root is malformed, or `..` leaves the root.
    pub fn parse(text: &str) -> Result<Self, StorePathError> {
        let outside = || StorePathError::Outside(text.to_owned());
        let below = text.strip_prefix(STORE_DIR).and_then(|t| t.strip_prefix('/')).ok_or_else(outside)?;
        let (base_name, rest) = below.split_once('/').unwrap_or((below, ""));
        let root = StoreRoot::from_base_name(base_name).ok_or_else(|| StorePathError::Malformed(text.to_owned()))?;
        let mut components: Vec<&str> = Vec::new();
        for component in rest.split('/') {
            match component {
                "" | "." => {}
                ".." => {
                    components.pop().ok_or_else(|| StorePathError::Escapes(text.to_owned()))?;
                }
                other => components.push(other),
            }
        }
        let rest = components.iter().map(|component| format!("/{component}")).collect();
        Ok(Self { root, rest })
    }

    /// The store root.
    #[must_use]
    pub fn root(&self) -> &StoreRoot {
        &self.root
    }

    /// A path below this one.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        Self { root: self.root.clone(), rest: format!("{}/{below}", self.rest) }
    }

    /// The folder that holds this path, or `None` for a store root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (rest, _) = self.rest.rsplit_once('/')?;
        Some(Self { root: self.root.clone(), rest: rest.to_owned() })
    }

    /// The last component, or `None` for a store root.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.rest.rsplit_once('/').map(|(_, name)| name)
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.root, self.rest)
    }
}

impl TryFrom<String> for StorePath {
    type Error = StorePathError;

    fn try_from(text: String) -> Result<Self, StorePathError> {
        Self::parse(&text)
    }
}

impl From<StorePath> for String {
    fn from(path: StorePath) -> Self {
        path.to_string()
    }
}

/// A mention of the store inside a longer text, such as a flag.
#[derive(Debug, PartialEq, Eq)]
pub struct Mention {
    /// Byte offset of `/nix/store` in the text.
    pub offset: usize,
    /// The path, or why it is none.
    pub path: Result<StorePath, StorePathError>,
}

/// Every mention of `/nix/store` in a text, in order: `-L/nix/store/…/lib`, `-Wl,-rpath,/nix/store/…,-rpath,…`.
#[must_use]
pub fn find_store_paths(text: &str) -> Vec<Mention> {
    text.match_indices(STORE_DIR)
        .map(|(offset, _)| {
            let end = text[offset..].find(ends_path).map_or(text.len(), |length| offset + length);
            Mention { offset, path: StorePath::parse(&text[offset..end]) }
        })
        .collect()
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-._?=".contains(c)
}

/// What separates paths in flags and path lists. None of these is legal in a store root's name.
fn ends_path(c: char) -> bool {
    c.is_whitespace() || c.is_control() || ",:;\"'".contains(c)
}

#[cfg(test)]
mod unit {
    use super::*;

    const ROOT: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-coreutils-9.5";

    fn parse(name: &str) -> Result<StorePath, StorePathError> {
        StorePath::parse(&format!("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-{name}"))
    }

    #[test]
    fn names_follow_the_rules_of_nix() {
        for legal in ["a", ".foo", "a.b", "x+y_z?=1-2", "..a", &"a".repeat(211)] {
            assert!(parse(legal).is_ok(), "{legal}");
        }
        for illegal in ["", ".", "..", ".-x", "..-x", "a b", "a~b", "a%b", &"a".repeat(212)] {
            assert!(parse(illegal).is_err(), "{illegal}");
        }
    }

    #[test]
    fn hashes_have_32_characters_of_nix_base32() {
        for illegal in ["asqa3kfq3maclk7cqqhrjvp7vriw6ah-x", "esqa3kfq3maclk7cqqhrjvp7vriw6ahy-x", "x"] {
            let path = format!("/nix/store/{illegal}");
            assert_eq!(StorePath::parse(&path), Err(StorePathError::Malformed(path.clone())));
        }
    }

    #[test]
    fn dots_are_resolved_and_may_not_leave_the_root() {
        let path = StorePath::parse(&format!("{ROOT}/lib//gcc/./16/../../include/")).map(|path| path.to_string());
        assert_eq!(path, Ok(format!("{ROOT}/lib/include")));
        let escaping = format!("{ROOT}/lib/../../other");
        assert_eq!(StorePath::parse(&escaping), Err(StorePathError::Escapes(escaping.clone())));
    }

    #[test]
    fn paths_are_found_inside_flags() {
        let text = format!("-Wl,-rpath,{ROOT}/lib,-rpath,{ROOT}:/nix/store -I/nix/store/zz");
        let found: Vec<_> = find_store_paths(&text)
            .into_iter()
            .map(|mention| (mention.offset, mention.path.map(|path| path.to_string())))
            .collect();
        let second = 11 + ROOT.len() + 4 + 8;
        let third = second + ROOT.len() + 1;
        assert_eq!(
            found,
            [
                (11, Ok(format!("{ROOT}/lib"))),
                (second, Ok(ROOT.to_owned())),
                (third, Err(StorePathError::Outside("/nix/store".to_owned()))),
                (third + 13, Err(StorePathError::Malformed("/nix/store/zz".to_owned()))),
            ]
        );
    }
}
