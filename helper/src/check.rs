//! Compares a toolchain's folder with its manifest and with the store of this machine. Reads only.

use std::path::Path;

use crate::diagnostic::human::Sources;
use crate::diagnostic::{Finding, Group, Kind, Place, Span};
use crate::manifest::{FILE_NAME, Manifest};
use crate::shell::quote_path;
use crate::store::{Store, StoreRoot};
use crate::toolchain_kind::ToolchainKind;

pub mod compiler;
mod drift;
mod files;
pub mod image;
mod java;
mod mention;
pub mod pin;
mod program;
mod registration;
mod root;
mod root_index;
pub mod selection;
mod stray;
mod tool;

use files::Files;
use java::other_java;
use mention::Mentions;
use registration::Registrations;
use root::{missing_roots, unknown_roots, unused_roots};
use root_index::RootIndex;
use stray::{malformed_paths, outside_paths, outside_warning, placeholder_tools};
use tool::broken_tools;

/// The files that Bazel loads from a toolchain's folder, whatever the manifest lists.
fn build_files(manifest: &Manifest) -> [&'static str; 3] {
    let toolchain = match manifest.kind() {
        ToolchainKind::Cc => "cc/BUILD",
        ToolchainKind::Java => "java/BUILD",
    };
    ["BUILD.bazel", toolchain, "config/BUILD"]
}

/// What is checked, and how messages name it.
struct Subject<'a> {
    folder: &'a Path,
    manifest: &'a Manifest,
    mentions: Mentions,
    sources: Sources,
    roots: RootIndex,
}

impl Subject<'_> {
    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    /// A file of the folder, named from where the check runs.
    fn shown(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }

    /// Where the manifest first says something.
    fn place_in_manifest(&self, text: &str) -> Place {
        let file = self.shown(FILE_NAME);
        let span = self.sources.get(&file).and_then(|source| Span::of(text, source));
        Place { file, span }
    }

    /// Where the manifest first names a store root.
    fn place_of_root(&self, root: &StoreRoot) -> Place {
        let file = self.shown(FILE_NAME);
        let span = self.sources.get(&file).and_then(|source| self.roots.first(root, source));
        Place { file, span }
    }

    /// Where the manifest lists a store root.
    fn place_of_listed(&self, root: &StoreRoot) -> Place {
        let file = self.shown(FILE_NAME);
        let span = self.sources.get(&file).and_then(|source| self.roots.quoted(root, source));
        Place { file, span }
    }

    /// The files that findings are about, for a command line.
    fn quoted_paths(&self, findings: &[Finding]) -> String {
        let places = findings.iter().filter_map(|finding| finding.place.as_ref());
        places.map(|place| quote_path(Path::new(&place.file))).collect::<Vec<_>>().join(" ")
    }

    /// A command that writes the BUILD files again from the manifest.
    fn regen_hint(&self) -> String {
        format!("write the files again with `lre regen --out {}`", quote_path(self.folder))
    }

    /// Commands that show what was edited, and undo it.
    fn edited_hint(&self) -> String {
        let folder = quote_path(self.folder);
        format!(
            "the manifest names no such path, so the file was edited: see where with `lre regen --mode=check --out {folder}`, and \
             write it again with `lre regen --out {folder}`"
        )
    }

    /// A command that asks the toolchain again.
    fn probe_hint(&self) -> String {
        let name = self.manifest.kind().options(&self.manifest.name);
        format!(
            "write the folder again from the toolchain's Env with `lre regen --env-json env.json --out {}{name}`",
            quote_path(self.folder)
        )
    }

    /// A command that writes the manifest again with NAR hashes.
    fn record_hint(&self, store: &Store) -> String {
        let name = self.manifest.kind().options(&self.manifest.name);
        format!(
            "where Nix's database has them, record them with `lre regen{} --env-json env.json --out {}{name}`",
            store.option(),
            quote_path(self.folder)
        )
    }
}

