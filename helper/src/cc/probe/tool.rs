//! Finds binary utilities. Runs nothing.

use std::collections::BTreeMap;

use super::ProbeError;
use crate::environment::{Environment, EnvironmentError};
use crate::store::Store;
use crate::toolchain_path::ToolchainPath;

/// Tools by the names that Bazel knows, each with the spellings to look for.
const TOOLS: [(&str, [&str; 2]); 12] = [
    ("ar", ["ar", "llvm-ar"]),
    ("c++filt", ["c++filt", "llvm-cxxfilt"]),
    ("cpp", ["cpp", "cpp"]),
    ("dwp", ["dwp", "llvm-dwp"]),
    ("gcov", ["gcov", "gcov"]),
    ("ld", ["ld", "ld.lld"]),
    ("llvm-cov", ["llvm-cov", "llvm-cov"]),
    ("llvm-profdata", ["llvm-profdata", "llvm-profdata"]),
    ("nm", ["nm", "llvm-nm"]),
    ("objcopy", ["objcopy", "llvm-objcopy"]),
    ("objdump", ["objdump", "llvm-objdump"]),
    ("strip", ["strip", "llvm-strip"]),
];

/// Tools that Bazel refuses to do without, or whose absence shows only when a build needs them.
pub(in crate::cc) const REQUIRED_TOOLS: [&str; 6] = ["ar", "ld", "nm", "objcopy", "objdump", "strip"];

/// Tools that Env may name, each with its variable.
const NAMED: [(&str, &str); 4] =
    [("ar", "AR"), ("gcov", "GCOV"), ("llvm-cov", "BAZEL_LLVM_COV"), ("llvm-profdata", "BAZEL_LLVM_PROFDATA")];

/// On macOS, archives are made by another program, which Bazel gives other flags.
const NAMED_DARWIN: (&str, &str) = ("ar", "LIBTOOL");

/// The tools, by the names that Bazel knows. What Env names has to be there; of the rest, what `PATH` has.
///
/// # Errors
/// [`ProbeError::Tool`], or a named path that is not allowed; [`ProbeError::AbsentFolder`] where a tool is missing because a
/// folder is.
pub(super) fn find_tools(
    store: &Store,
    environment: &Environment,
    is_darwin: bool,
) -> Result<BTreeMap<String, ToolchainPath>, ProbeError> {
    let search = Search { store, folders: environment.search_path()? };
    let mut tools = BTreeMap::new();
    for (name, spellings) in TOOLS {
        let spellings = if is_darwin && name == "ar" { ["libtool", "llvm-libtool-darwin"] } else { spellings };
        if let Some(path) = spellings.iter().find_map(|spelling| search.find(spelling)) {
            tools.insert(name.to_owned(), path);
        }
    }
    if let Some(folder) = search.folders.iter().find(|folder| !search.has_folder(folder))
        && REQUIRED_TOOLS.iter().any(|tool| !tools.contains_key(*tool))
    {
        let realise = folder.in_store().map(|path| store.command("--realise", [path.root().path()]));
        let realise = realise.map(|command| format!("realise it with {command}, or "));
        return Err(ProbeError::AbsentFolder { folder: folder.clone(), realise: realise.unwrap_or_default() });
    }
    let named = NAMED.into_iter().filter(|(name, _)| !is_darwin || *name != NAMED_DARWIN.0);
    for (name, key) in named.chain(is_darwin.then_some(NAMED_DARWIN)) {
        if let Some(value) = environment.get(key).map(str::trim).filter(|value| !value.is_empty()) {
            tools.insert(name.to_owned(), search.find_named(environment, key, value)?);
        }
    }
    Ok(tools)
}

struct Search<'a> {
    store: &'a Store,
    folders: Vec<ToolchainPath>,
}

impl Search<'_> {
    fn is_there(&self, path: &ToolchainPath) -> bool {
        self.store.resolve(&path.to_string()).is_some_and(|file| file.is_file())
    }

    fn has_folder(&self, path: &ToolchainPath) -> bool {
        self.store.resolve(&path.to_string()).is_some_and(|folder| folder.is_dir())
    }

    fn find(&self, spelling: &str) -> Option<ToolchainPath> {
        self.folders.iter().map(|folder| folder.join(spelling)).find(|tool| self.is_there(tool))
    }

    fn find_named(
        &self,
        environment: &Environment,
        key: &'static str,
        value: &str,
    ) -> Result<ToolchainPath, ProbeError> {
        let error = |fault: &str| ProbeError::Tool { key, value: value.to_owned(), fault: fault.to_owned() };
        if value.starts_with('/') {
            let parsed = environment.paths().parse(value);
            let path = parsed.map_err(|reason| EnvironmentError::OutsideStore { key, reason })?;
            return if self.is_there(&path) { Ok(path) } else { Err(error("not there")) };
        }
        if value.contains('/') {
            return Err(error("relative to the working folder"));
        }
        self.find(value).ok_or_else(|| error("in no folder of its `PATH`"))
    }
}
