//! A `.tar.gz` in which nothing but names, modes and contents decides a byte.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};

/// A file in an archive.
pub(super) struct Member {
    /// The path in the archive, without a leading or a doubled `/`.
    pub(super) path: String,
    /// Whether it may be run.
    pub(super) is_program: bool,
    /// Its bytes.
    pub(super) content: Vec<u8>,
}

/// Writes the members in the order of their paths; every one of them is root's and of `time`, in seconds since 1970.
pub(super) fn write_archive(file: &Path, time: u64, mut members: Vec<Member>) -> Result<()> {
    members.sort_by(|one, other| one.path.cmp(&other.path));
    pack(file, time, &members).with_context(|| format!("cannot write `{}`", file.display()))
}

fn pack(file: &Path, time: u64, members: &[Member]) -> Result<()> {
    // Neither name nor time of the machine goes into gzip's header, and it says of every machine that it is Unix.
    let gzip = GzBuilder::new().operating_system(3).write(File::create(file)?, Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for member in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(if member.is_program { 0o755 } else { 0o644 });
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(member.content.len() as u64);
        tar.append_data(&mut header, &member.path, member.content.as_slice())?;
    }
    tar.into_inner()?.finish()?.flush()?;
    Ok(())
}

/// A member with a file's content.
pub(super) fn member(path: String, file: &Path, is_program: bool) -> Result<Member> {
    let content = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(Member { path, is_program, content })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(order: [&str; 2]) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("example.tar.gz");
        let members = order.map(|name| Member {
            path: format!("folder/{name}"),
            is_program: name == "b",
            content: name.as_bytes().to_vec(),
        });
        write_archive(&file, 1_700_000_000, members.into()).expect("an archive");
        fs::read(&file).expect("its bytes")
    }

    #[test]
    fn order_and_clock_decide_no_byte() {
        assert_eq!(example(["a", "b"]), example(["b", "a"]));
    }

    #[test]
    fn entries_are_of_root_and_of_the_given_time() {
        let bytes = example(["b", "a"]);
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut lines = Vec::new();
        for entry in archive.entries().expect("entries") {
            let entry = entry.expect("an entry");
            let header = entry.header();
            lines.push(format!(
                "{:o} {}:{} {} {}",
                header.mode().expect("a mode"),
                header.uid().expect("an owner"),
                header.gid().expect("a group"),
                header.mtime().expect("a time"),
                entry.path().expect("a path").display()
            ));
        }
        assert_eq!(lines, ["644 0:0 1700000000 folder/a", "755 0:0 1700000000 folder/b"]);
    }
}
