//! Which store roots lie in which layer. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::StoreRoot;

/// Store roots, each with those that it refers to.
pub type References = BTreeMap<StoreRoot, BTreeSet<StoreRoot>>;

/// One layer for each root, those that most others need first, because other images are likely to share them; from the
/// `limit`th layer on, all the rest in one.
#[must_use]
pub fn plan_layers(references: &References, limit: usize) -> Vec<Vec<StoreRoot>> {
    let mut users: BTreeMap<&StoreRoot, usize> = references.keys().map(|root| (root, 0)).collect();
    for root in references.keys() {
        for needed in closure(references, root) {
            // What a base has already is not planned.
            if let Some(count) = users.get_mut(needed) {
                *count += usize::from(needed != root);
            }
        }
    }
    let mut order: Vec<(&StoreRoot, usize)> = users.into_iter().collect();
    order.sort_by_key(|(root, users)| (std::cmp::Reverse(*users), *root));
    let mut roots = order.into_iter().map(|(root, _)| root.clone());
    let mut layers: Vec<Vec<StoreRoot>> = roots.by_ref().take(limit.max(1) - 1).map(|root| vec![root]).collect();
    let mut rest: Vec<StoreRoot> = roots.collect();
    rest.sort();
    layers.extend((!rest.is_empty()).then_some(rest));
    layers
}

/// All that a root refers to, directly or not, and itself.
fn closure<'a>(references: &'a References, root: &'a StoreRoot) -> BTreeSet<&'a StoreRoot> {
    let (mut found, mut open) = (BTreeSet::from([root]), vec![root]);
    while let Some(next) = open.pop() {
        open.extend(references.get(next).into_iter().flatten().filter(|needed| found.insert(needed)));
    }
    found
}

#[cfg(test)]
mod unit {
    use super::*;

    fn root(name: &str) -> Result<StoreRoot, crate::store::StorePathError> {
        StoreRoot::try_from(format!("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-{name}"))
    }

    /// `gcc` and `bash` need `glibc`, which needs `idn`; `gcc` refers to itself.
    fn references() -> Result<References, crate::store::StorePathError> {
        let edges = [("gcc", &["gcc", "glibc"][..]), ("bash", &["glibc"]), ("glibc", &["idn"]), ("idn", &[])];
        edges
            .iter()
            .map(|(from, to)| Ok((root(from)?, to.iter().map(|name| root(name)).collect::<Result<_, _>>()?)))
            .collect()
    }

    fn plan(limit: usize) -> Result<String, crate::store::StorePathError> {
        let layers = plan_layers(&references()?, limit);
        let names = |layer: &Vec<StoreRoot>| layer.iter().map(StoreRoot::name).collect::<Vec<_>>().join("+");
        Ok(layers.iter().map(names).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn most_shared_roots_come_first_and_the_rest_is_merged() -> Result<(), crate::store::StorePathError> {
        assert_eq!(plan(100)?, "idn glibc bash gcc");
        assert_eq!(plan(4)?, "idn glibc bash gcc");
        assert_eq!(plan(3)?, "idn glibc bash+gcc");
        assert_eq!(plan(1)?, "bash+gcc+glibc+idn");
        assert!(plan_layers(&References::new(), 3).is_empty());
        Ok(())
    }
}
