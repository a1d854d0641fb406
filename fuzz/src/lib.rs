//! What the fuzz targets share: how a few bytes stand for large or well-formed inputs, and what outputs are held against.
//!
//! A mutation of a tar archive hardly ever has a right checksum, and one of an image never the right digests. The targets
//! therefore take texts, from which these modules build such inputs: seeds can be read, and mutations get far.

mod expand;
mod image;
mod nar;
mod tar;
mod tree;
mod wire;

pub use expand::expand;
pub use image::{Layout, parts_of_image, write_image};
pub use nar::nar_of;
pub use tar::archive_of_text;
pub use tree::make_tree;
pub use wire::messages_of_text;
