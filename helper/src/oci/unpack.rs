//! Unpacks an image's layers, one over the other, into a folder of their own.
//!
//! Paths are opened below that folder with `openat2`: a link may have any target, as in real images, and nothing is
//! written through one that leads out of the folder. Owners, times and extended attributes are not kept, setuid and setgid
//! bits are dropped, and the owner may write to every folder, so that all of it can be removed again.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _, Permissions, PermissionsExt as _};
use tar::{Entry, EntryType};
use tempfile::TempDir;

use super::error::{EntryFault, Excess, ImageError};
use super::image::{Image, Layer};
use super::layer::LayerReader;
use super::limits::Limits;
use super::whiteout::{Whiteout, remove_children, remove_lower};
use crate::temporary_folder::temporary_folder;

/// Devices that old layers of Debian have, and that every container gets from its runtime.
const DEVICES: [&str; 9] = ["console", "full", "null", "ptmx", "random", "tty", "tty0", "urandom", "zero"];

/// The bits that are kept: no setuid and no setgid.
const MODE: u32 = 0o1777;

/// An unpacked image; dropping it removes it.
#[derive(Debug)]
pub struct UnpackedImage {
    folder: TempDir,
}

impl UnpackedImage {
    /// Makes `/tmp` and places for `/proc` and `/dev/null`, which every program expects, whatever the image has there.
    ///
    /// # Errors
    /// If they cannot be made.
    pub fn prepare_entry(&self) -> Result<(), ImageError> {
        let path = self.root();
        let prepare = || {
            let root = Dir::open_ambient_dir(&path, ambient_authority())?;
            for name in ["proc", "dev", "tmp"] {
                if !root.symlink_metadata(name).is_ok_and(|metadata| metadata.is_dir()) {
                    remove_lower(&root, Path::new(name), &BTreeSet::new())?;
                    root.create_dir(name)?;
                }
            }
            let dev = root.open_dir("dev")?;
            remove_lower(&dev, Path::new("null"), &BTreeSet::new())?;
            dev.create("null").map(drop)
        };
        prepare().map_err(|source| ImageError::Unwritable { path: path.clone(), source })
    }

    /// The folder that is `/` of the image.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }
}

/// Unpacks an image into a temporary folder that nobody else can enter. Nothing of it is left where that fails.
///
/// # Errors
/// See [`ImageError`].
pub fn unpack_image(image: &Image, limits: &Limits) -> Result<UnpackedImage, ImageError> {
    let unwritable = |source| ImageError::Unwritable { path: std::env::temp_dir(), source };
    let folder = temporary_folder("lre-image-", None).map_err(unwritable)?;
    let unpacked = UnpackedImage { folder };
    std::fs::create_dir(unpacked.root()).map_err(unwritable)?;
    let root = Dir::open_ambient_dir(unpacked.root(), ambient_authority()).map_err(unwritable)?;
    let mut unpacker = Unpacker { root, limits: *limits, entries: 0, bytes: 0, written: BTreeSet::new() };
    for layer in &image.layers {
        unpacker.unpack_layer(image, layer)?;
    }
    Ok(unpacked)
}

struct Unpacker {
    root: Dir,
    limits: Limits,
    entries: u64,
    bytes: u64,
    /// Paths that the present layer has written, without links on the way.
    written: BTreeSet<PathBuf>,
}

/// Why an entry was not unpacked.
enum Stop {
    Fault(EntryFault),
    Limit(Excess),
    /// The layer itself cannot be read.
    Read(io::Error),
}

