//! Folders that may be a checkout of this module.

use std::path::{Path, PathBuf};

use super::module_file::argument;
use crate::build_file::with_module;
use crate::pin::starlark::find_calls;
use crate::pin::{MODULE, MODULE_FILE};

/// Whether Bazel would find this module there.
#[must_use]
pub fn is_checkout(folder: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join(MODULE_FILE)) else { return false };
    let calls = with_module(MODULE_FILE, &text, find_calls).unwrap_or_default();
    calls.iter().any(|call| call.function == "module" && argument(call, Some("name")) == Some(MODULE))
}

/// Why Bazel finds no checkout of this module there; `None` if it does. A relative path is one from the workspace.
#[must_use]
pub fn absent_checkout(workspace: &Path, path: &str) -> Option<String> {
    let folder = workspace.join(path);
    if is_checkout(&folder) {
        return None;
    }
    let absolute = absolute(&folder);
    let shown = absolute.display();
    Some(if absolute.is_dir() {
        format!("`{shown}` has no `{MODULE_FILE}` of `{MODULE}`")
    } else {
        format!("there is no folder `{shown}`")
    })
}

/// An absolute path, links followed if it is there.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}
