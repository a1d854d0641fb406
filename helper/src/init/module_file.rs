//! `MODULE.bazel`: the dependency, where it comes from, and the extension's tag.

use std::fmt;

use crate::build_file::{ParseError, with_module};
use crate::pin::MODULE;
use crate::pin::starlark::{Call, Expression, find_calls};

/// The extension's label.
pub(super) const EXTENSION: &str = "@local-remote-execution//extensions:lre.bzl";

/// Why a module file cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// It is no Starlark.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// Nobody said where this module is to come from.
    #[error(
        "`{0}` has no `bazel_dep` on `local-remote-execution`, and nothing says where it comes from\n\nhint: name a checkout \
         with `--path DIR`, a commit with `--git URL --commit SHA`, or a release with `--version VERSION`"
    )]
    NoSource(String),
}

/// Where Bazel takes this module from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleSource {
    /// A version in a registry.
    Version(String),
    /// A checkout on this machine.
    Path(String),
    /// A commit of a repository.
    Git {
        /// Its URL.
        remote: String,
        /// The commit, 40 hexadecimal digits.
        commit: String,
    },
}

impl fmt::Display for ModuleSource {
    /// As options of `lre init`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "--version {version}"),
            Self::Path(path) => write!(f, "--path {path}"),
            Self::Git { remote, commit } => write!(f, "--git {remote} --commit {commit}"),
        }
    }
}

impl ModuleSource {
    /// The same repository as a flake, for `inputs.NAME.url`; a version in Bazel's registry names none. `checkout` is the
    /// absolute path of a checkout, and whether Git keeps it.
    #[must_use]
    pub fn flake_reference(&self, checkout: impl FnOnce(&str) -> (String, bool)) -> Option<String> {
        match self {
            Self::Version(_) => None,
            Self::Path(path) => Some(match checkout(path) {
                (path, true) => format!("git+file://{path}"),
                (path, false) => format!("path:{path}"),
            }),
            Self::Git { remote, commit } => {
                let github = remote.strip_prefix("https://github.com/").map(|name| name.trim_end_matches(".git"));
                Some(match github.filter(|name| name.split('/').count() == 2) {
                    Some(name) => format!("github:{name}/{commit}"),
                    None => format!("git+{remote}?rev={commit}"),
                })
            }
        }
    }
}

/// The module file with what it lacks; `None` if it lacks nothing. `others` are the segments that it includes.
///
/// # Errors
/// If a file is no Starlark, or the dependency is missing and no source is given.
pub fn with_module_file(
    file: &str,
    text: &str,
    others: &[(String, String)],
    source: Option<&ModuleSource>,
    manifest: Option<&str>,
) -> Result<Option<String>, InitError> {
    let mut calls = with_module(file, text, find_calls)?;
    for (name, text) in others {
        calls.extend(with_module(name, text, find_calls)?);
    }
    let has = |function: &str, name: Option<&str>, value: &str| {
        calls.iter().any(|call| call.function == function && argument(call, name) == Some(value))
    };
    let mut added = String::new();
    let is_overridden = calls.iter().any(|call| argument(call, Some("module_name")) == Some(MODULE));
    if !has("bazel_dep", Some("name"), MODULE) {
        let source = source.ok_or_else(|| InitError::NoSource(file.to_owned()))?;
        added += &dependency(source);
        added += &overridden(source);
    } else if let Some(source) = source.filter(|_| !is_overridden) {
        added += &overridden(source);
    }
    if let Some(manifest) = manifest.filter(|_| !has("use_extension", None, EXTENSION)) {
        added += &format!(
            "\nlre = use_extension({}, \"lre\")\nlre.toolchain(\n    name = \"cc\",\n    manifest = {},\n)\n",
            quoted(EXTENSION),
            quoted(manifest)
        );
    }
    if added.is_empty() {
        return Ok(None);
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let separator = if text.trim().is_empty() || added.starts_with('\n') { "" } else { "\n" };
    let completed = format!("{text}{gap}{separator}{added}");
    let completed =
        if text.contains("\r\n") { completed.replace("\r\n", "\n").replace('\n', "\r\n") } else { completed };
    // What Bazel would refuse is not written.
    with_module(file, &completed, |_| ())?;
    Ok(Some(completed))
}

fn dependency(source: &ModuleSource) -> String {
    let version = match source {
        ModuleSource::Version(version) => format!(", version = {}", quoted(version)),
        ModuleSource::Path(_) | ModuleSource::Git { .. } => String::new(),
    };
    format!("bazel_dep(name = {}{version})\n", quoted(MODULE))
}

/// What stands beside the dependency, unless a registry has it.
fn overridden(source: &ModuleSource) -> String {
    let (rule, arguments): (_, &[(&str, &str)]) = match source {
        ModuleSource::Version(_) => return String::new(),
        ModuleSource::Path(path) => ("local_path_override", &[("path", path)]),
        ModuleSource::Git { remote, commit } => ("git_override", &[("commit", commit), ("remote", remote)]),
    };
    let lines = arguments.iter().map(|(name, value)| format!("    {name} = {},\n", quoted(value)));
    format!("{rule}(\n    module_name = {},\n{})\n", quoted(MODULE), lines.collect::<String>())
}

/// An argument that is one text: by name, or the first without.
pub(super) fn argument<'a>(call: &'a Call, name: Option<&str>) -> Option<&'a str> {
    let (_, expression) = call.arguments.iter().find(|(known, _)| known.as_deref() == name)?;
    match expression {
        Expression::Text { value, .. } => Some(value),
        _ => None,
    }
}

