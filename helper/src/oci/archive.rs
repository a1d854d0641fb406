//! A tar archive whose entries are read in any order, in place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use tar::EntryType;

use super::error::ImageError;
use super::limits::Limits;

/// Links in the archives of old versions of `docker save`: a layer that two images share.
const LINKS: usize = 8;

#[derive(Clone, Debug)]
enum Part {
    Bytes { offset: u64, size: u64 },
    Link(String),
}

/// The archive and where its entries lie.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    parts: BTreeMap<String, Part>,
}

impl Archive {
    /// Reads the headers of a file.
    ///
    /// # Errors
    /// If it is no tar archive, or has two entries of one name.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, ImageError> {
        let unreadable = |source| ImageError::Unreadable { path: path.to_owned(), source };
        let name = path.display().to_string();
        let mut file = File::open(path).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(unreadable(io::Error::other("it is no file")));
        }
        let mut magic = [0; 4];
        let length = file.read(&mut magic).map_err(unreadable)?;
        for (start, program) in COMPRESSED {
            if magic[..length].starts_with(start) {
                return Err(ImageError::CompressedArchive(name, program));
            }
        }
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let broken = |source| ImageError::Archive { archive: name.clone(), source };
        let mut parts = BTreeMap::new();
        let mut archive = tar::Archive::new(file);
        for (index, entry) in archive.entries_with_seek().map_err(broken)?.enumerate() {
            let entry = entry.map_err(broken)?;
            if index as u64 >= limits.entries {
                return Err(broken(io::Error::other(format!("it has more than {} entries", limits.entries))));
            }
            let entry_name = normalised(&String::from_utf8_lossy(&entry.path_bytes()));
            let part = match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => {
                    let (offset, size) = (entry.raw_file_position(), entry.size());
                    if offset.checked_add(size).is_none_or(|end| end > length) {
                        let error = format!("`{entry_name}` is cut off: it says that it has {size} bytes");
                        return Err(broken(io::Error::new(io::ErrorKind::UnexpectedEof, error)));
                    }
                    Part::Bytes { offset, size }
                }
                EntryType::Symlink | EntryType::Link => {
                    let is_symbolic = entry.header().entry_type() == EntryType::Symlink;
                    let target = entry.link_name_bytes().unwrap_or_default();
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let folder = entry_name.rsplit_once('/').map(|(folder, _)| folder).filter(|_| is_symbolic);
                    Part::Link(normalised(&format!("{}/{target}", folder.unwrap_or_default())))
                }
                _ => continue,
            };
            if parts.insert(entry_name.clone(), part).is_some() {
                return Err(ImageError::DuplicatePart { archive: name, entry: entry_name });
            }
        }
        Ok(Self { path: path.to_owned(), parts })
    }

    /// An entry's bytes and their number; `None` if there is no such entry.
    ///
    /// # Errors
    /// If the file cannot be opened again.
    pub(super) fn part(&self, name: &str) -> io::Result<Option<super::source::Part>> {
        let mut name = normalised(name);
        for _ in 0..LINKS {
            match self.parts.get(&name) {
                None => return Ok(None),
                Some(Part::Link(target)) => name.clone_from(target),
                Some(&Part::Bytes { offset, size }) => {
                    let mut file = File::open(&self.path)?;
                    file.seek(SeekFrom::Start(offset))?;
                    return Ok(Some((Box::new(file.take(size)), size)));
                }
            }
        }
        Ok(None)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// How compressed files start, and what unpacks them.
const COMPRESSED: [(&[u8], &str); 4] =
    [(b"\x1f\x8b", "gunzip"), (b"\x28\xb5\x2f\xfd", "unzstd"), (b"\xfd7zX", "unxz"), (b"BZh", "bunzip2")];

/// Names are only compared: none of them is opened.
fn normalised(name: &str) -> String {
    let mut components: Vec<&str> = Vec::new();
    for component in name.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                components.pop();
            }
            other => components.push(other),
        }
    }
    components.join("/")
}