impl From<EntryFault> for Stop {
    fn from(fault: EntryFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Excess> for Stop {
    fn from(excess: Excess) -> Self {
        Self::Limit(excess)
    }
}

impl Unpacker {
    fn unpack_layer(&mut self, image: &Image, layer: &Layer) -> Result<(), ImageError> {
        let mut reader = LayerReader::open(&image.source, layer, &self.limits)?;
        self.written.clear();
        match self.unpack_entries(&mut reader) {
            Ok(()) => reader.finish(),
            Err((_, Stop::Read(error))) => Err(reader.explain(error)),
            Err((entry, stop)) => {
                let (place, layer) = (image.source.place(), layer.to_string());
                Err(match stop {
                    Stop::Fault(fault) => ImageError::Entry { place, layer, entry, fault },
                    Stop::Limit(excess) => ImageError::Limit { place, layer, excess },
                    Stop::Read(error) => reader.explain(error),
                })
            }
        }
    }

    fn unpack_entries(&mut self, reader: &mut LayerReader<'_>) -> Result<(), (String, Stop)> {
        let bound = reader.header_bound();
        let mut archive = tar::Archive::new(reader);
        let mut entries = archive.entries().map_err(|error| (String::new(), Stop::Read(error)))?;
        loop {
            bound.set(self.limits.header);
            let Some(entry) = entries.next() else { return Ok(()) };
            let mut entry = entry.map_err(|error| (String::new(), Stop::Read(error)))?;
            bound.lift();
            let bytes = entry.path_bytes().into_owned();
            let name = String::from_utf8_lossy(&bytes).escape_debug().to_string();
            self.unpack_entry(&mut entry, &bytes).map_err(|stop| (name, stop))?;
        }
    }

    fn unpack_entry(&mut self, entry: &mut Entry<'_, impl Read>, name: &[u8]) -> Result<(), Stop> {
        self.count_entry()?;
        let kind = kind_of(entry, name);
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let path = path_in_root(name).ok_or(EntryFault::Climbs)?;
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return if kind == EntryType::Directory { Ok(()) } else { Err(EntryFault::ReplacesRoot.into()) };
        };
        if let Some(whiteout) = Whiteout::of(name) {
            return Ok(self.hide(&whiteout, parent)?);
        }
        if is_usual_device(&path, kind)? {
            return Ok(());
        }
        let folder = self.make_folder(parent)?;
        let mode = entry.header().mode().unwrap_or(0o644) & MODE;
        let is_new = self.written.insert(self.real(parent).join(name));
        let is_folder = folder.symlink_metadata(name).is_ok_and(|metadata| metadata.is_dir());
        // A hard link to itself changes nothing.
        if !is_new && kind != EntryType::Link && !(kind == EntryType::Directory && is_folder) {
            return Err(EntryFault::Duplicate.into());
        }
        match kind {
            EntryType::Directory => Ok(place_folder(&folder, name, mode)?),
            EntryType::Symlink => {
                clear(&folder, name)?;
                let target = entry.link_name_bytes().filter(|target| !target.is_empty());
                let target = target.ok_or(EntryFault::NoTarget)?;
                let target = Path::new(OsStr::from_bytes(&target));
                Ok(folder.symlink_contents(target, name).map_err(fault_of)?)
            }
            EntryType::Link => Ok(self.place_hard_link(entry, &path, (&folder, name), is_new)?),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                clear(&folder, name)?;
                self.place_file(entry, &folder, name, mode)
            }
            other => Err(EntryFault::Kind(char::from(other.as_byte())).into()),
        }
    }

    /// What takes a place on the disk counts: a folder too that is only part of an entry's name.
    fn count_entry(&mut self) -> Result<(), Excess> {
        self.entries += 1;
        if self.entries > self.limits.entries { Err(Excess::Entries(self.limits.entries)) } else { Ok(()) }
    }

    /// The opened folder, which is made if it is not there.
    fn make_folder(&mut self, path: &Path) -> Result<Dir, Stop> {
        match self.root.open_dir(if path.as_os_str().is_empty() { Path::new(".") } else { path }) {
            Ok(folder) => Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                    return Err(EntryFault::Unwritable(error).into());
                };
                let parent = self.make_folder(parent)?;
                self.count_entry()?;
                match parent.create_dir(name) {
                    // What is there and was not found is a link to nothing.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(EntryFault::ThroughLink.into()),
                    Err(error) => Err(fault_of(error).into()),
                    Ok(()) => {
                        place_folder(&parent, name, 0o755)?;
                        Ok(parent.open_dir(name).map_err(fault_of)?)
                    }
                }
            }
            Err(error) => Err(fault_of(error).into()),
        }
    }

    /// A folder that is there, by its path without links: a layer may name it by several.
    fn real(&self, folder: &Path) -> PathBuf {
        if folder.as_os_str().is_empty() {
            return PathBuf::new();
        }
        self.root.canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
    }

    fn hide(&self, whiteout: &Whiteout<'_>, parent: &Path) -> Result<(), EntryFault> {
        if *whiteout == Whiteout::Nameless {
            return Err(EntryFault::Whiteout);
        }
        let at = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let folder = match self.root.open_dir(at) {
            // There is nothing to hide.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(fault_of)?,
        };
        match whiteout {
            Whiteout::Internal | Whiteout::Nameless => Ok(()),
            Whiteout::Opaque => remove_children(&folder, &self.real(parent), &self.written).map_err(fault_of),
            Whiteout::Of(name) => remove_lower(&folder, &self.real(parent).join(name), &self.written).map_err(fault_of),
        }
    }

    fn place_hard_link(
        &self,
        entry: &Entry<'_, impl Read>,
        path: &Path,
        (folder, name): (&Dir, &OsStr),
        is_new: bool,
    ) -> Result<(), EntryFault> {
        let bytes = entry.link_name_bytes().filter(|target| !target.is_empty()).ok_or(EntryFault::NoTarget)?;
        let shown = String::from_utf8_lossy(&bytes).escape_debug().to_string();
        let Some(target) = path_in_root(&bytes) else { return Err(EntryFault::LinkLeaves(shown)) };
        let real = |file: &Path| Some(self.real(file.parent()?).join(file.file_name()?));
        if real(&target) == real(path) {
            return Ok(());
        }
        if !is_new {
            return Err(EntryFault::Duplicate);
        }
        match self.root.symlink_metadata(&target) {
            Ok(metadata) if !metadata.is_dir() => {}
            Err(error) if is_escape(&error) => return Err(EntryFault::LinkLeaves(shown)),
            _ => return Err(EntryFault::LinkTarget(shown)),
        }
        clear(folder, name)?;
        self.root.hard_link(&target, folder, name).map_err(fault_of)
    }

    fn place_file(
        &mut self,
        entry: &mut Entry<'_, impl Read>,
        folder: &Dir,
        name: &OsStr,
        mode: u32,
    ) -> Result<(), Stop> {
        let expected = entry.size();
        self.bytes = self.bytes.saturating_add(expected);
        if self.bytes > self.limits.unpacked {
            return Err(Excess::Unpacked(self.limits.unpacked).into());
        }
        // Never through a link: the file must be new.
        let options = OpenOptions::new().write(true).create_new(true).mode(0o600).clone();
        let file = folder.open_with(name, &options).map_err(fault_of)?.into_std();
        let found = copy(entry, &file)?;
        if found != expected {
            return Err(EntryFault::Truncated { found, expected }.into());
        }
        // The owner may read it, to hash it.
        let permissions = std::fs::Permissions::from_mode(mode | 0o400);
        file.set_permissions(permissions).map_err(|error| EntryFault::Unwritable(error).into())
    }
}

