//! Every file that a document of the repository links to is there.

use std::fs;
use std::path::{Path, PathBuf};

/// The Markdown files below a folder, without what is built or fetched.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && !["target", "node_modules", ".git"].contains(&name.as_str()) {
            documents(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// The targets of links, `[text](target)`.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn links_of_documents_lead_to_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository");
    let mut files = Vec::new();
    documents(root, &mut files);
    assert!(files.len() > 15, "there are only {} documents", files.len());
    let mut broken = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a text file");
        for target in targets(&text).filter(|target| !target.contains("://")) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = if path.is_empty() { file.clone() } else { file.with_file_name("").join(path) };
            let is_there = linked.exists();
            let has_anchor = anchor.is_empty()
                || fs::read_to_string(&linked).is_ok_and(|text| {
                    let slug = |line: &str| {
                        let words = line.trim_start_matches('#').trim().to_lowercase();
                        words
                            .chars()
                            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
                            .collect::<String>()
                            .replace(' ', "-")
                    };
                    text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor)
                });
            if !(is_there && has_anchor) {
                broken.push(format!("{}: {target}", file.strip_prefix(root).unwrap_or(&file).display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