/// A toolchain's folder, read as far as its manifest.
#[derive(Clone, Copy, Debug)]
pub struct Toolchain<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// The manifest's text.
    pub text: &'a str,
}

/// The store of a machine.
#[derive(Clone, Copy)]
pub struct Machine<'a> {
    /// Its store.
    pub store: &'a Store,
    /// Its Nix system, such as `x86_64-linux`.
    pub system: &'a str,
    /// Whether the bytes of all store roots and of what they refer to are hashed too.
    pub contents: Option<Progress<'a>>,
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// All findings, grouped by kind.
    pub groups: Vec<Group>,
    /// The texts that findings quote.
    pub sources: Sources,
    /// What cannot be checked of a toolchain outside the store, with a hint.
    pub warning: Option<String>,
    /// What was not compared, and why. None of it is a fault of the toolchain.
    pub notes: Vec<String>,
}

/// Is told how many bytes of store roots are hashed, and how many there are as far as known, from any thread.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// All findings at once, grouped by kind. Without a machine, no store is looked at. A file that cannot be read or parsed
/// is a finding too; its kind says that the check is incomplete.
#[must_use]
pub fn check_toolchain(toolchain: Toolchain<'_>, machine: Option<Machine<'_>>) -> Checked {
    let Toolchain { folder, manifest, text } = toolchain;
    let sources = Sources::from([(folder.join(FILE_NAME).display().to_string(), text.to_owned())]);
    let mut subject = Subject { folder, manifest, mentions: Mentions::default(), sources, roots: RootIndex::default() };
    let files = Files::read(&mut subject);
    let mut notes = Vec::new();
    let mut groups = Vec::new();
    match machine {
        // That none of it is here says nothing about what should be here.
        Some(machine) if machine.system != manifest.exec.system.as_str() => {
            groups.push(Some(wrong_system(&subject, machine)))
        }
        Some(Machine { store, contents, .. }) => {
            let registrations = Registrations::query(manifest, store);
            groups.push(missing_roots(&subject, store, &registrations));
            groups.extend(registrations.groups(&subject, store));
            if let Some(progress) = contents {
                groups.extend(registrations.contents(&subject, store, progress, &mut notes));
            }
            groups.push(broken_tools(&subject, store));
            groups.push(other_java(&subject, store));
        }
        None => {}
    }
    groups.push(unknown_roots(&subject));
    if files.are_whole() {
        groups.push(unused_roots(&subject));
    }
    groups.push(malformed_paths(&subject));
    let warning = if manifest.non_store { outside_warning(&subject) } else { None };
    if !manifest.non_store {
        groups.push(outside_paths(&subject));
    }
    groups.push(placeholder_tools(&subject));
    groups.extend(files.groups(&subject));
    Checked { groups: groups.into_iter().flatten().collect(), sources: subject.sources, warning, notes }
}

fn wrong_system(subject: &Subject<'_>, machine: Machine<'_>) -> Group {
    let Manifest { name, exec, .. } = subject.manifest;
    let place = subject.place_in_manifest(&format!("\"{}\"", exec.system));
    let headline = format!("toolchain `{name}` runs on `{}`, and this machine is `{}`", exec.system, machine.system);
    let hint = "build remotely only, with `--repo_env=LRE_LOCAL=off` or `on_missing = \"remote_only\"`".to_owned();
    let message = format!("`exec` in `{FILE_NAME}` says `{}`", exec.system);
    let finding = Finding { hint: Some(hint.clone()), ..Finding::new(Kind::WrongSystem, place, message) };
    Group { headline, findings: vec![finding], hint }
}

/// A group with a hint that mends all of its findings, and each of those that has no hint of its own.
pub(crate) fn group_with(headline: String, mut findings: Vec<Finding>, hint: String) -> Option<Group> {
    for finding in &mut findings {
        finding.hint.get_or_insert_with(|| hint.clone());
    }
    (!findings.is_empty()).then_some(Group { headline, findings, hint })
}

pub(crate) fn plural<T>(count: usize, one: T, many: T) -> T {
    if count == 1 { one } else { many }
}
