//! The platform of an image: `os/architecture`, and a variant.

use std::fmt;
use std::str::FromStr;

use oci_spec::OciSpecError;
use oci_spec::image::{Arch, Os, PlatformBuilder};

use crate::system::System;

/// A text that is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no platform: expected `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`, such as `linux/amd64`")]
pub struct PlatformError(String);

/// What an image runs on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// Such as `linux`.
    pub os: String,
    /// Such as `amd64`.
    pub architecture: String,
    /// Such as `v8`.
    pub variant: Option<String>,
}

impl Platform {
    /// Linux on this machine's processor.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self::linux(architecture)
    }

    /// What images for a system are for; this machine's where the system has no images.
    #[must_use]
    pub fn of_system(system: System) -> Self {
        system.oci_architecture().map_or_else(Self::of_this_machine, Self::linux)
    }

    fn linux(architecture: &str) -> Self {
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// Whether an image of platform `other` is one of this platform. Without a variant, any will do.
    #[must_use]
    pub fn accepts(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl Platform {
    /// As documents have it.
    pub(super) fn to_document(&self) -> Result<oci_spec::image::Platform, OciSpecError> {
        // Names stay as they are: `oci-spec` would make `arm64be` of `armbe`.
        let platform = PlatformBuilder::default()
            .os(Os::Other(self.os.clone()))
            .architecture(Arch::Other(self.architecture.clone()));
        match &self.variant {
            Some(variant) => platform.variant(variant.clone()).build(),
            None => platform.build(),
        }
    }
}

impl From<&oci_spec::image::Platform> for Platform {
    fn from(platform: &oci_spec::image::Platform) -> Self {
        let (os, architecture) = (platform.os().to_string(), platform.architecture().to_string());
        Self { os, architecture, variant: platform.variant().clone().filter(|variant| !variant.is_empty()) }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant.to_owned())),
            _ => return Err(PlatformError(text.to_owned())),
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err(PlatformError(text.to_owned()));
        }
        Ok(Self { os: os.to_owned(), architecture: architecture.to_owned(), variant })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn platforms_are_read_as_they_are_written() {
        for text in ["linux/amd64", "linux/arm64/v8"] {
            assert_eq!(text.parse::<Platform>().map(|platform| platform.to_string()), Ok(text.to_owned()));
        }
        for text in ["linux", "linux/", "/amd64", "linux/arm64/v8/x", ""] {
            assert_eq!(text.parse::<Platform>(), Err(PlatformError(text.to_owned())));
        }
    }
}
