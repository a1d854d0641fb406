//! A worker's image against the manifest and against what `config/BUILD` asks of workers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::build_file::parse;
use crate::diagnostic::human::Sources;
use crate::diagnostic::{Finding, Group, Kind, Place, Span};
use crate::image::{CONTAINER_IMAGE, compute_image};
use crate::manifest::{FILE_NAME, Manifest, Origin, RecordedRoot};
use crate::shell::quote_path;
use crate::store::StoreRoot;
use crate::store::database::Closure;

const CONFIG: &str = "config/BUILD";

/// What an image holds.
#[derive(Clone, Debug)]
pub struct ImageFacts {
    /// How messages call it.
    pub reference: String,
    /// Its whole names. A tag alone is none.
    pub names: Vec<String>,
    /// `KEY=VALUE` strings.
    pub env: Vec<String>,
    /// The NAR hash of each store root that was looked for and is in it.
    pub roots: BTreeMap<StoreRoot, String>,
}

/// A toolchain's folder and its two files that speak of an image.
struct Subject<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    /// By the names that findings give them.
    sources: &'a Sources,
    image: &'a ImageFacts,
}

/// Compares Env, store roots and name. `closure` is all that the manifest's store roots refer to, where that is known.
#[must_use]
pub fn compare_image(
    folder: &Path,
    manifest: &Manifest,
    sources: &Sources,
    closure: Option<&Closure>,
    image: &ImageFacts,
) -> Vec<Group> {
    let subject = Subject { folder, manifest, sources, image };
    [subject.environment(), subject.roots(closure), subject.name()].into_iter().flatten().collect()
}

