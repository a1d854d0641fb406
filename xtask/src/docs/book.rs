//! The site's sources: every document of the repository that can be reached, and every file that one links to.
//!
//! They keep their places in the repository, so links stay what they are, but for `README.md`, which is a folder's `index.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The list of pages.
pub(super) const SUMMARY: &str = "docs/SUMMARY.md";
/// The page before those of the list.
const FRONT: &str = "README.md";

/// Files by their places below `src`.
pub(super) fn sources(root: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let summary = read(root, Path::new(SUMMARY))?;
    let mut files = BTreeMap::new();
    let mut others = BTreeSet::new();
    let mut known: BTreeSet<PathBuf> = pages(&summary).into_iter().map(|page| Path::new("docs").join(page)).collect();
    known.insert(FRONT.into());
    let mut waiting: Vec<PathBuf> = known.iter().cloned().collect();
    while let Some(document) = waiting.pop() {
        let text = read(root, &document)?;
        for target in targets(&text) {
            let path = resolve(&document, target);
            if known.contains(&path) || !root.join(&path).is_file() {
                continue;
            }
            known.insert(path.clone());
            if is_document(&path) {
                others.insert(path.clone());
                waiting.push(path);
            } else {
                let bytes = fs::read(root.join(&path)).with_context(|| format!("cannot read `{}`", path.display()))?;
                files.insert(path, bytes);
            }
        }
        files.insert(as_index(&document), with_indexes(&text).into_bytes());
    }
    files.insert("SUMMARY.md".into(), whole_summary(root, &summary, &others)?.into_bytes());
    Ok(files)
}

/// The pages that a summary lists.
pub(super) fn pages(summary: &str) -> Vec<&str> {
    targets(summary).collect()
}

/// The summary of the site: the front page, those of `docs`, and those that are elsewhere in the repository.
fn whole_summary(root: &Path, summary: &str, others: &BTreeSet<PathBuf>) -> Result<String> {
    let (title, rest) = summary.split_once('\n').context("the summary is empty")?;
    let rest = rest.replace("](", "](docs/");
    let mut text = format!("{title}\n\n[local-remote-execution](index.md)\n{rest}\n# In the repository\n\n");
    for document in others {
        let content = read(root, document)?;
        let heading = content.lines().find_map(|line| line.strip_prefix("# "));
        let Some(heading) = heading else { bail!("`{}` has no title", document.display()) };
        text += &format!("- [{heading}]({})\n", as_index(document).display());
    }
    Ok(text)
}

/// The targets of links and pictures that are files, without their anchors.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://"))
}

fn with_indexes(text: &str) -> String {
    text.replace("README.md)", "index.md)").replace("README.md#", "index.md#")
}

fn as_index(document: &Path) -> PathBuf {
    if document.ends_with("README.md") { document.with_file_name("index.md") } else { document.to_owned() }
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|kind| kind == "md")
}

/// A link's target below the repository.
fn resolve(document: &Path, target: &str) -> PathBuf {
    let mut path = document.parent().map(Path::to_owned).unwrap_or_default();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

fn read(root: &Path, file: &Path) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("cannot read `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::workspace;

    #[test]
    fn summary_lists_every_page_once() -> Result<()> {
        let summary = read(&workspace(), Path::new(SUMMARY))?;
        let mut listed: Vec<String> = pages(&summary).into_iter().map(str::to_owned).collect();
        listed.sort();
        let mut there = Vec::new();
        for entry in fs::read_dir(workspace().join("docs"))? {
            there.extend(
                entry?.file_name().into_string().ok().filter(|name| name.ends_with(".md") && name != "SUMMARY.md"),
            );
        }
        there.sort();
        assert_eq!(listed, there, "each page of `docs` has its line in `{SUMMARY}`");
        Ok(())
    }

    #[test]
    fn reachable_files_keep_their_places() -> Result<()> {
        let root = tempfile::tempdir()?;
        for (file, text) in [
            ("README.md", "# R\n[d](docs/a.md#x) [web](https://example.org) [gone](gone.md)"),
            ("docs/SUMMARY.md", "# Summary\n\n- [A](a.md)\n"),
            ("docs/a.md", "[e](../examples/e/README.md) ![p](p.svg)"),
            ("docs/p.svg", "<svg/>"),
            ("examples/e/README.md", "# Example\n[home](../../README.md#r)"),
        ] {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().context("a folder")?)?;
            fs::write(file, text)?;
        }
        let sources = sources(root.path())?;
        let texts: Vec<(String, String)> = sources
            .into_iter()
            .map(|(path, bytes)| (path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()))
            .collect();
        let wanted = [
            (
                "SUMMARY.md",
                "# Summary\n\n[local-remote-execution](index.md)\n\n- [A](docs/a.md)\n\n# In the repository\n\n\
                 - [Example](examples/e/index.md)\n",
            ),
            ("docs/a.md", "[e](../examples/e/index.md) ![p](p.svg)"),
            ("docs/p.svg", "<svg/>"),
            ("examples/e/index.md", "# Example\n[home](../../index.md#r)"),
            ("index.md", "# R\n[d](docs/a.md#x) [web](https://example.org) [gone](gone.md)"),
        ];
        assert_eq!(texts, wanted.map(|(path, text)| (path.to_owned(), text.to_owned())));
        Ok(())
    }
}
