//! Whether the disk has room for a sandbox, told before the first step instead of in the middle of one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::sys::statvfs::statvfs;

/// What the sandbox takes from nothing, and what the tests add to one that is there, in bytes.
const NEW: u64 = 12 << 30;
const KEPT: u64 = 3 << 30;

/// A warning for a sandbox's folder whose disk has less room than it takes.
pub(super) fn scarce_room(directory: &Path) -> Result<Option<String>> {
    let disk = statvfs(directory).with_context(|| format!("cannot ask for the room in `{}`", directory.display()))?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let is_new = fs::read_dir(directory.join("stamps")).map_or(true, |mut stamps| stamps.next().is_none());
    Ok(warning(directory, free, if is_new { NEW } else { KEPT }))
}

fn warning(directory: &Path, free: u64, needed: u64) -> Option<String> {
    let gibibytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    (free < needed).then(|| {
        format!(
            "warning: the disk of `{}` has {:.1} GiB left, and the sandbox takes {:.0}\n\n\
             hint: make room, or let `LRE_SANDBOX` name a folder on another disk",
            directory.display(),
            gibibytes(free),
            gibibytes(needed)
        )
    })
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn disk_without_room_is_told_with_what_is_left_and_needed() -> Result<()> {
        let folder = Path::new("/target/sandbox");
        assert_eq!(warning(folder, KEPT, KEPT), None);
        let expected = "warning: the disk of `/target/sandbox` has 0.5 GiB left, and the sandbox takes 12\n\n\
                        hint: make room, or let `LRE_SANDBOX` name a folder on another disk";
        assert_eq!(warning(folder, 512 << 20, NEW).as_deref(), Some(expected));
        assert!(scarce_room(tempfile::tempdir()?.path())?.is_none_or(|told| told.contains("takes 12")));
        Ok(())
    }
}