/// A Starlark literal.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod unit {
    use super::*;

    fn path() -> ModuleSource {
        ModuleSource::Path("../lre".to_owned())
    }

    #[test]
    fn what_is_lacking_is_added_at_the_end_and_only_once() -> Result<(), InitError> {
        let text = "module(name = \"m\")\n\n# Why\nbazel_dep(name = \"rules_cc\", version = \"0.0.11\")";
        let expected = format!(
            "{text}\n\nbazel_dep(name = \"local-remote-execution\")\nlocal_path_override(\n    module_name = \
             \"local-remote-execution\",\n    path = \"../lre\",\n)\n\nlre = \
             use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\nlre.toolchain(\n    name = \"cc\",\n    \
             manifest = \"//lre-cc:lre.json\",\n)\n"
        );
        let completed = with_module_file("MODULE.bazel", text, &[], Some(&path()), Some("//lre-cc:lre.json"))?;
        assert_eq!(completed.as_deref(), Some(expected.as_str()));
        assert_eq!(with_module_file("MODULE.bazel", &expected, &[], None, Some("//lre-cc:lre.json"))?, None);
        Ok(())
    }

    #[test]
    fn dependency_without_an_override_gets_the_one_that_is_asked_for() -> Result<(), InitError> {
        let text = "bazel_dep(name = \"local-remote-execution\", version = \"0.1\")\n";
        let expected = format!(
            "{text}\nlocal_path_override(\n    module_name = \"local-remote-execution\",\n    path = \"../lre\",\n)\n"
        );
        let completed =
            |text: &str, source: &ModuleSource| with_module_file("MODULE.bazel", text, &[], Some(source), None);
        assert_eq!(completed(text, &path())?.as_deref(), Some(expected.as_str()));
        assert_eq!(completed(&expected, &path())?, None);
        // Another version is the user's to write.
        assert_eq!(completed(text, &ModuleSource::Version("0.2".to_owned()))?, None);
        Ok(())
    }

    #[test]
    fn dependency_in_a_segment_counts() -> Result<(), InitError> {
        let segment = ("a.MODULE.bazel".to_owned(), "bazel_dep(name = \"local-remote-execution\")\n".to_owned());
        assert_eq!(with_module_file("MODULE.bazel", "include(\"//:a.MODULE.bazel\")\n", &[segment], None, None)?, None);
        Ok(())
    }

    #[test]
    fn each_source_has_its_override() -> Result<(), InitError> {
        let git = ModuleSource::Git { remote: "https://a/b.git".to_owned(), commit: "0".repeat(40) };
        let written = |source: &ModuleSource| with_module_file("MODULE.bazel", "", &[], Some(source), None);
        let commit = "0".repeat(40);
        assert_eq!(
            written(&git)?,
            Some(format!(
                "bazel_dep(name = \"local-remote-execution\")\ngit_override(\n    module_name = \"local-remote-execution\",\n    \
                 commit = \"{commit}\",\n    remote = \"https://a/b.git\",\n)\n"
            ))
        );
        let version = ModuleSource::Version("1.2\"3".to_owned());
        assert_eq!(
            written(&version)?.as_deref(),
            Some("bazel_dep(name = \"local-remote-execution\", version = \"1.2\\\"3\")\n")
        );
        Ok(())
    }

    #[test]
    fn missing_source_and_bad_starlark_are_errors() {
        let error =
            |text: &str| with_module_file("MODULE.bazel", text, &[], None, None).map_err(|error| error.to_string());
        assert!(error("").is_err_and(|text| text.starts_with("`MODULE.bazel` has no `bazel_dep`")));
        assert_eq!(error("f(").err().as_deref(), Some("MODULE.bazel:1:3: unexpected new line, expected expression"));
    }
}
