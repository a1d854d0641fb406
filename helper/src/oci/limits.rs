//! How much an image may make this machine do.

const MIB: u64 = 1 << 20;

/// Bounds on what is read and written. The defaults are far above any real image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one JSON document.
    pub document: u64,
    /// Entries of an archive, and of all layers together.
    pub entries: u64,
    /// Bytes of all unpacked files together.
    pub unpacked: u64,
    /// Uncompressed bytes for each compressed one, once a layer has more than [`Limits::ratio_floor`].
    pub ratio: u64,
    /// Uncompressed bytes that any layer may have.
    pub ratio_floor: u64,
    /// Bytes of names and extended headers before one entry's contents.
    pub header: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document: 8 * MIB,
            entries: 2_000_000,
            unpacked: 32 * 1024 * MIB,
            ratio: 200,
            ratio_floor: 64 * MIB,
            header: MIB,
        }
    }
}
