//! Findings as SARIF 2.1.0, for code-scanning services.

use std::path::Path;

use serde_json::{Value, json};

use super::{Finding, Group, Kind};

/// One run with every rule, and a result for each finding; files are named from where the check runs.
///
/// # Errors
/// None that findings can cause; serde's signature has one.
pub fn render_sarif(folder: &Path, groups: &[Group]) -> Result<String, serde_json::Error> {
    let rules: Vec<Value> = Kind::ALL.iter().map(|kind| rule(*kind)).collect();
    let results = groups.iter().flat_map(|group| group.findings.iter().map(|finding| result(folder, group, finding)));
    let results: Vec<Value> = results.collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "lre", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn rule(kind: Kind) -> Value {
    json!({ "id": kind.code(), "shortDescription": { "text": kind.title() } })
}

fn result(folder: &Path, group: &Group, finding: &Finding) -> Value {
    let file = folder.join(finding.file.as_deref().unwrap_or("lre.json"));
    let mut place = json!({ "artifactLocation": { "uri": file.display().to_string().replace(' ', "%20") } });
    if let Some(line) = finding.line {
        place["region"] = json!({ "startLine": line, "startColumn": finding.column.unwrap_or(1) });
    }
    let hint = finding.hint.as_ref().unwrap_or(&group.hint);
    json!({
        "ruleId": finding.kind.code(),
        "level": "error",
        "message": { "text": format!("{}\n\nhint: {hint}", finding.message) },
        "locations": [{ "physicalLocation": place }],
    })
}
