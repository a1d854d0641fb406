//! Which of two builds a toolchain's manifest describes.

use super::{Build, Cause, Sides, Unselected};
use crate::manifest::Manifest;

/// Who left the pinned toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinnedSide {
    /// The manifest has the second build's value.
    FirstLeft,
    /// The manifest has the first build's value.
    SecondLeft,
    /// The manifest has neither.
    BothLeft,
}

impl PinnedSide {
    /// One line.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::FirstLeft => "the first build left the pinned toolchain: `lre.json` has the second's",
            Self::SecondLeft => "the second build left the pinned toolchain: `lre.json` has the first's",
            Self::BothLeft => "`lre.json` has neither: both builds left the pinned toolchain",
        }
    }
}

/// The side of a cause that the manifest knows. `None` for what a manifest does not speak of, and for roots that it has
/// both of.
#[must_use]
pub fn side_of_manifest(cause: &Cause, manifest: &Manifest) -> Option<PinnedSide> {
    let knows = match cause {
        Cause::Unselected(Unselected { build, property, value, .. }) => {
            let is_pinned = manifest.image.exec_properties.get(*property)? == value;
            match build {
                Build::First => (false, is_pinned),
                Build::Second => (is_pinned, false),
            }
        }
        Cause::StoreDrift(roots) => {
            sides(roots, |root| manifest.store_roots.iter().any(|recorded| recorded.path == *root))
        }
        Cause::Property { name, values } => {
            let pinned = manifest.image.exec_properties.get(name)?;
            sides(values, |value| value == pinned)
        }
        Cause::Variable { name, values } | Cause::Program { name, values } => {
            let entries = manifest.env.iter().filter_map(|entry| entry.split_once('='));
            let (_, pinned) = entries.into_iter().find(|(key, _)| key == name)?;
            sides(values, |value| value == pinned)
        }
        _ => return None,
    };
    match knows {
        (true, true) => None,
        (true, false) => Some(PinnedSide::SecondLeft),
        (false, true) => Some(PinnedSide::FirstLeft),
        (false, false) => Some(PinnedSide::BothLeft),
    }
}

fn sides<T>(values: &Sides<T>, is_known: impl Fn(&T) -> bool) -> (bool, bool) {
    (values.first.as_ref().is_some_and(&is_known), values.second.as_ref().is_some_and(&is_known))
}
