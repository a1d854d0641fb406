//! `flake.lock`: which commit and which bytes each flake input is.

use super::disagreement::Disagreement;
use super::files::Text;
use super::place::{Located, Place};
use crate::json::{Json, JsonValue};

/// The version that Nix has written since flakes are what they are.
const VERSION: &str = "7";

/// How often one input may be defined by another. Real files stay far below.
const MAX_FOLLOWS: usize = 1000;

/// A parsed lock file.
pub(super) struct FlakeLock {
    text: Text,
    json: Json,
    root: String,
}

/// An input after everything that it follows.
#[derive(Clone, Debug)]
pub(super) struct LockedInput {
    /// The names that lead to it from the root, none of which follows another input.
    pub(super) path: Vec<String>,
    /// Of the node.
    pub(super) place: Place,
    pub(super) kind: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) repo: Option<String>,
    pub(super) rev: Option<Located<String>>,
    pub(super) nar_hash: Option<Located<String>>,
    pub(super) last_modified: Option<Located<String>>,
    /// Nix compares it with `rev`, so it has to change with it, and only Git knows it.
    pub(super) counts_revisions: bool,
    /// The commit in `flake.nix`, as the lock file repeats it.
    pub(super) original_rev: Option<Located<String>>,
}

impl LockedInput {
    /// The flake reference of a commit in the same repository.
    pub(super) fn reference(&self, rev: &str) -> Option<String> {
        let kind = self.kind.as_deref().filter(|kind| matches!(*kind, "github" | "gitlab" | "sourcehut"))?;
        Some(format!("{kind}:{}/{}/{rev}", self.owner.as_ref()?, self.repo.as_ref()?))
    }
}

/// Where a chain of inputs has led so far.
struct Step<'a> {
    name: &'a str,
    node: &'a Json,
    path: Vec<String>,
}

type Failure = Box<Disagreement>;

impl FlakeLock {
    pub(super) fn parse(text: Text) -> Result<Self, Failure> {
        let json = Json::parse(&text.text).map_err(|error| {
            let end = text.text[error.offset..].chars().next().map_or(error.offset, |c| error.offset + c.len_utf8());
            broken(&text, error.offset..end, format!("it is no JSON: {}", error.message))
        })?;
        let version = json.get("version");
        if version.and_then(Json::scalar).map(|(version, _)| version) != Some(VERSION) {
            let (span, found) = match version {
                Some(version) => (version.span.clone(), text.text[version.span.clone()].to_owned()),
                None => (0..0, "absent".to_owned()),
            };
            return Err(broken(&text, span, format!("its `version` is {found}, and only {VERSION} is known")));
        }
        let root = json.get("root");
        let Some(name) = root.and_then(Json::as_str).map(str::to_owned) else {
            let span = root.map_or(0..0, |root| root.span.clone());
            return Err(broken(&text, span, "its `root` names no node".to_owned()));
        };
        let lock = Self { text, json, root: name };
        lock.node(&lock.root, root_span(&lock.json))?;
        Ok(lock)
    }

    /// The file's name in messages.
    pub(super) fn file(&self) -> &str {
        &self.text.file
    }

    /// The input at the end of names from the root; `None` if there is none of that name.
    pub(super) fn input(&self, names: &[&str]) -> Result<Option<LockedInput>, Failure> {
        let mut chain = Vec::new();
        let mut follows = 0;
        let mut step = self.start()?;
        for name in names {
            let Some(reference) = step.node.at(&["inputs", name]) else { return Ok(None) };
            step = self.follow(step.path, name, reference, &mut chain, &mut follows)?;
        }
        Ok(Some(self.locked(&step)))
    }

    fn start(&self) -> Result<Step<'_>, Failure> {
        let node = self.node(&self.root, root_span(&self.json))?;
        Ok(Step { name: &self.root, node, path: Vec::new() })
    }

    fn node(&self, name: &str, named_at: std::ops::Range<usize>) -> Result<&Json, Failure> {
        let node = self.json.at(&["nodes", name]);
        node.ok_or_else(|| broken(&self.text, named_at, format!("there is no node `{name}`")))
    }

    /// Where a reference leads: a node's name, or the names of inputs from the root.
    fn follow<'a>(
        &'a self,
        mut path: Vec<String>,
        name: &str,
        reference: &'a Json,
        chain: &mut Vec<usize>,
        follows: &mut usize,
    ) -> Result<Step<'a>, Failure> {
        if let Some(node) = reference.as_str() {
            path.push(name.to_owned());
            return Ok(Step { name: node, node: self.node(node, reference.span.clone())?, path });
        }
        let refuse = |message: String| broken(&self.text, reference.span.clone(), message);
        let names = reference.elements().map(|names| names.iter().map(Json::as_str).collect::<Option<Vec<_>>>());
        let Some(names) = names.flatten() else {
            return Err(refuse(format!("input `{name}` is neither a node's name nor a list of input names")));
        };
        let spelled = names.join("/");
        *follows += 1;
        if chain.contains(&reference.span.start) {
            return Err(refuse(format!("input `{name}` follows `{spelled}`, which follows it in turn")));
        }
        if *follows > MAX_FOLLOWS {
            return Err(refuse(format!("more than {MAX_FOLLOWS} inputs follow one another")));
        }
        chain.push(reference.span.start);
        let mut step = self.start()?;
        for next in names {
            let Some(reference) = step.node.at(&["inputs", next]) else {
                let node = step.name;
                return Err(refuse(format!("input `{name}` follows `{spelled}`, and node `{node}` has no `{next}`")));
            };
            step = self.follow(step.path, next, reference, chain, follows)?;
        }
        chain.pop();
        Ok(step)
    }

    fn locked(&self, step: &Step<'_>) -> LockedInput {
        let locked = step.node.get("locked");
        let located = |json: Option<&Json>| -> Option<Located<String>> {
            let (value, span) = json?.scalar()?;
            // Of a value with escapes the bytes differ; nothing that is edited has any.
            Some(Located { value: value.to_owned(), place: self.text.place(span) })
        };
        let field = |name| located(locked?.get(name));
        let text = |name| field(name).map(|field| field.value);
        let span = locked.unwrap_or(step.node).span.clone();
        LockedInput {
            path: step.path.clone(),
            place: self.text.place(span),
            kind: text("type"),
            owner: text("owner"),
            repo: text("repo"),
            rev: field("rev"),
            nar_hash: field("narHash"),
            last_modified: field("lastModified").filter(|_| {
                matches!(locked.and_then(|l| l.get("lastModified")), Some(Json { value: JsonValue::Number(_), .. }))
            }),
            counts_revisions: locked.is_some_and(|locked| locked.get("revCount").is_some()),
            original_rev: located(step.node.at(&["original", "rev"])),
        }
    }
}

