//! What `nix flake metadata --json` says of a flake: the pin of a toolchain that comes from it.

use std::collections::BTreeMap;

use super::files::Text;
use super::lock::{FlakeLock, LockedInput};
use crate::manifest::FlakeInput;

/// The input that decides what a toolchain from nixpkgs is; others, such as flake-parts, change nothing of it.
const NIXPKGS: &str = "nixpkgs";

/// The metadata is no flake's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MetadataError(String);

/// The flake's locked nixpkgs, and the flake itself where it is another repository's at a commit: one in the workspace has
/// the commit that contains the manifest, which no manifest can name.
///
/// # Errors
/// If the text is no JSON, or the lock in it leads nowhere.
pub fn read_flake_pin(metadata: &str) -> Result<BTreeMap<String, FlakeInput>, MetadataError> {
    let metadata: serde_json::Value =
        serde_json::from_str(metadata).map_err(|error| MetadataError(format!("it is no JSON: {error}")))?;
    // The flake as an input of its own, so that one reader serves both.
    let locks = &metadata["locks"];
    let own = serde_json::json!({
        "version": 7,
        "root": "own",
        "nodes": {"own": {"inputs": {"own": "own flake"}}, "own flake": {"locked": metadata["locked"]}},
    });
    let input = |locks: &serde_json::Value, name: &str| {
        let text = Text { file: "locks".to_owned(), text: locks.to_string() };
        let found = FlakeLock::parse(text).and_then(|lock| lock.input(&[name]));
        found.map_err(|found| MetadataError(found.ours.value.clone()))
    };
    let mut pin = BTreeMap::new();
    // A flake without inputs may have no lock.
    if locks.is_object() {
        let nixpkgs = input(locks, NIXPKGS)?.and_then(|input| pinned(&input));
        pin.extend(nixpkgs.map(|nixpkgs| (NIXPKGS.to_owned(), nixpkgs)));
    }
    if let Some(flake) = input(&own, "own")?
        && let Some(name) = flake.repo.as_ref().map(|repo| repo.to_lowercase())
    {
        pin.extend(pinned(&flake).map(|flake| (name, flake)));
    }
    Ok(pin)
}

fn pinned(input: &LockedInput) -> Option<FlakeInput> {
    let rev = input.rev.as_ref()?.value.clone();
    Some(FlakeInput {
        url: input.reference(&rev),
        nar_hash: input.nar_hash.as_ref()?.value.clone(),
        last_modified: input.last_modified.as_ref()?.value.parse().ok()?,
        rev,
    })
}

#[cfg(test)]
mod unit {
    use super::*;

    fn input(name: &str) -> String {
        format!(
            r#"{{"type":"github","owner":"o","repo":"{name}","rev":"r-{name}","narHash":"h-{name}","lastModified":1}}"#
        )
    }

    fn expected(name: &str) -> (String, FlakeInput) {
        let (rev, nar_hash) = (format!("r-{name}"), format!("h-{name}"));
        let url = Some(format!("github:o/{name}/{rev}"));
        (name.to_lowercase(), FlakeInput { url, rev, nar_hash, last_modified: 1 })
    }

    fn locks() -> String {
        format!(
            r#"{{"version":7,"root":"root","nodes":{{
            "root":{{"inputs":{{"nixpkgs":["engine","pkgs"],"engine":"engine_2","flake-parts":"parts"}}}},
            "engine_2":{{"inputs":{{"pkgs":"nixpkgs_3"}},"locked":{}}},"nixpkgs_3":{{"locked":{}}},"parts":{{"locked":{}}}}}}}"#,
            input("engine"),
            input("nixpkgs"),
            input("parts")
        )
    }

    #[test]
    fn pin_of_a_flake_in_the_workspace_is_its_nixpkgs_also_where_that_follows_another_input() {
        let metadata = format!(r#"{{"locked":{{"type":"path","lastModified":5}},"locks":{}}}"#, locks());
        assert_eq!(read_flake_pin(&metadata), Ok(BTreeMap::from([expected("nixpkgs")])));
    }

    #[test]
    fn pin_of_a_flake_elsewhere_names_its_commit_too() {
        let metadata = format!(r#"{{"locked":{},"locks":{}}}"#, input("Engine"), locks());
        assert_eq!(read_flake_pin(&metadata), Ok(BTreeMap::from([expected("nixpkgs"), expected("Engine")])));
    }

    #[test]
    fn flake_without_inputs_pins_nothing_and_a_broken_lock_is_told() {
        assert_eq!(read_flake_pin("{}"), Ok(BTreeMap::new()));
        let unknown = r#"{"locks":{"version":8,"root":"root","nodes":{"root":{}}}}"#;
        let message = "its `version` is 8, and only 7 is known";
        assert_eq!(read_flake_pin(unknown), Err(MetadataError(message.to_owned())));
    }
}
