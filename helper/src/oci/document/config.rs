//! The configuration of an image: what OCI knows of it, and what else is in it.
//!
//! Docker writes more than OCI specifies (`Healthcheck`, `Shell`), and an image on top of a base has to keep it.

use oci_spec::image::ImageConfiguration;
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Document, Place, Step};
use crate::oci::digest::{Digest, DigestError};
use crate::oci::platform::Platform;

/// An image's configuration. It is written as it was read, but for what was changed.
#[derive(Clone, Debug)]
pub struct ImageConfig {
    /// What OCI knows of it, to be changed at will.
    pub known: ImageConfiguration,
    /// The document that it was read from.
    original: Option<Original>,
}

/// A document as it was read.
#[derive(Clone, Debug)]
struct Original {
    document: Map<String, Value>,
    known: ImageConfiguration,
}

impl From<ImageConfiguration> for ImageConfig {
    fn from(known: ImageConfiguration) -> Self {
        Self { known, original: None }
    }
}

impl Document for ImageConfig {
    const DIGESTS: &'static [Place] = &[&[Step::Key("rootfs"), Step::Key("diff_ids"), Step::Items]];

    fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let known: ImageConfiguration = serde_json::from_slice(bytes)?;
        let document = serde_json::from_slice(bytes)?;
        Ok(Self { known: known.clone(), original: Some(Original { document, known }) })
    }
}

impl ImageConfig {
    /// What the image runs on.
    #[must_use]
    pub fn platform(&self) -> Platform {
        // `oci-spec` 0.10 takes `armbe` for `arm64be`, which is another processor.
        let original = self.original.as_ref().and_then(|original| original.document.get("architecture")?.as_str());
        let architecture = original.map_or_else(|| self.known.architecture().to_string(), str::to_owned);
        let variant = self.known.variant().clone().filter(|variant| !variant.is_empty());
        Platform { os: self.known.os().to_string(), architecture, variant }
    }

    /// The digests of the uncompressed layers, from the lowest to the highest.
    ///
    /// # Errors
    /// If one of them is of another algorithm.
    pub fn diff_ids(&self) -> Result<Vec<Digest>, DigestError> {
        self.known.rootfs().diff_ids().iter().cloned().map(Digest::try_from).collect()
    }

    /// The whole document.
    ///
    /// # Errors
    /// None that is known: JSON has all that a configuration can hold.
    pub fn document(&self) -> Result<Value, serde_json::Error> {
        let known = serde_json::to_value(&self.known)?;
        let Some(original) = &self.original else { return Ok(known) };
        let mut document = Value::Object(original.document.clone());
        change(&mut document, serde_json::to_value(&original.known)?, known);
        Ok(document)
    }
}

impl Serialize for ImageConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document().map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// Changes a document as `before` was changed to `after`, which know only some of it. The rest stays as it is.
fn change(document: &mut Value, before: Value, after: Value) {
    match (document, before, after) {
        (_, before, after) if before == after => {}
        (Value::Object(document), Value::Object(mut before), Value::Object(after)) => {
            for (key, after) in after {
                match (document.get_mut(&key), before.remove(&key)) {
                    (Some(inner), Some(before)) => change(inner, before, after),
                    _ => drop(document.insert(key, after)),
                }
            }
            for key in before.keys() {
                document.remove(key);
            }
        }
        (Value::Array(document), Value::Array(before), Value::Array(after)) if after.starts_with(&before) => {
            document.extend(after.into_iter().skip(before.len()));
        }
        (document, _, after) => *document = after,
    }
}

#[cfg(test)]
mod unit {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_changed_stays_as_it_is() {
        let read = json!({
            "gone": 1, "kept": {"a": null}, "list": [{"known": 1, "other": 2}], "same": [{"known": 1, "other": 2}],
            "null": null, "other": 1.5,
        });
        let before = json!({"gone": 1, "kept": {}, "list": [{"known": 1}], "same": [{"known": 1}]});
        let after = json!({"kept": {"b": 1}, "list": [{"known": 1}, {"known": 3}], "same": [{"known": 1}], "null": []});
        let mut document = read;
        change(&mut document, before, after);
        let expected = json!({
            "kept": {"a": null, "b": 1}, "list": [{"known": 1, "other": 2}, {"known": 3}],
            "same": [{"known": 1, "other": 2}], "null": [], "other": 1.5,
        });
        assert_eq!(document, expected);
    }
}
