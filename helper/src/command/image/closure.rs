//! What an image has to hold: store roots and all that they refer to, as Nix's database knows them.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{anyhow, bail};

use crate::manifest::RecordedRoot;
use crate::oci::layer_plan::plan_layers;
use crate::oci::store_layer::HashedRoot;
use crate::shell::quote_path;
use crate::store::database::{Closure, Registration, Unknown, query_closure, query_references};
use crate::store::{Store, StoreRoot};

/// The store roots of each layer of an image with all that `roots` refer to. `skip` looks at the closure first, and says what
/// of it needs no layer.
pub(super) fn layers_of_closure(
    store: &Store,
    roots: &[StoreRoot],
    limit: usize,
    skip: &dyn Fn(&Closure) -> anyhow::Result<BTreeSet<StoreRoot>>,
) -> anyhow::Result<Vec<Vec<HashedRoot>>> {
    let unknown = |unknown: Unknown| {
        anyhow!(
            "what the store roots refer to is not known: {unknown}\n\n\
             hint: make images where Nix is; `--store DIR` names a chroot store"
        )
    };
    let closure = query_closure(store, roots).map_err(unknown)?;
    let mut references = query_references(store, roots).map_err(unknown)?;
    refuse_absent(store, roots, &closure)?;
    let skipped = skip(&closure)?;
    references.retain(|root, _| !skipped.contains(root));
    let hashed = |root: &StoreRoot| {
        let Registration { nar_hash, nar_size } = closure.get(root)?.clone();
        Some(HashedRoot { root: root.clone(), nar_hash, nar_size: nar_size.unwrap_or_default() })
    };
    Ok(plan_layers(&references, limit).iter().map(|roots| roots.iter().filter_map(hashed).collect()).collect())
}

/// What Nix has not registered, or what is not on disk, cannot be in an image.
fn refuse_absent(store: &Store, roots: &[StoreRoot], closure: &Closure) -> anyhow::Result<()> {
    let mut all: Vec<&StoreRoot> = roots.iter().chain(closure.keys()).collect();
    all.sort();
    all.dedup();
    let absent: Vec<String> = all
        .iter()
        .filter(|root| !closure.contains_key(root) || !store.has_root(root))
        .map(|root| root.path())
        .collect();
    if absent.is_empty() {
        return Ok(());
    }
    let list: String = absent.iter().map(|root| format!("\n  {root}")).collect();
    bail!(
        "{} of {} store roots are not on this machine, or not valid in Nix's database{list}\n\n\
         hint: realise them with {}",
        absent.len(),
        all.len(),
        store.command("--realise", &absent)
    )
}

/// An image with other bytes than the manifest promises would be called by its name.
pub(super) fn refuse_other_bytes(manifest: &Path, recorded: &[RecordedRoot], closure: &Closure) -> anyhow::Result<()> {
    let registered = |recorded: &RecordedRoot| closure.get(&recorded.path).map(|root| root.nar_hash.clone());
    let is_other = |root: &&RecordedRoot| root.nar_hash.is_some() && root.nar_hash != registered(root);
    let others: Vec<&RecordedRoot> = recorded.iter().filter(is_other).collect();
    if others.is_empty() {
        return Ok(());
    }
    let line = |root: &&RecordedRoot| {
        let (ours, theirs) = (root.nar_hash.clone().unwrap_or_default(), registered(root).unwrap_or_default());
        format!("\n  {}  (`{ours}` in the manifest, `{theirs}` here)", root.path)
    };
    bail!(
        "{} of {} store roots have other bytes on this machine than the manifest promises{}\n\n\
         hint: if those are meant, write the manifest again with `lre regen --env-json env.json --out {}`",
        others.len(),
        recorded.len(),
        others.iter().map(line).collect::<String>(),
        quote_path(manifest.parent().unwrap_or(Path::new("")))
    )
}
