//! The layer that makes a worker of an image: a user, its home, `/tmp`, and the two programs that scripts name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use tar::{Builder, EntryType};

use super::image_entry::new_header;

/// The user that a worker runs as.
pub const USER: &str = "nativelink";
/// The number of the user and of its group.
pub const ID: u64 = 1000;

/// What an entry of the layer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewEntry {
    /// A folder with its mode and owner.
    Folder(u32, u64),
    /// A symbolic link.
    Link(String),
    /// A file of everyone with some text.
    Text(String),
    /// A program, copied from a file of this machine.
    Program(PathBuf),
}

/// Entries by their paths, without a slash before or after them.
pub type NewEntries = BTreeMap<String, NewEntry>;

/// Writes the layer's tar archive, with the folders above each entry that `has_folder` does not know.
///
/// # Errors
/// If a program cannot be read, or the layer not written.
pub fn write_worker_layer(
    entries: &NewEntries,
    has_folder: &dyn Fn(&str) -> bool,
    target: &mut dyn Write,
) -> io::Result<()> {
    let mut all = BTreeMap::new();
    for path in entries.keys() {
        for (end, _) in path.match_indices('/') {
            if !has_folder(&path[..end]) {
                all.insert(path[..end].to_owned(), NewEntry::Folder(0o755, 0));
            }
        }
    }
    all.extend(entries.clone());
    let mut tar = Builder::new(target);
    for (path, entry) in &all {
        match entry {
            NewEntry::Folder(mode, owner) => {
                let mut header = new_header(EntryType::Directory, *mode, 0);
                header.set_uid(*owner);
                header.set_gid(*owner);
                tar.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            NewEntry::Link(link) => tar.append_link(&mut new_header(EntryType::Symlink, 0o777, 0), path, link)?,
            NewEntry::Text(text) => {
                tar.append_data(&mut new_header(EntryType::Regular, 0o644, text.len() as u64), path, text.as_bytes())?;
            }
            NewEntry::Program(program) => {
                let file = File::open(program)?;
                let size = file.metadata()?.len();
                tar.append_data(&mut new_header(EntryType::Regular, 0o755, size), path, file)?;
            }
        }
    }
    tar.into_inner()?;
    Ok(())
}

/// `/etc/passwd` with the user in it. Other users of its number stay; programs that ask who they are find the first.
#[must_use]
pub fn passwd_with_user(text: &str, shell: &str) -> String {
    with_line(text, &format!("{USER}:x:{ID}:{ID}:worker:/home/{USER}:{shell}"))
}

/// `/etc/group` with the user's group in it.
#[must_use]
pub fn group_with_user(text: &str) -> String {
    with_line(text, &format!("{USER}:x:{ID}:"))
}

/// The text with a line for the user, before any other of the same number, and without one of the same name.
fn with_line(text: &str, new: &str) -> String {
    let field = |line: &str, index: usize| line.split(':').nth(index).unwrap_or_default().to_owned();
    let mut lines: Vec<&str> = text.lines().filter(|line| field(line, 0) != USER).collect();
    let place = lines.iter().position(|line| field(line, 2) == ID.to_string()).unwrap_or(lines.len());
    lines.insert(place, new);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn user_comes_first_of_its_number_and_once() {
        let root = "root:x:0:0:root:/root:/bin/bash\n";
        let ours = "nativelink:x:1000:1000:worker:/home/nativelink:/bin/sh\n";
        let ubuntu = "ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash\n";
        assert_eq!(passwd_with_user("", "/bin/sh"), ours);
        assert_eq!(passwd_with_user(root, "/bin/sh"), format!("{root}{ours}"));
        assert_eq!(passwd_with_user(&format!("{root}{ubuntu}"), "/bin/sh"), format!("{root}{ours}{ubuntu}"));
        let other = format!("nativelink:x:7:7::/:/bin/false\n{root}");
        assert_eq!(passwd_with_user(other.trim_end(), "/bin/sh"), format!("{root}{ours}"));
        assert_eq!(group_with_user("root:x:0:\n"), "root:x:0:\nnativelink:x:1000:\n");
    }

    #[test]
    fn folders_above_entries_are_made_where_there_are_none() -> io::Result<()> {
        let entries = NewEntries::from([
            ("home/nativelink".to_owned(), NewEntry::Folder(0o755, ID)),
            ("tmp".to_owned(), NewEntry::Folder(0o1777, 0)),
            ("usr/bin/env".to_owned(), NewEntry::Link("/nix/env".to_owned())),
        ]);
        let mut bytes = Vec::new();
        write_worker_layer(&entries, &|folder| folder == "usr", &mut bytes)?;
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut lines = Vec::new();
        for entry in archive.entries()? {
            let entry = entry?;
            let header = entry.header();
            let (mode, owner, time) = (header.mode()?, header.uid()?, header.mtime()?);
            lines.push(format!("{} {mode:o} {owner} {time}", entry.path()?.display()));
        }
        let expected = [
            "home/ 755 0 1",
            "home/nativelink/ 755 1000 1",
            "tmp/ 1777 0 1",
            "usr/bin/ 755 0 1",
            "usr/bin/env 777 0 1",
        ];
        assert_eq!(lines, expected);
        Ok(())
    }
}
