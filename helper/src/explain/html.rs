//! A report as one page, which loads nothing and can be read without JavaScript.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::{Action, CommandLines, Hits, PinnedSide, Report, RootCause, side_of_manifest};
use crate::execlog::Pool;
use crate::manifest::Manifest;

/// How many actions of a cause the page names.
pub const NAMED: usize = 200;

/// What the browser is told: nothing but this page's own styles and script.
const LOADS_NOTHING: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The whole page. Everything was read into `pool`.
#[must_use]
pub fn render_html(report: &Report<'_>, pool: &Pool, manifest: Option<&Manifest>) -> String {
    let total = report.total().describe();
    let (counts, share) = total.split_once(" (").unwrap_or((&total, ""));
    let (share, rest) = share.split_once(')').unwrap_or((share, ""));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(LOADS_NOTHING);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Cache hits: " (total) }
                style { (PreEscaped(include_str!("html/page.css"))) }
            }
            body {
                h1 { (share) }
                p { (counts) " actions were cache hits" (rest) }
                h2 { "Hits by mnemonic" }
                (chart(report))
                h2 { "Root causes" }
                @if report.causes.is_empty() {
                    p { "Every action was a hit." }
                } @else {
                    input #search type="search" placeholder="Search" aria-label="Search the root causes" hidden;
                    table #causes {
                        thead { tr { th { "Cause" } th.number { "Actions" } th.number { "Only because of them" } } }
                        tbody {
                            @for (place, root) in report.causes.iter().enumerate() { (row(root, place == 0, pool, manifest)) }
                        }
                    }
                }
                script { (PreEscaped(include_str!("html/page.js"))) }
            }
        }
    };
    page.into_string() + "\n"
}

/// Hits as bars, each as long as the share of the mnemonic's actions.
fn chart(report: &Report<'_>) -> Markup {
    html! {
        table.chart {
            @for (mnemonic, hits) in &report.mnemonics {
                tr {
                    th scope="row" { (mnemonic) }
                    td.bars { div.track { div.bar style={ "width:" (width(*hits)) "%" } {} } }
                    td.count { (hits.describe()) }
                }
            }
        }
    }
}

fn width(hits: Hits) -> String {
    format!("{:.1}", hits.percent())
}

fn row(root: &RootCause<'_>, is_open: bool, pool: &Pool, manifest: Option<&Manifest>) -> Markup {
    let RootCause { cause, actions, count, downstream, commands, notes } = root;
    let side = manifest.and_then(|manifest| side_of_manifest(cause, manifest)).map(PinnedSide::describe);
    let more = count.saturating_sub(NAMED);
    html! {
        tr {
            td {
                details open[is_open] {
                    summary { span.class { (cause.class()) } " " (marked(&cause.describe())) }
                    @for note in notes { p { (marked(note)) } }
                    @if let Some(side) = side { p { (marked(side)) } }
                    p.fix { strong { "Fix: " } (marked(&cause.fix())) }
                    @if let Some(commands) = commands { (command_lines(pool, *commands)) }
                    ul {
                        @for Action { mnemonic, label, output } in actions.iter().take(NAMED) {
                            li { (mnemonic) " " (label) " " code { (output) } }
                        }
                        @if more > 0 { li { "and " (more) " more" } }
                    }
                }
            }
            td.number data-name="Actions" { (count) }
            td.number data-name="Only because of them" { (downstream) }
        }
    }
}

/// Both command lines as one, word by word.
fn command_lines(pool: &Pool, CommandLines { first, second }: CommandLines) -> Markup {
    let (first, second) = (pool.list(first), pool.list(second));
    let changes = capture_diff_slices(Algorithm::Myers, first, second);
    html! {
        p.command {
            @for change in &changes {
                @if change.tag() == DiffTag::Equal {
                    @for word in &first[change.old_range()] { (pool.text(*word)) " " }
                } @else {
                    @for word in &first[change.old_range()] { del { (pool.text(*word)) } " " }
                    @for word in &second[change.new_range()] { ins { (pool.text(*word)) } " " }
                }
            }
        }
    }
}

/// What stands between backticks as code.
fn marked(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}
