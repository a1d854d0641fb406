//! The documents as a site that can be searched: made by mdBook, its links followed, and looked at in a browser.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::book;
use crate::browser::Browser;
use crate::lab::Lab;
use crate::sandbox::debian::{install_packages, shell};
use crate::sandbox::{source, workspace};
use crate::test::case::{Tally, expect_equal};

/// Below `/srv` in the services' root: the book's sources and, in `site`, what is made of them.
const FOLDER: &str = "site";
/// What is looked for in the site, and the page that has to come first.
const SEARCH: (&str, &str) = ("on_missing", "The module extension");

/// What Debian's mdBook leaves out and still links to: a font, and the script of the buttons. Other builds of it have both.
const LEFT_OUT: [&str; 2] = ["fonts/fonts.css", "book.js"];

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let services = &lab.sandbox.services;
    install_packages("services: mdbook", services, &lab.sandbox.steps, &["mdbook"])?;
    let browser = Browser::with_folder(lab, FOLDER)?;
    let folder = browser.folder();
    let site = folder.join("site");
    tally.check("mdBook makes a site of the documents, and of what they link to in the repository", || {
        write_sources(&folder)?;
        let output = shell(services, "cd /srv/site && mdbook build", Duration::from_secs(60)).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || said.contains("[WARN]") || said.contains("[ERROR]") {
            bail!("{}: {said}", output.status);
        }
        Ok(())
    });
    tally.check("every link of the site leads to a page of it, and to an anchor that the page has", || {
        let broken = broken_links(&site)?;
        expect_equal("what leads nowhere", &broken.join("\n"), "")
    });
    tally.check("the site is shown in a browser, and its search finds the page that says most of a word", || {
        let document = browser.document(&format!("site/docs/quick-start.html?search={}", SEARCH.0))?;
        let results = document.split_once("<ul id=\"searchresults\">").map(|(_, rest)| rest);
        let results = results.with_context(|| format!("there is no list of results: {document}"))?;
        let first = results.split_once("</a>").map(|(first, _)| text_of(first)).unwrap_or_default();
        if !first.starts_with(SEARCH.1) {
            bail!("the first result for `{}` is `{first}`, and not of `{}`", SEARCH.0, SEARCH.1);
        }
        browser.picture("site/index.html").map(drop)
    });
    Ok(())
}

/// Puts the site to where a user looks for it.
pub(super) fn install(lab: &Lab) -> Result<()> {
    let target = workspace().join("target/site");
    if target.exists() {
        fs::remove_dir_all(&target).with_context(|| format!("cannot remove `{}`", target.display()))?;
    }
    source::copy(&lab.sandbox.services.directory().join("srv").join(FOLDER).join("site"), &target)?;
    println!("  written  target/site/index.html");
    Ok(())
}

fn write_sources(folder: &Path) -> Result<()> {
    let root = workspace();
    let configuration = fs::read_to_string(root.join("docs/book.toml")).context("cannot read `docs/book.toml`")?;
    let configuration = configuration.replace("src = \".\"", "src = \"src\"").replace("\"../target/site\"", "\"site\"");
    fs::write(folder.join("book.toml"), configuration)?;
    for (path, bytes) in book::sources(&root)? {
        let file = folder.join("src").join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    Ok(())
}

/// Links between files of the site that lead nowhere, as `page: link`.
fn broken_links(site: &Path) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    read_pages(site, &mut pages)?;
    let mut broken = Vec::new();
    for (page, text) in &pages {
        // All pages on one are for printing; an address that does not exist has no place from which links could lead.
        if page.ends_with("print.html") || page.ends_with("404.html") {
            continue;
        }
        for link in attributes(text, "href").chain(attributes(text, "src")) {
            if link.contains("://") || link.starts_with("data:") || LEFT_OUT.contains(&link.trim_start_matches("../")) {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.with_file_name("").join(path) };
            let has_anchor =
                || pages.get(&normal(&target)).is_some_and(|text| text.contains(&format!("id=\"{anchor}\"")));
            if !target.exists() || !(anchor.is_empty() || has_anchor()) {
                broken.push(format!("{}: {link}", page.strip_prefix(site).unwrap_or(page).display()));
            }
        }
    }
    if pages.len() < 10 {
        bail!("the site has {} pages only", pages.len());
    }
    Ok(broken)
}

fn normal(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn read_pages(folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            read_pages(&path, pages)?;
        } else if path.extension().is_some_and(|kind| kind == "html") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            pages.insert(normal(&path), text);
        }
    }
    Ok(())
}

/// The values of an attribute in a page.
fn attributes<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    page.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>().into_iter()
}

/// A part of a page without its tags.
fn text_of(part: &str) -> String {
    let pieces = part.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect::<String>().trim().to_owned()
}
