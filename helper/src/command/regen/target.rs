//! Which folders are written: the one that is named, or toolchains of a workspace by name.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use crate::command::toolchain_folder::{folder_of, parser, toolchains_in};
use crate::manifest::{FILE_NAME, Manifest};
use crate::shell::quote_path;
use crate::toolchain_kind::ToolchainKind;

/// How `bazel run` calls this program.
const BAZEL_RUN: [&str; 4] = ["bazel", "run", "@local-remote-execution//helper:regen", "--"];

/// Bazel sets it for the programs that `bazel run` starts.
const WORKSPACE: &str = "BUILD_WORKSPACE_DIRECTORY";

/// What names the folders.
#[derive(Debug, Args)]
pub(super) struct TargetArguments {
    /// The folder to write, or the `lre.json` in it.
    #[arg(long, value_name = "DIR", conflicts_with = "selected", value_parser = parser())]
    out: Option<PathBuf>,
    /// The toolchain's name: its repository is `@lre_<NAME>`. By default that of the manifest there, or `cc` or `java`.
    #[arg(long, requires = "out")]
    name: Option<String>,
    /// A toolchain of the workspace and its folder, as `bazel run @local-remote-execution//helper:regen` gives them.
    #[arg(long = "toolchain", value_name = "NAME=DIR", value_parser = parse_toolchain)]
    toolchains: Vec<(String, PathBuf)>,
    /// Toolchains among those of `--toolchain`, and so of `bazel run`. By default all.
    #[arg(value_name = "NAMES")]
    selected: Vec<String>,
}

/// A folder that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The toolchain's name, if it was named.
    pub(super) name: Option<String>,
    /// The folder.
    pub(super) folder: PathBuf,
}

impl Target {
    /// What the toolchain is called: as it was named, as before, or as its kind.
    pub(super) fn name(&self, kind: ToolchainKind) -> String {
        let before = || {
            let text = std::fs::read_to_string(self.folder.join(FILE_NAME)).ok()?;
            let manifest = Manifest::from_json(&text).ok()?;
            (manifest.kind() == kind).then_some(manifest.name)
        };
        self.name.clone().or_else(before).unwrap_or_else(|| kind.name().to_owned())
    }
}

/// Parses `NAME=DIR`.
pub(in crate::command) fn parse_toolchain(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, folder)) if !name.is_empty() && !folder.is_empty() => {
            Ok((name.to_owned(), folder_of(folder.into())))
        }
        _ => Err("expected `NAME=DIR`".to_owned()),
    }
}

impl TargetArguments {
    /// The folders, in the order in which they are named.
    pub(super) fn targets(&self) -> anyhow::Result<Vec<Target>> {
        if let Some(folder) = &self.out {
            return Ok(vec![Target { name: self.name.clone(), folder: folder.clone() }]);
        }
        if self.toolchains.is_empty() && std::env::var_os(WORKSPACE).is_none() {
            let named = self.selected.first().map(|name| format!(" for `{name}`")).unwrap_or_default();
            bail!("`lre regen` names no folder{named}\n\n{}", self.folder_hint());
        }
        if self.toolchains.is_empty() {
            bail!(
                "no folder to write is named, and this workspace has no toolchain of its own\n\n\
                 hint: name a folder with `--out DIR`; without it, those are written that `MODULE.bazel` takes from the \
                 workspace, as with `lre.toolchain(name = \"cc\", manifest = \"//lre-cc:lre.json\")`"
            );
        }
        let target = |(name, folder): &(String, PathBuf)| Target { name: Some(name.clone()), folder: folder.clone() };
        if self.selected.is_empty() {
            return Ok(self.toolchains.iter().map(target).collect());
        }
        let find = |selected: &String| self.toolchains.iter().find(|(name, _)| name == selected);
        if let Some(unknown) = self.selected.iter().find(|selected| find(selected).is_none()) {
            let known: Vec<&str> = self.toolchains.iter().map(|(name, _)| name.as_str()).collect();
            bail!("no toolchain of this workspace is called `{unknown}`\n\nhint: there are `{}`", known.join("`, `"));
        }
        Ok(self.selected.iter().filter_map(find).map(target).collect())
    }

    /// How to name a folder, by one that is there if there is one.
    fn folder_hint(&self) -> String {
        let is_toolchain = |folder: &&PathBuf| folder.join(FILE_NAME).is_file();
        let named = self.selected.iter().map(PathBuf::from).collect::<Vec<_>>();
        let here = toolchains_in(Path::new("."));
        let folder = named.iter().find(is_toolchain).or(here.first());
        format!(
            "hint: name it with `lre regen --out {}`, or write all that `MODULE.bazel` names with `{}`",
            folder.map_or_else(|| "lre-cc".to_owned(), |folder| quote_path(folder)),
            BAZEL_RUN[..3].join(" ")
        )
    }

    /// The start of the command line that writes one of them.
    pub(super) fn command(&self, target: &Target) -> Vec<String> {
        let mut words: Vec<String>;
        match (&self.out, &target.name) {
            (None, Some(name)) if std::env::var_os(WORKSPACE).is_some() => {
                words = BAZEL_RUN.map(str::to_owned).to_vec();
                words.push(name.clone());
            }
            (None, Some(name)) => {
                words = ["lre", "regen", "--toolchain"].map(str::to_owned).to_vec();
                words.push(format!("{name}={}", target.folder.display()));
            }
            (_, name) => {
                words = ["lre", "regen", "--out"].map(str::to_owned).to_vec();
                words.push(target.folder.display().to_string());
                words.extend(name.iter().flat_map(|name| ["--name".to_owned(), name.clone()]));
            }
        }
        words
    }
}
