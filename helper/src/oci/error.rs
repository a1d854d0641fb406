//! Why an image cannot be used.

use std::io;
use std::path::PathBuf;

use super::digest::Digest;
use crate::system_error::describe_system_error;

/// Why an image cannot be read or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file or folder of this machine fails.
    #[error("cannot read `{}`: {}", path.display(), describe_system_error(source))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder that the image is unpacked to fails.
    #[error(
        "cannot unpack to `{}`: {}\n\nhint: images are unpacked below `TMPDIR`; let it name a folder with room", path.display(), describe_system_error(source)
    )]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The archive is compressed as a whole.
    #[error("`{0}` is compressed as a whole\n\nhint: unpack it with `{1} {0}`; the layers inside may stay compressed")]
    CompressedArchive(String, &'static str),
    /// The archive is no tar archive, or ends too early.
    #[error("`{archive}` is no usable tar archive: {}", describe_system_error(source))]
    Archive {
        /// The archive.
        archive: String,
        /// What is wrong.
        source: io::Error,
    },
    /// The archive has an entry twice.
    #[error("`{archive}` has the entry `{entry}` twice")]
    DuplicatePart {
        /// The archive.
        archive: String,
        /// The entry.
        entry: String,
    },
    /// A part of the image is absent.
    #[error("`{place}` has no `{part}`{hint}")]
    Missing {
        /// The folder or archive.
        place: String,
        /// The file or entry.
        part: String,
        /// A hint after a blank line, or nothing.
        hint: &'static str,
    },
    /// A document is larger than any that is sensible.
    #[error("`{part}` in `{place}` has {size} bytes, more than the limit of {limit} for a document")]
    DocumentSize {
        /// The folder or archive.
        place: String,
        /// The file or entry.
        part: String,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A document is malformed.
    #[error("`{part}` in `{place}` is malformed: {source}")]
    Document {
        /// The folder or archive.
        place: String,
        /// The file or entry.
        part: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A document says something that this program does not know.
    #[error("`{part}` in `{place}` has {what} `{found}`: expected {expected}")]
    Unknown {
        /// The folder or archive.
        place: String,
        /// The file or entry.
        part: String,
        /// What it has.
        what: &'static str,
        /// The value.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// The bytes of a part are not those that it is named by.
    #[error("{part} of `{place}` has the digest `{found}`, and not `{expected}` as the image says")]
    Digest {
        /// The folder or archive.
        place: String,
        /// In words.
        part: String,
        /// What the image says.
        expected: Digest,
        /// What it has.
        found: Digest,
    },
    /// The size of a part is not what the image says.
    #[error("{part} of `{place}` has {found} bytes, and not {expected} as the image says")]
    Size {
        /// The folder or archive.
        place: String,
        /// In words.
        part: String,
        /// What the image says.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// The image's documents do not agree on the number of layers.
    #[error("the image in `{place}` has {layers} layers, and its configuration names {diff_ids}")]
    LayerCount {
        /// The folder or archive.
        place: String,
        /// Of the manifest.
        layers: usize,
        /// Of the configuration.
        diff_ids: usize,
    },
    /// There is no image of that name or platform.
    #[error("`{place}` has no image {wanted}{choices}")]
    NoImage {
        /// The folder or archive.
        place: String,
        /// In words.
        wanted: String,
        /// What there is: a list after a newline, and a hint; or nothing.
        choices: String,
    },
    /// There are several images.
    #[error("`{place}` has {count} images {wanted}{choices}")]
    Ambiguous {
        /// The folder or archive.
        place: String,
        /// How many.
        count: usize,
        /// In words.
        wanted: String,
        /// What there is: a list after a newline, and a hint.
        choices: String,
    },
    /// Indexes lead to indexes without end.
    #[error("`{place}` has indexes that are nested more than {limit} deep")]
    Nesting {
        /// The folder or archive.
        place: String,
        /// The limit.
        limit: usize,
    },
    /// The image is for another platform.
    #[error(
        "the image in `{place}` is for `{found}`, and not for `{wanted}`\n\n\
         hint: name what it is for with `--platform {found}`"
    )]
    Platform {
        /// The folder or archive.
        place: String,
        /// What its configuration says.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// A layer is no tar archive, or no gzip or zstd stream.
    #[error("{layer} of `{place}` is malformed: {}", describe_system_error(source))]
    Layer {
        /// The folder or archive.
        place: String,
        /// In words.
        layer: String,
        /// What is wrong.
        source: io::Error,
    },
    /// A layer does more than it may.
    #[error("{layer} of `{place}` {excess}")]
    Limit {
        /// The folder or archive.
        place: String,
        /// In words.
        layer: String,
        /// What, and what the limit is.
        excess: Excess,
    },
    /// An entry of a layer is refused.
    #[error("{layer} of `{place}`: the entry `{entry}` {fault}")]
    Entry {
        /// The folder or archive.
        place: String,
        /// In words.
        layer: String,
        /// The entry's name.
        entry: String,
        /// Why.
        fault: EntryFault,
    },
}

/// What a layer does too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// It expands like a decompression bomb.
    #[error("unpacks to more than {0} times its size, which is the limit: it may be a decompression bomb")]
    Ratio(u64),
    /// The files of the image are too large.
    #[error("brings the image's files to more than {0} bytes, which is the limit")]
    Unpacked(u64),
    /// There are too many files.
    #[error("brings the image to more than {0} entries, which is the limit")]
    Entries(u64),
    /// A name or an extended header is too long.
    #[error("has an entry with a header of more than {0} bytes, which is the limit")]
    Header(u64),
}

/// Why an entry of a layer is refused.
#[derive(Debug, thiserror::Error)]
pub enum EntryFault {
    /// Its name climbs.
    #[error("leaves the image through `..`")]
    Climbs,
    /// It names the root, and is no folder.
    #[error("would replace the root of the image")]
    ReplacesRoot,
    /// The layer has it twice, and programs differ in which one they take.
    #[error("is in the layer twice")]
    Duplicate,
    /// A link lies on its way.
    #[error("would be written through a link that leads out of the image's root, or nowhere")]
    ThroughLink,
    /// A file lies on its way.
    #[error("lies below something that is no folder")]
    BelowFile,
    /// A hard link leaves the root.
    #[error("is a hard link to `{0}`, which leads out of the image's root")]
    LinkLeaves(String),
    /// A hard link leads to nothing.
    #[error("is a hard link to `{0}`, which is no file of the image")]
    LinkTarget(String),
    /// A link without target.
    #[error("is a link that names nothing")]
    NoTarget,
    /// A device.
    #[error("is a {0}, and none of the usual ones of `/dev`")]
    Device(&'static str),
    /// Something that tar archives seldom hold.
    #[error("is of the kind `{0}`, which is not unpacked")]
    Kind(char),
    /// The contents end too early.
    #[error("ends after {found} of {expected} bytes: the layer is cut off")]
    Truncated {
        /// The bytes that there are.
        found: u64,
        /// The bytes that its header says.
        expected: u64,
    },
    /// A whiteout without name.
    #[error("hides nothing: a name has to follow `.wh.`")]
    Whiteout,
    /// The system refuses.
    #[error("cannot be written: {}", describe_system_error(.0))]
    Unwritable(io::Error),
}
