//! Findings as SARIF 2.1.0, for code-scanning services.

use serde_json::{Value, json};

use super::{Finding, Group, Kind, Place};

/// One run with every rule, and a result for each finding; files are named from where the check runs.
///
/// # Errors
/// None that findings can cause; serde's signature has one.
pub fn render_sarif(groups: &[Group]) -> Result<String, serde_json::Error> {
    let rules: Vec<Value> = Kind::ALL.iter().map(|kind| rule(*kind)).collect();
    let results = groups.iter().flat_map(|group| group.findings.iter().map(|finding| result(group, finding)));
    let results: Vec<Value> = results.collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "lre", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn rule(kind: Kind) -> Value {
    json!({ "id": kind.code(), "shortDescription": { "text": kind.title() } })
}

fn result(group: &Group, finding: &Finding) -> Value {
    let hint = finding.hint.as_ref().unwrap_or(&group.hint);
    let mut result = json!({
        "ruleId": finding.kind.code(),
        "level": "error",
        "message": { "text": format!("{}\n\nhint: {hint}", finding.message) },
        "locations": finding.place.iter().map(location).collect::<Vec<_>>(),
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().map(|other| {
            let mut location = location(&other.place);
            location["message"] = json!({ "text": other.label });
            location
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn location(place: &Place) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": place.file.replace('%', "%25").replace(' ', "%20") } });
    if let Some(span) = place.span {
        physical["region"] =
            json!({ "startLine": span.line, "startColumn": span.column, "endColumn": span.end_column });
    }
    json!({ "physicalLocation": physical })
}
