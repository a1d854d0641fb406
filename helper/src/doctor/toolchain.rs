//! Toolchains of the workspace: their folders, their check, and what the workspace's files pin of them.

use std::path::{Path, PathBuf};

use super::{Check, Section, Verdict, first_line};
use crate::check::pin::groups_of_pins;
use crate::check::{Machine, Toolchain, check_toolchain, plural};
use crate::diagnostic::{Group, Kind};
use crate::manifest::{FILE_NAME, Manifest};
use crate::pin::{FLAKE_LOCK, MODULE, MODULE_FILE, PinSubject, Pins, compare_pins};
use crate::shell::quote_path;
use crate::store::Store;
use crate::system::host_system;
use crate::system_error::describe_system_error;

/// Characters of a fix that still fit on a screen.
const SCREEN: usize = 160;

/// Folders that are never a toolchain's, or links of Bazel's to other workspaces.
fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || name.starts_with("bazel-") || matches!(name, "node_modules" | "target")
}

/// The folders of the workspace, and of its folders, that hold a manifest; sorted.
#[must_use]
pub fn find_toolchains(workspace: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let is_meant = |entry: &std::fs::DirEntry| {
            entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_skipped(&entry.file_name().to_string_lossy())
        };
        entries.filter(is_meant).map(|entry| folder.join(entry.file_name())).collect()
    };
    let outer = below(workspace);
    let inner: Vec<PathBuf> = outer.iter().flat_map(|folder| below(folder)).collect();
    let mut found: Vec<PathBuf> = outer.into_iter().chain(inner).collect();
    found.retain(|folder| folder.join(FILE_NAME).is_file());
    found.sort();
    found
}

/// A toolchain's checks, and its manifest if it can be read.
#[must_use]
pub fn check_folder(workspace: &Path, folder: &Path, store: Option<&Store>) -> (Section, Option<Manifest>) {
    let named = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let title = format!("toolchain `{}`", named.display());
    let file = folder.join(FILE_NAME);
    let read = std::fs::read_to_string(&file).map_err(|error| describe_system_error(&error));
    let parsed = read.and_then(|text| match Manifest::from_json(&text) {
        Ok(manifest) => Ok((manifest, text)),
        Err(error) => Err(first_line(&error.to_string()).to_owned()),
    });
    let (manifest, text) = match parsed {
        Ok(parsed) => parsed,
        Err(reason) => {
            let message = format!("`{}` cannot be used: {reason}", file.display());
            let fix = format!("write one with `lre regen --env-json env.json --out {}`", quote_path(folder));
            // Nothing of the folder could be looked at.
            let verdict = Verdict::Failed { fix, is_incomplete: true };
            let check = Check { name: "check".to_owned(), message, verdict };
            return (Section { title, checks: vec![check] }, None);
        }
    };
    let system = host_system();
    let machine = store.map(|store| Machine { store, system: &system, contents: None });
    let checked = check_toolchain(Toolchain { folder, manifest: &manifest, text: &text }, machine);
    let option = store.map_or_else(|| " --no-store".to_owned(), Store::option);
    let command = format!("lre check{option} {}", quote_path(folder));
    let clean = match store {
        Some(_) => {
            let count = manifest.store_roots.len();
            format!("{count} {} here, files as generated", plural(count, "store root is", "store roots are"))
        }
        None => "files as generated; no store was looked at".to_owned(),
    };
    let (image, others) = split_pins(compare(workspace, Some((folder, &manifest))));
    let properties: Vec<String> =
        manifest.image.exec_properties.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
    let pin_command = pin_command(workspace, Some(folder));
    let checks = vec![
        check_of("check", &checked.groups, clean, &command),
        check_of("image", &image, format!("asks for {}", properties.join(" and ")), &pin_command),
        check_pins(&others, &pin_command),
    ];
    (Section { title, checks }, Some(manifest))
}

/// What the workspace's files pin where it has no toolchain of its own.
#[must_use]
pub fn check_pins_alone(workspace: &Path) -> Check {
    check_pins(&split_pins(compare(workspace, None)).1, &pin_command(workspace, None))
}

fn compare(workspace: &Path, toolchain: Option<(&Path, &Manifest)>) -> Pins {
    compare_pins(&PinSubject { workspace, flake_lock: FLAKE_LOCK, input: MODULE, module_file: MODULE_FILE, toolchain })
}

fn pin_command(workspace: &Path, folder: Option<&Path>) -> String {
    let mut command = "lre pin".to_owned();
    if workspace != Path::new(".") {
        command = format!("{command} --workspace {}", quote_path(workspace));
    }
    folder.map_or_else(|| command.clone(), |folder| format!("{command} {}", quote_path(folder)))
}

/// What is wrong with the image, and everything else with what was not compared.
fn split_pins(pins: Pins) -> (Vec<Group>, (Vec<Group>, Vec<String>)) {
    let is_image = |group: &Group| group.findings.iter().any(|finding| finding.kind == Kind::ImageMismatch);
    let (image, others) = groups_of_pins(pins.disagreements).into_iter().partition(is_image);
    (image, (others, pins.notes))
}

fn check_pins((groups, notes): &(Vec<Group>, Vec<String>), command: &str) -> Check {
    if groups.is_empty() && !notes.is_empty() {
        let more = if notes.len() > 1 {
            format!(" (and {} more notes of `{command}`)", notes.len() - 1)
        } else {
            String::new()
        };
        return Check::open("pins", format!("{}{more}", first_line(&notes[0])));
    }
    check_of("pins", groups, "`flake.lock`, `MODULE.bazel` and `lre.bazelrc` agree, as far as they are there", command)
}

/// One line for any number of findings; one group's hint mends it, of several the command shows all.
fn check_of(name: &str, groups: &[Group], clean: impl Into<String>, command: &str) -> Check {
    let count: usize = groups.iter().map(|group| group.findings.len()).sum();
    let [first, others @ ..] = groups else { return Check::passed(name, clean) };
    let among = if others.is_empty() { "" } else { ", the first" };
    let message = format!("{count} {}{among}: {}", plural(count, "finding", "findings"), first.headline);
    let hint = first_line(&first.hint);
    let fix = match others {
        [] if hint.chars().count() <= SCREEN => hint.to_owned(),
        _ => format!("`{command}` shows everything, with what mends it"),
    };
    let mut findings = groups.iter().flat_map(|group| &group.findings);
    let is_incomplete = findings.any(|finding| finding.kind.hides_findings());
    Check { name: name.to_owned(), message, verdict: Verdict::Failed { fix, is_incomplete } }
}
