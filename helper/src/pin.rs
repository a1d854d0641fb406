//! What several files of a workspace pin, each by hand, and where they disagree.
//!
//! `flake.lock` decides the toolchain of the shell, `MODULE.bazel` the commit of this module, the manifest what Bazel
//! checks, and `lre.bazelrc` what actions see. `docs/pins.md` says what is compared with what.

mod disagreement;
mod files;
mod image;
mod input;
mod lock;
mod metadata;
mod module_file;
mod module_override;
mod place;
mod rc;
mod release;
pub(crate) mod starlark;
mod sync;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use disagreement::{Disagreement, PinKind, Side};
pub(crate) use files::Files;
pub use metadata::{MetadataError, read_flake_pin};
pub(crate) use module_file::{ModuleFile, Statement, read_module_file, segment_name};
pub use place::{Edit, Located, Place};
pub use rc::{Rendered, config_of, environment_count, render_again, selects};
pub use sync::{Sync, SyncError, plan_sync};

use crate::manifest::{FILE_NAME, Manifest};
use crate::shell::{quote, quote_path};
use lock::FlakeLock;

/// The lock file that is looked for unless another is named.
pub const FLAKE_LOCK: &str = "flake.lock";
/// The module file that is looked for unless another is named.
pub const MODULE_FILE: &str = "MODULE.bazel";
/// This module, and its repository as a flake input unless another is named.
pub const MODULE: &str = "local-remote-execution";

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct PinSubject<'a> {
    /// The root workspace.
    pub workspace: &'a Path,
    /// Its lock file, below the workspace. One that is not [`FLAKE_LOCK`] has to be there.
    pub flake_lock: &'a str,
    /// The flake input that is this module's repository.
    pub input: &'a str,
    /// Its module file, below the workspace. One that is not [`MODULE_FILE`] has to be there.
    pub module_file: &'a str,
    /// A toolchain's folder and its manifest.
    pub toolchain: Option<(&'a Path, &'a Manifest)>,
}

impl PinSubject<'_> {
    /// The command that makes the edits.
    fn sync_command(&self) -> String {
        let mut command = "lre pin --sync".to_owned();
        let workspace = files::shown(self.workspace);
        if !workspace.is_empty() {
            command = format!("{command} --workspace {}", quote_path(Path::new(&workspace)));
        }
        let options = [
            ("--flake-lock", self.flake_lock, FLAKE_LOCK),
            ("--input", self.input, MODULE),
            ("--module-file", self.module_file, MODULE_FILE),
        ];
        for (option, value, _) in options.into_iter().filter(|(_, value, default)| value != default) {
            command = format!("{command} {option} {}", quote(value));
        }
        match self.toolchain {
            Some((folder, _)) => {
                // Bazel's fetch is elsewhere than who reads this, and names the workspace so that it is found.
                let whole = self.workspace.is_absolute().then(|| std::path::absolute(folder).ok()).flatten();
                format!("{command} {}", quote_path(whole.as_deref().unwrap_or(folder)))
            }
            None => command,
        }
    }

    /// Whether the toolchain's folder is the root workspace's own and not that of a module below it.
    fn owns_toolchain(&self) -> bool {
        let resolve = |path: &Path| path.canonicalize().ok();
        let Some((folder, _)) = self.toolchain else { return false };
        let Some(folder) = resolve(folder) else { return false };
        let module = folder.ancestors().find(|ancestor| ancestor.join(MODULE_FILE).is_file());
        module.map(Path::to_owned) == resolve(self.workspace)
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    /// All disagreements.
    pub disagreements: Vec<Disagreement>,
    /// What was not compared, and why.
    pub notes: Vec<String>,
    /// Every file of the workspace that was looked for, there or not, relative to it, sorted.
    pub read: Vec<PathBuf>,
}

/// Compares everything that can be compared. Reads only.
#[must_use]
pub fn compare_pins(subject: &PinSubject<'_>) -> Pins {
    compare_with(subject, &BTreeMap::new())
}

/// The same, with some texts that are not on the disk yet, by the names in messages.
fn compare_with(subject: &PinSubject<'_>, overlay: &BTreeMap<String, String>) -> Pins {
    let mut files = Files::new(subject.workspace, overlay);
    let mut pins = Pins::default();
    if let Err(failure) = compare_lock(subject, &mut files, &mut pins) {
        pins.disagreements.push(*failure);
    }
    if let Some((folder, manifest)) = subject.toolchain {
        let results = [
            rc::compare_rc(subject, folder, manifest, &mut files, &mut pins),
            image::compare_image(subject, folder, manifest, &mut files, &mut pins),
        ];
        pins.disagreements.extend(results.into_iter().filter_map(Result::err).map(|failure| *failure));
    }
    pins.read = files.into_read();
    pins
}

/// Compares the lock file with the manifest and with the module file.
fn compare_lock(subject: &PinSubject<'_>, files: &mut Files<'_>, pins: &mut Pins) -> Result<(), Box<Disagreement>> {
    let Some(text) = files.read(subject.flake_lock)? else {
        if subject.module_file != MODULE_FILE && files.read(subject.module_file)?.is_none() {
            return Err(absent(files, subject.module_file, MODULE_FILE_OPTION));
        }
        if subject.flake_lock == FLAKE_LOCK {
            return Ok(());
        }
        return Err(absent(files, subject.flake_lock, "lre.pin(flake_lock = …)` or `--flake-lock"));
    };
    let lock = FlakeLock::parse(text)?;
    if let Some((folder, manifest)) = subject.toolchain
        && let Some(text) = files.read_outside(&folder.join(FILE_NAME))?
        && let Err(failure) = input::compare_inputs(subject, &lock, manifest, &text, pins)
    {
        pins.disagreements.push(*failure);
    }
    match lock.input(&[subject.input])? {
        Some(locked) => module_override::compare_override(subject, &lock, &locked, files, pins),
        None => Ok(()),
    }
}

/// How the module file is named.
const MODULE_FILE_OPTION: &str = "lre.pin(module_file = …)` or `--module-file";

/// A file that was named and is not there.
fn absent(files: &Files<'_>, name: &str, option: &str) -> Box<Disagreement> {
    let file = files.shown(name);
    let hint = format!("name the file that is there with `{option}`, or leave that out");
    let subject = format!("`{file}`");
    Box::new(Disagreement::unreadable(subject, Place::start(&file), "it is named and does not exist", hint))
}
