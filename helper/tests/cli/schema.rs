//! `docs/manifest.schema.json` describes the manifests that `lre` writes: same keys, same required ones, same constants.

use std::collections::BTreeSet;
use std::path::Path;

use regex_lite::Regex;
use serde_json::Value;

use crate::support::{COMPILER, Scene};

fn read(path: &str) -> anyhow::Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

/// A validator for the keywords that the schema uses.
fn violations(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        return violations(root, target, value, place, found);
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        found.push(format!("{place}: not {constant}"));
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        found.push(format!("{place}: {value} is not among the allowed values"));
    }
    if let Some(alternatives) = schema.get("oneOf").and_then(Value::as_array) {
        let fits = |alternative: &&Value| {
            let mut inner = Vec::new();
            violations(root, alternative, value, place, &mut inner);
            inner.is_empty()
        };
        if alternatives.iter().filter(fits).count() != 1 {
            found.push(format!("{place}: fits not exactly one alternative"));
        }
    }
    if let (Some(condition), Some(consequence)) = (schema.get("if"), schema.get("then")) {
        let mut unmet = Vec::new();
        violations(root, condition, value, place, &mut unmet);
        if unmet.is_empty() {
            violations(root, consequence, value, place, found);
        }
    }
    if let Some(negated) = schema.get("not") {
        let mut inner = Vec::new();
        violations(root, negated, value, place, &mut inner);
        if inner.is_empty() {
            found.push(format!("{place}: is as it must not be"));
        }
    }
    check_type(schema, value, place, found);
    if let (Some(pattern), Some(text)) = (schema.get("pattern").and_then(Value::as_str), value.as_str())
        && !Regex::new(pattern).expect("the schema's patterns are regular expressions").is_match(text)
    {
        found.push(format!("{place}: does not match `{pattern}`"));
    }
    if let (Some(minimum), Some(number)) = (schema.get("minimum").and_then(Value::as_i64), value.as_i64())
        && number < minimum
    {
        found.push(format!("{place}: is below {minimum}"));
    }
    check_object(root, schema, value, place, found);
    if let (Some(items), Some(elements)) = (schema.get("items"), value.as_array()) {
        for (index, element) in elements.iter().enumerate() {
            violations(root, items, element, &format!("{place}[{index}]"), found);
        }
    }
}

fn check_type(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let actual = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match schema.get("type") {
        None => true,
        Some(Value::Array(types)) => types.iter().any(|name| name == actual),
        Some(name) => name == actual,
    };
    if !fits {
        found.push(format!("{place}: is a {actual}"));
    }
}

fn check_object(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let Some(object) = value.as_object() else {
        return;
    };
    for required in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(required) {
            found.push(format!("{place}: has no `{required}`"));
        }
    }
    for (key, inner) in object {
        let place = format!("{place}.{key}");
        match (schema.pointer(&format!("/properties/{key}")), schema.get("additionalProperties")) {
            (Some(known), _) => violations(root, known, inner, &place, found),
            (None, Some(Value::Bool(false))) => found.push(format!("{place}: is not allowed")),
            (None, Some(other)) => violations(root, other, inner, &place, found),
            (None, None) => {}
        }
    }
}

/// What of a document is not as its schema says.
pub(crate) fn violations_of(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    violations(schema, schema, document, "document", &mut found);
    found
}

fn violations_of_manifest(manifest: &Value) -> anyhow::Result<Vec<String>> {
    Ok(violations_of(&read("docs/manifest.schema.json")?, manifest))
}

