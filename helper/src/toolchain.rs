//! Puts a toolchain together: Env and facts in, manifest and BUILD files out. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::cc::config::{ConfigError, configure_cc, target_system};
use crate::cc::probe::CcProbe;
use crate::cc::render::{Systems, render_cc};
use crate::environment::{Environment, EnvironmentError};
use crate::image::compute_image;
use crate::java::config::configure_java;
use crate::java::probe::JavaProbe;
use crate::java::render::render_java;
use crate::manifest::{
    CcToolchain, FILE_NAME, FlakeInput, Image, JavaToolchain, Manifest, Origin, Platform, RecordedRoot, SCHEMA,
};
use crate::store::hash::sha256_sri;
use crate::store::{StoreRoot, find_store_paths};
use crate::toolchain_kind::ToolchainKind;

/// Why a toolchain could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// The name cannot be part of a repository's name.
    #[error(
        "`{0}` is no toolchain name: expected lower-case letters, digits and `_`, starting with a letter\n\n\
         hint: leave `--name` out for `cc`, or `java`"
    )]
    Name(String),
    /// Env or the facts do not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Env or the facts of a JDK do not fit.
    #[error(transparent)]
    JavaConfig(#[from] crate::java::config::ConfigError),
    /// The Env in a manifest is not usable.
    #[error("the manifest's `env`: {0}")]
    Environment(#[from] EnvironmentError),
    /// The manifest has no part that this helper renders.
    #[error("the manifest describes no toolchain")]
    Nothing,
    /// Serialization failed.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The facts about a toolchain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// A compiler's.
    Cc(Box<CcProbe>),
    /// A JDK's.
    Java(JavaProbe),
}

impl Facts {
    /// What they are about.
    #[must_use]
    pub fn kind(&self) -> ToolchainKind {
        match self {
            Self::Cc(_) => ToolchainKind::Cc,
            Self::Java(_) => ToolchainKind::Java,
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Cc(probe) => probe.origin,
            Self::Java(probe) => probe.origin,
        }
    }
}

/// What a toolchain is made from.
#[derive(Clone, Debug)]
pub struct Source {
    /// `cc`, `java`, or the name of another toolchain beside it.
    pub name: String,
    /// Env.
    pub environment: Environment,
    /// What the compiler or the JDK answered.
    pub facts: Facts,
    /// The flake inputs that Env comes from.
    pub pin: BTreeMap<String, FlakeInput>,
    /// A published image; otherwise it is computed.
    pub image: Option<Image>,
}

impl Source {
    /// The parts of a manifest that the rest of it was made from.
    ///
    /// # Errors
    /// If it describes no toolchain, or its Env is not usable.
    pub fn from_manifest(manifest: &Manifest) -> Result<Self, ToolchainError> {
        let facts = match (&manifest.cc, &manifest.java) {
            (Some(cc), _) => Facts::Cc(Box::new(cc.probe.clone())),
            (None, Some(java)) => Facts::Java(java.probe.clone()),
            (None, None) => return Err(ToolchainError::Nothing),
        };
        Ok(Self {
            name: manifest.name.clone(),
            environment: Environment::from_entries(&manifest.env)?.allowing(manifest.paths()),
            facts,
            pin: manifest.pin.clone(),
            image: (manifest.image.origin == Origin::Published).then(|| manifest.image.clone()),
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
        let store_roots = self.recorded_roots(nar_hash)?;
        let env = self.environment.to_entries();
        let image = match &self.image {
            Some(image) => image.clone(),
            None => compute_image(&self.name, self.systems()?.exec, &env, &store_roots)?,
        };
        let mut files = self.render(&image.exec_properties)?;
        let systems = self.systems()?;
        let (cc, java) = match &self.facts {
            Facts::Cc(probe) => (Some(CcToolchain { probe: CcProbe::clone(probe) }), None),
            Facts::Java(probe) => (None, Some(JavaToolchain { probe: probe.clone() })),
        };
        let manifest = Manifest {
            schema: SCHEMA,
            comment: self.comment(),
            name: self.name.clone(),
            exec: Platform { system: systems.exec },
            target: Platform { system: systems.target },
            pin: self.pin.clone(),
            env,
            non_store: self.environment.paths().allows_non_store(),
            store_roots,
            cc,
            java,
            image,
            files: files.iter().map(|(name, text)| (name.clone(), sha256_sri(text))).collect(),
        };
        files.insert(FILE_NAME.to_owned(), manifest.to_json()?);
        Ok(files)
    }

    /// The image that is computed where no other is known.
    ///
    /// # Errors
    /// See [`ToolchainError`].
    pub fn compute_image(&self, nar_hash: impl Fn(&StoreRoot) -> Option<String>) -> Result<Image, ToolchainError> {
        let store_roots = self.recorded_roots(nar_hash)?;
        Ok(compute_image(&self.name, self.systems()?.exec, &self.environment.to_entries(), &store_roots)?)
    }

    fn recorded_roots(
        &self,
        nar_hash: impl Fn(&StoreRoot) -> Option<String>,
    ) -> Result<Vec<RecordedRoot>, ToolchainError> {
        let roots = self.store_roots()?.into_iter();
        Ok(roots.map(|path| RecordedRoot { nar_hash: nar_hash(&path), path }).collect())
    }

    /// Where its programs run, and what they produce.
    ///
    /// # Errors
    /// If the compiler's target is no known system.
    pub fn systems(&self) -> Result<Systems, ToolchainError> {
        Ok(match &self.facts {
            Facts::Cc(probe) => Systems { exec: probe.system, target: target_system(probe)? },
            // What a JDK compiles runs on any system; its runtime is for its own.
            Facts::Java(probe) => Systems { exec: probe.system, target: probe.system },
        })
    }

    fn comment(&self) -> String {
        Manifest::comment(self.facts.kind(), &self.name, self.facts.origin(), self.environment.paths())
    }

    fn render(&self, exec_properties: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ToolchainError> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !self.name.starts_with(|c: char| c.is_ascii_lowercase()) || !self.name.chars().all(letters) {
            return Err(ToolchainError::Name(self.name.clone()));
        }
        let systems = self.systems()?;
        Ok(match &self.facts {
            Facts::Cc(probe) => {
                let config = configure_cc(&self.name, &self.environment, probe)?;
                render_cc(&self.comment(), &self.name, &config, systems, exec_properties)
            }
            Facts::Java(probe) => {
                let config = configure_java(&self.environment, probe)?;
                render_java(&self.comment(), &self.name, &config, systems.exec, exec_properties)
            }
        })
    }
}
