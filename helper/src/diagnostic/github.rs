//! Findings as GitHub's workflow commands: annotations on the lines of a pull request.
//!
//! Format: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::fmt::Write as _;
use std::path::Path;

use super::Group;

/// One `::error` line for each finding; files are named from where the check runs.
#[must_use]
pub fn render_github(folder: &Path, groups: &[Group]) -> String {
    let mut text = String::new();
    for group in groups {
        for finding in &group.findings {
            let file = finding.file.as_deref().unwrap_or("lre.json");
            let mut place = format!("file={}", property(&folder.join(file).display().to_string()));
            for (name, number) in [("line", finding.line), ("col", finding.column)] {
                if let Some(number) = number {
                    let _ = write!(place, ",{name}={number}");
                }
            }
            let kind = finding.kind;
            let title = property(&format!("{}: {}", kind.code(), kind.title()));
            let hint = finding.hint.as_ref().unwrap_or(&group.hint);
            let _ =
                writeln!(text, "::error {place},title={title}::{}%0A%0Ahint: {}", data(&finding.message), data(hint));
        }
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
