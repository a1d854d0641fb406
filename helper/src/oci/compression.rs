//! How layers are compressed: in chunks that stand for themselves, so that every core has one.
//!
//! A layer is the chunks' gzip members, or zstd frames, one after the other; both formats say that such a stream unpacks to
//! the chunks' bytes. The compressed bytes depend on the layer's bytes alone, on neither the number of threads nor the
//! processor: both libraries are compiled in.

use std::fmt;
use std::io;

use clap::ValueEnum;
use libdeflater::{CompressionLvl, Compressor};
use oci_spec::image::MediaType;

/// Bytes of a layer that are compressed at once. More would not make layers smaller: zstd looks back half as far.
pub(super) const CHUNK: usize = 4 << 20;

/// What layers are compressed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// What containerd, CRI-O, podman and Docker (since 23) read.
    #[default]
    Zstd,
    /// What everything reads.
    Gzip,
}

impl Compression {
    /// The fastest: an image is made anew with each toolchain.
    fn level(self) -> i32 {
        match self {
            Self::Zstd => 1,
            Self::Gzip => 1,
        }
    }

    /// Of a layer.
    #[must_use]
    pub fn media_type(self) -> MediaType {
        match self {
            Self::Zstd => MediaType::ImageLayerZstd,
            Self::Gzip => MediaType::ImageLayerGzip,
        }
    }

    /// A compressor for one thread.
    pub(super) fn encoder(self) -> io::Result<Encoder> {
        Ok(match self {
            Self::Zstd => Encoder::Zstd(zstd::bulk::Compressor::new(self.level())?),
            Self::Gzip => {
                let level = CompressionLvl::new(self.level());
                Encoder::Gzip(Compressor::new(level.map_err(|error| io::Error::other(format!("{error:?}")))?))
            }
        })
    }
}

impl fmt::Display for Compression {
    /// With the level: another one makes other bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        };
        write!(f, "{name}-{}", self.level())
    }
}

/// The media type of a layer whose first bytes are these, which is how container runtimes tell.
pub(super) fn media_type_of(start: &[u8]) -> MediaType {
    if start.starts_with(b"\x1f\x8b") {
        MediaType::ImageLayerGzip
    } else if start.starts_with(b"\x28\xb5\x2f\xfd") {
        MediaType::ImageLayerZstd
    } else {
        MediaType::ImageLayer
    }
}

/// A compressor that one thread uses for many chunks.
pub(super) enum Encoder {
    Zstd(zstd::bulk::Compressor<'static>),
    Gzip(Compressor),
}

impl Encoder {
    /// A chunk's gzip member or zstd frame.
    pub(super) fn compress(&mut self, chunk: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd(compressor) => compressor.compress(chunk),
            Self::Gzip(compressor) => {
                let mut member = vec![0; compressor.gzip_compress_bound(chunk.len())];
                let length = compressor.gzip_compress(chunk, &mut member);
                member.truncate(length.map_err(|error| io::Error::other(error.to_string()))?);
                Ok(member)
            }
        }
    }
}
