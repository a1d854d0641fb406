//! A command that writes files, and what may be there afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::Scene;

/// A file's bytes and permissions, or a link's target.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    mode: u32,
}

/// What a user sees, by path below the scene.
pub(crate) type Files = BTreeMap<String, Content>;

/// What becomes new in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All files at once.
    All,
    /// Each file for itself.
    File,
    /// Each file for itself, and this one after all others.
    FileThen(&'static str),
}

/// A command that writes files.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// The scene before it.
    pub(crate) prepare: fn() -> Scene,
    pub(crate) step: Step,
    /// Whether its threads write too, and it starts no other program.
    pub(crate) with_threads: bool,
}

impl Job {
    /// Whether the files are the old ones, the new ones, or what may lie between for a moment.
    pub(crate) fn is_whole(&self, now: &Files, old: &Files, new: &Files) -> bool {
        if now == old || now == new {
            return true;
        }
        let is_one_of = |path: &String| {
            let now = now.get(path);
            // A folder that holds nothing yet is no half of a file.
            now == old.get(path) || now == new.get(path) || path.ends_with('/')
        };
        let each = now.keys().chain(old.keys()).chain(new.keys()).all(is_one_of);
        let without_folders = |files: &Files| {
            let files = files.iter().filter(|(path, _)| !path.ends_with('/'));
            files.map(|(path, content)| (path.clone(), content.clone())).collect::<Files>()
        };
        match self.step {
            Step::All => without_folders(now) == without_folders(old),
            Step::File => each,
            Step::FileThen(last) => each && now.get(last) == old.get(last),
        }
    }
}

/// What a user sees of a scene: not what is hidden beside files for a moment, caches and temporary folders.
pub(crate) fn visible_files(scene: &Scene) -> Files {
    files_below(scene.path()).into_iter().filter(|(path, _)| !is_hidden(path)).collect()
}

/// What a run left behind that nobody sees.
pub(crate) fn leftovers(scene: &Scene) -> Vec<String> {
    let is_left = |path: &String| is_hidden(path) && !path.starts_with("cache/");
    files_below(scene.path()).into_keys().filter(is_left).collect()
}

/// The paths that differ.
pub(crate) fn differing<'a>(one: &'a Files, other: &'a Files) -> Vec<&'a String> {
    one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path)).collect()
}

/// Whether it is a temporary file, or lies in a folder for them.
pub(crate) fn is_hidden(path: &str) -> bool {
    let is_beside = |part: &str| part.starts_with(".tmp") || (part.starts_with('.') && part.contains(".lre-"));
    path.starts_with("tmp/")
        || path.starts_with("cache/")
        || path.split('/').any(|part| is_beside(part) || part.starts_with(".lre-"))
}

/// Every file below a folder, and every empty folder, whose path ends with a slash.
pub(crate) fn files_below(folder: &Path) -> Files {
    let mut files = Files::new();
    add_files(folder, folder, &mut files);
    files
}

fn add_files(root: &Path, folder: &Path, files: &mut Files) {
    let mut is_empty = true;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        is_empty = false;
        let metadata = path.symlink_metadata().expect("metadata");
        if metadata.is_dir() {
            add_files(root, &path, files);
            continue;
        }
        let bytes = match fs::read_link(&path) {
            Ok(target) => target.into_os_string().into_encoded_bytes(),
            Err(_) => fs::read(&path).expect("a file"),
        };
        let name = path.strip_prefix(root).expect("a path below").display().to_string();
        files.insert(name, Content { bytes, mode: metadata.permissions().mode() });
    }
    let name = folder.strip_prefix(root).expect("a path below").display().to_string();
    if is_empty && !name.is_empty() && name != "tmp" && name != "cache" {
        files.insert(format!("{name}/"), Content { bytes: Vec::new(), mode: 0 });
    }
}
