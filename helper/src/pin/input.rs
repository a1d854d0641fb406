//! Flake inputs as they are locked, against those that a manifest was made from.

use super::disagreement::{Disagreement, PinKind, Side};
use super::files::Text;
use super::lock::{FlakeLock, LockedInput};
use super::place::{Edit, Located, Place};
use super::{PinSubject, Pins};
use crate::json::Json;
use crate::manifest::{FlakeInput, Manifest};
use crate::shell::quote_path;

/// Compares every pinned input. A lock that lacks one of them is not what Env was evaluated from: none is compared then.
pub(super) fn compare_inputs(
    subject: &PinSubject<'_>,
    lock: &FlakeLock,
    manifest: &Manifest,
    text: &Text,
    pins: &mut Pins,
) -> Result<(), Box<Disagreement>> {
    let mut inputs = Vec::new();
    for (name, pinned) in &manifest.pin {
        let input = match lock.input(&[name])? {
            None => lock.input(&[subject.input, name])?,
            found => found,
        };
        let Some(input) = input else {
            pins.notes.push(format!(
                "`{}` has no input `{name}`, which `{}` pins: its inputs are not compared with that pin",
                lock.file(),
                text.file
            ));
            return Ok(());
        };
        inputs.push((name.as_str(), pinned, input));
    }
    for (name, pinned, input) in inputs {
        compare_input(subject, text, name, pinned, &input, pins);
    }
    Ok(())
}

fn compare_input(
    subject: &PinSubject<'_>,
    text: &Text,
    name: &str,
    pinned: &FlakeInput,
    input: &LockedInput,
    pins: &mut Pins,
) {
    let fields = [("rev", &input.rev, &pinned.rev), ("narHash", &input.nar_hash, &pinned.nar_hash)];
    if fields.iter().all(|(_, locked, _)| locked.is_none()) {
        pins.notes.push(format!(
            "{}: flake input `{name}` is locked without `rev` and `narHash`: it is not compared with the pin",
            input.place
        ));
        return;
    }
    let differs = |(_, locked, pinned): &&(&str, &Option<Located<String>>, &String)| {
        locked.as_ref().is_some_and(|locked| locked.value != **pinned)
    };
    let Some((field, Some(locked), wanted)) = fields.iter().find(differs) else { return };
    let place = place_in_manifest(text, name, field);
    pins.disagreements.push(Disagreement {
        kind: PinKind::Input,
        subject: format!("flake input `{name}`"),
        ours: Side::new(Some(locked.place.clone()), &locked.value, format!("locked `{field}`")),
        theirs: Side::new(place, *wanted, "the manifest was made from this"),
        hint: hint(subject, pinned, input),
        edits: edits(subject, pinned, input),
    });
}

fn place_in_manifest(text: &Text, name: &str, field: &str) -> Option<Place> {
    let json = Json::parse(&text.text).ok()?;
    let (_, span) = json.at(&["pin", name, field])?.scalar()?;
    Some(text.place(span))
}

fn hint(subject: &PinSubject<'_>, pinned: &FlakeInput, input: &LockedInput) -> String {
    let path = input.path.join("/");
    let lock = match (&input.original_rev, pinned.url.clone().or_else(|| input.reference(&pinned.rev))) {
        (Some(_), _) => {
            format!("set the commit of `{path}` in `flake.nix` to `{}` and run `nix flake lock`", pinned.rev)
        }
        (None, Some(url)) => format!("lock it with `nix flake lock --override-input {path} {url}`"),
        (None, None) => format!("lock `{path}` at `{}`", pinned.rev),
    };
    match subject.toolchain {
        Some((folder, _)) if subject.owns_toolchain() => format!(
            "if the flake is right, write the toolchain again with `lre regen --env-json env.json --out {}`; otherwise {lock}",
            quote_path(folder)
        ),
        _ => lock,
    }
}

/// The literals that make the lock file agree, where they are all that has to change.
fn edits(subject: &PinSubject<'_>, pinned: &FlakeInput, input: &LockedInput) -> Vec<Edit> {
    let fields = (&input.rev, &input.nar_hash, &input.last_modified);
    let (Some(rev), Some(nar_hash), Some(last_modified)) = fields else { return Vec::new() };
    // The URL of an archive names the commit too, and another repository does not have it.
    let is_elsewhere = match (input.reference(&pinned.rev), &pinned.url) {
        (None, _) => true,
        (Some(reference), Some(url)) => !url.eq_ignore_ascii_case(&reference),
        (Some(_), None) => false,
    };
    if is_elsewhere || input.original_rev.is_some() || input.counts_revisions || subject.owns_toolchain() {
        return Vec::new();
    }
    let wanted = [
        ("rev", rev, pinned.rev.clone()),
        ("narHash", nar_hash, pinned.nar_hash.clone()),
        ("lastModified", last_modified, pinned.last_modified.to_string()),
    ];
    let changed = wanted.into_iter().filter(|(_, old, new)| old.value != *new);
    changed.map(|(name, old, new)| Edit::Literal { name: name.to_owned(), old: old.clone(), new }).collect()
}