/// Copies an entry's bytes, and tells a layer that cannot be read from a disk that is full.
fn copy(mut from: impl Read, mut to: impl io::Write) -> Result<u64, Stop> {
    let mut buffer = vec![0; 64 * 1024];
    let mut count = 0;
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok(count),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Read(error)),
        };
        to.write_all(&buffer[..length]).map_err(EntryFault::Unwritable)?;
        count += length as u64;
    }
}

/// Archives older than the `Directory` kind end the names of folders with a slash.
fn kind_of(entry: &Entry<'_, impl Read>, name: &[u8]) -> EntryType {
    match entry.header().entry_type() {
        EntryType::Regular if name.ends_with(b"/") => EntryType::Directory,
        other => other,
    }
}

/// The path below the root that a name means. As for container runtimes, the image's `/` is the root: nix2container's layers
/// have such names. `None` if it climbs.
fn path_in_root(name: &[u8]) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(name)).components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(part) => path.push(part),
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// Whether an entry is a device that is left out; any other device is refused.
fn is_usual_device(path: &Path, kind: EntryType) -> Result<bool, EntryFault> {
    let is_usual = path.parent() == Some(Path::new("dev"))
        && path.file_name().and_then(OsStr::to_str).is_some_and(|name| DEVICES.contains(&name));
    match kind {
        EntryType::Char if is_usual => Ok(true),
        EntryType::Char => Err(EntryFault::Device("character device")),
        EntryType::Block => Err(EntryFault::Device("block device")),
        EntryType::Fifo => Err(EntryFault::Device("named pipe")),
        _ => Ok(false),
    }
}

/// A folder that may be there already.
fn place_folder(parent: &Dir, name: &OsStr, mode: u32) -> Result<(), EntryFault> {
    if !parent.symlink_metadata(name).is_ok_and(|metadata| metadata.is_dir()) {
        clear(parent, name)?;
        parent.create_dir(name).map_err(fault_of)?;
    }
    parent.set_permissions(name, Permissions::from_mode(mode | 0o700)).map_err(fault_of)
}

/// Makes room for an entry. What was there is replaced, whatever it is.
fn clear(folder: &Dir, name: &OsStr) -> Result<(), EntryFault> {
    match folder.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fault_of(error)),
        Ok(metadata) if metadata.is_dir() => folder.remove_dir_all(name).map_err(fault_of),
        Ok(_) => folder.remove_file(name).map_err(fault_of),
    }
}

fn fault_of(error: io::Error) -> EntryFault {
    if is_escape(&error) {
        EntryFault::ThroughLink
    } else if error.kind() == io::ErrorKind::NotADirectory {
        EntryFault::BelowFile
    } else {
        EntryFault::Unwritable(error)
    }
}

/// `cap-std` refuses to leave a folder with an error of its own, which has no number; links that lead in circles have one.
fn is_escape(error: &io::Error) -> bool {
    let is_refusal = error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none();
    is_refusal || error.raw_os_error() == Some(nix::libc::ELOOP)
}
