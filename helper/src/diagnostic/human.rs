//! Findings as text for a terminal, with the lines that they are about.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group as Report, Level, Renderer, Snippet};

use super::{Finding, Group, Place, Span};
use crate::talk::{CYAN, RED, paint};

/// The text of each file that findings may quote, by the name that they use.
pub type Sources = BTreeMap<String, String>;

/// How many places of a group are quoted. All of them have file, line and column in the list above.
const QUOTED: usize = 3;

/// Longer lines are cut around what is underlined.
const COLUMNS: usize = 120;

/// The groups as text: headline, a line for each finding, the quoted lines, the hint.
#[must_use]
pub fn render_human(groups: &[Group], sources: &Sources, is_coloured: bool) -> String {
    let mut text = String::new();
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let error = paint(&format!("error[{}]", codes(group).join(", ")), RED, is_coloured);
        let _ = writeln!(text, "{error}: {}", group.headline);
        for finding in &group.findings {
            let _ = writeln!(text, "  {}", finding.message.replace('\n', "\n  "));
        }
        text.push_str(&quote(&group.findings, sources, is_coloured));
        let _ = writeln!(text, "\n{}: {}", paint("hint", CYAN, is_coloured), group.hint);
    }
    text
}

/// An error that is no finding, with the hint after its blank line.
#[must_use]
pub fn render_error(message: &str, is_coloured: bool) -> String {
    let message = message.replace("\n\nhint: ", &format!("\n\n{}: ", paint("hint", CYAN, is_coloured)));
    format!("{}: {message}\n", paint("error", RED, is_coloured))
}

/// The codes of a group's findings, each once, sorted.
fn codes(group: &Group) -> Vec<&'static str> {
    let mut codes: Vec<&str> = group.findings.iter().map(|finding| finding.kind.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// An underlined part of a file.
struct Mark<'a> {
    bytes: Range<usize>,
    kind: AnnotationKind,
    label: &'a str,
}

/// The lines of the first findings, file by file.
fn quote(findings: &[Finding], sources: &Sources, is_coloured: bool) -> String {
    let mut files: Vec<(&str, Vec<Mark<'_>>)> = Vec::new();
    let mut add = |place: &'_ Place, kind, label| {
        let Some((file, source)) = sources.get_key_value(&place.file) else { return };
        let Some(bytes) = place.span.and_then(|span| byte_range(source, span)) else { return };
        let mark = Mark { bytes, kind, label };
        match files.iter_mut().find(|(known, _)| known == file) {
            Some((_, marks)) if marks.iter().any(|known| known.bytes == mark.bytes) => {}
            Some((_, marks)) => marks.push(mark),
            None => files.push((file, vec![mark])),
        }
    };
    for finding in findings.iter().filter(|finding| finding.place.is_some()).take(QUOTED) {
        let label = if finding.label.is_empty() { finding.kind.label() } else { &finding.label };
        finding.place.iter().for_each(|place| add(place, AnnotationKind::Primary, label));
        finding.related.iter().for_each(|other| add(&other.place, AnnotationKind::Context, &other.label));
    }
    if files.is_empty() {
        return String::new();
    }
    let snippets = files.into_iter().map(|(file, marks)| {
        let annotations = marks.into_iter().map(|mark| mark.kind.span(mark.bytes).label(mark.label));
        Snippet::source(sources[file].as_str()).path(file).annotations(annotations)
    });
    let report = Report::with_level(Level::ERROR).elements(snippets);
    let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.term_width(COLUMNS).render(&[report]);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// The bytes of a span, if the text has that line and column.
fn byte_range(text: &str, span: Span) -> Option<Range<usize>> {
    let lines = text.split_inclusive('\n');
    let start: usize = lines.clone().take(span.line.checked_sub(1)?).map(str::len).sum();
    let line = lines.clone().nth(span.line - 1)?.trim_end_matches(['\n', '\r']);
    let offset = |column: usize| {
        let ends = line.char_indices().map(|(offset, _)| offset).chain([line.len()]);
        ends.clone().nth(column.saturating_sub(1)).unwrap_or(line.len())
    };
    let range = offset(span.column)..offset(span.end_column.max(span.column + 1));
    Some(start + range.start..start + range.end.max(range.start))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn bytes_of_a_span_are_those_of_its_characters() {
        let text = "a\r\né \"x\"\n";
        let bytes = |line, column, end_column| byte_range(text, Span { line, column, end_column });
        assert_eq!(bytes(2, 4, 5).map(|range| &text[range]), Some("x"));
        assert_eq!(bytes(1, 1, 9).map(|range| &text[range]), Some("a"));
        assert_eq!(bytes(3, 1, 2), None);
        assert_eq!(bytes(0, 1, 2), None);
    }
}
