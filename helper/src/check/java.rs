//! What a JDK says of itself, against what the manifest recorded.

use super::{Subject, group_with};
use crate::diagnostic::{Finding, Group, Kind, Place};
use crate::java::probe::{RELEASE, read_release, release_entry};
use crate::store::Store;
use crate::system_error::describe_system_error;

/// A JDK of another version than the manifest's. Published manifests have no NAR hash that would tell.
pub(super) fn other_java(subject: &Subject<'_>, store: &Store) -> Option<Group> {
    let probe = &subject.manifest.java.as_ref()?.probe;
    let home = probe.java_home.in_store()?;
    if !store.has_root(home.root()) {
        return None;
    }
    let said = match read_release(store, &probe.java_home) {
        Ok(text) => match release_entry(&text, "JAVA_VERSION") {
            Some(version) if version == probe.version => return None,
            Some(version) => format!("says `{version}`"),
            None => "names no `JAVA_VERSION`".to_owned(),
        },
        Err(error) => format!("cannot be read: {}", describe_system_error(&error)),
    };
    let mention = subject.mentions.of_root(home.root()).find(|mention| mention.purpose == "java_home");
    let place = match mention {
        Some(mention) => Place { file: subject.shown(&mention.spot.file), span: Some(mention.spot.span) },
        None => subject.place_in_manifest(&format!("\"{}\"", probe.version)),
    };
    let message = format!("{home}/{RELEASE} {said}, and `lre.json` has `{}`", probe.version);
    let finding = Finding { root: Some(home.root().path()), ..Finding::new(Kind::JavaVersionMismatch, place, message) };
    let repair = store.command("--repair-path", [home.root().path()]);
    let hint = format!("repair the store with {repair}, or {}", subject.probe_hint());
    group_with(format!("the JDK of `{}` is not the one in its `lre.json`", subject.name()), vec![finding], hint)
}
