//! Facts about a JDK, as the manifest keeps them. Nothing is run: its `release` file says which it is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::manifest::Origin;
use crate::store::{Store, StorePathError};
use crate::system::{System, UnknownSystem};
use crate::system_error::describe_system_error;
use crate::toolchain_path::ToolchainPath;

/// The raw facts. Nothing in here is decided: that is [`super::config`]'s part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct JavaProbe {
    /// Where the facts are from.
    pub origin: Origin,
    /// Where it runs.
    pub system: System,
    /// The folder that holds `bin/java`.
    pub java_home: ToolchainPath,
    /// Such as `17.0.7`.
    pub version: String,
    /// Bazel's own programs around the compiler, by the names of [`TOOLS`]. Empty where rules_java is to download them.
    pub tools: BTreeMap<String, ToolchainPath>,
}

impl JavaProbe {
    /// Every path that it names.
    pub fn paths(&self) -> impl Iterator<Item = &ToolchainPath> {
        std::iter::once(&self.java_home).chain(self.tools.values())
    }
}

/// A program of Bazel's release `java_tools`.
pub struct Tool {
    /// The attribute of `java_toolchain`.
    pub name: &'static str,
    /// The file in the folder that `BAZEL_JAVA_TOOLS` names.
    pub file: &'static str,
    /// Whether builds can do without: without the header compiler they use ijar, without JaCoCo there is no coverage.
    pub is_optional: bool,
}

/// What is looked for in the folder that `BAZEL_JAVA_TOOLS` names.
pub const TOOLS: [Tool; 6] = [
    Tool { name: "genclass", file: "GenClass_deploy.jar", is_optional: false },
    Tool { name: "header_compiler", file: "turbine_direct_binary_deploy.jar", is_optional: true },
    Tool { name: "ijar", file: "bin/ijar", is_optional: false },
    Tool { name: "jacocorunner", file: "JacocoCoverage_jarjar_deploy.jar", is_optional: true },
    Tool { name: "javabuilder", file: "JavaBuilder_deploy.jar", is_optional: false },
    Tool { name: "singlejar", file: "bin/singlejar", is_optional: false },
];

/// Programs of a JDK that builds run.
pub const PROGRAMS: [&str; 3] = ["bin/java", "bin/javac", "bin/jar"];

/// The JDK's account of itself.
pub const RELEASE: &str = "release";

/// Why the facts could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// There is no `JAVA_HOME`.
    #[error(
        "Env has no `JAVA_HOME`, so there is no JDK to describe\n\n\
         hint: add `JAVA_HOME=/nix/store/<hash>-<name>/lib/openjdk` to Env (`lre-java.meta.Env` has it)"
    )]
    NoJavaHome,
    /// A variable names a path that is not allowed.
    #[error(
        "`{key}` in Env: {reason}\n\n\
         hint: every path of the toolchain must be a store path; take `{key}` from a Nix package"
    )]
    OutsideStore {
        /// The key.
        key: &'static str,
        /// Names the value.
        reason: StorePathError,
    },
    /// The JDK does not say which it is.
    #[error(
        "cannot read `{file}`, which says which JDK it is: {reason}\n\n\
         hint: set `JAVA_HOME` in Env to the folder of a JDK: it holds `bin` and `release`, as \
         `${{pkgs.jdk_headless}}/lib/openjdk` does",
        reason = describe_system_error(source)
    )]
    Release {
        /// The file.
        file: String,
        /// The reason.
        source: std::io::Error,
    },
    /// Its account lacks something.
    #[error("`{file}` has no `{key}`\n\nhint: set `JAVA_HOME` in Env to the folder of a JDK 9 or later")]
    NoEntry {
        /// The file.
        file: String,
        /// What is missing.
        key: &'static str,
    },
    /// It is for another system.
    #[error("the JDK in `{home}` does not fit: {reason}\n\nhint: set `JAVA_HOME` in Env to a JDK for one of them")]
    System {
        /// `JAVA_HOME`.
        home: ToolchainPath,
        /// Names the system.
        reason: UnknownSystem,
    },
    /// Programs are absent.
    #[error("no {} in `{folder}`, which is `{key}` in Env\n\nhint: {hint}", list(.files))]
    Absent {
        /// The variable.
        key: &'static str,
        /// Its value.
        folder: ToolchainPath,
        /// The files, relative to it.
        files: Vec<&'static str>,
        /// What to do.
        hint: &'static str,
    },
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Reads what the JDK that Env names says of itself.
///
/// # Errors
/// See [`ProbeError`].
pub fn probe_java(store: &Store, environment: &Environment) -> Result<JavaProbe, ProbeError> {
    let java_home = path_of(environment, "JAVA_HOME")?.ok_or(ProbeError::NoJavaHome)?;
    let release = java_home.join(RELEASE).to_string();
    let text =
        read_release(store, &java_home).map_err(|source| ProbeError::Release { file: release.clone(), source })?;
    let entry = |key| release_entry(&text, key).ok_or_else(|| ProbeError::NoEntry { file: release.clone(), key });
    let version = entry("JAVA_VERSION")?.to_owned();
    let system = format!("{}-{}", entry("OS_ARCH")?, entry("OS_NAME")?.to_lowercase());
    let system = System::try_from(system).map_err(|reason| ProbeError::System { home: java_home.clone(), reason })?;
    let files: Vec<&str> =
        PROGRAMS.into_iter().filter(|file| find_program(store, &java_home, file).is_none()).collect();
    if !files.is_empty() {
        let hint = "set `JAVA_HOME` in Env to a JDK; a JRE has no compiler";
        return Err(ProbeError::Absent { key: "JAVA_HOME", folder: java_home, files, hint });
    }
    let tools = match path_of(environment, "BAZEL_JAVA_TOOLS")? {
        None => BTreeMap::new(),
        Some(folder) => probe_tools(store, folder)?,
    };
    Ok(JavaProbe { origin: Origin::Probed, system, java_home, version, tools })
}

