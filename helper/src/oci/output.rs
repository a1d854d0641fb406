//! Writes images: whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use oci_spec::image::{ANNOTATION_REF_NAME, ImageIndexBuilder, MediaType, OciLayoutBuilder, SCHEMA_VERSION};
use serde_json::{Value, json};
use tar::{Builder, EntryType};
use tempfile::NamedTempFile;

use super::digest::Digest;
use super::document::{parse, to_bytes};
use super::image_entry::new_header;
use super::new_image::{Documents, LayerBytes, NewImage, NewLayer, digest_of, saved_part};
use super::reference::{ImageReference, Transport};
use crate::shell::quote_path;
use crate::system_error::describe_system_error;
use crate::temporary_folder::temporary_folder;

/// Why an image is not written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It would lie in a folder that is not there.
    #[error(
        "cannot write `{}`: there is no folder `{}`\n\nhint: make it with `mkdir -p {}`",
        path.display(), parent.display(), quote_path(parent)
    )]
    NoParent {
        /// The folder or archive.
        path: PathBuf,
        /// The folder that it would lie in.
        parent: PathBuf,
    },
    /// Something else is there.
    #[error(
        "`{}` is there and is no OCI layout: it has no `oci-layout`\n\n\
         hint: name a folder that is not there yet, or a layout that the image is added to", .0.display()
    )]
    NoLayout(PathBuf),
    /// Its index cannot be added to.
    #[error("`{}` is malformed, so that no image can be added: {reason}", file.display())]
    Index {
        /// `index.json`.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be written.
    #[error("cannot write `{}`: {}", path.display(), describe_system_error(source))]
    Unwritable {
        /// The folder or archive.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Looks whether an image can be written there, before any work is done.
///
/// # Errors
/// See [`OutputError`].
pub fn check_output(out: &ImageReference) -> Result<(), OutputError> {
    let path = &out.path;
    let fail = |source| OutputError::Unwritable { path: path.clone(), source };
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = parent_of(path);
            match parent.metadata() {
                Ok(metadata) if metadata.is_dir() => Ok(()),
                Ok(_) => Err(fail(io::Error::other(format!("`{}` is no folder", parent.display())))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(OutputError::NoParent { path: path.clone(), parent: parent.to_owned() })
                }
                Err(error) => {
                    Err(fail(io::Error::other(format!("`{}`: {}", parent.display(), describe_system_error(&error)))))
                }
            }
        }
        Err(error) => Err(fail(error)),
        Ok(metadata) if out.transport == Transport::Oci && metadata.is_dir() => read_index(path).map(drop),
        Ok(metadata) if out.transport == Transport::Oci || !metadata.is_file() => {
            Err(fail(io::Error::other("something else is there")))
        }
        Ok(_) => Ok(()),
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The digest of the image's manifest; of its configuration in a `docker-archive`, which has no manifest.
    pub digest: Digest,
    /// Tags of images that the layout had, and no longer names.
    pub replaced: Vec<String>,
}

/// Writes an image. In a layout that is there, it takes the place of one with the same tag; without a tag in `out`, that of
/// those with the same name, whatever their tags: a toolchain's image is followed by that of the changed toolchain.
///
/// # Errors
/// See [`OutputError`]. Nothing of it is left then.
pub fn write_image(image: &NewImage<'_>, out: &ImageReference) -> Result<Written, OutputError> {
    check_output(out)?;
    let fail = |source| OutputError::Unwritable { path: out.path.clone(), source };
    let documents = image.documents(out.name.as_deref()).map_err(fail)?;
    let mut replaced = Vec::new();
    match out.transport {
        Transport::Oci => {
            let name = if out.name.is_none() { image.name.rsplit_once(':').map(|(name, _)| name) } else { None };
            replaced = write_folder(image, &documents, &out.path, name)?;
        }
        Transport::OciArchive => {
            write_archive(&out.path, |tar| write_layout_archive(image, &documents, tar)).map_err(fail)?
        }
        Transport::DockerArchive => {
            write_archive(&out.path, |tar| write_saved_archive(image, &documents, tar)).map_err(fail)?;
        }
    }
    let digest = match out.transport {
        Transport::DockerArchive => digest_of(&documents.config),
        Transport::Oci | Transport::OciArchive => digest_of(&documents.manifest),
    };
    Ok(Written { digest, replaced })
}

/// The `index.json` of a folder that is there: one without images for an empty folder.
fn read_index(folder: &Path) -> Result<Value, OutputError> {
    let file = folder.join("index.json");
    let unwritable = |source| OutputError::Unwritable { path: folder.to_owned(), source };
    if fs::read_dir(folder).map_err(unwritable)?.next().is_none() {
        return new_index().map_err(unwritable);
    }
    if !folder.join("oci-layout").is_file() {
        return Err(OutputError::NoLayout(folder.to_owned()));
    }
    let malformed = |reason: String| OutputError::Index { file: file.clone(), reason };
    let text = fs::read(&file).map_err(|error| malformed(error.to_string()))?;
    let index: Value = parse(&text).map_err(|error| malformed(error.to_string()))?;
    if index["manifests"].is_array() { Ok(index) } else { Err(malformed("it has no `manifests`".to_owned())) }
}

fn new_index() -> io::Result<Value> {
    let index = ImageIndexBuilder::default().schema_version(SCHEMA_VERSION).media_type(MediaType::ImageIndex);
    Ok(serde_json::to_value(index.manifests([]).build().map_err(io::Error::other)?)?)
}

/// The bytes of `oci-layout`.
fn layout_marker() -> io::Result<Vec<u8>> {
    to_bytes(&OciLayoutBuilder::default().image_layout_version("1.0.0").build().map_err(io::Error::other)?)
}

fn write_folder(
    image: &NewImage<'_>,
    documents: &Documents,
    folder: &Path,
    name: Option<&str>,
) -> Result<Vec<String>, OutputError> {
    let fail = |source| OutputError::Unwritable { path: folder.to_owned(), source };
    if folder.is_dir() {
        let mut index = read_index(folder)?;
        let mut new = NewFiles::default();
        let replaced = take_out(&mut index, documents.tag(), name);
        add_to_layout(image, documents, folder, &mut index, &mut new).map_err(fail)?;
        new.keep();
        return Ok(replaced);
    }
    let partial = temporary_folder(".lre-image-", Some(parent_of(folder))).map_err(fail)?;
    let write = || {
        let mut new = NewFiles::default();
        add_to_layout(image, documents, partial.path(), &mut new_index()?, &mut new)?;
        new.keep();
        fs::set_permissions(partial.path(), Permissions::from_mode(0o755))?;
        fs::rename(partial.path(), folder)
    };
    write().map_err(fail)?;
    Ok(Vec::new())
}

/// Takes the images with that tag, and those with that name, out of an index. Returns the other tags that they had.
fn take_out(index: &mut Value, tag: Option<&str>, name: Option<&str>) -> Vec<String> {
    let mut taken = Vec::new();
    let Some(manifests) = index["manifests"].as_array_mut() else { return taken };
    manifests.retain(|entry| {
        let other = entry["annotations"][ANNOTATION_REF_NAME].as_str();
        let is_older = name.is_some() && other.and_then(|other| other.rsplit_once(':')).map(|(name, _)| name) == name;
        if is_older && other != tag {
            taken.extend(other.map(str::to_owned));
        }
        other != tag && !is_older
    });
    taken
}

/// Adds an image to a layout: its blobs first, and then the index that names them.
fn add_to_layout(
    image: &NewImage<'_>,
    documents: &Documents,
    folder: &Path,
    index: &mut Value,
    new: &mut NewFiles,
) -> io::Result<()> {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    for layer in &image.layers {
        place_layer(layer, &blobs.join(layer.digest.hex()), new)?;
    }
    for document in [&documents.config, &documents.manifest] {
        place_bytes(document, &blobs.join(digest_of(document).hex()), new)?;
    }
    if let Some(manifests) = index["manifests"].as_array_mut() {
        manifests.push(serde_json::to_value(&documents.entry)?);
    }
    replace(&layout_marker()?, &folder.join("oci-layout"))?;
    replace(&to_bytes(index)?, &folder.join("index.json"))
}

/// Files that are removed again unless all goes well.
#[derive(Default)]
struct NewFiles(BTreeSet<PathBuf>);

impl NewFiles {
    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        for file in &self.0 {
            let _ = fs::remove_file(file);
        }
    }
}

