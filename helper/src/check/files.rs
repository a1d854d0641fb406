//! The generated files as a whole: there, as recorded, and Starlark.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Subject, build_files, drift, group_with, plural};
use crate::build_file::parse;
use crate::diagnostic::{Finding, Group, Kind, Place, Span};
use crate::manifest::Manifest;
use crate::store::hash::sha256_sri;
use crate::system_error::describe_system_error;

/// Files whose names Bazel prefers to those of generated ones: `BUILD.bazel` beside `BUILD`.
fn replacing_files(folder: &Path, manifest: &Manifest) -> Vec<Finding> {
    let names: BTreeSet<&str> =
        build_files(manifest).into_iter().chain(manifest.files.keys().map(String::as_str)).collect();
    let packages = names.iter().filter(|name| **name == "BUILD" || name.ends_with("/BUILD"));
    packages
        .map(|name| (name, format!("{name}.bazel")))
        .filter(|(_, other)| !names.contains(other.as_str()) && folder.join(other).is_file())
        .map(|(name, other)| {
            let message = format!("{other}  (Bazel reads it instead of {name})");
            Finding::new(Kind::UnlistedFile, Place::file(folder.join(other).display().to_string()), message)
        })
        .collect()
}

/// Findings about files as a whole.
#[derive(Default)]
pub(super) struct Files {
    names: BTreeSet<String>,
    changed: Vec<Finding>,
    unreadable: Vec<Finding>,
    unparsable: Vec<Finding>,
    replacing: Vec<Finding>,
}

impl Files {
    /// Reads every file of the folder, and collects what it says about the store.
    pub(super) fn read(subject: &mut Subject<'_>) -> Self {
        let mut files = Self::default();
        let manifest = subject.manifest;
        let listed = manifest.files.iter().map(|(name, digest)| (name.as_str(), Some(digest.as_str())));
        let unlisted = build_files(manifest)
            .into_iter()
            .filter(|name| !manifest.files.contains_key(*name))
            .map(|name| (name, None));
        for (name, digest) in listed.chain(unlisted) {
            files.check(subject, name, digest);
        }
        files.replacing = replacing_files(subject.folder, manifest);
        files
    }

    /// Whether every generated file was read, so that what none of them names is named nowhere.
    pub(super) fn are_whole(&self) -> bool {
        let is_missing = |finding: &Finding| finding.kind == Kind::MissingFile;
        self.unreadable.is_empty() && self.unparsable.is_empty() && !self.changed.iter().any(is_missing)
    }

    /// Compares a file with its recorded hash.
    fn check(&mut self, subject: &mut Subject<'_>, name: &str, digest: Option<&str>) {
        self.names.insert(name.to_owned());
        let place = Place::file(subject.shown(name));
        let text = match std::fs::read_to_string(subject.folder.join(name)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if digest.is_some() {
                    self.changed.push(Finding::new(Kind::MissingFile, place, format!("{name} is absent")));
                }
                return;
            }
            Err(error) => {
                self.unreadable.push(Finding::new(
                    Kind::UnreadableFile,
                    place,
                    format!("{name}: {}", describe_system_error(&error)),
                ));
                return;
            }
        };
        match parse(name, &text) {
            Ok(parsed) => {
                parsed.literals.iter().for_each(|literal| subject.mentions.add(name, literal));
                match digest {
                    None => {
                        let message = format!("{name} is not listed in `lre.json`");
                        self.changed.push(Finding::new(Kind::UnlistedFile, place, message));
                    }
                    Some(digest) if sha256_sri(&text) != digest => {
                        self.changed.push(drift::finding(subject.manifest, name, &text, digest, place));
                    }
                    Some(_) => {}
                }
            }
            // That it is not as generated either goes without saying.
            Err(error) => {
                let span = Span { line: error.line, column: error.column, end_column: error.column + 1 };
                let place = Place { span: Some(span), ..place };
                self.unparsable.push(Finding::new(Kind::SyntaxError, place, error.to_string()));
            }
        }
        subject.sources.insert(subject.shown(name), text);
    }

    /// Everything found, one group a kind of fault.
    pub(super) fn groups(self, subject: &Subject<'_>) -> [Option<Group>; 4] {
        let (of, name) = (self.names.len(), subject.name());
        let changed = self.changed.len();
        let changed_headline =
            format!("{changed} of {of} generated files in `{name}` {} not as generated", plural(changed, "is", "are"));
        let unreadable_headline = format!("{} of {of} files in `{name}` cannot be read", self.unreadable.len());
        let unparsable_headline = format!("{} of {of} files in `{name}` cannot be parsed", self.unparsable.len());
        let ls = format!("see what is there with `ls -ld {}`", subject.quoted_paths(&self.unreadable));
        let replacing_headline = match self.replacing.len() {
            1 => format!("1 file in `{name}` replaces a generated one"),
            count => format!("{count} files in `{name}` replace generated ones"),
        };
        let it = plural(self.replacing.len(), "it", "them");
        let rm = format!("remove {it} with `rm {}`", subject.quoted_paths(&self.replacing));
        [
            group_with(unreadable_headline, self.unreadable, ls),
            group_with(unparsable_headline, self.unparsable, subject.regen_hint()),
            group_with(changed_headline, self.changed, subject.regen_hint()),
            group_with(replacing_headline, self.replacing, rm),
        ]
    }
}
