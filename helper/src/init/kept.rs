//! What a module file says already, and otherwise than asked: it stays, and is said.

use std::fmt;

use super::module_file::{EXTENSION, ModuleSource, argument};
use crate::build_file::{ParseError, with_module};
use crate::pin::starlark::{Call, Expression, find_calls};
use crate::pin::{MODULE, Place};

/// A call that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it stands.
    pub place: Place,
    /// What it says, and what it would have to say.
    pub message: String,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The calls in the module file and its segments, by name and text, that say otherwise where the module comes from or which
/// toolchain there is. `is_same` compares two paths of checkouts, and `is_there` says whether there is such a folder.
///
/// # Errors
/// If a file is no Starlark.
pub fn find_kept(
    files: &[(&str, &str)],
    source: Option<&ModuleSource>,
    manifest: Option<&str>,
    (is_same, is_there): (impl Fn(&str, &str) -> bool, impl Fn(&str) -> bool),
) -> Result<Vec<Kept>, ParseError> {
    let mut calls = Vec::new();
    for (file, text) in files {
        for call in with_module(file, text, find_calls)? {
            calls.push((Place::new(file, text, call.span.clone()), call));
        }
    }
    let mut kept = Vec::new();
    if let Some(source) = source {
        let is_override = |call: &Call| argument(call, Some("module_name")) == Some(MODULE);
        let is_dependency = |call: &Call| call.function == "bazel_dep" && argument(call, Some("name")) == Some(MODULE);
        let find = |is: &dyn Fn(&Call) -> bool| calls.iter().find(|(_, call)| is(call));
        // A dependency without an override is completed, unless it is a registry's version that is asked for.
        let dependency = || find(&is_dependency).filter(|_| matches!(source, ModuleSource::Version(_)));
        if let Some((place, call)) = find(&is_override).or_else(dependency)
            && !is_from(call, source, is_same)
        {
            let is_lost = call.function == "local_path_override"
                && argument(call, Some("path")).is_some_and(|path| !is_there(path));
            let state = if is_lost { "which does not exist and is left as it is" } else { "left as it is" };
            let message = format!("has {}, {state}: for `{source}` change it by hand", described(call));
            kept.push(Kept { place: place.clone(), message });
        }
    }
    let extension =
        calls.iter().find(|(_, call)| call.function == "use_extension" && argument(call, None) == Some(EXTENSION));
    if let (Some(manifest), Some((place, _))) = (manifest, extension) {
        let tags = calls.iter().filter(|(_, call)| call.function.ends_with(".toolchain"));
        let mut named = tags.filter_map(|(_, call)| argument(call, Some("manifest")));
        if !named.any(|label| label.trim_start_matches('@') == manifest) {
            let message = format!(
                "uses the extension without a tag for `{manifest}`, left as it is: for it add \
                 `lre.toolchain(name = \"NAME\", manifest = \"{manifest}\")` by hand"
            );
            kept.push(Kept { place: place.clone(), message });
        }
    }
    Ok(kept)
}

/// Whether the call that says where the module comes from says this.
fn is_from(call: &Call, source: &ModuleSource, is_same: impl Fn(&str, &str) -> bool) -> bool {
    let says = |name: &str, value: &str| argument(call, Some(name)) == Some(value);
    match (call.function.as_str(), source) {
        ("bazel_dep", ModuleSource::Version(version)) => says("version", version),
        ("local_path_override", ModuleSource::Path(path)) => {
            argument(call, Some("path")).is_some_and(|known| is_same(known, path))
        }
        ("git_override", ModuleSource::Git { remote, commit }) => says("remote", remote) && says("commit", commit),
        _ => false,
    }
}

/// The call with those of its literals that say where the module comes from.
fn described(call: &Call) -> String {
    let says = |(name, value): &(Option<String>, Expression)| match (name.as_deref()?, value) {
        (name @ ("path" | "remote" | "commit" | "tag" | "branch" | "version"), Expression::Text { value, .. }) => {
            Some(format!("{name} = \"{value}\""))
        }
        _ => None,
    };
    let said: Vec<String> = call.arguments.iter().filter_map(says).collect();
    match said.as_slice() {
        [] => format!("`{}`", call.function),
        said => format!("`{}` with `{}`", call.function, said.join(", ")),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn said(text: &str, source: &ModuleSource, manifest: Option<&str>) -> Result<Vec<String>, ParseError> {
        let is_same = |one: &str, other: &str| one.trim_end_matches('/') == other;
        let kept =
            find_kept(&[("MODULE.bazel", text)], Some(source), manifest, (is_same, |path: &str| path == "../lre"))?;
        Ok(kept.iter().map(Kept::to_string).collect())
    }

    #[test]
    fn what_agrees_or_is_absent_is_not_said() -> Result<(), ParseError> {
        let path = ModuleSource::Path("../lre".to_owned());
        let version = ModuleSource::Version("1".to_owned());
        let label = Some("//a:lre.json");
        let text = "bazel_dep(name = \"local-remote-execution\")\n\
                    local_path_override(module_name = \"local-remote-execution\", path = \"../lre/\")\n\
                    lre = use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\n\
                    lre.toolchain(name = \"cc\", manifest = \"@//a:lre.json\")\n";
        assert_eq!(said(text, &path, label)?, [""; 0]);
        assert_eq!(said("bazel_dep(name = \"local-remote-execution\", version = \"1\")", &version, label)?, [""; 0]);
        assert_eq!(said("", &path, label)?, [""; 0]);
        Ok(())
    }

    #[test]
    fn what_disagrees_is_said_with_its_place() -> Result<(), ParseError> {
        let git = ModuleSource::Git { remote: "u".to_owned(), commit: "1".to_owned() };
        let text = "bazel_dep(name = \"local-remote-execution\")\n\
                    git_override(module_name = \"local-remote-execution\", commit = \"0\", remote = \"u\")\n\
                    lre = use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\n";
        let expected = [
            "MODULE.bazel:2:1: has `git_override` with `commit = \"0\", remote = \"u\"`, left as it is: for `--git u --commit 1` \
             change it by hand",
            "MODULE.bazel:3:7: uses the extension without a tag for `//a:lre.json`, left as it is: for it add \
             `lre.toolchain(name = \"NAME\", manifest = \"//a:lre.json\")` by hand",
        ];
        assert_eq!(said(text, &git, Some("//a:lre.json"))?, expected);
        let lost = "local_path_override(module_name = \"local-remote-execution\", path = \"../gone\")\n";
        let expected = [
            "MODULE.bazel:1:1: has `local_path_override` with `path = \"../gone\"`, which does not exist and is left as it is: for \
             `--git u --commit 1` change it by hand",
        ];
        assert_eq!(said(lost, &git, None)?, expected);
        Ok(())
    }
}