impl Subject<'_> {
    fn shown(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }

    fn place(&self, file: &str, text: &str) -> Place {
        let file = self.shown(file);
        let span = self.sources.get(&file).and_then(|source| Span::of(text, source));
        Place { file, span }
    }

    fn hint(&self) -> String {
        let folder = quote_path(self.folder);
        format!("make the image again with `lre image build --manifest {folder} --out oci:image`")
    }

    fn group(&self, kind: Kind, headline: String, messages: Vec<(Place, String, Option<String>)>) -> Option<Group> {
        let findings: Vec<Finding> = messages
            .into_iter()
            .map(|(place, message, root)| Finding { root, ..Finding::new(kind, place, message) })
            .collect();
        (!findings.is_empty()).then(|| Group { headline, findings, hint: self.hint() })
    }

    fn environment(&self) -> Option<Group> {
        let entries = |env: &[String]| -> BTreeMap<String, String> {
            let pairs = env.iter().map(|entry| entry.split_once('=').unwrap_or((entry, "")));
            pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        let (wanted, found) = (entries(&self.manifest.env), entries(&self.image.env));
        let keys: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
        let messages = keys.into_iter().filter(|key| wanted.get(*key) != found.get(*key)).map(|key| {
            let side = |value: Option<&String>| value.map_or("nothing".to_owned(), |value| format!("`{value}`"));
            let place = match wanted.get(key) {
                Some(value) => self.place(FILE_NAME, &format!("\"{key}={value}\"")),
                None => self.place(FILE_NAME, "\"env\""),
            };
            let (ours, theirs) = (side(wanted.get(key)), side(found.get(key)));
            (place, format!("{key} is {theirs} in the image, and {ours} in the manifest"), None)
        });
        let headline =
            format!("the Env of the image `{}` is not that of `{}`", self.image.reference, self.folder.display());
        self.group(Kind::ImageEnvironment, headline, messages.collect())
    }

    fn roots(&self, closure: Option<&Closure>) -> Option<Group> {
        let mut wanted: BTreeMap<&StoreRoot, Option<&str>> = closure
            .into_iter()
            .flatten()
            .map(|(root, registration)| (root, Some(registration.nar_hash.as_str())))
            .collect();
        for RecordedRoot { path, nar_hash } in &self.manifest.store_roots {
            let known = wanted.entry(path).or_default();
            // What is promised to everybody, and not what this machine has.
            *known = nar_hash.as_deref().or(*known);
        }
        let messages: Vec<_> = wanted
            .iter()
            .filter_map(|(root, wanted)| {
                let message = match (self.image.roots.get(root), wanted) {
                    (None, _) => format!("{root} is not in the image"),
                    (Some(found), Some(wanted)) if found != wanted => {
                        format!("{root} has the NAR hash `{found}` in the image, and not `{wanted}`")
                    }
                    _ => return None,
                };
                Some((self.place(FILE_NAME, &format!("\"{root}\"")), message, Some(root.path())))
            })
            .collect();
        let (count, all) = (messages.len(), wanted.len());
        let headline = format!(
            "{count} of {all} store roots of `{}` are not in the image `{}`, or not with their bytes",
            self.folder.display(),
            self.image.reference
        );
        self.group(Kind::ImageStoreRoot, headline, messages)
    }

    fn name(&self) -> Option<Group> {
        let wanted = &self.manifest.image.reference;
        let mut messages = Vec::new();
        if !self.image.names.is_empty() && !self.image.names.iter().any(|name| is_named(name, wanted)) {
            let names = self.image.names.join("`, `");
            let place = self.place(FILE_NAME, &format!("\"{wanted}\""));
            messages.push((place, format!("the image is called `{names}`, and the manifest's is `{wanted}`"), None));
        }
        let computed = self.computed_name();
        if let Some(computed) = computed.as_ref().filter(|computed| *computed != wanted) {
            let place = self.place(FILE_NAME, &format!("\"{wanted}\""));
            messages.push((place, format!("what is in the image makes it `{computed}`, and not `{wanted}`"), None));
        }
        if let Some((place, asked)) = self.asked() {
            let mut known: BTreeSet<&String> = self.image.names.iter().collect();
            known.extend(&computed);
            let name = asked.strip_prefix("docker://").unwrap_or(&asked);
            if !known.is_empty() && !known.iter().any(|known| is_named(known, name)) {
                messages.push((place, format!("`container-image` asks for `{asked}`, which the image is not"), None));
            }
        }
        let headline =
            format!("the image `{}` is not the one that `{}` asks for", self.image.reference, self.folder.display());
        self.group(Kind::ImageName, headline, messages)
    }

    /// The name that the image's own Env and bytes make. A published image has one that nothing makes.
    fn computed_name(&self) -> Option<String> {
        if self.manifest.image.origin == Origin::Published {
            return None;
        }
        let recorded = self.manifest.store_roots.iter().map(|RecordedRoot { path, nar_hash }| {
            let found = self.image.roots.get(path).cloned();
            // Without a promise there is no hash in the name either.
            RecordedRoot { path: path.clone(), nar_hash: nar_hash.as_ref().and(found) }
        });
        let roots: Vec<RecordedRoot> = recorded.collect();
        let Manifest { name, exec, .. } = self.manifest;
        compute_image(name, exec.system, &self.image.env, &roots).ok().map(|image| image.reference)
    }

    /// What `config/BUILD` asks of workers. Whether it is as generated is checked elsewhere.
    fn asked(&self) -> Option<(Place, String)> {
        let file = self.shown(CONFIG);
        let text = self.sources.get(&file)?;
        let literals = parse(&file, text).ok()?.literals;
        let literal = literals.into_iter().find(|literal| literal.key.as_deref() == Some(CONTAINER_IMAGE))?;
        Some((self.place(CONFIG, &literal.source), literal.value))
    }
}

/// Whether a name is that one, in some registry or in none.
#[must_use]
pub fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted || name.strip_suffix(wanted).is_some_and(|registry| registry.ends_with('/'))
}

#[cfg(test)]
mod unit {
    use super::is_named;

    #[test]
    fn images_keep_their_name_in_a_registry() {
        for name in ["lre-cc:a", "registry.example/lre-cc:a", "localhost:5000/team/lre-cc:a"] {
            assert!(is_named(name, "lre-cc:a"), "{name}");
        }
        for name in ["lre-cc:b", "other-lre-cc:a", "lre-cc"] {
            assert!(!is_named(name, "lre-cc:a"), "{name}");
        }
    }
}
