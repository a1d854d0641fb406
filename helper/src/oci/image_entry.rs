//! Headers of the entries that are written into layers.

use tar::{EntryType, Header};

/// The time of every entry, in seconds since 1970: Nix's own, which is not 0 because some programs take that for none.
pub(super) const TIME: u64 = 1;

/// A header without name, owned by root.
pub(super) fn new_header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(TIME);
    header.set_size(size);
    header
}
