//! Paths that a toolchain names, and which of them are allowed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::store::{STORE_DIR, StorePath, StorePathError};

/// Which paths a toolchain may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathPolicy {
    /// Store paths alone: equal texts mean equal bytes on every machine.
    #[default]
    StoreOnly,
    /// Any absolute path, for a toolchain that runs in one image only, such as a classic Debian one.
    AnyAbsolute,
}

impl PathPolicy {
    /// `AnyAbsolute` where paths outside the store were asked for.
    #[must_use]
    pub fn new(allow_non_store: bool) -> Self {
        if allow_non_store { Self::AnyAbsolute } else { Self::StoreOnly }
    }

    /// Whether paths outside the store are allowed.
    #[must_use]
    pub fn allows_non_store(self) -> bool {
        self == Self::AnyAbsolute
    }

    /// Parses and normalises a path that is allowed.
    ///
    /// # Errors
    /// If it is not. What starts like a store path has to be one, whatever is allowed.
    pub fn parse(self, text: &str) -> Result<ToolchainPath, StorePathError> {
        match StorePath::parse(text) {
            Ok(path) => Ok(ToolchainPath::Store(path)),
            Err(StorePathError::Outside(_)) if self.allows_non_store() => {
                OutsidePath::parse(text).map(ToolchainPath::Outside)
            }
            Err(reason) => Err(reason),
        }
    }
}

/// A store path, or an absolute path that names whatever a machine has there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ToolchainPath {
    /// Below `/nix/store`.
    Store(StorePath),
    /// Elsewhere.
    Outside(OutsidePath),
}

/// An absolute path outside the store, without `.`, `..`, doubled or trailing slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutsidePath(String);

impl OutsidePath {
    /// Normalises by text alone, as Bazel does.
    fn parse(text: &str) -> Result<Self, StorePathError> {
        let outside = || StorePathError::Outside(text.to_owned());
        let below = text.strip_prefix('/').ok_or_else(outside)?;
        let mut components: Vec<&str> = Vec::new();
        for component in below.split('/') {
            match component {
                "" | "." => {}
                ".." => {
                    components.pop();
                }
                other => components.push(other),
            }
        }
        let path = format!("/{}", components.join("/"));
        // `/usr/../nix/store/x` is a store path in disguise, and the store itself is none.
        if path == STORE_DIR || path.starts_with(&format!("{STORE_DIR}/")) { Err(outside()) } else { Ok(Self(path)) }
    }
}

impl ToolchainPath {
    /// The store path, if it is one.
    #[must_use]
    pub fn in_store(&self) -> Option<&StorePath> {
        match self {
            Self::Store(path) => Some(path),
            Self::Outside(_) => None,
        }
    }

    /// A path below this one.
    #[must_use]
    pub fn join(&self, below: &str) -> Self {
        match self {
            Self::Store(path) => Self::Store(path.join(below)),
            Self::Outside(OutsidePath(path)) => {
                Self::Outside(OutsidePath(format!("{}/{below}", path.trim_end_matches('/'))))
            }
        }
    }

    /// The folder that holds this path; `None` for a store root and for `/`.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::Store(path) => path.parent().map(Self::Store),
            Self::Outside(OutsidePath(path)) => match path.rsplit_once('/')? {
                (_, "") => None,
                ("", _) => Some(Self::Outside(OutsidePath("/".to_owned()))),
                (parent, _) => Some(Self::Outside(OutsidePath(parent.to_owned()))),
            },
        }
    }

    /// The last component; `None` for a store root and for `/`.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        match self {
            Self::Store(path) => path.file_name(),
            Self::Outside(OutsidePath(path)) => {
                path.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
            }
        }
    }
}

impl fmt::Display for ToolchainPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(path) => path.fmt(f),
            Self::Outside(OutsidePath(path)) => f.write_str(path),
        }
    }
}

/// Recorded paths are parsed leniently here; a manifest as a whole says whether it may have paths outside the store.
impl TryFrom<String> for ToolchainPath {
    type Error = StorePathError;

    fn try_from(text: String) -> Result<Self, StorePathError> {
        PathPolicy::AnyAbsolute.parse(&text)
    }
}

impl From<ToolchainPath> for String {
    fn from(path: ToolchainPath) -> Self {
        path.to_string()
    }
}

impl From<StorePath> for ToolchainPath {
    fn from(path: StorePath) -> Self {
        Self::Store(path)
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    const ROOT: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-gcc-14";

    fn parsed(policy: PathPolicy, text: &str) -> Result<String, StorePathError> {
        policy.parse(text).map(|path| path.to_string())
    }

    #[test]
    fn paths_outside_the_store_need_to_be_allowed() {
        let outside = |text: &str| Err(StorePathError::Outside(text.to_owned()));
        assert_eq!(parsed(PathPolicy::StoreOnly, "/usr/bin"), outside("/usr/bin"));
        assert_eq!(parsed(PathPolicy::AnyAbsolute, "/usr//lib/../bin/./gcc/"), Ok("/usr/bin/gcc".to_owned()));
        assert_eq!(parsed(PathPolicy::AnyAbsolute, "/../usr"), Ok("/usr".to_owned()));
        assert_eq!(parsed(PathPolicy::AnyAbsolute, "usr/bin"), outside("usr/bin"));
    }

    #[test]
    fn what_looks_like_a_store_path_has_to_be_one() {
        for policy in [PathPolicy::StoreOnly, PathPolicy::AnyAbsolute] {
            assert_eq!(parsed(policy, &format!("{ROOT}/bin/")), Ok(format!("{ROOT}/bin")));
            for text in ["/nix/store/zz", "/nix/store"] {
                assert!(parsed(policy, text).is_err(), "{text}");
            }
            let disguised = format!("/usr/..{ROOT}");
            assert_eq!(parsed(policy, &disguised), Err(StorePathError::Outside(disguised.clone())));
        }
    }

    #[test]
    fn parts_of_paths_are_found_on_both_sides() -> Result<(), StorePathError> {
        let policy = PathPolicy::AnyAbsolute;
        let (tool, bin) = (policy.parse("/bin/ld.lld")?, policy.parse("/bin")?);
        assert_eq!((tool.parent(), tool.file_name()), (Some(bin.clone()), Some("ld.lld")));
        assert_eq!(bin.join("ld.lld"), tool);
        let top = bin.parent().map(|top| (top.to_string(), top.parent(), top.file_name().map(str::to_owned)));
        assert_eq!(top, Some(("/".to_owned(), None, None)));
        assert_eq!(policy.parse("/")?.join("bin"), bin);
        assert_eq!(policy.parse(ROOT)?.parent(), None);
        Ok(())
    }
}
