//! What the types of documents let pass: keys that are repeated, and digests that cannot be verified.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::oci::digest::Digest;

/// A step from a document to a value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into an object, to the value of a key.
    Key(&'static str),
    /// Into a list, to every item.
    Items,
}

/// The steps from a document to some of its values.
pub type Place = &'static [Step];

/// Checks a document that is about to be parsed, whatever its type knows of it.
///
/// # Errors
/// If it is no JSON, has a key twice anywhere, of which other programs may take the other one, or has something else than a
/// digest of ours at one of those places.
pub(super) fn check(bytes: &[u8], digests: &[Place]) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Walk { digests: digests.to_vec() }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Goes through a value and all that is in it.
struct Walk {
    /// What is left of the steps to the digests in it.
    digests: Vec<Place>,
}

impl Walk {
    /// What lies behind a step.
    fn inside(&self, is_taken: impl Fn(Step) -> bool) -> Self {
        let inside = self.digests.iter().filter_map(|place| place.split_first());
        Self { digests: inside.filter(|(step, _)| is_taken(**step)).map(|(_, rest)| rest).collect() }
    }
}

impl<'de> DeserializeSeed<'de> for Walk {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.digests.iter().any(|place| place.is_empty()) {
            Digest::try_from(text.to_owned()).map_err(E::custom)?;
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        // Derived types take a list of an object's values for the object, and no other program does.
        if self.digests.iter().any(|place| matches!(place.first(), Some(Step::Key(_)))) {
            return Err(S::Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        while items.next_element_seed(self.inside(|step| step == Step::Items))?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut entries: M) -> Result<(), M::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            let inside = self.inside(|step| matches!(step, Step::Key(name) if name == key));
            if keys.contains(&key) {
                return Err(M::Error::custom(format!("duplicate field `{key}`")));
            }
            keys.insert(key);
            entries.next_value_seed(inside)?;
        }
        Ok(())
    }
}
