//! Compares a toolchain's folder with its manifest and with the store of this machine. Reads only.

use std::collections::BTreeSet;
use std::path::Path;

use crate::build_file::parse;
use crate::diagnostic::{Finding, Group, Kind};
use crate::manifest::Manifest;
use crate::shell::{quote_path, quote_words};
use crate::store::Store;
use crate::store::hash::sha256_sri;

mod mention;
mod registration;
mod root;
mod tool;

use mention::Mentions;
use registration::Registrations;
use root::{missing_roots, unknown_roots};
use tool::broken_tools;

/// The files that Bazel loads from a toolchain's folder, whatever the manifest lists.
const BUILD_FILES: [&str; 3] = ["BUILD.bazel", "cc/BUILD", "config/BUILD"];

/// What is checked, and how messages name it.
struct Subject<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    mentions: Mentions,
}

impl Subject<'_> {
    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// The files that findings are about, for a command line.
    fn quoted_paths(&self, findings: &[Finding]) -> String {
        let names = findings.iter().filter_map(|finding| finding.file.as_ref());
        names.map(|name| quote_path(&self.folder.join(name))).collect::<Vec<_>>().join(" ")
    }

    /// A command that writes the BUILD files again from the manifest.
    fn regen_hint(&self) -> String {
        format!("write the files again with `lre regen --out {}`", quote_path(self.folder))
    }

    /// A command that writes the manifest again with NAR hashes.
    fn record_hint(&self, store: &Store) -> String {
        let name = if self.manifest.name == "cc" { String::new() } else { format!(" --name {}", self.manifest.name) };
        format!(
            "where Nix's database has them, record them with `lre regen{} --env-json env.json --out {}{name}`",
            store.option(),
            quote_path(self.folder)
        )
    }
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// All findings, grouped by kind.
    pub groups: Vec<Group>,
    /// What was not compared, and why. None of it is a fault of the toolchain.
    pub notes: Vec<String>,
}

/// Is told how many bytes of store roots are hashed, and how many there are as far as known, from any thread.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// All findings at once, grouped by kind. Without a store, nothing is looked for there. A file that cannot be read or
/// parsed is a finding too; its kind says that the check is incomplete.
///
/// With `contents`, the bytes of all store roots and of what they refer to are hashed too.
#[must_use]
pub fn check_toolchain(
    folder: &Path,
    manifest: &Manifest,
    store: Option<&Store>,
    contents: Option<Progress<'_>>,
) -> Checked {
    let mut subject = Subject { folder, manifest, mentions: Mentions::default() };
    let mut files = Files::default();
    let listed = manifest.files.iter().map(|(name, digest)| (name.as_str(), Some(digest.as_str())));
    let unlisted = BUILD_FILES.iter().filter(|name| !manifest.files.contains_key(**name)).map(|name| (*name, None));
    for (name, digest) in listed.chain(unlisted) {
        files.check(&mut subject, name, digest);
    }
    files.replacing = replacing_files(folder, manifest);
    let mut notes = Vec::new();
    let mut groups = Vec::new();
    if let Some(store) = store {
        let registrations = Registrations::query(manifest, store);
        groups.push(missing_roots(&subject, store, &registrations));
        groups.extend(registrations.groups(&subject, store));
        if let Some(progress) = contents {
            groups.extend(registrations.contents(&subject, store, progress, &mut notes));
        }
        groups.push(broken_tools(&subject, store));
    }
    groups.extend([
        unknown_roots(&subject),
        malformed_paths(&mut subject),
        files.unreadable(&subject),
        files.unparsable(&subject),
        files.changed(&subject),
        files.replacing(&subject),
    ]);
    Checked { groups: groups.into_iter().flatten().collect(), notes }
}

/// Files whose names Bazel prefers to those of generated ones: `BUILD.bazel` beside `BUILD`.
fn replacing_files(folder: &Path, manifest: &Manifest) -> Vec<Finding> {
    let names: BTreeSet<&str> = BUILD_FILES.into_iter().chain(manifest.files.keys().map(String::as_str)).collect();
    let packages = names.iter().filter(|name| **name == "BUILD" || name.ends_with("/BUILD"));
    packages
        .map(|name| (name, format!("{name}.bazel")))
        .filter(|(_, other)| !names.contains(other.as_str()) && folder.join(other).is_file())
        .map(|(name, other)| Finding {
            message: format!("{other}  (Bazel reads it instead of {name})"),
            ..Finding::of_file(Kind::UnlistedFile, &other)
        })
        .collect()
}

