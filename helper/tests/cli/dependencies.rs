//! `docs/dependencies.md` has every direct dependency of every crate, with the reason that its `Cargo.toml` gives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const HEAD: &str = "# Dependencies

What the crates of this repository depend on directly, and why. `Cargo.lock` pins these and all that they bring, `deny.toml`
says which licences and sources are taken, and `cargo xtask test fmt` holds them to it. Written from the comments in each
`Cargo.toml` by `LRE_UPDATE_DOCS=1 cargo test --package lre --test cli dependencies`; a test compares it.
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The comment above each dependency in a `Cargo.toml`, and `None` for one that has none.
fn reasons(manifest: &str) -> BTreeMap<String, Option<String>> {
    let mut reasons = BTreeMap::new();
    let mut comment: Vec<&str> = Vec::new();
    let mut is_dependency = false;
    for line in manifest.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
            continue;
        }
        if line.starts_with('[') {
            is_dependency = line.ends_with("dependencies]");
        } else if let Some((key, _)) = line.split_once('=').filter(|_| is_dependency) {
            let name = key.trim().trim_end_matches(".workspace").to_owned();
            reasons.insert(name, (!comment.is_empty()).then(|| comment.join(" ")));
        }
        comment.clear();
    }
    reasons
}

/// Each direct dependency, with its licence, as (crate, what depends on it, dependency, licence).
fn dependencies(manifest: &str) -> Vec<[String; 4]> {
    let mut cargo = Command::new(env!("CARGO"));
    // The same everywhere: what other systems need besides is theirs.
    cargo.args(["metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu"]);
    cargo.args(["--manifest-path", manifest]).current_dir(root());
    let output = cargo.output().expect("Cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let mut found = Vec::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let member = &packages[&text(&node["id"])];
        if !member["source"].is_null() {
            continue;
        }
        for dependency in list(&node["deps"]) {
            let package = &packages[&text(&dependency["pkg"])];
            let is_tested = list(&dependency["dep_kinds"]).iter().all(|kind| kind["kind"] == "dev");
            let user = text(&member["name"]) + if is_tested { "'s tests" } else { "" };
            found.push([text(&member["name"]), user, text(&package["name"]), text(&package["license"])]);
        }
    }
    found.sort();
    found
}

#[test]
fn every_direct_dependency_has_a_reason_and_is_in_the_document() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("a manifest");
    let shared = reasons(&read("Cargo.toml"));
    let folders = BTreeMap::from([("lre", "helper"), ("lre-fuzz", "fuzz")]);
    let mut rows: BTreeMap<[String; 3], Vec<String>> = BTreeMap::new();
    let mut without: Vec<String> = Vec::new();
    let fuzzed = dependencies("fuzz/Cargo.toml").into_iter().filter(|[member, ..]| member == "lre-fuzz");
    for [member, user, name, licence] in dependencies("Cargo.toml").into_iter().chain(fuzzed) {
        let folder = folders.get(member.as_str()).copied().unwrap_or(&member);
        let own = reasons(&read(&format!("{folder}/Cargo.toml")));
        let reason = own.get(&name).cloned().flatten().or_else(|| shared.get(&name).cloned().flatten());
        match reason {
            Some(reason) => rows.entry([name, licence, reason]).or_default().push(format!("`{user}`")),
            None => without.push(format!("`{name}` of `{member}`")),
        }
    }
    assert!(without.is_empty(), "no comment in a Cargo.toml says why these are there: {}", without.join(", "));
    assert!(rows.len() > 30, "there are only {} dependencies", rows.len());
    let mut document = format!("{HEAD}\n| crate | for | licence | why |\n|---|---|---|---|\n");
    for ([name, licence, reason], users) in rows {
        document +=
            &format!("| [`{name}`](https://crates.io/crates/{name}) | {} | {licence} | {reason} |\n", users.join(", "));
    }
    let file = root().join("docs/dependencies.md");
    if std::env::var_os("LRE_UPDATE_DOCS").is_some() {
        fs::write(&file, &document).expect("the document is written");
    }
    assert!(
        fs::read_to_string(&file).unwrap_or_default() == document,
        "docs/dependencies.md is stale: write it with `LRE_UPDATE_DOCS=1 cargo test --package lre --test cli dependencies`"
    );
}
