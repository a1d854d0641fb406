//! Facts that someone published about a toolchain, where nobody can ask its compiler.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::cc::probe::{CcProbe, CompilerKind, CxxLibrary, IncludeSearch, Linker, linker_name};
use crate::environment::{Environment, EnvironmentError};
use crate::image::image;
use crate::java::probe::JavaProbe;
use crate::manifest::{FlakeInput, Origin};
use crate::store::StorePath;
use crate::system::System;
use crate::toolchain::{Facts, Source};
use crate::toolchain_kind::ToolchainKind;
use crate::toolchain_path::ToolchainPath;

/// Why published facts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// They are not of the expected shape.
    #[error("not a file of published facts: {0}")]
    Invalid(#[from] serde_json::Error),
    /// Their Env is not usable.
    #[error("`cc.Env`: {0}")]
    Environment(#[from] EnvironmentError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    commit: String,
    system: System,
    flake: Flake,
    nixpkgs: FlakeInput,
    cc: CcFacts,
    java: JavaFacts,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Flake {
    url: String,
    last_modified: u64,
    nar_hash: String,
}

#[derive(Deserialize)]
struct CcFacts {
    image: String,
    #[serde(rename = "Env")]
    env: Vec<String>,
    include_directories: Vec<StorePath>,
    linker: StorePath,
    tools: BTreeMap<String, StorePath>,
    clang: String,
    glibc: String,
}

#[derive(Deserialize)]
struct JavaFacts {
    image: String,
    java_home: StorePath,
    version: String,
}

/// Reads the facts about a toolchain.
///
/// # Errors
/// See [`PublishedError`].
pub fn read_published(text: &str, kind: ToolchainKind) -> Result<Source, PublishedError> {
    let facts: Published = serde_json::from_str(text)?;
    let flake = FlakeInput {
        url: Some(facts.flake.url),
        rev: facts.commit,
        nar_hash: facts.flake.nar_hash,
        last_modified: facts.flake.last_modified,
    };
    let pin = BTreeMap::from([("nativelink".to_owned(), flake), ("nixpkgs".to_owned(), facts.nixpkgs)]);
    let system = facts.system;
    let (environment, reference, facts) = match kind {
        ToolchainKind::Cc => {
            let environment = Environment::from_entries(&facts.cc.env)?;
            (environment, facts.cc.image.clone(), Facts::Cc(Box::new(cc_probe(system, facts.cc))))
        }
        ToolchainKind::Java => {
            let JavaFacts { image, java_home, version } = facts.java;
            // No Env was published. `JAVA_HOME` is what was, and all that the toolchain needs.
            let environment = Environment::from_entries(&[format!("JAVA_HOME={java_home}")])?;
            let java_home = ToolchainPath::from(java_home);
            let tools = BTreeMap::new();
            (
                environment,
                image,
                Facts::Java(JavaProbe { origin: Origin::Published, system, java_home, version, tools }),
            )
        }
    };
    let image = Some(image(Origin::Published, system, &reference));
    Ok(Source { name: kind.name().to_owned(), environment, facts, pin, image })
}

fn cc_probe(system: System, cc: CcFacts) -> CcProbe {
    let libcxx = cc.include_directories.iter().any(|folder| folder.to_string().ends_with("/include/c++/v1"));
    let directories = cc.include_directories.into_iter().map(ToolchainPath::from).collect();
    let linker = ToolchainPath::from(cc.linker);
    let mut tools: BTreeMap<String, ToolchainPath> =
        cc.tools.into_iter().map(|(name, path)| (name, path.into())).collect();
    // The driver is `CC`; it is no tool that `PATH` was searched for.
    tools.remove("gcc");
    CcProbe {
        origin: Origin::Published,
        system,
        compiler: CompilerKind::Clang,
        version: cc.clang,
        target: system.triple().to_owned(),
        libc: Some(format!("glibc_{}", cc.glibc)),
        cxx_library: if libcxx { CxxLibrary::Libcxx } else { CxxLibrary::Libstdcxx },
        include_searches: vec![IncludeSearch { arguments: Vec::new(), directories }],
        resource_directory: None,
        sysroot: None,
        linker: linker_name(&linker).map(str::to_owned).map(|name| Linker { name, path: Some(linker.clone()) }),
        tools,
        accepted_flags: None,
        runtimes: None,
    }
}
