//! Small workspaces that a check writes for itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, Bazel, Outcome};
use crate::lab::{HELLO, Lab};
use crate::sandbox::source;

/// A library and a genrule: what a toolchain and a platform are chosen for.
pub(crate) const BUILD: &str = r#"load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "one",
    srcs = ["one.cc"],
)

genrule(
    name = "text",
    outs = ["text.txt"],
    cmd = "echo text >$@",
)
"#;

/// A workspace below `checks`, with a Bazel server of its own.
pub(crate) struct Workspace<'a> {
    lab: &'a Lab,
    folder: PathBuf,
    pub(crate) path: String,
    pub(crate) bazel: Bazel<'a>,
}

impl<'a> Workspace<'a> {
    /// A fresh one with [`BUILD`], the demo's toolchain in `lre-cc`, and an `lre.bazelrc` that nothing imports.
    pub(crate) fn create(lab: &'a Lab, name: &str) -> Result<Self> {
        let path = format!("checks/{name}");
        let place = lab.sandbox.place();
        let folder = place.outside(&path);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
        }
        source::copy(&place.outside(HELLO).join("lre-cc"), &folder.join("lre-cc"))?;
        source::copy(&place.outside(HELLO).join("lre.bazelrc"), &folder.join("lre.bazelrc"))?;
        let bazel = Bazel::new(lab, &path, &ALICE, name);
        bazel.forget()?;
        let workspace = Self { lab, folder, path, bazel };
        workspace.write(".bazelignore", "lre-cc\n")?;
        workspace.write("one.cc", "int one() { return 1; }\n")?;
        workspace.write("BUILD.bazel", BUILD)?;
        Ok(workspace)
    }

    /// Writes a file.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        let file = self.folder.join(file);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))
    }

    /// Lets a file be run.
    pub(crate) fn make_executable(&self, file: &str) -> Result<()> {
        let path = self.folder.join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot change `{}`", path.display()))
    }

    /// Reads a file.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        let file = self.folder.join(file);
        fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))
    }

    /// Writes `MODULE.bazel`: this module, found in `module` below the sandbox's place, then rules_cc, then `tags`.
    pub(crate) fn write_module(&self, module: &str, tags: &str) -> Result<()> {
        let override_ = format!(
            "local_path_override(\n    module_name = \"local-remote-execution\",\n    path = \"{}\",\n)\n",
            self.lab.sandbox.place().text(module)
        );
        self.write("MODULE.bazel", &module_file(&override_, tags))
    }

    /// Runs Bazel with the helper and without `lre.bazelrc`.
    pub(crate) fn run(&self, verb: &str, arguments: &[&str]) -> Result<Outcome> {
        let helper = format!("--repo_env=LRE_HELPER={}", self.lab.helper());
        self.bazel.run(verb, &[&[helper.as_str()], arguments].concat())
    }

    /// Fails unless `bazel VERB ARGUMENTS…` fails; returns what it says.
    pub(crate) fn refused(&self, verb: &str, arguments: &[&str]) -> Result<String> {
        let outcome = self.run(verb, arguments)?;
        if outcome.success {
            bail!("`bazel {verb} {}` succeeded", arguments.join(" "));
        }
        Ok(outcome.stderr)
    }

    /// The execution platform of `target`'s compile action, and its execution properties as Bazel prints them.
    pub(crate) fn compile_platform(&self, target: &str, arguments: &[&str]) -> Result<(String, String)> {
        let query = format!("mnemonic(\"CppCompile\", {target})");
        let answer = self.run("aquery", &[arguments, &[query.as_str()]].concat())?.expect_success("`bazel aquery`")?;
        let value = |name: &str| {
            let line = answer.stdout.lines().find_map(|line| line.trim_start().strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        Ok((value("Execution platform:"), value("ExecutionInfo:")))
    }

    /// The repositories of this module's extension that were fetched, sorted.
    pub(crate) fn fetched(&self) -> Result<Vec<String>> {
        let external = self.lab.sandbox.place().outside(self.bazel.output_base()).join("external");
        let mut names = Vec::new();
        for entry in fs::read_dir(&external).with_context(|| format!("cannot read `{}`", external.display()))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let repository = name.strip_suffix(".marker").and_then(|name| name.rsplit_once("~lre~"));
            names.extend(repository.map(|(_, name)| name.to_owned()));
        }
        names.sort();
        Ok(names)
    }
}

/// A `MODULE.bazel` that names this module, with `override_` for it, before rules_cc.
pub(crate) fn module_file(override_: &str, tags: &str) -> String {
    format!(
        r#"module(name = "checked")

bazel_dep(name = "local-remote-execution")
{override_}
bazel_dep(name = "platforms", version = "0.0.10")
bazel_dep(name = "rules_cc", version = "0.0.11")
{}"#,
        if tags.is_empty() { String::new() } else { format!("{EXTENSION}{tags}") }
    )
}

/// What a workspace with Java adds to its `MODULE.bazel`.
pub(crate) const RULES_JAVA: &str = "bazel_dep(name = \"rules_java\", version = \"7.6.5\")\n";

/// Makes the tags' object.
pub(crate) const EXTENSION: &str = "\nlre = use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\n";

/// The tag of the demo's toolchain, with more attributes.
pub(crate) fn demo_tag(attributes: &str) -> String {
    format!("lre.toolchain(\n    name = \"cc\",\n    manifest = \"//lre-cc:lre.json\",\n{attributes})\n")
}
