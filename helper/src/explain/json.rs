//! A report as JSON.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Action, Build, Cause, Hits, PinnedSide, Report, RootCause, Sides, Unselected, side_of_manifest};
use crate::manifest::Manifest;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: u32,
    hits: usize,
    actions: usize,
    not_cacheable: usize,
    mnemonics: Map<String, Value>,
    root_causes: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<String>,
    why: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    fix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<&'static str>,
    actions: &'a [Action<'a>],
    downstream: usize,
}

/// The whole report, with every action.
///
/// # Errors
/// None that a report can cause; serde's signature has one.
pub fn render_json(report: &Report<'_>, manifest: Option<&Manifest>) -> Result<String, serde_json::Error> {
    let counts = |hits: &Hits| serde_json::json!({"hits": hits.hits, "actions": hits.actions, "notCacheable": hits.not_cacheable});
    let Hits { hits, actions, not_cacheable } = report.total();
    let document = Document {
        schema: 1,
        hits,
        actions,
        not_cacheable,
        mnemonics: report.mnemonics.iter().map(|(name, hits)| (name.clone(), counts(hits))).collect(),
        root_causes: report.causes.iter().map(|root| entry(root, manifest)).collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn entry<'a>(root: &'a RootCause<'_>, manifest: Option<&Manifest>) -> Entry<'a> {
    let RootCause { cause, actions, downstream, notes, .. } = root;
    let (name, values) = match cause {
        Cause::Unselected(Unselected { build, property, value, .. }) => {
            let (first, second) = match build {
                Build::First => (None, Some(value.clone())),
                Build::Second => (Some(value.clone()), None),
            };
            (Some((*property).to_owned()), Some(Sides { first, second }))
        }
        Cause::StoreDrift(roots) => {
            let text = |root: &crate::store::StoreRoot| root.path();
            (None, Some(Sides { first: roots.first.as_ref().map(text), second: roots.second.as_ref().map(text) }))
        }
        Cause::DigestFunction(values) | Cause::Configuration(values) | Cause::Argument(values) => {
            (None, Some(values.clone()))
        }
        Cause::Program { name, values } | Cause::Variable { name, values } | Cause::Property { name, values } => {
            (Some(name.clone()), Some(values.clone()))
        }
        Cause::Input { path, values, .. } => (Some(path.clone()), Some(values.clone())),
        _ => (None, None),
    };
    let Sides { first, second } = values.unwrap_or(Sides { first: None, second: None });
    let outputs = if let Cause::NotDeterministic { outputs } = cause { outputs.clone() } else { Vec::new() };
    let pinned = manifest.and_then(|manifest| side_of_manifest(cause, manifest)).map(|side| match side {
        PinnedSide::FirstLeft => "second",
        PinnedSide::SecondLeft => "first",
        PinnedSide::BothLeft => "neither",
    });
    Entry {
        class: cause.class(),
        name,
        first,
        second,
        outputs,
        why: cause.describe(),
        notes: notes.clone(),
        fix: cause.fix(),
        pinned,
        actions,
        downstream: *downstream,
    }
}
