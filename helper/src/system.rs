//! Systems as Nix names them, and what compilers and Bazel call them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// CPU and operating system of this machine as Nix names them, such as `x86_64-linux` or `aarch64-darwin`.
#[must_use]
pub fn host_system() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    format!("{}-{system}", std::env::consts::ARCH)
}

/// A system that toolchains are made on and for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[allow(missing_docs, reason = "the names say it")]
pub enum System {
    Aarch64Darwin,
    Aarch64Linux,
    X86_64Darwin,
    X86_64Linux,
}

/// A system that is none of [`System`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system `{0}` is not supported: expected {expected}", expected = System::ALL.map(|system| format!("`{system}`")).join(", "))]
pub struct UnknownSystem(pub String);

impl System {
    /// Every system, sorted by name.
    pub const ALL: [Self; 4] = [Self::Aarch64Darwin, Self::Aarch64Linux, Self::X86_64Darwin, Self::X86_64Linux];

    /// The name that Nix gives it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aarch64Darwin => "aarch64-darwin",
            Self::Aarch64Linux => "aarch64-linux",
            Self::X86_64Darwin => "x86_64-darwin",
            Self::X86_64Linux => "x86_64-linux",
        }
    }

    /// The system that a compiler with this GNU triple produces code for. `None` for another one, and for another ABI of
    /// the same one, such as Android's or x32.
    #[must_use]
    pub fn of_triple(triple: &str) -> Option<Self> {
        let parts: Vec<&str> = triple.split('-').collect();
        let is_darwin = |part: &&str| part.starts_with("darwin") || part.starts_with("macos");
        let is_known_abi = |at: usize| matches!(parts.get(at + 1), None | Some(&"gnu" | &"musl"));
        let is_linux = parts.iter().position(|part| *part == "linux").is_some_and(is_known_abi);
        match (parts[0], is_linux, parts.iter().any(is_darwin)) {
            ("x86_64" | "amd64", true, false) => Some(Self::X86_64Linux),
            ("aarch64" | "arm64", true, false) => Some(Self::Aarch64Linux),
            ("x86_64", false, true) => Some(Self::X86_64Darwin),
            ("aarch64" | "arm64", false, true) => Some(Self::Aarch64Darwin),
            _ => None,
        }
    }

    /// A triple for it, where no compiler says one.
    #[must_use]
    pub fn triple(self) -> &'static str {
        match self {
            Self::Aarch64Darwin => "arm64-apple-darwin",
            Self::Aarch64Linux => "aarch64-unknown-linux-gnu",
            Self::X86_64Darwin => "x86_64-apple-darwin",
            Self::X86_64Linux => "x86_64-unknown-linux-gnu",
        }
    }

    /// What images of it call its processor; `None` where there are no images.
    #[must_use]
    pub fn oci_architecture(self) -> Option<&'static str> {
        match self {
            Self::Aarch64Linux => Some("arm64"),
            Self::X86_64Linux => Some("amd64"),
            Self::Aarch64Darwin | Self::X86_64Darwin => None,
        }
    }

    /// Whether it is macOS.
    #[must_use]
    pub fn is_darwin(self) -> bool {
        matches!(self, Self::Aarch64Darwin | Self::X86_64Darwin)
    }

    /// Its constraints in Bazel: processor, operating system. `toolchain/constraints.bzl` says the same.
    #[must_use]
    pub fn constraints(self) -> [&'static str; 2] {
        let os = if self.is_darwin() { "@platforms//os:macos" } else { "@platforms//os:linux" };
        match self {
            Self::Aarch64Darwin | Self::Aarch64Linux => ["@platforms//cpu:aarch64", os],
            Self::X86_64Darwin | Self::X86_64Linux => ["@platforms//cpu:x86_64", os],
        }
    }

    /// The names that Bazel's `--cpu` has for it; the first is what Bazel's own configuration says.
    #[must_use]
    pub fn bazel_cpus(self) -> &'static [&'static str] {
        match self {
            Self::Aarch64Darwin => &["darwin_arm64", "darwin_arm64e"],
            Self::Aarch64Linux => &["aarch64", "arm64"],
            Self::X86_64Darwin => &["darwin_x86_64", "darwin"],
            Self::X86_64Linux => &["k8", "x86_64", "amd64"],
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl TryFrom<String> for System {
    type Error = UnknownSystem;

    fn try_from(name: String) -> Result<Self, UnknownSystem> {
        Self::ALL.into_iter().find(|system| system.as_str() == name).ok_or(UnknownSystem(name))
    }
}

impl From<System> for String {
    fn from(system: System) -> Self {
        system.as_str().to_owned()
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn triples_tell_the_system_and_other_abis_are_told_apart() {
        for (triple, system) in [
            ("x86_64-linux-gnu", Some(System::X86_64Linux)),
            ("x86_64-unknown-linux-gnu", Some(System::X86_64Linux)),
            ("x86_64-alpine-linux-musl", Some(System::X86_64Linux)),
            ("x86_64-redhat-linux", Some(System::X86_64Linux)),
            ("aarch64-linux-gnu", Some(System::Aarch64Linux)),
            ("arm64-apple-darwin23.6.0", Some(System::Aarch64Darwin)),
            ("arm64-apple-macosx14.0.0", Some(System::Aarch64Darwin)),
            ("x86_64-apple-darwin", Some(System::X86_64Darwin)),
            ("x86_64-linux-gnux32", None),
            ("aarch64-linux-android", None),
            ("riscv64-linux-gnu", None),
            ("x86_64-w64-mingw32", None),
            ("", None),
        ] {
            assert_eq!(System::of_triple(triple), system, "{triple}");
        }
        for system in System::ALL {
            assert_eq!(System::of_triple(system.triple()), Some(system));
        }
    }

    #[test]
    fn names_are_those_of_nix() {
        assert_eq!(System::try_from("aarch64-linux".to_owned()), Ok(System::Aarch64Linux));
        let error = System::try_from("riscv64-linux".to_owned()).map_err(|error| error.to_string());
        let expected = "the system `riscv64-linux` is not supported: expected `aarch64-darwin`, `aarch64-linux`, \
                        `x86_64-darwin`, `x86_64-linux`";
        assert_eq!(error, Err(expected.to_owned()));
    }
}