/// A blob that is there already has the same bytes.
fn place_layer(layer: &NewLayer<'_>, target: &Path, new: &mut NewFiles) -> io::Result<()> {
    if target.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == layer.size) {
        return Ok(());
    }
    // The same bytes once on the disk. What goes wrong with them, the cache's digests find.
    if let LayerBytes::File(file) = &layer.bytes
        && fs::hard_link(file, target).is_ok()
    {
        new.0.insert(target.to_owned());
        return Ok(());
    }
    let mut file = new_file(target)?;
    io::copy(&mut layer.open()?, &mut file)?;
    give_name(file, target)?;
    new.0.insert(target.to_owned());
    Ok(())
}

fn place_bytes(bytes: &[u8], target: &Path, new: &mut NewFiles) -> io::Result<()> {
    if !target.exists() {
        replace(bytes, target)?;
        new.0.insert(target.to_owned());
    }
    Ok(())
}

fn replace(bytes: &[u8], target: &Path) -> io::Result<()> {
    let mut file = new_file(target)?;
    file.write_all(bytes)?;
    give_name(file, target)
}

fn new_file(target: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".lre-image-").tempfile_in(parent_of(target))
}

/// Gives a file that is whole its name, and lets others read it.
fn give_name(file: NamedTempFile, target: &Path) -> io::Result<()> {
    file.as_file().set_permissions(Permissions::from_mode(0o644))?;
    file.persist(target)?;
    Ok(())
}

