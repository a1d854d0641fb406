//! The bill of materials of a program, in CycloneDX: every crate that is linked into it or runs while it is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Place;
use super::release::{self, Release, program, sha256};
use super::source::Source;
use super::target::Target;
use crate::repository::cargo;

/// What is read of `cargo metadata`.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

impl Dependency {
    /// Whether it is one in a program's own code, or in what builds it.
    fn is(&self, kinds: &[Option<&str>]) -> bool {
        self.dep_kinds.iter().any(|kind| kinds.contains(&kind.kind.as_deref()))
    }
}

const LINKED: &[Option<&str>] = &[None];
const LINKED_OR_BUILDING: &[Option<&str>] = &[None, Some("build")];

/// Writes the bill of the program that is in `out`.
pub(super) fn write(place: &Place, target: &Target, source: &Source, about: &Release, out: &Path) -> Result<()> {
    let mut cargo = cargo();
    cargo.args(["metadata", "--format-version=1", "--locked", "--filter-platform", &target.triple]);
    let output = cargo.current_dir(&place.root).env("CARGO_HOME", &place.cargo_home).output();
    let output = output.context("cannot run `cargo metadata`")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("`cargo metadata` printed something else")?;
    let lock = fs::read_to_string(place.root.join("Cargo.lock")).context("cannot read `Cargo.lock`")?;
    let name = program(target.system);
    let subject = json!({
        "type": "application",
        "bom-ref": "lre",
        "name": "lre",
        "version": about.version,
        "licenses": [{"expression": "Apache-2.0"}],
        "hashes": [{"alg": "SHA-256", "content": sha256(&out.join(&name))?}],
        "externalReferences": [{"type": "distribution", "url": about.url(&name)}],
        "properties": [
            {"name": "lre:commit", "value": source.commit},
            {"name": "lre:target", "value": target.triple},
        ],
    });
    let bill = bill(&metadata, &checksums(&lock), subject, &source.date)?;
    release::write(&out.join(format!("{name}.cdx.json")), &format!("{bill:#}\n"))
}

fn bill(
    metadata: &Metadata,
    checksums: &BTreeMap<(String, String), String>,
    subject: Value,
    date: &str,
) -> Result<Value> {
    let packages: BTreeMap<&str, &Package> = metadata.packages.iter().map(|package| (&*package.id, package)).collect();
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|node| (&*node.id, node)).collect();
    let own = metadata.packages.iter().find(|package| package.name == "lre" && package.source.is_none());
    let own = own.context("`cargo metadata` lists no package `lre`")?;
    let linked = reached(&nodes, &own.id, LINKED);
    let all = reached(&nodes, &own.id, LINKED_OR_BUILDING);
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for id in &all {
        let package = packages.get(id).with_context(|| format!("`cargo metadata` does not describe `{id}`"))?;
        let direct = nodes
            .get(id)
            .into_iter()
            .flat_map(|node| &node.deps)
            .filter(|dependency| dependency.is(LINKED_OR_BUILDING));
        let mut direct: Vec<String> =
            direct.filter_map(|dependency| packages.get(&*dependency.pkg)).map(|package| reference(package)).collect();
        direct.sort();
        dependencies.push(
            json!({"ref": if *id == own.id { "lre".to_owned() } else { reference(package) }, "dependsOn": direct}),
        );
        if *id != own.id {
            components.push(component(package, checksums, linked.contains(id))?);
        }
    }
    let key = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    components.sort_by_key(|component| key(component, "bom-ref"));
    dependencies.sort_by_key(|dependency| key(dependency, "ref"));
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": date, "component": subject},
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(package: &Package, checksums: &BTreeMap<(String, String), String>, is_linked: bool) -> Result<Value> {
    let Package { name, version, .. } = package;
    let checksum = checksums.get(&(name.clone(), version.clone()));
    let checksum = checksum.with_context(|| format!("`Cargo.lock` has no checksum of `{name}` {version}"))?;
    let license = package.license.as_deref().with_context(|| format!("`{name}` {version} names no licence"))?;
    Ok(json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": name,
        "version": version,
        "scope": if is_linked { "required" } else { "excluded" },
        "purl": reference(package),
        // Crates of old write `/` for `OR`, which SPDX does not know.
        "licenses": [{"expression": license.replace('/', " OR ").replace("  ", " ")}],
        "hashes": [{"alg": "SHA-256", "content": checksum}],
    }))
}

fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

fn reached<'a>(nodes: &BTreeMap<&'a str, &'a Node>, from: &'a str, kinds: &[Option<&str>]) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            next.extend(dependencies.filter(|dependency| dependency.is(kinds)).map(|dependency| &*dependency.pkg));
        }
    }
    reached
}

/// The SHA-256 of each package of a `Cargo.lock`, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let entry = |text: &str| {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))?;
            Some(line.trim_matches('"').to_owned())
        };
        Some(((value("name")?, value("version")?), value("checksum")?))
    };
    lock.split("[[package]]\n").skip(1).filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "packages": [
            {"id": "own", "name": "lre", "version": "1.0.0", "license": "Apache-2.0", "source": null},
            {"id": "a", "name": "a", "version": "0.1.0+c", "license": "MIT/Apache-2.0", "source": "registry"},
            {"id": "b", "name": "b", "version": "2.0.0", "license": "MIT", "source": "registry"},
            {"id": "c", "name": "c", "version": "3.0.0", "license": "MIT", "source": "registry"}
        ],
        "resolve": {"nodes": [
            {"id": "own", "deps": [
                {"pkg": "a", "dep_kinds": [{"kind": null}]},
                {"pkg": "c", "dep_kinds": [{"kind": "dev"}]}
            ]},
            {"id": "a", "deps": [{"pkg": "b", "dep_kinds": [{"kind": "build"}]}]},
            {"id": "b", "deps": []},
            {"id": "c", "deps": []}
        ]}
    }"#;
    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0+c\"\nchecksum = \"01\"\n\n\
                        [[package]]\nname = \"b\"\nversion = \"2.0.0\"\nchecksum = \"02\"\n\n\
                        [[package]]\nname = \"lre\"\nversion = \"1.0.0\"\n";

    #[test]
    fn what_is_linked_and_what_builds_is_listed_and_what_only_tests_is_not() {
        let metadata: Metadata = serde_json::from_str(METADATA).expect("metadata");
        let bill = bill(&metadata, &checksums(LOCK), json!("subject"), "1970-01-01T00:00:00Z").expect("a bill");
        let expected = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {"timestamp": "1970-01-01T00:00:00Z", "component": "subject"},
            "components": [
                {
                    "type": "library",
                    "bom-ref": "pkg:cargo/a@0.1.0%2Bc",
                    "name": "a",
                    "version": "0.1.0+c",
                    "scope": "required",
                    "purl": "pkg:cargo/a@0.1.0%2Bc",
                    "licenses": [{"expression": "MIT OR Apache-2.0"}],
                    "hashes": [{"alg": "SHA-256", "content": "01"}],
                },
                {
                    "type": "library",
                    "bom-ref": "pkg:cargo/b@2.0.0",
                    "name": "b",
                    "version": "2.0.0",
                    "scope": "excluded",
                    "purl": "pkg:cargo/b@2.0.0",
                    "licenses": [{"expression": "MIT"}],
                    "hashes": [{"alg": "SHA-256", "content": "02"}],
                },
            ],
            "dependencies": [
                {"ref": "lre", "dependsOn": ["pkg:cargo/a@0.1.0%2Bc"]},
                {"ref": "pkg:cargo/a@0.1.0%2Bc", "dependsOn": ["pkg:cargo/b@2.0.0"]},
                {"ref": "pkg:cargo/b@2.0.0", "dependsOn": []},
            ],
        });
        assert_eq!(bill, expected);
    }
}
