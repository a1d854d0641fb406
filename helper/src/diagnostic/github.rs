//! Findings as GitHub's workflow commands: annotations on the lines of a pull request.
//!
//! Format: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::fmt::Write as _;

use super::{Finding, Group};

/// One `::error` line for each finding; files are named from where the check runs.
#[must_use]
pub fn render_github(groups: &[Group]) -> String {
    let mut text = String::new();
    for group in groups {
        for finding in &group.findings {
            let kind = finding.kind;
            let title = property(&format!("{}: {}", kind.code(), kind.title()));
            let hint = finding.hint.as_ref().unwrap_or(&group.hint);
            let message = data(&format!("{}\n\nhint: {hint}", finding.message));
            let _ = writeln!(text, "::error {}title={title}::{message}", place(finding));
        }
    }
    text
}

fn place(finding: &Finding) -> String {
    let Some(place) = &finding.place else { return String::new() };
    let mut text = format!("file={},", property(&place.file));
    if let Some(span) = place.span {
        let _ = write!(text, "line={},col={},endColumn={},", span.line, span.column, span.end_column);
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
