//! Recorded answers of real compilers, and the whole BUILD files that they lead to.
//!
//! `probes/clang-21.json` is a toolchain of Debian's packages; `gcc-14.json` and `aarch64-linux-cross-clang-19.json` are
//! `lre-gcc` and `lre-cross` of `examples/custom-toolchain`, asked on x86_64-linux. No macOS machine was there to ask:
//! `aarch64-darwin.written.json` is what Nix's clang is known to say there, and not a recording.
//! `java-21.json` is its `lre-java`.

use std::path::Path;

use lre::cc::probe::CcProbe;
use lre::environment::Environment;
use lre::java::probe::JavaProbe;
use lre::manifest::Manifest;
use lre::published::read_published;
use lre::system::System;
use lre::toolchain::{Facts, Source};
use lre::toolchain_kind::ToolchainKind;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Recorded<P> {
    env: Vec<String>,
    probe: P,
}

fn read<P: DeserializeOwned>(name: &str) -> anyhow::Result<Recorded<P>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes").join(name);
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn recorded(name: &str, toolchain: &str) -> anyhow::Result<Source> {
    let Recorded { env, probe } = read::<CcProbe>(name)?;
    source(&env, Facts::Cc(Box::new(probe)), toolchain)
}

fn recorded_java() -> anyhow::Result<Source> {
    let Recorded { env, probe } = read::<JavaProbe>("java-21.json")?;
    source(&env, Facts::Java(probe), "java")
}

fn source(env: &[String], facts: Facts, toolchain: &str) -> anyhow::Result<Source> {
    let environment = Environment::from_entries(env)?;
    Ok(Source { name: toolchain.to_owned(), environment, facts, pin: Default::default(), image: None })
}

fn committed(path: &str) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path))?)
}

#[test]
fn recorded_clang_leads_to_this_toolchain() -> anyhow::Result<()> {
    let files = recorded("clang-21.json", "cc")?.generate(|_| None)?;
    insta::assert_snapshot!("clang-21-cc", files["cc/BUILD"]);
    insta::assert_snapshot!("clang-21-config", files["config/BUILD"]);
    insta::assert_snapshot!("clang-21-folder", files["BUILD.bazel"]);
    Ok(())
}

#[test]
fn recorded_gcc_leads_to_this_toolchain() -> anyhow::Result<()> {
    let files = recorded("gcc-14.json", "gcc")?.generate(|_| None)?;
    insta::assert_snapshot!("gcc-14-cc", files["cc/BUILD"]);
    insta::assert_snapshot!("gcc-14-config", files["config/BUILD"]);
    Ok(())
}

#[test]
fn recorded_cross_clang_for_aarch64_linux_leads_to_this_toolchain() -> anyhow::Result<()> {
    let files = recorded("aarch64-linux-cross-clang-19.json", "cross")?.generate(|_| None)?;
    insta::assert_snapshot!("aarch64-linux-cross-clang-19-cc", files["cc/BUILD"]);
    insta::assert_snapshot!("aarch64-linux-cross-clang-19-config", files["config/BUILD"]);
    let manifest = Manifest::from_json(&files["lre.json"])?;
    assert_eq!((manifest.exec.system, manifest.target.system), (System::X86_64Linux, System::Aarch64Linux));
    Ok(())
}

#[test]
fn aarch64_darwin_from_a_written_probe_leads_to_this_toolchain() -> anyhow::Result<()> {
    let files = recorded("aarch64-darwin.written.json", "mac")?.generate(|_| None)?;
    insta::assert_snapshot!("aarch64-darwin-written-cc", files["cc/BUILD"]);
    insta::assert_snapshot!("aarch64-darwin-written-config", files["config/BUILD"]);
    let manifest = Manifest::from_json(&files["lre.json"])?;
    assert_eq!((manifest.exec.system, manifest.target.system), (System::Aarch64Darwin, System::Aarch64Darwin));
    Ok(())
}

#[test]
fn recorded_jdk_leads_to_this_toolchain() -> anyhow::Result<()> {
    let files = recorded_java()?.generate(|_| None)?;
    insta::assert_snapshot!("java-21-java", files["java/BUILD"]);
    insta::assert_snapshot!("java-21-config", files["config/BUILD"]);
    Ok(())
}

#[test]
fn manifest_renders_the_same_files_again() -> anyhow::Result<()> {
    for source in [recorded("clang-21.json", "cc")?, recorded_java()?] {
        let files = source.generate(|root| Some(format!("sha256-of-{root}")))?;
        let manifest = Manifest::from_json(&files["lre.json"])?;
        let recorded = |root: &_| manifest.store_roots.iter().find(|known| known.path == *root)?.nar_hash.clone();
        assert_eq!(Source::from_manifest(&manifest)?.generate(recorded)?, files);
    }
    Ok(())
}

#[test]
fn committed_folders_are_what_the_published_facts_lead_to() -> anyhow::Result<()> {
    let facts = committed("helper/tests/facts/pin-64ed20a.json")?;
    for kind in [ToolchainKind::Cc, ToolchainKind::Java] {
        for (name, text) in read_published(&facts, kind)?.generate(|_| None)? {
            let file = format!("generated-{kind}/{name}");
            assert_eq!(committed(&file)?, text, "{file}");
        }
    }
    Ok(())
}

#[test]
fn published_manifest_invents_nothing() -> anyhow::Result<()> {
    let manifest = Manifest::from_json(&committed("generated-cc/lre.json")?)?;
    assert_eq!(manifest.store_roots.len(), 12);
    assert!(manifest.store_roots.iter().all(|root| root.nar_hash.is_none()));
    assert_eq!(manifest.image.reference, "lre-cc:asy4f1bqav5vw64vcyh9c2qj0nlhy6pa");
    Ok(())
}
