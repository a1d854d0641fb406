//! What a toolchain compiles.

use std::fmt;

use clap::ValueEnum;

use crate::environment::{Environment, EnvironmentError};

/// C++ or Java.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ToolchainKind {
    /// A C++ compiler, `CC`
    Cc,
    /// A JDK, `JAVA_HOME`
    Java,
}

/// Why Env does not say which kind it describes.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    /// It has both.
    #[error(
        "Env has both `CC` and `JAVA_HOME`, so it could describe either toolchain\n\n\
         hint: say which with `--kind cc` or `--kind java`"
    )]
    Ambiguous,
    /// It has neither.
    #[error(transparent)]
    Neither(#[from] EnvironmentError),
}

impl ToolchainKind {
    /// The name of its toolchain unless that has another, and of the folder of its BUILD file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cc => "cc",
            Self::Java => "java",
        }
    }

    /// What it compiles, in messages.
    #[must_use]
    pub fn language(self) -> &'static str {
        match self {
            Self::Cc => "C++",
            Self::Java => "Java",
        }
    }

    /// Whether actions of this mnemonic run its compiler, its linker or its archiver.
    #[must_use]
    pub fn makes(self, mnemonic: &str) -> bool {
        let prefixes: &[&str] = match self {
            Self::Cc => &["Cpp", "Objc", "LTO", "Thinlto"],
            Self::Java => &["Javac"],
        };
        prefixes.iter().any(|prefix| mnemonic.starts_with(prefix))
    }

    /// The kind that Env describes, or the one that was asked for.
    ///
    /// # Errors
    /// If Env does not tell.
    pub fn of(environment: &Environment, asked: Option<Self>) -> Result<Self, KindError> {
        match (asked, environment.get("CC"), environment.get("JAVA_HOME")) {
            (Some(kind), ..) => Ok(kind),
            (None, Some(_), Some(_)) => Err(KindError::Ambiguous),
            (None, None, Some(_)) => Ok(Self::Java),
            (None, Some(_), None) => Ok(Self::Cc),
            (None, None, None) => Err(EnvironmentError::NoCompiler.into()),
        }
    }

    /// The options of `lre regen` that this kind and a name take, each after a space.
    #[must_use]
    pub fn options(self, name: &str) -> String {
        let kind = if self == Self::Java { " --kind java" } else { "" };
        let name = if name == self.name() { String::new() } else { format!(" --name {name}") };
        format!("{kind}{name}")
    }
}

impl fmt::Display for ToolchainKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
