//! A report as text: for each root cause one line why, whom it hits, and the fix; then hits by mnemonic.

use super::{Action, PinnedSide, Report, RootCause, side_of_manifest};
use crate::manifest::Manifest;

/// How many actions of a cause are named.
pub const NAMED: usize = 3;

/// The whole report.
#[must_use]
pub fn render_human(report: &Report<'_>, manifest: Option<&Manifest>) -> String {
    let mut text = String::new();
    for root in &report.causes {
        let RootCause { cause, actions, count, downstream, notes, .. } = root;
        line(&mut text, format_args!("{}", cause.describe()));
        for Action { mnemonic, label, output } in actions.iter().take(NAMED) {
            line(&mut text, format_args!("  {mnemonic} {label}  ({output})"));
        }
        let more = count.saturating_sub(NAMED);
        if more > 0 {
            line(&mut text, format_args!("  and {more} more"));
        }
        if *downstream > 0 {
            line(&mut text, format_args!("  {downstream} more {} only because of it", miss(*downstream)));
        }
        for note in notes {
            line(&mut text, format_args!("  {note}"));
        }
        if let Some(side) = manifest.and_then(|manifest| side_of_manifest(cause, manifest)).map(PinnedSide::describe) {
            line(&mut text, format_args!("  {side}"));
        }
        line(&mut text, format_args!("  fix: {}", cause.fix()));
        text.push('\n');
    }
    let total = report.total();
    line(&mut text, format_args!("hits: {}", total.describe()));
    let width = report.mnemonics.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    for (mnemonic, hits) in &report.mnemonics {
        line(&mut text, format_args!("  {mnemonic:width$}  {}", hits.describe()));
    }
    text
}

fn miss(count: usize) -> &'static str {
    if count == 1 { "action misses" } else { "actions miss" }
}

/// Adds a line. What a log says can neither start another one nor command the terminal.
fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    for c in line.to_string().chars() {
        if c.is_control() {
            text.extend(c.escape_debug());
        } else {
            text.push(c);
        }
    }
    text.push('\n');
}
