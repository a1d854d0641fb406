//! Images: what is read, what is unpacked, what is refused. Every image is made here, the bad ones byte by byte.

#[path = "oci/builder.rs"]
mod builder;
#[path = "oci/choice.rs"]
mod choice;
#[path = "oci/documents.rs"]
mod documents;
#[path = "oci/refusals.rs"]
mod refusals;
#[path = "oci/unpacking.rs"]
mod unpacking;
