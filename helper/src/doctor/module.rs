//! What `MODULE.bazel` names has to be there: this module's checkout, and the manifests of the workspace's toolchains.

use std::collections::BTreeMap;
use std::path::Path;

use super::rc_file::Flag;
use super::{Check, Verdict, first_line};
use crate::init::absent_checkout;
use crate::manifest::FILE_NAME;
use crate::pin::{Files, MODULE, MODULE_FILE, ModuleFile, Statement, read_module_file};
use crate::shell::quote_path;

const NAME: &str = "module";

/// Every name that leads nowhere, or a line that says where the module comes from.
#[must_use]
pub fn check_module(workspace: &Path, flags: &[Flag]) -> Vec<Check> {
    let overlay = BTreeMap::new();
    let module = match read_module_file(&mut Files::new(workspace, &overlay), MODULE_FILE) {
        Ok(Some(module)) => module,
        Ok(None) => return vec![Check::open(NAME, format!("there is no `{MODULE_FILE}`"))],
        Err(failure) => {
            let verdict = Verdict::Failed { fix: first_line(&failure.hint).to_owned(), is_incomplete: true };
            return vec![Check { name: NAME.to_owned(), message: failure.ours.to_string(), verdict }];
        }
    };
    let source = source(workspace, &module, flags);
    let mut checks = manifests(workspace, &module);
    if checks.is_empty() || source.verdict != Verdict::Passed {
        checks.insert(0, source);
    }
    checks
}

/// Where Bazel takes this module from.
fn source(workspace: &Path, module: &ModuleFile, flags: &[Flag]) -> Check {
    let text = |statement: &Statement, name: &str| Some(statement.argument(name)?.one().ok()?.value);
    if module.name.as_deref() == Some(MODULE) {
        return Check::passed(NAME, "this workspace is the module itself");
    }
    let Some(dependency) = module.dependencies(MODULE).next() else {
        return Check::open(NAME, format!("`{MODULE_FILE}` does not name `{MODULE}`"));
    };
    if let Some((flag, path)) = override_of_rc_files(flags) {
        let folder = match path.strip_prefix("%workspace%") {
            Some(below) => below.trim_start_matches('/'),
            None => path,
        };
        return match absent_checkout(workspace, folder) {
            Some(reason) => {
                let message = format!("{}: `{path}` is no checkout of this module: {reason}", flag.place());
                Check::failed(NAME, message, format!("change `{}` in {}", flag.text, flag.place()))
            }
            None => Check::passed(NAME, format!("{} takes it from `{path}`", flag.place())),
        };
    }
    let statement = module.overrides(MODULE).next().unwrap_or(dependency);
    let place = statement.place();
    if statement.call.function == "local_path_override" {
        let Some(path) = text(statement, "path") else {
            return Check::open(NAME, format!("`{}:{}`: `path` is no literal", place.file, place.line));
        };
        let line = statement.argument("path").map_or(place.line, |argument| argument.place().line);
        return match absent_checkout(workspace, &path) {
            Some(reason) => {
                let message = format!("`{}:{line}`: `{path}` is no checkout of this module: {reason}", place.file);
                Check::failed(NAME, message, format!("change `path` in `{}`, line {line}", place.file))
            }
            None => Check::passed(NAME, format!("`{}` takes it from `{path}`", place.file)),
        };
    }
    let named = ["remote", "urls", "url", "version"].iter().find_map(|name| text(statement, name));
    let named = named.or_else(|| text(dependency, "version")).map_or_else(
        || format!("takes it as `{}` says", statement.call.function),
        |named| match statement.call.function.as_str() {
            "git_override" | "archive_override" => format!("takes it from `{named}`"),
            _ => format!("takes it from Bazel's registry, version `{named}`"),
        },
    );
    Check::passed(NAME, format!("`{}` {named}", place.file))
}

