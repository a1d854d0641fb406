//! The commit of a published release, as `helper/release.json` records it.

use std::path::Path;

use super::MODULE_FILE;
use crate::json::Json;

/// What is recorded.
pub(super) struct Release {
    pub(super) version: String,
    pub(super) commit: String,
}

/// The record of the module that a toolchain's folder belongs to; `None` unless it names a version and its commit.
pub(super) fn read_release(folder: &Path) -> Option<Release> {
    let folder = folder.canonicalize().ok()?;
    let module = folder.ancestors().find(|ancestor| ancestor.join(MODULE_FILE).is_file())?;
    let json = Json::parse(&std::fs::read_to_string(module.join("helper/release.json")).ok()?).ok()?;
    let text = |name| json.get(name).and_then(Json::as_str).map(str::to_owned);
    Some(Release { version: text("version")?, commit: text("commit")? })
}
