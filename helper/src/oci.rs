//! Container images as files: OCI layouts and archives, and what `docker save` writes.
//!
//! Images come from anywhere. Every byte that is used has the digest that the image gives for it, sizes are bounded by
//! [`limits::Limits`], and nothing is written outside of the folder that an image is unpacked to.

pub mod archive;
pub mod compression;
pub mod digest;
pub mod document;
pub mod entry;
pub mod error;
pub mod image;
pub mod layer;
pub mod layer_cache;
pub mod layer_plan;
pub mod limits;
pub mod new_image;
pub mod output;
pub mod pipeline;
pub mod platform;
pub mod reference;
pub mod source;
pub mod store_layer;
pub mod store_layers;
pub mod unpack;
pub mod worker_layer;

mod docker;
mod image_entry;
mod layout;
mod tee;
mod whiteout;
