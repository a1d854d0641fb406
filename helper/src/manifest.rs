//! The manifest `lre.json`: everything that the generated files were made from. `docs/manifest.schema.json` describes it.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::cc::probe::CcProbe;
use crate::environment::{Environment, EnvironmentError};
use crate::generated_file::MARKER;
use crate::java::probe::JavaProbe;
use crate::store::{STORE_DIR, StoreRoot};
use crate::system::System;
use crate::toolchain_kind::ToolchainKind;
use crate::toolchain_path::{PathPolicy, ToolchainPath};

/// The schema that this helper reads and writes.
pub const SCHEMA: u64 = 1;

/// The manifest's file name.
pub const FILE_NAME: &str = "lre.json";

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no JSON, or not of the expected shape.
    #[error("not a manifest: {0}")]
    Invalid(#[from] serde_json::Error),
    /// It has no schema number.
    #[error("not a manifest: no `schema` number")]
    NoSchema,
    /// It names a file outside its folder, which a check must not read.
    #[error("`files` names `{0}`, which is not below the manifest's folder")]
    FileName(String),
    /// Its Env is none that a toolchain is made from.
    #[error("`env`: {0}")]
    Environment(#[from] EnvironmentError),
    /// It describes no toolchain, or two.
    #[error("not a manifest: it has to have exactly one of `cc` and `java`")]
    Kind,
    /// It names a path outside the store and does not say that it may.
    #[error(
        "`{0}` is not under `{STORE_DIR}`, and the manifest does not allow that with `nonStore`\n\n\
         hint: write the folder again with `lre regen --env-json env.json --out DIR`"
    )]
    NonStore(ToolchainPath),
    /// Its schema is newer than this helper.
    #[error(
        "schema {found} is not supported: this `lre` reads schema {SCHEMA}\n\n\
         hint: update `lre` to the version that wrote the manifest"
    )]
    Schema {
        /// The number in the file.
        found: u64,
    },
}

/// Schema 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    /// 1.
    pub schema: u64,
    /// The `@generated` marker, as a comment.
    pub comment: String,
    /// The toolchain's name: its repository is `@lre_<name>`, its constraint `lre-<name>`.
    pub name: String,
    /// Where the toolchain's programs run.
    pub exec: Platform,
    /// What they produce.
    pub target: Platform,
    /// The flake inputs that decide the store roots, by input name. Empty if Env came from elsewhere.
    pub pin: BTreeMap<String, FlakeInput>,
    /// `KEY=VALUE` strings.
    pub env: Vec<String>,
    /// Whether Env and the facts may name paths outside the store. Nothing can tell then whether two machines have the
    /// same bytes there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub non_store: bool,
    /// Every store root that Env or a BUILD file names, sorted.
    pub store_roots: Vec<RecordedRoot>,
    /// The C++ toolchain, if this is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cc: Option<CcToolchain>,
    /// The Java toolchain, if this is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub java: Option<JavaToolchain>,
    /// The worker image.
    pub image: Image,
    /// `sha256-<base64>` of each generated file except the manifest, by name relative to it.
    pub files: BTreeMap<String, String>,
}

/// A Nix system such as `x86_64-linux`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// CPU and operating system.
    pub system: System,
}

/// A locked flake input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FlakeInput {
    /// The flake reference, if it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The commit.
    pub rev: String,
    /// `sha256-<base64>` of the source tree's NAR.
    pub nar_hash: String,
    /// The commit's time in seconds since 1970.
    pub last_modified: u64,
}

/// A store root and its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RecordedRoot {
    /// `/nix/store/<hash>-<name>`.
    pub path: StoreRoot,
    /// `sha256-<base64>`, or `null` where it is not known.
    pub nar_hash: Option<String>,
}

/// The C++ part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CcToolchain {
    /// What the compiler answered, or what was published of it.
    pub probe: CcProbe,
}

/// The Java part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JavaToolchain {
    /// What the JDK answered, or what was published of it.
    pub probe: JavaProbe,
}

/// Where facts are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The compiler was asked on this machine.
    Probed,
    /// Someone else published them.
    Published,
    /// Computed from the rest of the manifest.
    Computed,
}

/// The worker image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Image {
    /// `computed` or `published`.
    pub origin: Origin,
    /// `lre-<name>:<tag>`.
    pub reference: String,
    /// What the platform asks of a worker.
    pub exec_properties: BTreeMap<String, String>,
}

impl Manifest {
    /// Parses a manifest.
    ///
    /// # Errors
    /// See [`ManifestError`]; a newer schema is told apart from a broken file.
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            None => Err(ManifestError::NoSchema),
            Some(SCHEMA) => Self::validated(serde_json::from_str(text)?),
            Some(found) => Err(ManifestError::Schema { found }),
        }
    }

    fn validated(manifest: Self) -> Result<Self, ManifestError> {
        let below = |name: &str| {
            !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some(name) = manifest.files.keys().find(|name| !below(name)) {
            return Err(ManifestError::FileName(name.clone()));
        }
        let environment = Environment::from_entries(&manifest.env)?;
        if manifest.cc.is_some() == manifest.java.is_some() {
            return Err(ManifestError::Kind);
        }
        environment.check_hidden_inputs(manifest.kind())?;
        manifest.first_forbidden_path().map_or(Ok(()), |path| Err(ManifestError::NonStore(path)))?;
        Ok(manifest)
    }

    fn first_forbidden_path(&self) -> Option<ToolchainPath> {
        let cc = self.cc.iter().flat_map(|cc| cc.probe.paths());
        let mut paths = cc.chain(self.java.iter().flat_map(|java| java.probe.paths()));
        paths.find(|path| path.in_store().is_none() && !self.non_store).cloned()
    }

    /// Which paths Env and the facts may name.
    #[must_use]
    pub fn paths(&self) -> PathPolicy {
        PathPolicy::new(self.non_store)
    }

    /// The text of `lre.json`.
    ///
    /// # Errors
    /// None that a manifest can cause; serde's signature has one.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// What it describes.
    #[must_use]
    pub fn kind(&self) -> ToolchainKind {
        if self.java.is_some() { ToolchainKind::Java } else { ToolchainKind::Cc }
    }

    /// The value of the `comment` field, which is also the first line of the BUILD files.
    #[must_use]
    pub fn comment(kind: ToolchainKind, name: &str, probe: Origin, paths: PathPolicy) -> String {
        let source = match probe {
            Origin::Published => "--published FILE",
            // What lies outside the store is known to an image alone.
            _ if paths.allows_non_store() => "--image REF --allow-non-store",
            _ => "--env-json FILE",
        };
        let option = kind.options(name);
        format!("{MARKER} by `lre regen {source} --out DIR{option}`, which writes this folder. Do not edit.")
    }
}
