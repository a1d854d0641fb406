//! What `config/BUILD` asks of a worker, against the manifest's image.

use std::collections::BTreeMap;
use std::path::Path;

use super::disagreement::{Disagreement, PinKind, Side};
use super::files::{Files, Text, below};
use super::place::{Edit, Place};
use super::{PinSubject, Pins};
use crate::build_file::{Literal, parse};
use crate::json::Json;
use crate::manifest::{FILE_NAME, Manifest};
use crate::shell::quote_path;

const CONFIG: &str = "config/BUILD";

/// Compares each execution property.
pub(super) fn compare_image(
    subject: &PinSubject<'_>,
    folder: &Path,
    manifest: &Manifest,
    files: &mut Files<'_>,
    pins: &mut Pins,
) -> Result<(), Box<Disagreement>> {
    let Some(text) = files.read_outside(&folder.join(CONFIG))? else { return Ok(()) };
    let literals = match parse(&text.file, &text.text) {
        Ok(parsed) => parsed.literals,
        Err(error) => {
            pins.notes.push(format!("{error}: its properties are not compared with the manifest's image"));
            return Ok(());
        }
    };
    let properties = literals.iter().filter(|literal| literal.attribute.as_deref() == Some("exec_properties"));
    let found: BTreeMap<&str, &Literal> =
        properties.filter_map(|literal| Some((literal.key.as_deref()?, literal))).collect();
    let wanted = &manifest.image.exec_properties;
    let manifest_text = files.read_outside(&folder.join(FILE_NAME))?;
    let is_editable = below(subject.workspace, folder).is_some();
    let names: std::collections::BTreeSet<&str> =
        found.keys().copied().chain(wanted.keys().map(String::as_str)).collect();
    for name in names {
        let (literal, value) = (found.get(name), wanted.get(name));
        if literal.map(|literal| &literal.value) == value {
            continue;
        }
        let place = literal.map_or_else(|| Place::start(&text.file), |literal| place_of(&text, literal));
        let edit = match (literal, value) {
            (Some(literal), Some(new)) if is_editable => edit(&text, name, literal, new),
            _ => None,
        };
        let side = |value: Option<&String>, present: &str| match value {
            Some(value) => (value.clone(), present.to_owned()),
            None => (String::new(), "absent".to_owned()),
        };
        let (ours, our_label) = side(literal.map(|literal| &literal.value), "asked of the worker");
        let (theirs, their_label) = side(value, "the manifest's image");
        pins.disagreements.push(Disagreement {
            kind: PinKind::Image,
            subject: format!("execution property `{name}`"),
            ours: Side::new(Some(place), ours, our_label),
            theirs: Side::new(manifest_text.as_ref().and_then(|text| in_manifest(text, name)), theirs, their_label),
            hint: format!("write the file again with `lre regen --out {}`", quote_path(folder)),
            edits: edit.into_iter().collect(),
        });
    }
    Ok(())
}

/// The bytes of a literal with its quotes.
fn place_of(text: &Text, literal: &Literal) -> Place {
    let line: usize = text.text.split_inclusive('\n').take(literal.line - 1).map(str::len).sum();
    let column: usize = text.text[line..].chars().take(literal.column - 1).map(char::len_utf8).sum();
    text.place(line + column..line + column + literal.source.len())
}

fn edit(text: &Text, name: &str, literal: &Literal, new: &str) -> Option<Edit> {
    let place = place_of(text, literal);
    let inner = place.span.start + 1..place.span.end - 1;
    // Only what spells itself can be replaced as it is.
    let is_plain = text.text.get(inner.clone()) == Some(literal.value.as_str()) && !new.contains(['"', '\\', '\n']);
    is_plain.then(|| Edit::Literal { name: name.to_owned(), old: text.located(inner), new: new.to_owned() })
}

fn in_manifest(text: &Text, name: &str) -> Option<Place> {
    let json = Json::parse(&text.text).ok()?;
    let (_, span) = json.at(&["image", "execProperties", name])?.scalar()?;
    Some(text.place(span))
}