#[test]
fn committed_manifest_follows_the_schema() -> anyhow::Result<()> {
    assert_eq!(violations_of_manifest(&read("generated-cc/lre.json")?)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn manifest_that_regen_writes_follows_the_schema() -> anyhow::Result<()> {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let manifest = serde_json::from_str(&scene.read("out/lre.json"))?;
    assert_eq!(violations_of_manifest(&manifest)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn schema_and_helper_refuse_texts_of_another_form() -> anyhow::Result<()> {
    let original = read("generated-cc/lre.json")?;
    for (place, text) in [
        ("/storeRoots/0/path", "/nix/store/short-x"),
        ("/cc/probe/linker/path", "/usr/bin/ld"),
        ("/cc/probe/tools/ar", "bin/ar"),
    ] {
        let mut manifest = original.clone();
        *manifest.pointer_mut(place).ok_or_else(|| anyhow::anyhow!("nothing at `{place}`"))? = text.into();
        assert!(!violations_of_manifest(&manifest)?.is_empty(), "schema at `{place}`");
        assert!(lre::manifest::Manifest::from_json(&manifest.to_string()).is_err(), "helper at `{place}`");
    }
    Ok(())
}

#[test]
fn schema_and_helper_take_paths_outside_the_store_only_where_the_manifest_allows_them() -> anyhow::Result<()> {
    let mut manifest = read("generated-cc/lre.json")?;
    manifest["cc"]["probe"] = read("helper/tests/probes/gcc-14.json")?["probe"].clone();
    for (place, value) in [
        ("/cc/probe/includeSearches/0/directories/0", "/usr/include"),
        ("/cc/probe/resourceDirectory", "/usr/lib/clang"),
        ("/cc/probe/sysroot", "/"),
        ("/cc/probe/linker/path", "/usr/bin/ld.gold"),
        ("/cc/probe/tools/ar", "/usr/bin/ar"),
    ] {
        let mut outside = manifest.clone();
        *outside.pointer_mut(place).ok_or_else(|| anyhow::anyhow!("nothing at `{place}`"))? = value.into();
        for (allowed, expected) in [(Value::Null, false), (false.into(), false), (true.into(), true)] {
            if !allowed.is_null() {
                outside["nonStore"] = allowed.clone();
            }
            assert_eq!(violations_of_manifest(&outside)?.is_empty(), expected, "schema at `{place}`, {allowed}");
            let parsed = lre::manifest::Manifest::from_json(&outside.to_string());
            assert_eq!(parsed.is_ok(), expected, "helper at `{place}`, {allowed}: {:?}", parsed.err());
        }
    }
    Ok(())
}

#[test]
fn schema_describes_every_key_of_a_probed_manifest() -> anyhow::Result<()> {
    let mut manifest = read("generated-cc/lre.json")?;
    manifest["cc"]["probe"] = read("helper/tests/probes/gcc-14.json")?["probe"].clone();
    assert_eq!(violations_of_manifest(&manifest)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn schema_and_helper_agree_on_a_java_manifest() -> anyhow::Result<()> {
    let mut manifest = read("generated-java/lre.json")?;
    manifest["java"]["probe"] = read("helper/tests/probes/java-21.json")?["probe"].clone();
    assert_eq!(violations_of_manifest(&manifest)?, Vec::<String>::new());
    let parsed = lre::manifest::Manifest::from_json(&manifest.to_string())?;
    assert_eq!(serde_json::to_value(&parsed)?, manifest);
    Ok(())
}

#[test]
fn helper_refuses_every_key_that_the_schema_does_not_name() -> anyhow::Result<()> {
    let original = read("generated-cc/lre.json")?;
    for place in ["", "/exec", "/pin/nixpkgs", "/storeRoots/0", "/cc", "/cc/probe", "/cc/probe/linker", "/image"] {
        let mut manifest = original.clone();
        let target = manifest.pointer_mut(place).and_then(Value::as_object_mut);
        target.ok_or_else(|| anyhow::anyhow!("nothing at `{place}`"))?.insert("surprise".to_owned(), Value::Null);
        assert!(!violations_of_manifest(&manifest)?.is_empty(), "schema at `{place}`");
        assert!(lre::manifest::Manifest::from_json(&manifest.to_string()).is_err(), "helper at `{place}`");
    }
    Ok(())
}

#[test]
fn helper_requires_the_keys_that_the_schema_requires() -> anyhow::Result<()> {
    let schema = read("docs/manifest.schema.json")?;
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let original = read("generated-cc/lre.json")?;
    for key in required {
        let mut manifest = original.clone();
        manifest.as_object_mut().and_then(|object| object.remove(key));
        assert!(lre::manifest::Manifest::from_json(&manifest.to_string()).is_err(), "`{key}`");
    }
    Ok(())
}
