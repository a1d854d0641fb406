//! SHA-256 digests as images spell them.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest: expected `sha256:` and 64 lower-case hexadecimal digits")]
pub struct DigestError(String);

/// `sha256:<64 hexadecimal digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest whose bytes are known.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of the hexadecimal digits alone, as file names spell it.
    ///
    /// # Errors
    /// If the text is something else.
    pub fn from_hex(text: &str) -> Result<Self, DigestError> {
        // Other spellings of the same bytes would name other files.
        let is_lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().filter(|_| is_lower);
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| DigestError(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        let digest = text.strip_prefix("sha256:").and_then(|hex| Self::from_hex(hex).ok());
        digest.ok_or(DigestError(text))
    }
}

impl TryFrom<&oci_spec::image::Digest> for Digest {
    type Error = DigestError;

    /// Refuses algorithms that cannot be verified.
    fn try_from(digest: &oci_spec::image::Digest) -> Result<Self, DigestError> {
        Self::try_from(digest.to_string())
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn digests_have_one_spelling() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = Digest::try_from(format!("sha256:{hex}"));
        assert_eq!(digest.map(|digest| digest.to_string()), Ok(format!("sha256:{hex}")));
        for other in [hex, &format!("sha512:{hex}"), &format!("sha256:{}", hex.to_uppercase()), "sha256:../../etc"] {
            assert_eq!(Digest::try_from(other.to_owned()), Err(DigestError(other.to_owned())));
        }
    }
}
