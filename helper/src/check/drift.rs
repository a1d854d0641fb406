//! Where a generated file differs from what its manifest describes.

use std::collections::BTreeMap;

use crate::diagnostic::{Finding, Kind, Place, Span};
use crate::manifest::Manifest;
use crate::store::hash::sha256_sri;
use crate::toolchain::Source;

/// A finding at the first line that differs. Only the hash is known of a file that another version of `lre` wrote: the
/// finding is about the file as a whole then.
pub(super) fn finding(manifest: &Manifest, name: &str, text: &str, digest: &str, place: Place) -> Finding {
    let message = format!("{name} differs from the sha256 in `lre.json`");
    let whole = Finding::new(Kind::ChangedFile, place, message);
    let Some(generated) = render_again(manifest, name).filter(|generated| sha256_sri(generated) == digest) else {
        return whole;
    };
    let Some((line, actual, wanted)) = first_difference(text, &generated) else {
        return whole;
    };
    let indent = actual.chars().take_while(|c| c.is_whitespace()).count();
    let end = actual.trim_end_matches('\r').chars().count();
    let span = Span { line, column: indent + 1, end_column: end.max(indent + 1) + 1 };
    let label = match wanted.map(str::trim) {
        None => "not generated".to_owned(),
        Some("") => "generated as an empty line".to_owned(),
        Some(wanted) => format!("generated as `{wanted}`"),
    };
    Finding {
        message: format!("{}  (first at line {line})", whole.message),
        place: whole.place.map(|place| Place { span: Some(span), ..place }),
        label,
        ..whole
    }
}

fn render_again(manifest: &Manifest, name: &str) -> Option<String> {
    render_all(manifest)?.remove(name)
}

/// The files of the folder as this version of `lre` writes them from the manifest.
pub(super) fn render_all(manifest: &Manifest) -> Option<BTreeMap<String, String>> {
    let recorded = |root: &_| manifest.store_roots.iter().find(|known| known.path == *root)?.nar_hash.clone();
    Source::from_manifest(manifest).ok()?.generate(recorded).ok()
}

/// The number of the first line that differs, from 1, that line, and what stands there in `wanted`.
fn first_difference<'a>(actual: &'a str, wanted: &'a str) -> Option<(usize, &'a str, Option<&'a str>)> {
    let mut wanted_lines = wanted.split('\n');
    let mut last = (0, "");
    for (index, line) in actual.split('\n').enumerate() {
        let expected = wanted_lines.next();
        if expected != Some(line) {
            return Some((index + 1, line, expected));
        }
        last = (index + 1, line);
    }
    // The file ends too early: its last line is the nearest place.
    wanted_lines.next().map(|missing| (last.0, last.1, Some(missing)))
}

#[cfg(test)]
mod unit {
    use super::first_difference;

    #[test]
    fn first_difference_is_found_wherever_one_text_ends() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nc\n", "a\nb\n"), Some((2, "c", Some("b"))));
        assert_eq!(first_difference("a\nb\nc", "a\nb\n"), Some((3, "c", Some(""))));
        assert_eq!(first_difference("a\nb\nc", "a\nb"), Some((3, "c", None)));
        assert_eq!(first_difference("a", "a\nb\n"), Some((1, "a", Some("b"))));
        assert_eq!(first_difference("a\r\n", "a\n"), Some((1, "a\r", Some("a"))));
    }
}
