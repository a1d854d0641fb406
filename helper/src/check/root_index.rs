//! Where a manifest names its store roots, found once: there may be thousands of roots, and a finding about each.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::diagnostic::Span;
use crate::manifest::Manifest;
use crate::store::{StoreRoot, find_store_paths};

/// Env's keys and the manifest's lines, by store root.
#[derive(Default)]
pub(super) struct RootIndex {
    keys: OnceCell<BTreeMap<StoreRoot, Vec<String>>>,
    spans: OnceCell<BTreeMap<StoreRoot, Spans>>,
}

/// Where a root stands in the manifest's text.
#[derive(Clone, Copy, Default)]
struct Spans {
    /// First, wherever.
    first: Option<Span>,
    /// First as a whole string of its own, quotes included.
    quoted: Option<Span>,
}

impl RootIndex {
    /// The keys of Env that name each store root, in Env's order.
    pub(super) fn keys(&self, manifest: &Manifest) -> &BTreeMap<StoreRoot, Vec<String>> {
        self.keys.get_or_init(|| environment_keys(manifest))
    }

    /// Where the manifest's text first has a root.
    pub(super) fn first(&self, root: &StoreRoot, text: &str) -> Option<Span> {
        self.spans(text).get(root)?.first
    }

    /// Where the manifest's text first has a root as a string of its own.
    pub(super) fn quoted(&self, root: &StoreRoot, text: &str) -> Option<Span> {
        self.spans(text).get(root)?.quoted
    }

    fn spans(&self, text: &str) -> &BTreeMap<StoreRoot, Spans> {
        self.spans.get_or_init(|| spans(text))
    }
}

fn environment_keys(manifest: &Manifest) -> BTreeMap<StoreRoot, Vec<String>> {
    let mut keys: BTreeMap<StoreRoot, Vec<String>> = BTreeMap::new();
    for entry in &manifest.env {
        let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
        for mention in find_store_paths(value) {
            if let Ok(path) = mention.path {
                let known = keys.entry(path.root().clone()).or_default();
                if known.last().is_none_or(|last| last != key) {
                    known.push(key.to_owned());
                }
            }
        }
    }
    keys
}

fn spans(text: &str) -> BTreeMap<StoreRoot, Spans> {
    let mut spans: BTreeMap<StoreRoot, Spans> = BTreeMap::new();
    for (line, content) in text.lines().enumerate() {
        // A line of Env may name thousands, so that its characters are counted once.
        let (mut column, mut counted) = (1, 0);
        for mention in find_store_paths(content) {
            let Ok(path) = mention.path else { continue };
            column += content[counted..mention.offset].chars().count();
            counted = mention.offset;
            let root = path.root().path();
            let end = mention.offset + root.len();
            let is_quoted = content[..mention.offset].ends_with('"') && content[end..].starts_with('"');
            let known = spans.entry(path.root().clone()).or_default();
            let span = |before: usize| Span {
                line: line + 1,
                column: column - before,
                end_column: column + root.chars().count() + before,
            };
            known.first.get_or_insert_with(|| span(0));
            if is_quoted {
                known.quoted.get_or_insert_with(|| span(1));
            }
        }
    }
    spans
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn roots_are_found_where_a_search_for_each_would_find_them() -> anyhow::Result<()> {
        let root = |name: &str| format!("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-{name}");
        let (a, b) = (root("a"), root("b"));
        let text = format!("{{\n \"é\": \"PATH={a}/bin:{b}/bin\",\n \"x\": \"{b}\", \"y\": [\"{a}\"]\n}}\n");
        let index = RootIndex::default();
        for path in [a, b] {
            let key = StoreRoot::try_from(path.clone())?;
            assert_eq!(index.first(&key, &text), Span::of(&path, &text));
            assert_eq!(index.quoted(&key, &text), Span::of(&format!("\"{path}\""), &text));
        }
        assert_eq!(index.first(&StoreRoot::try_from(root("c"))?, &text), None);
        Ok(())
    }
}
