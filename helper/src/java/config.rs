//! Decides on the Java configuration: Env and the JDK's facts become the attributes of `lre_java_toolchain`.

use std::collections::BTreeMap;

use super::probe::JavaProbe;
use crate::bazelrc::{BazelrcError, find_shell};
use crate::environment::{Environment, EnvironmentError};
use crate::toolchain_kind::ToolchainKind;

/// The first JDK on which Bazel's Java tools run.
const OLDEST: u32 = 11;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Env is not usable.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The version is none.
    #[error("the JDK's version `{0}` does not start with a number\n\nhint: set `JAVA_HOME` in Env to another JDK")]
    Version(String),
    /// The JDK is too old.
    #[error(
        "the JDK is of version {0}, and Bazel's Java tools need {OLDEST} or later\n\n\
         hint: set `JAVA_HOME` in Env to a later JDK; it compiles for older ones with `--java_language_version`"
    )]
    Old(u32),
    /// Nothing starts the tools.
    #[error(
        "`BAZEL_JAVA_TOOLS` in Env names tools, and nothing that starts them: Env names no bash\n\n\
         hint: add `BAZEL_SH=${{pkgs.bash}}/bin/bash` to Env"
    )]
    NoShell,
    /// The bash is not usable.
    #[error(transparent)]
    Shell(#[from] BazelrcError),
}

/// The attributes of `lre_java_toolchain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaConfig {
    /// The folder that holds `bin/java`.
    pub java_home: String,
    /// The bash that starts the tools, where there are some.
    pub shell: Option<String>,
    /// Bazel's own programs by their attribute of `java_toolchain`.
    pub tools: BTreeMap<String, String>,
    /// The feature version, such as 17.
    pub version: u32,
}

/// Decides. Pure.
///
/// # Errors
/// See [`ConfigError`].
pub fn configure_java(environment: &Environment, probe: &JavaProbe) -> Result<JavaConfig, ConfigError> {
    environment.search_path()?;
    environment.check_hidden_inputs(ToolchainKind::Java)?;
    let version = feature_version(&probe.version).ok_or_else(|| ConfigError::Version(probe.version.clone()))?;
    if version < OLDEST {
        return Err(ConfigError::Old(version));
    }
    let shell = if probe.tools.is_empty() { None } else { Some(find_shell(environment)?.ok_or(ConfigError::NoShell)?) };
    Ok(JavaConfig {
        java_home: probe.java_home.to_string(),
        shell,
        tools: probe.tools.iter().map(|(name, path)| (name.clone(), path.to_string())).collect(),
        version,
    })
}

/// `17` for `17.0.7`, `21` for `21-ea`, `8` for `1.8.0_292`.
fn feature_version(version: &str) -> Option<u32> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().ok());
    match numbers.next()? {
        Some(1) => numbers.next()?,
        first => first,
    }
}

#[cfg(test)]
mod unit {
    use super::feature_version;

    #[test]
    fn feature_is_the_first_number_that_means_something() {
        let versions = ["17.0.7", "21", "22-ea", "1.8.0_292", "25.0.5+3", "next", ""];
        let features = [Some(17), Some(21), Some(22), Some(8), Some(25), None, None];
        assert_eq!(versions.map(feature_version), features);
    }
}
