//! What a toolchain is generated from: an Env, published facts, or the manifest that is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::Args;

use super::flake::{self, FlakeReference};
use super::image::ImageArguments;
use super::target::Target;
use crate::cc::probe::probe_cc;
use crate::command::progress_bar::Waiting;
use crate::command::toolchain_folder::read_manifest;
use crate::command::{read_environment, read_text};
use crate::environment::Environment;
use crate::image::image;
use crate::java::probe::probe_java;
use crate::manifest::{FlakeInput, Manifest, Origin};
use crate::published::{PublishedError, read_published};
use crate::shell::quote_path;
use crate::store::database::query_nar_hashes;
use crate::store::{Store, StoreRoot};
use crate::talk::say;
use crate::toolchain::{Facts, Source};
use crate::toolchain_kind::ToolchainKind;
use crate::toolchain_path::PathPolicy;

/// What names the source.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// JSON list of `KEY=VALUE` strings: the toolchain's Env. Its `CC`, or the JDK in its `JAVA_HOME`, is asked
    /// for everything else.
    #[arg(long, value_name = "FILE", group = "source")]
    env_json: Option<PathBuf>,
    /// A flake's toolchain, such as `.#lre-cc`: Nix evaluates its `meta.Env`, and the flake's lock is the manifest's pin.
    #[arg(long, value_name = "REF", group = "source")]
    flake: Option<FlakeReference>,
    /// Published facts about a toolchain that is not on this machine.
    #[arg(long, value_name = "FACTS", group = "source")]
    published: Option<PathBuf>,
    #[command(flatten)]
    image: ImageArguments,
    /// Allow absolute paths outside the store. Nothing can check that two machines have the same bytes there: such a
    /// toolchain is for workers that run the image that it is from.
    #[arg(long, requires = "source", conflicts_with_all = ["flake", "published"])]
    allow_non_store: bool,
    /// What the toolchain compiles. By default what Env names, `CC` or `JAVA_HOME`; of published facts `cc`.
    #[arg(long, requires = "source")]
    kind: Option<ToolchainKind>,
}

impl SourceArguments {
    /// The option that names the source, if one does.
    pub(super) fn option(&self) -> Option<&'static str> {
        let given = [
            ("--env-json", self.env_json.is_some()),
            ("--flake", self.flake.is_some()),
            ("--image", self.image.image.is_some()),
            ("--published", self.published.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }

    /// The options as words of a command line.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut push = |option: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
        };
        push("--env-json", self.env_json.as_ref().map(|path| path.display().to_string()));
        push("--flake", self.flake.as_ref().map(ToString::to_string));
        push("--published", self.published.as_ref().map(|path| path.display().to_string()));
        words.extend(self.image.words());
        words.extend(self.kind.iter().flat_map(|kind| ["--kind".to_owned(), kind.to_string()]));
        words.extend(self.allow_non_store.then(|| "--allow-non-store".to_owned()));
        words
    }

    /// Every file of the toolchain's folder.
    pub(super) fn generate(&self, store: &Store, target: &Target) -> anyhow::Result<BTreeMap<String, String>> {
        if let Some(path) = &self.env_json {
            let environment = read_environment(path)?.allowing(PathPolicy::new(self.allow_non_store));
            self.require_image_name()?;
            self.probed(store, target, environment, BTreeMap::new())
        } else if let Some(reference) = &self.flake {
            let environment = flake::evaluate(reference, store)?;
            self.probed(store, target, environment, flake::read_pin(reference)?)
        } else if let Some(reference) = &self.image.image {
            let paths = PathPolicy::new(self.allow_non_store);
            self.image.generate(reference, store, target, self.kind, paths)
        } else if let Some(path) = &self.published {
            let kind = self.kind.unwrap_or(ToolchainKind::Cc);
            let text = read_text(path)?;
            let source = read_published(&text, kind).map_err(|error| refuse_facts(path, &text, &error))?;
            Ok(Source { name: target.name(kind), ..source }.generate(|_| None)?)
        } else {
            let manifest = read_manifest(&target.folder, store, "lre regen --out")?;
            let recorded = |root: &_| manifest.store_roots.iter().find(|known| known.path == *root)?.nar_hash.clone();
            let source = Source::from_manifest(&manifest)?;
            Ok(Source { name: target.name(source.facts.kind()), ..source }.generate(recorded)?)
        }
    }

    /// Asks the compiler or the JDK that Env names.
    fn probed(
        &self,
        store: &Store,
        target: &Target,
        environment: Environment,
        pin: BTreeMap<String, FlakeInput>,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let source = probe(store, target, self.kind, environment)?;
        let exec = source.systems()?.exec;
        let image = self.image.image_name.as_deref().map(|name| image(Origin::Published, exec, name));
        let source = Source { pin, image, ..source };
        let hashes = recorded_hashes(store, &source)?;
        Ok(source.generate(|root| hashes.get(root).cloned())?)
    }

    /// The name that would be computed says nothing about bytes outside the store.
    fn require_image_name(&self) -> anyhow::Result<()> {
        if self.allow_non_store && self.image.image_name.is_none() {
            bail!(
                "paths outside the store are those of one image, and none is named\n\n\
                 hint: name the image that workers run with `--image-name NAME`"
            );
        }
        Ok(())
    }
}

/// Why a file is none of published facts, and what to do instead.
fn refuse_facts(path: &Path, text: &str, error: &PublishedError) -> anyhow::Error {
    let shown = path.display();
    match (Manifest::from_json(text), path.parent()) {
        (Ok(_), Some(folder)) => anyhow!(
            "`{shown}` is a toolchain's manifest, and not facts about one\n\n\
             hint: write the files beside it again with `lre regen --out {}`",
            quote_path(folder)
        ),
        _ => anyhow!(
            "cannot use `{shown}`: {error}\n\n\
             hint: `--published` is for the facts of NativeLink's toolchains; of a toolchain of your own, name the Env with \
             `--env-json env.json`"
        ),
    }
}

/// What the compiler or the JDK that Env names answers, in that store.
pub(super) fn probe(
    store: &Store,
    target: &Target,
    kind: Option<ToolchainKind>,
    environment: Environment,
) -> anyhow::Result<Source> {
    let kind = ToolchainKind::of(&environment, kind)?;
    for unread in environment.unread_variables() {
        say(format_args!("note: {unread}"));
    }
    let _waiting = Waiting::with("asking the compiler of Env");
    let facts = match kind {
        ToolchainKind::Cc => Facts::Cc(Box::new(probe_cc(store, &environment)?)),
        ToolchainKind::Java => Facts::Java(probe_java(store, &environment)?),
    };
    Ok(Source { name: target.name(kind), environment, facts, pin: BTreeMap::new(), image: None })
}

/// The NAR hashes that Nix's database has of a toolchain's store roots.
pub(super) fn recorded_hashes(store: &Store, source: &Source) -> anyhow::Result<BTreeMap<StoreRoot, String>> {
    let known = query_nar_hashes(store, &source.store_roots()?);
    if let Some(warning) = &known.warning {
        eprintln!("warning: {warning}");
    }
    Ok(known.hashes.into_iter().filter_map(|(root, hash)| Some((root, hash?))).collect())
}