fn root_span(json: &Json) -> std::ops::Range<usize> {
    json.get("root").map_or(0..0, |root| root.span.clone())
}

fn broken(text: &Text, span: std::ops::Range<usize>, message: String) -> Failure {
    let hint = "write it again with `nix flake lock`, or take it from version control".to_owned();
    Box::new(Disagreement::unreadable(format!("`{}`", text.file), text.place(span), message, hint))
}

#[cfg(test)]
mod unit {
    use super::*;

    fn lock(nodes: &str) -> Result<FlakeLock, Failure> {
        let text = format!("{{\"version\": 7, \"root\": \"root\", \"nodes\": {nodes}}}");
        FlakeLock::parse(Text { file: "flake.lock".to_owned(), text })
    }

    fn resolved(nodes: &str, names: &[&str]) -> String {
        match lock(nodes).and_then(|lock| lock.input(names)) {
            Ok(None) => "none".to_owned(),
            Ok(Some(input)) => {
                let rev = input.rev.map(|rev| rev.value).unwrap_or_default();
                format!("{} {rev}", input.path.join("/"))
            }
            Err(failure) => failure.ours.to_string(),
        }
    }

    #[test]
    fn follows_are_resolved_from_the_root_through_one_another() {
        let nodes = r#"{
            "root": {"inputs": {"nixpkgs": ["native", "nixpkgs"], "native": "native_2", "flat": "n", "none": []}},
            "native_2": {"inputs": {"nixpkgs": ["flat", "deep"]}, "locked": {"rev": "aa"}},
            "n": {"inputs": {"deep": "d"}, "locked": {"rev": "bb"}},
            "d": {"locked": {"rev": "cc"}}
        }"#;
        assert_eq!(resolved(nodes, &["nixpkgs"]), "flat/deep cc");
        assert_eq!(resolved(nodes, &["native"]), "native aa");
        assert_eq!(resolved(nodes, &["native", "nixpkgs"]), "flat/deep cc");
        assert_eq!(resolved(nodes, &["native", "other"]), "none");
        assert_eq!(resolved(nodes, &["none"]), " ");
    }

    #[test]
    fn cycles_and_dead_ends_are_errors() {
        let one = r#"{"root": {"inputs": {"a": ["a"]}}}"#;
        let cycle = "flake.lock:1:67: input `a` follows `a`, which follows it in turn";
        assert_eq!(resolved(one, &["a"]), cycle);
        let two = r#"{"root": {"inputs": {"a": ["b", "x"], "b": ["a"]}}}"#;
        assert_eq!(resolved(two, &["b"]), "flake.lock:1:84: input `b` follows `a`, which follows it in turn");
        let dead = r#"{"root": {"inputs": {"a": ["b", "x"], "b": "n", "c": "m", "d": 1, "e": [2]}}, "n": {}}"#;
        let start = "flake.lock:1:";
        assert_eq!(resolved(dead, &["a"]), format!("{start}67: input `a` follows `b/x`, and node `n` has no `x`"));
        assert_eq!(resolved(dead, &["c"]), format!("{start}94: there is no node `m`"));
        let kind = "is neither a node's name nor a list of input names";
        assert_eq!(resolved(dead, &["d"]), format!("{start}104: input `d` {kind}"));
        assert_eq!(resolved(dead, &["e"]), format!("{start}112: input `e` {kind}"));
    }

    #[test]
    fn long_chains_and_wide_ones_end() {
        let chain: String = (0..5000).map(|n| format!("\"a{n}\": [\"a{}\"], ", n + 1)).collect();
        let nodes = format!("{{\"root\": {{\"inputs\": {{{chain} \"z\": \"root\"}}}}}}");
        assert!(resolved(&nodes, &["a0"]).ends_with("more than 1000 inputs follow one another"));
        let wide: String = (0..100).map(|n| format!("\"a{n}\": [\"a{0}\", \"a{0}\", \"a{0}\"], ", n + 1)).collect();
        let nodes = format!("{{\"root\": {{\"inputs\": {{{wide} \"a100\": \"root\"}}}}}}");
        assert!(resolved(&nodes, &["a0"]).ends_with("more than 1000 inputs follow one another"));
    }
}