fn probe_tools(store: &Store, folder: ToolchainPath) -> Result<BTreeMap<String, ToolchainPath>, ProbeError> {
    let is_there = |tool: &&Tool| find_program(store, &folder, tool.file).is_some();
    let absent = TOOLS.iter().filter(|tool| !tool.is_optional && !is_there(tool)).map(|tool| tool.file);
    let files: Vec<&str> = absent.collect();
    if !files.is_empty() {
        let hint = "name a folder of Bazel's Java tools, as docs/java.md describes it, or leave `BAZEL_JAVA_TOOLS` out: \
                    rules_java downloads them then";
        return Err(ProbeError::Absent { key: "BAZEL_JAVA_TOOLS", folder, files, hint });
    }
    Ok(TOOLS.iter().filter(is_there).map(|tool| (tool.name.to_owned(), folder.join(tool.file))).collect())
}

/// The folder that a variable names; `None` where it is absent or empty.
fn path_of(environment: &Environment, key: &'static str) -> Result<Option<ToolchainPath>, ProbeError> {
    let value = environment.get(key).filter(|value| !value.is_empty());
    let parsed = value.map(|value| environment.paths().parse(value)).transpose();
    parsed.map_err(|reason| ProbeError::OutsideStore { key, reason })
}

/// The file behind a path, if it is one, and a program unless it is a jar.
fn find_program(store: &Store, folder: &ToolchainPath, file: &str) -> Option<PathBuf> {
    let found = store.resolve(&folder.join(file).to_string())?;
    let metadata = found.metadata().ok()?;
    let can_run = file.ends_with(".jar") || metadata.permissions().mode() & 0o111 != 0;
    (metadata.is_file() && can_run).then_some(found)
}

/// The text of a JDK's `release` file.
///
/// # Errors
/// If there is none, or it cannot be read.
pub fn read_release(store: &Store, java_home: &ToolchainPath) -> std::io::Result<String> {
    let file = java_home.join(RELEASE).to_string();
    fs::read_to_string(store.resolve(&file).ok_or(rustix::io::Errno::NOENT)?)
}

/// A value of a `release` file, which is a list of `KEY="VALUE"`.
///
/// Source: <https://openjdk.org/jeps/223>.
#[must_use]
pub fn release_entry<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let values = text.lines().filter_map(|line| line.trim_end().strip_prefix(key)?.strip_prefix('='));
    values.map(|value| value.trim_matches('"')).find(|value| !value.is_empty())
}

#[cfg(test)]
mod unit {
    use super::release_entry;

    #[test]
    fn release_files_are_read_with_and_without_quotes() {
        let text =
            "IMPLEMENTOR=\"N/A\"\nJAVA_VERSION=\"17.0.7\"\r\nJAVA_VERSION_DATE=\"2023-04-18\"\nOS_ARCH=x86_64\nLIBC=\n";
        assert_eq!(release_entry(text, "JAVA_VERSION"), Some("17.0.7"));
        assert_eq!(release_entry(text, "OS_ARCH"), Some("x86_64"));
        assert_eq!(release_entry(text, "LIBC"), None);
        assert_eq!(release_entry(text, "OS_NAME"), None);
    }
}
