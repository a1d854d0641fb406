//! Images from a text with their parts, every digest right.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::tar::archive_of_text;

/// What holds the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A folder with a file for each.
    Folder,
    /// A tar archive with an entry for each.
    Archive,
}

/// The parts of an image by their names, from a text in which a line `%% NAME` starts each.
///
/// `{digest NAME}` and `{size NAME}` are those of a part further up. A part named `blob NAME` lies at the place of its
/// digest. What is named `… .layer` is made an archive by [`archive_of_text`], `… .layer.zst` a compressed one.
#[must_use]
pub fn parts_of_image(text: &str) -> BTreeMap<String, Vec<u8>> {
    let mut known: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut parts = BTreeMap::new();
    for part in text.split("%% ").skip(1) {
        let (name, body) = part.split_once('\n').unwrap_or((part, ""));
        let (name, is_blob) = name.strip_prefix("blob ").map_or((name, false), |name| (name, true));
        let bytes = match name {
            _ if name.ends_with(".layer") => archive_of_text(body.as_bytes()),
            _ if name.ends_with(".layer.zst") => {
                zstd::encode_all(archive_of_text(body.as_bytes()).as_slice(), 1).expect("memory takes all bytes")
            }
            _ => filled_in(body.trim_end_matches('\n'), &known).into_bytes(),
        };
        let digest = hex(&Sha256::digest(&bytes));
        let place = if is_blob { format!("blobs/sha256/{digest}") } else { name.to_owned() };
        known.insert(name.to_owned(), (digest, bytes.len()));
        parts.insert(place, bytes);
    }
    parts
}

fn filled_in(body: &str, known: &BTreeMap<String, (String, usize)>) -> String {
    let mut text = body.to_owned();
    for (name, (digest, size)) in known {
        text = text.replace(&format!("{{digest {name}}}"), &format!("sha256:{digest}"));
        text = text.replace(&format!("{{hex {name}}}"), digest);
        text = text.replace(&format!("{{size {name}}}"), &size.to_string());
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes parts to `folder`, as files below `image` or as the archive `image.tar`. Names that are none are left out.
///
/// # Panics
/// If the folder cannot be written to.
pub fn write_image(parts: &BTreeMap<String, Vec<u8>>, layout: Layout, folder: &Path) {
    if layout == Layout::Archive {
        let lines = parts.iter().flat_map(|(name, bytes)| entry(name, bytes)).collect::<Vec<u8>>();
        fs::write(folder.join("image.tar"), lines).expect("a new file");
        return;
    }
    let image = folder.join("image");
    fs::create_dir(&image).expect("a new folder");
    for (name, bytes) in parts.iter().filter(|(name, _)| is_plain(name)) {
        let file = image.join(name);
        if let Some(parent) = file.parent() {
            // A part may be named as the folder of another one.
            let _ = fs::create_dir_all(parent);
        }
        let _ = fs::write(file, bytes);
    }
}

fn is_plain(name: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.len() < 200 && part != "." && part != ".." && !part.contains('\0');
    name.len() < 1000 && name.split('/').all(is_part)
}

fn entry(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut entry = archive_of_text(format!("0 0644 {:011o} {name}", bytes.len()).as_bytes());
    entry.truncate(512);
    entry.extend_from_slice(bytes);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}
