//! Findings as JSON. `docs/findings.schema.json` describes it.

use serde::Serialize;

use super::{Finding, Group, Kind, Place, Related};

#[derive(Serialize)]
struct Report<'a> {
    schema: u64,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'static str,
    kind: Kind,
    #[serde(flatten)]
    place: Position<'a>,
    root: Option<&'a str>,
    message: &'a str,
    hint: &'a str,
    related: Vec<RelatedEntry<'a>>,
}

#[derive(Serialize)]
struct RelatedEntry<'a> {
    #[serde(flatten)]
    place: Position<'a>,
    label: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Position<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_column: Option<usize>,
}

impl<'a> Position<'a> {
    fn new(place: Option<&'a Place>) -> Self {
        let span = place.and_then(|place| place.span);
        Self {
            file: place.map(|place| place.file.as_str()),
            line: span.map(|span| span.line),
            column: span.map(|span| span.column),
            end_column: span.map(|span| span.end_column),
        }
    }
}

/// The findings as one JSON document.
///
/// # Errors
/// None that findings can cause; serde's signature has one.
pub fn render_json(groups: &[Group]) -> Result<String, serde_json::Error> {
    let findings = groups.iter().flat_map(|group| group.findings.iter().map(|finding| entry(group, finding)));
    Ok(serde_json::to_string_pretty(&Report { schema: 1, findings: findings.collect() })? + "\n")
}

fn entry<'a>(group: &'a Group, finding: &'a Finding) -> Entry<'a> {
    let related = |Related { place, label }: &'a Related| RelatedEntry { place: Position::new(Some(place)), label };
    Entry {
        code: finding.kind.code(),
        kind: finding.kind,
        place: Position::new(finding.place.as_ref()),
        root: finding.root.as_deref(),
        message: &finding.message,
        hint: finding.hint.as_ref().unwrap_or(&group.hint),
        related: finding.related.iter().map(related).collect(),
    }
}
