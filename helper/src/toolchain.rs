//! Puts a toolchain together: Env and facts in, manifest and BUILD files out. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::cc::config::{ConfigError, configure_cc, target_system};
use crate::cc::probe::CcProbe;
use crate::cc::render::{Systems, render_cc};
use crate::environment::{Environment, EnvironmentError};
use crate::image::compute_image;
use crate::manifest::{CcToolchain, FILE_NAME, FlakeInput, Image, Manifest, Platform, RecordedRoot, SCHEMA};
use crate::store::hash::sha256_sri;
use crate::store::{StoreRoot, find_store_paths};

/// Why a toolchain could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// The name cannot be part of a repository's name.
    #[error(
        "`{0}` is no toolchain name: expected lower-case letters, digits and `_`, starting with a letter\n\n\
         hint: leave `--name` out for `cc`"
    )]
    Name(String),
    /// Env or the facts do not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The Env in a manifest is not usable.
    #[error("the manifest's `env`: {0}")]
    Environment(#[from] EnvironmentError),
    /// The manifest has no part that this helper renders.
    #[error("the manifest describes no C++ toolchain")]
    NotCc,
    /// Serialization failed.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// What a C++ toolchain is made from.
#[derive(Clone, Debug)]
pub struct CcSource {
    /// `cc`, or the name of another toolchain beside it.
    pub name: String,
    /// Env.
    pub environment: Environment,
    /// The compiler's facts.
    pub probe: CcProbe,
    /// The flake inputs that Env comes from.
    pub pin: BTreeMap<String, FlakeInput>,
    /// A published image; otherwise it is computed.
    pub image: Option<Image>,
}

impl CcSource {
    /// The parts of a manifest that the rest of it was made from.
    ///
    /// # Errors
    /// If it describes no C++ toolchain, or its Env is not usable.
    pub fn from_manifest(manifest: &Manifest) -> Result<Self, ToolchainError> {
        let cc = manifest.cc.as_ref().ok_or(ToolchainError::NotCc)?;
        Ok(Self {
            name: manifest.name.clone(),
            environment: Environment::from_entries(&manifest.env)?.allowing(manifest.paths()),
            probe: cc.probe.clone(),
            pin: manifest.pin.clone(),
            image: (manifest.image.origin == crate::manifest::Origin::Published).then(|| manifest.image.clone()),
        })
    }

    /// Every store root that Env or a generated file names, sorted.
    ///
    /// # Errors
    /// See [`ToolchainError`].
    pub fn store_roots(&self) -> Result<Vec<StoreRoot>, ToolchainError> {
        let files = self.render(&BTreeMap::new())?;
        let env = self.environment.to_entries();
        let texts = files.values().chain(&env);
        let roots: BTreeSet<StoreRoot> = texts
            .flat_map(|text| find_store_paths(text))
            .filter_map(|mention| Some(mention.path.ok()?.root().clone()))
            .collect();
        Ok(roots.into_iter().collect())
    }

    /// All files of the toolchain's folder, the manifest among them.
    ///
    /// # Errors
    /// See [`ToolchainError`].
    pub fn generate(
        &self,
        nar_hash: impl Fn(&StoreRoot) -> Option<String>,
    ) -> Result<BTreeMap<String, String>, ToolchainError> {
        let roots = self.store_roots()?.into_iter();
        let store_roots: Vec<RecordedRoot> =
            roots.map(|path| RecordedRoot { nar_hash: nar_hash(&path), path }).collect();
        let env = self.environment.to_entries();
        let image = match &self.image {
            Some(image) => image.clone(),
            None => compute_image(&self.name, self.probe.system, &env, &store_roots)?,
        };
        let mut files = self.render(&image.exec_properties)?;
        let manifest = Manifest {
            schema: SCHEMA,
            comment: self.comment(),
            name: self.name.clone(),
            exec: Platform { system: self.probe.system },
            target: Platform { system: target_system(&self.probe)? },
            pin: self.pin.clone(),
            env,
            non_store: self.environment.paths().allows_non_store(),
            store_roots,
            cc: Some(CcToolchain { probe: self.probe.clone() }),
            java: None,
            image,
            files: files.iter().map(|(name, text)| (name.clone(), sha256_sri(text))).collect(),
        };
        files.insert(FILE_NAME.to_owned(), manifest.to_json()?);
        Ok(files)
    }

    fn comment(&self) -> String {
        Manifest::comment(&self.name, self.probe.origin)
    }

    fn render(&self, exec_properties: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ToolchainError> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !self.name.starts_with(|c: char| c.is_ascii_lowercase()) || !self.name.chars().all(letters) {
            return Err(ToolchainError::Name(self.name.clone()));
        }
        let config = configure_cc(&self.name, &self.environment, &self.probe)?;
        let systems = Systems { exec: self.probe.system, target: target_system(&self.probe)? };
        Ok(render_cc(&self.comment(), &self.name, &config, systems, exec_properties))
    }
}
