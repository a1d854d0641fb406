//! What `lre --version` says.

use std::sync::LazyLock;

use crate::manifest::SCHEMA;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let commit = option_env!("LRE_COMMIT").unwrap_or("not recorded");
    format!("{} (commit {commit}, manifest schema {SCHEMA})", env!("CARGO_PKG_VERSION"))
});

/// The version, the commit that the program was built from, and the manifests that it reads. The commit is what the
/// build was given in `LRE_COMMIT`, or else that of the checkout, as `build.rs` found it.
pub(super) fn version() -> &'static str {
    &VERSION
}
