//! References to images: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:NAME]`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::shell::quote;

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It starts with another word.
    #[error(
        "`{0}` is no reference to an image: expected `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or \
         `docker-archive:FILE[:NAME]`{hint}",
        hint = transport_hint(.0)
    )]
    Transport(String),
    /// It names an image elsewhere.
    #[error(
        "`{0}` names an image outside of this machine's files\n\n\
         hint: fetch it with `skopeo copy {0} oci-archive:image.tar`, then name `oci-archive:image.tar`"
    )]
    Remote(String),
    /// No path follows.
    #[error("`{0}` names no file or folder: expected a path after `{1}:`")]
    NoPath(String, Transport),
    /// A colon stands at the end.
    #[error("`{0}` ends with `:`: expected a tag or a name after it, or no colon")]
    NoName(String),
}

/// A path without its transport is one of a layout, or of an archive.
fn transport_hint(text: &str) -> String {
    if text.is_empty() || text.contains(':') {
        return String::new();
    }
    let transport = if text.ends_with(".tar") { Transport::OciArchive } else { Transport::Oci };
    format!("\n\nhint: name it with `{}`", quote(&format!("{transport}:{text}")))
}

/// How an image is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// An OCI image layout in a folder.
    Oci,
    /// An OCI image layout in a tar archive.
    OciArchive,
    /// What `docker save` writes.
    DockerArchive,
}

impl Transport {
    const ALL: [Self; 3] = [Self::Oci, Self::OciArchive, Self::DockerArchive];

    fn word(self) -> &'static str {
        match self {
            Self::Oci => "oci",
            Self::OciArchive => "oci-archive",
            Self::DockerArchive => "docker-archive",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A reference to an image. As with skopeo, the first colon ends the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    /// How it is kept.
    pub transport: Transport,
    /// The file or folder.
    pub path: PathBuf,
    /// Tag or name, for where there are several.
    pub name: Option<String>,
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (word, rest) = text.split_once(':').ok_or_else(|| ReferenceError::Transport(text.to_owned()))?;
        let transport = Transport::ALL.into_iter().find(|transport| transport.word() == word);
        let transport = transport.ok_or_else(|| match word {
            "docker" | "docker-daemon" | "containers-storage" | "oras" => ReferenceError::Remote(text.to_owned()),
            _ => ReferenceError::Transport(text.to_owned()),
        })?;
        let (path, name) = match rest.split_once(':') {
            None => (rest, None),
            Some((path, name)) => (path, Some(name)),
        };
        if path.is_empty() {
            return Err(ReferenceError::NoPath(text.to_owned(), transport));
        }
        if name == Some("") {
            return Err(ReferenceError::NoName(text.to_owned()));
        }
        Ok(Self { transport, path: path.into(), name: name.map(str::to_owned) })
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.path.display())?;
        self.name.iter().try_for_each(|name| write!(f, ":{name}"))
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<ImageReference>().err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn references_are_read_as_they_are_written() -> Result<(), ReferenceError> {
        for (text, path, name) in [
            ("oci:images/lre", "images/lre", None),
            ("oci:images/lre:v1", "images/lre", Some("v1")),
            ("oci-archive:/tmp/a.tar", "/tmp/a.tar", None),
            ("docker-archive:a.tar:registry.example/gcc:14", "a.tar", Some("registry.example/gcc:14")),
        ] {
            let reference: ImageReference = text.parse()?;
            assert_eq!((reference.path.to_str(), reference.name.as_deref()), (Some(path), name));
            assert_eq!(reference.to_string(), text);
        }
        Ok(())
    }

    #[test]
    fn other_texts_are_told_what_is_expected() {
        let expected = "expected `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:NAME]`";
        for (text, hint) in [
            ("image.tar", "\n\nhint: name it with `oci-archive:image.tar`"),
            ("images/a", "\n\nhint: name it with `oci:images/a`"),
            ("dir:x", ""),
            ("", ""),
        ] {
            assert_eq!(error(text), format!("`{text}` is no reference to an image: {expected}{hint}"));
        }
        assert_eq!(
            error("docker://debian:sid"),
            "`docker://debian:sid` names an image outside of this machine's files\n\n\
             hint: fetch it with `skopeo copy docker://debian:sid oci-archive:image.tar`, then name \
             `oci-archive:image.tar`"
        );
        assert_eq!(
            error("oci-archive:"),
            "`oci-archive:` names no file or folder: expected a path after `oci-archive:`"
        );
        assert_eq!(error("oci:a:"), "`oci:a:` ends with `:`: expected a tag or a name after it, or no colon");
    }
}