/// Findings about files as a whole.
#[derive(Default)]
struct Files {
    names: BTreeSet<String>,
    changed: Vec<Finding>,
    unreadable: Vec<Finding>,
    unparsable: Vec<Finding>,
    replacing: Vec<Finding>,
}

impl Files {
    /// Compares a file with its recorded hash, and collects what it says about the store.
    fn check(&mut self, subject: &mut Subject<'_>, name: &str, digest: Option<&str>) {
        self.names.insert(name.to_owned());
        let text = match std::fs::read_to_string(subject.folder.join(name)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if digest.is_some() {
                    self.add_changed(Kind::MissingFile, name, "is absent");
                }
                return;
            }
            Err(error) => {
                let message = format!("{name}: {error}");
                self.unreadable.push(Finding { message, ..Finding::of_file(Kind::UnreadableFile, name) });
                return;
            }
        };
        match digest {
            None => self.add_changed(Kind::UnlistedFile, name, "is not listed in `lre.json`"),
            Some(digest) if sha256_sri(&text) != digest => {
                self.add_changed(Kind::ChangedFile, name, "differs from the sha256 in `lre.json`");
            }
            Some(_) => {}
        }
        match parse(name, &text) {
            Ok(parsed) => parsed.literals.iter().for_each(|literal| subject.mentions.add(name, literal)),
            Err(error) => self.unparsable.push(Finding {
                line: Some(error.line),
                column: Some(error.column),
                message: error.to_string(),
                ..Finding::of_file(Kind::SyntaxError, name)
            }),
        }
    }

    fn add_changed(&mut self, kind: Kind, name: &str, what: &str) {
        self.changed.push(Finding { message: format!("{name} {what}"), ..Finding::of_file(kind, name) });
    }

    fn unreadable(&mut self, subject: &Subject<'_>) -> Option<Group> {
        let findings = std::mem::take(&mut self.unreadable);
        let headline =
            format!("{} of {} files in `{}` cannot be read", findings.len(), self.names.len(), subject.name());
        let hint = format!("see what is there with `ls -ld {}`", subject.quoted_paths(&findings));
        group_with(headline, findings, hint)
    }

    fn unparsable(&mut self, subject: &Subject<'_>) -> Option<Group> {
        let findings = std::mem::take(&mut self.unparsable);
        let headline =
            format!("{} of {} files in `{}` cannot be parsed", findings.len(), self.names.len(), subject.name());
        group_with(headline, findings, subject.regen_hint())
    }

    fn changed(&mut self, subject: &Subject<'_>) -> Option<Group> {
        let findings = std::mem::take(&mut self.changed);
        let (count, are) = (findings.len(), plural(findings.len(), "is", "are"));
        let of = self.names.len();
        let headline = format!("{count} of {of} generated files in `{}` {are} not as generated", subject.name());
        group_with(headline, findings, subject.regen_hint())
    }

    fn replacing(&mut self, subject: &Subject<'_>) -> Option<Group> {
        let findings = std::mem::take(&mut self.replacing);
        let (count, name) = (findings.len(), subject.name());
        let headline = match count {
            1 => format!("1 file in `{name}` replaces a generated one"),
            _ => format!("{count} files in `{name}` replace generated ones"),
        };
        let hint = format!("remove {} with `rm {}`", plural(count, "it", "them"), subject.quoted_paths(&findings));
        group_with(headline, findings, hint)
    }
}

fn malformed_paths(subject: &mut Subject<'_>) -> Option<Group> {
    let findings = std::mem::take(&mut subject.mentions.malformed);
    let (count, paths) = (findings.len(), plural(findings.len(), "store path", "store paths"));
    group_with(format!("{count} malformed {paths} in `{}`", subject.name()), findings, subject.regen_hint())
}

/// A group with a hint that mends all of its findings, and each of those that has no hint of its own.
fn group_with(headline: String, mut findings: Vec<Finding>, hint: String) -> Option<Group> {
    for finding in &mut findings {
        finding.hint.get_or_insert_with(|| hint.clone());
    }
    (!findings.is_empty()).then_some(Group { headline, findings, hint })
}

/// `nix-store … ROOT…`, in the store that is checked.
fn nix_store_command<S: AsRef<str>>(store: &Store, verb: &str, roots: impl IntoIterator<Item = S>) -> String {
    format!("`nix-store{} {verb} {}`", store.option(), quote_words(roots))
}

fn plural<T>(count: usize, one: T, many: T) -> T {
    if count == 1 { one } else { many }
}
