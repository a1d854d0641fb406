//! Variables that state what the probe finds out. Bazel's own configuration takes their word; here they have to agree
//! with the compiler, because a build that names the wrong C library or system is wrong on every machine.

use super::config::ConfigError;
use super::probe::CcProbe;
use crate::environment::Environment;
use crate::system::System;

/// Env and what the compiler says.
pub(super) struct Stated<'a> {
    pub(super) environment: &'a Environment,
    pub(super) probe: &'a CcProbe,
    pub(super) target: System,
}

impl Stated<'_> {
    /// The value of a variable if it is set and agrees; otherwise what was found.
    fn value(&self, key: &'static str, found: &str, agrees: impl Fn(&str) -> bool) -> Result<String, ConfigError> {
        match self.environment.get(key) {
            None => Ok(found.to_owned()),
            Some(value) if agrees(value) => Ok(value.to_owned()),
            Some(value) => Err(ConfigError::Contradiction { key, value: value.to_owned(), found: found.to_owned() }),
        }
    }

    /// `compiler`, which decides on features and on what is selected by it.
    pub(super) fn compiler(&self, found: &str) -> Result<String, ConfigError> {
        self.value("BAZEL_COMPILER", found, |name| name == found)
    }

    /// `cpu`.
    pub(super) fn cpu(&self) -> Result<String, ConfigError> {
        let names = self.target.bazel_cpus();
        self.value("BAZEL_TARGET_CPU", names[0], |name| names.contains(&name))
    }

    /// `host_system_name`: the compiler's own triple where it runs on what it produces code for.
    pub(super) fn host_system_name(&self) -> Result<String, ConfigError> {
        let exec = self.probe.system;
        let found = if exec == self.target { &self.probe.target } else { exec.triple() };
        self.value("BAZEL_HOST_SYSTEM", found, |triple| System::of_triple(triple) == Some(exec))
    }

    /// `target_system_name`.
    pub(super) fn target_system_name(&self) -> Result<String, ConfigError> {
        self.value("BAZEL_TARGET_SYSTEM", &self.probe.target, |triple| System::of_triple(triple) == Some(self.target))
    }

    /// `target_libc` and `abi_libc_version`. Where the headers do not say which C library they are of, Env may.
    pub(super) fn libc(&self, key: &'static str) -> Result<String, ConfigError> {
        let found = self.probe.libc.as_deref();
        // rules_cc takes `macosx` for the sign of another set of features.
        let agrees = |name: &str| found.map_or(!name.is_empty() && name != "macosx", |found| found == name);
        self.value(key, found.unwrap_or("unknown"), agrees)
    }

    /// `abi_version`: a name that nothing derives anything from.
    pub(super) fn abi_version(&self, found: &str) -> Result<String, ConfigError> {
        self.value("ABI_VERSION", found, |_| true)
    }
}