/// The checkout that a flag of every build names in place of `MODULE.bazel`.
fn override_of_rc_files(flags: &[Flag]) -> Option<(&Flag, &str)> {
    let path = |flag| Flag::value(flag, "override_module")?.strip_prefix(MODULE)?.strip_prefix('=');
    let of_every_build = flags.iter().filter(|flag| flag.config.is_none());
    let (last, path) = of_every_build.filter_map(|flag| Some((flag, path(flag)?))).next_back()?;
    // Without a path it takes an earlier one back.
    (!path.is_empty()).then_some((last, path))
}

/// The manifests of the workspace that are named and not there.
fn manifests(workspace: &Path, module: &ModuleFile) -> Vec<Check> {
    if !module.uses_extension() {
        return Vec::new();
    }
    let tags = module.statements.iter().filter(|statement| statement.call.function.ends_with(".toolchain"));
    let absent = tags.filter_map(|tag| {
        let argument = tag.argument("manifest")?;
        let label = argument.one().ok()?.value;
        let file = file_of(&label, module.name.as_deref())?;
        if workspace.join(&file).is_file() {
            return None;
        }
        let place = argument.place();
        let message = format!("`{}:{}`: `{label}` is not there: there is no file `{file}`", place.file, place.line);
        let mut fix = format!("change `manifest` in `{}`, line {}", place.file, place.line);
        if let Some(folder) = file.strip_suffix(FILE_NAME).map(|folder| folder.trim_end_matches('/'))
            && !folder.is_empty()
        {
            let folder = workspace.strip_prefix(".").unwrap_or(workspace).join(folder);
            fix += &format!(", or write it with `lre regen --env-json env.json --out {}`", quote_path(&folder));
        }
        Some(Check::failed(NAME, message, fix))
    });
    absent.collect()
}

/// The path of a file of the root workspace; `None` if a label names another repository, or no file below.
fn file_of(label: &str, module: Option<&str>) -> Option<String> {
    let (repository, rest) = label.split_once("//").unwrap_or(("", label));
    let is_own = matches!(repository, "" | "@" | "@@") || repository.strip_prefix('@') == module;
    let (package, name) = match rest.split_once(':') {
        Some(parts) => parts,
        // In the root's package.
        None if !label.contains("//") => ("", rest),
        None => (rest, rest.rsplit('/').next()?),
    };
    let path = if package.is_empty() { name.to_owned() } else { format!("{package}/{name}") };
    let is_below = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    (is_own && is_below).then_some(path)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn labels_of_the_root_workspace_are_files_of_it() {
        let file = |label: &str| file_of(label, Some("m"));
        for label in ["//a/b:lre.json", "@//a/b:lre.json", "@@//a/b:lre.json", "@m//a/b:lre.json"] {
            assert_eq!(file(label).as_deref(), Some("a/b/lre.json"), "{label}");
        }
        assert_eq!(file(":lre.json").as_deref(), Some("lre.json"));
        assert_eq!(file("lre.json").as_deref(), Some("lre.json"));
        assert_eq!(file("//:lre.json").as_deref(), Some("lre.json"));
        assert_eq!(file("//a").as_deref(), Some("a/a"));
        for label in ["@other//a:lre.json", "@//../a:lre.json", "//a:", "//"] {
            assert_eq!(file(label), None, "{label}");
        }
    }

    #[test]
    fn last_override_of_every_build_counts_and_an_empty_one_takes_it_back() {
        let flags = |lines: &[(&str, Option<&str>)]| -> Vec<Flag> {
            let flag = |(text, config): &(&str, Option<&str>)| Flag {
                file: ".bazelrc".into(),
                line: 1,
                command: "common".into(),
                config: config.map(Into::into),
                text: format!("--override_module={text}"),
            };
            lines.iter().map(flag).collect()
        };
        let path =
            |lines: &[(&str, Option<&str>)]| override_of_rc_files(&flags(lines)).map(|(_, path)| path.to_owned());
        let (ours, other) = ("local-remote-execution=/a", "rules_cc=/b");
        assert_eq!(path(&[(ours, None), (other, None)]).as_deref(), Some("/a"));
        assert_eq!(path(&[(ours, Some("c")), (other, None)]), None);
        assert_eq!(path(&[(ours, None), ("local-remote-execution=", None)]), None);
    }
}
