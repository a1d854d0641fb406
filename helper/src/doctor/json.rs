//! The checks as JSON. `docs/doctor.md` describes it.

use serde::Serialize;

use super::{Check, Section, Verdict};

#[derive(Serialize)]
struct Report<'a> {
    schema: u64,
    checks: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    section: &'a str,
    name: &'a str,
    status: &'static str,
    message: &'a str,
    fix: Option<&'a str>,
}

/// The checks as one JSON document.
///
/// # Errors
/// None that checks can cause; serde's signature has one.
pub fn render_json(sections: &[Section]) -> Result<String, serde_json::Error> {
    let checks = sections.iter().flat_map(|section| section.checks.iter().map(|check| entry(&section.title, check)));
    Ok(serde_json::to_string_pretty(&Report { schema: 1, checks: checks.collect() })? + "\n")
}

fn entry<'a>(section: &'a str, check: &'a Check) -> Entry<'a> {
    let (status, fix) = match &check.verdict {
        Verdict::Passed => ("passed", None),
        Verdict::Failed { fix, .. } => ("failed", Some(fix.as_str())),
        Verdict::Open => ("open", None),
    };
    Entry { section, name: &check.name, status, message: &check.message, fix }
}
