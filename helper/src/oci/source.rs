//! Where the parts of an image are read from: a folder, or the entries of an archive.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use sha2::{Digest as _, Sha256};

use super::archive::Archive;
use super::digest::Digest;
use super::document::{self, Document};
use super::error::ImageError;
use super::limits::Limits;
use super::reference::Transport;

/// The folder or the archive.
#[derive(Debug)]
pub enum Source {
    /// A folder whose files are the parts.
    Folder(PathBuf),
    /// An archive whose entries are the parts.
    Archive(Archive),
}

/// A digest and a size that a part must have, in bytes.
pub(super) type Expected = (Digest, u64);

/// A part's bytes and their number.
pub(super) type Part = (Box<dyn Read>, u64);

impl Source {
    /// Its name in messages.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Archive(archive) => archive.path().display().to_string(),
        }
    }

    /// How an OCI image in it is kept.
    pub(super) fn transport(&self) -> Transport {
        match self {
            Self::Folder(_) => Transport::Oci,
            Self::Archive(_) => Transport::OciArchive,
        }
    }

    /// A part's bytes and their number; `None` if there is no such part.
    pub(super) fn part(&self, name: &str) -> Result<Option<Part>, ImageError> {
        let (path, opened) = match self {
            Self::Folder(folder) => (folder.join(name), open_file(&folder.join(name))),
            Self::Archive(archive) => (archive.path().to_owned(), archive.part(name)),
        };
        opened.map_err(|source| ImageError::Unreadable { path, source })
    }

    /// A part that has to be there.
    pub(super) fn require(&self, name: &str, hint: &'static str) -> Result<Part, ImageError> {
        let missing = || ImageError::Missing { place: self.place(), part: name.to_owned(), hint };
        self.part(name)?.ok_or_else(missing)
    }

    /// The document in a part.
    pub(super) fn document<T: Document>(
        &self,
        name: &str,
        expected: Option<Expected>,
        hint: &'static str,
        limits: &Limits,
    ) -> Result<T, ImageError> {
        let (place, part) = (self.place(), name.to_owned());
        let (reader, size) = self.require(name, hint)?;
        let limit = limits.document;
        if size > limit {
            return Err(ImageError::DocumentSize { place, part, size, limit });
        }
        let mut bytes = Vec::new();
        reader.take(limit).read_to_end(&mut bytes).map_err(|source| {
            let path = Path::new(&place).to_owned();
            ImageError::Unreadable { path, source }
        })?;
        if let Some((digest, size)) = expected {
            let part = format!("`{name}`");
            if bytes.len() as u64 != size {
                return Err(ImageError::Size { place, part, expected: size, found: bytes.len() as u64 });
            }
            let found = Digest::new(Sha256::digest(&bytes).into());
            if found != digest {
                return Err(ImageError::Digest { place, part, expected: digest, found });
            }
        }
        document::parse(&bytes).map_err(|source| ImageError::Document { place, part, source })
    }

    /// A document that has been parsed, and cannot be used.
    pub(super) fn malformed(&self, part: &str, error: impl fmt::Display) -> ImageError {
        let source = serde_json::Error::custom(error);
        ImageError::Document { place: self.place(), part: part.to_owned(), source }
    }
}

fn open_file(path: &Path) -> io::Result<Option<Part>> {
    // Opening a pipe would wait for its writer.
    let metadata = match path.metadata() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        other => other?,
    };
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(Some((Box::new(File::open(path)?), metadata.len())))
}