/// The folder that a path lies in.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        None => Path::new("/"),
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    }
}

/// Writes an archive beside its place, and then to it.
fn write_archive(
    target: &Path,
    write: impl FnOnce(&mut Builder<io::BufWriter<&fs::File>>) -> io::Result<()>,
) -> io::Result<()> {
    let new = new_file(target)?;
    let mut tar = Builder::new(io::BufWriter::with_capacity(1 << 20, new.as_file()));
    write(&mut tar)?;
    tar.into_inner()?.flush()?;
    give_name(new, target)
}

fn write_layout_archive(
    image: &NewImage<'_>,
    documents: &Documents,
    tar: &mut Builder<impl io::Write>,
) -> io::Result<()> {
    let mut index = new_index()?;
    index["manifests"] = json!([documents.entry]);
    append(tar, "oci-layout", &layout_marker()?)?;
    append(tar, "index.json", &to_bytes(&index)?)?;
    for document in [&documents.manifest, &documents.config] {
        append(tar, &format!("blobs/sha256/{}", digest_of(document).hex()), document)?;
    }
    append_layers(image, tar, |layer| format!("blobs/sha256/{}", layer.digest.hex()))
}

fn write_saved_archive(
    image: &NewImage<'_>,
    documents: &Documents,
    tar: &mut Builder<impl io::Write>,
) -> io::Result<()> {
    append(tar, "manifest.json", &to_bytes(&[&documents.saved])?)?;
    append(tar, &documents.saved.config, &documents.config)?;
    append_layers(image, tar, saved_part)
}

fn append(tar: &mut Builder<impl io::Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    tar.append_data(&mut new_header(EntryType::Regular, 0o644, bytes.len() as u64), name, bytes)
}

fn append_layers(
    image: &NewImage<'_>,
    tar: &mut Builder<impl io::Write>,
    name: impl Fn(&NewLayer<'_>) -> String,
) -> io::Result<()> {
    let mut written = BTreeSet::new();
    for layer in &image.layers {
        // Two layers of the same bytes are one entry.
        if written.insert(layer.digest) {
            let mut header = new_header(EntryType::Regular, 0o644, layer.size);
            tar.append_data(&mut header, name(layer), layer.open()?)?;
        }
    }
    Ok(())
}
