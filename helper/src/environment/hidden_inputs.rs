//! Variables that would steer a compiler or its loader here, and that no Bazel action has.

use super::{Environment, EnvironmentError};
use crate::toolchain_kind::ToolchainKind;

/// What the dynamic loader reads when any program starts.
const OF_THE_LOADER: [&str; 3] = ["LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD"];

/// What compilers and linkers read. `CPLUS_INCLUDE_PATH` is not among them because it becomes flags.
const OF_CC: [&str; 14] = [
    "CCC_ADD_ARGS",
    "CCC_OVERRIDE_OPTIONS",
    "COMPILER_PATH",
    "CPATH",
    "C_INCLUDE_PATH",
    "DEPENDENCIES_OUTPUT",
    "GCC_EXEC_PREFIX",
    "LDEMULATION",
    "LD_RUN_PATH",
    "LIBRARY_PATH",
    "MACOSX_DEPLOYMENT_TARGET",
    "OBJC_INCLUDE_PATH",
    "SDKROOT",
    "SUNPRO_DEPENDENCIES",
];

/// How the variables of Nix's wrappers of those start; a suffix names when or for which target they hold.
const PREFIXES_OF_CC: [&str; 8] = [
    "NIX_CFLAGS_",
    "NIX_CXXSTDLIB_",
    "NIX_DONT_SET_RPATH",
    "NIX_ENFORCE_NO_NATIVE",
    "NIX_ENFORCE_PURITY",
    "NIX_HARDENING_ENABLE",
    "NIX_LDFLAGS",
    "NIX_SET_BUILD_ID",
];

/// What every Java program reads.
const OF_JAVA: [&str; 6] =
    ["CLASSPATH", "JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVAC_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"];

impl Environment {
    /// Refuses variables that would make the tools of a toolchain answer otherwise than in an action.
    ///
    /// # Errors
    /// [`EnvironmentError::HiddenInputs`] or [`EnvironmentError::HiddenJavaInputs`] with all of them, in the order of Env.
    pub fn check_hidden_inputs(&self, kind: ToolchainKind) -> Result<(), EnvironmentError> {
        let is_hidden = |key: &&str| {
            OF_THE_LOADER.contains(key)
                || match kind {
                    ToolchainKind::Cc => {
                        OF_CC.contains(key) || PREFIXES_OF_CC.iter().any(|prefix| key.starts_with(prefix))
                    }
                    ToolchainKind::Java => OF_JAVA.contains(key),
                }
        };
        let found: Vec<String> = self.iter().map(|(key, _)| key).filter(is_hidden).map(str::to_owned).collect();
        match kind {
            _ if found.is_empty() => Ok(()),
            ToolchainKind::Cc => Err(EnvironmentError::HiddenInputs(found)),
            ToolchainKind::Java => Err(EnvironmentError::HiddenJavaInputs(found)),
        }
    }
}
