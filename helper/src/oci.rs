//! Container images as files: OCI layouts and archives, and what `docker save` writes.
//!
//! Images come from anywhere. Every byte that is used has the digest that the image gives for it, sizes are bounded by
//! [`limits::Limits`], and nothing is written outside of the folder that an image is unpacked to.

pub mod archive;
pub mod digest;
pub mod document;
pub mod entry;
pub mod error;
pub mod image;
pub mod layer;
pub mod limits;
pub mod platform;
pub mod reference;
pub mod source;
pub mod unpack;

mod docker;
mod layout;
mod tee;
mod whiteout;
