//! The `Env` of a toolchain: the one list of `KEY=VALUE` that feeds the probe, the worker image and the rc file.

mod hidden_inputs;

use crate::store::StorePathError;
use crate::toolchain_path::{PathPolicy, ToolchainPath};

/// Where an Env comes from.
pub const ENVIRONMENT_HINT: &str = "\
hint: write one with `nix eval --json .#lre-cc.meta.Env >env.json` in a flake, or with `nix-instantiate --eval --strict \
--json toolchain.nix -A lre-cc.meta.Env >env.json` in the folder of a `toolchain.nix`; that of a manifest is \
`jq .env lre.json`, and that of an image is read by `lre regen --image REF`";

/// The `BAZEL_…` variables that are read, and those that Bazel's own configuration reads and this one has no use for.
const BAZEL_VARIABLES: [&str; 14] = [
    "BAZEL_COMPILER",
    "BAZEL_CONLYOPTS",
    "BAZEL_CXXOPTS",
    "BAZEL_HOST_SYSTEM",
    "BAZEL_JAVA_TOOLS",
    "BAZEL_LINKLIBS",
    "BAZEL_LINKOPTS",
    "BAZEL_LLVM_COV",
    "BAZEL_LLVM_PROFDATA",
    "BAZEL_SH",
    "BAZEL_TARGET_CPU",
    "BAZEL_TARGET_LIBC",
    "BAZEL_TARGET_SYSTEM",
    "BAZEL_USE_LLVM_NATIVE_COVERAGE",
];

/// Why a list is no usable `Env`.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The text is no JSON list of strings.
    #[error("expected a JSON list of `KEY=VALUE` strings: {0}\n\n{ENVIRONMENT_HINT}")]
    NotAList(serde_json::Error),
    /// An entry has no `=`.
    #[error(
        "entry {position} is `{entry}`, which has no `=`\n\n\
         hint: write it as `KEY=VALUE`, such as `PATH=/nix/store/HASH-NAME/bin`"
    )]
    NoEquals {
        /// Counted from 1.
        position: usize,
        /// The entry.
        entry: String,
    },
    /// An entry starts with `=`.
    #[error("entry {position} is `{entry}`, which has an empty key")]
    EmptyKey {
        /// Counted from 1.
        position: usize,
        /// The entry.
        entry: String,
    },
    /// An entry holds a line break or NUL, which would start a live line in an rc file or cannot be passed to a process.
    #[error("entry {position} (`{key}`) contains {character}")]
    ControlCharacter {
        /// Counted from 1.
        position: usize,
        /// What stands before the first `=`.
        key: String,
        /// Such as `a newline`.
        character: &'static str,
    },
    /// Two entries have the same key.
    #[error("`{0}` is set twice")]
    Duplicate(String),
    /// There is no `CC`.
    #[error(
        "Env has no `CC`, so there is no compiler to describe\n\n\
         hint: add `CC=/nix/store/<hash>-<name>/bin/clang` to Env (`lre-cc.meta.Env` has it)"
    )]
    NoCompiler,
    /// Variables that change the compiler's answers, but that no action has.
    #[error(
        "{} in Env would steer the compiler here and in no Bazel action\n\n\
         hint: say it in `BAZEL_CXXOPTS`, `BAZEL_CONLYOPTS` or `BAZEL_LINKOPTS`, or set `CC` to a wrapper that sets it",
        list(.0)
    )]
    HiddenInputs(Vec<String>),
    /// Variables that change what a JDK does, but that no action has.
    #[error(
        "{} in Env would steer Java here and in no Bazel action\n\n\
         hint: say it in Bazel's flags, such as `--javacopt` and `--jvmopt`, and leave it out of Env",
        list(.0)
    )]
    HiddenJavaInputs(Vec<String>),
    /// `CC` or an entry of `PATH` is not allowed.
    #[error(
        "`{key}` in Env: {reason}\n\n\
         hint: every path of the toolchain must be a store path; take `{key}` from a Nix package"
    )]
    OutsideStore {
        /// The key.
        key: &'static str,
        /// Names the value.
        reason: StorePathError,
    },
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A validated `Env`, in its given order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    entries: Vec<(String, String)>,
    paths: PathPolicy,
}

impl Environment {
    /// Parses a JSON list of `KEY=VALUE` strings.
    ///
    /// # Errors
    /// See [`EnvironmentError`].
    pub fn from_json(text: &str) -> Result<Self, EnvironmentError> {
        let entries: Vec<String> = serde_json::from_str(text).map_err(EnvironmentError::NotAList)?;
        Self::from_entries(&entries)
    }

    /// Validates a list of `KEY=VALUE` strings.
    ///
    /// # Errors
    /// See [`EnvironmentError`].
    pub fn from_entries(list: &[String]) -> Result<Self, EnvironmentError> {
        let mut entries: Vec<(String, String)> = Vec::new();
        for (index, entry) in list.iter().enumerate() {
            let position = index + 1;
            let key = entry.split('=').next().unwrap_or_default();
            if let Some(character) = entry.chars().find_map(forbidden) {
                let key = key.escape_debug().to_string();
                return Err(EnvironmentError::ControlCharacter { position, key, character });
            }
            let Some((key, value)) = entry.split_once('=') else {
                return Err(EnvironmentError::NoEquals { position, entry: entry.clone() });
            };
            if key.is_empty() {
                return Err(EnvironmentError::EmptyKey { position, entry: entry.clone() });
            }
            if entries.iter().any(|(known, _)| known == key) {
                return Err(EnvironmentError::Duplicate(key.to_owned()));
            }
            entries.push((key.to_owned(), value.to_owned()));
        }
        Ok(Self { entries, paths: PathPolicy::default() })
    }

    /// The same list, with other paths allowed. By default only store paths are.
    #[must_use]
    pub fn allowing(self, paths: PathPolicy) -> Self {
        Self { paths, ..self }
    }

    /// Which paths this Env, and what is found out with it, may name.
    #[must_use]
    pub fn paths(&self) -> PathPolicy {
        self.paths
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Keys and values in their given order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The `KEY=VALUE` strings that this was made from.
    #[must_use]
    pub fn to_entries(&self) -> Vec<String> {
        self.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    /// The compiler driver.
    ///
    /// # Errors
    /// If `CC` is absent or not allowed.
    pub fn compiler(&self) -> Result<ToolchainPath, EnvironmentError> {
        let compiler = self.get("CC").ok_or(EnvironmentError::NoCompiler)?;
        self.paths.parse(compiler).map_err(|reason| EnvironmentError::OutsideStore { key: "CC", reason })
    }

    /// The folders of `PATH`.
    ///
    /// # Errors
    /// If one of them is not allowed: every genrule would look there.
    pub fn search_path(&self) -> Result<Vec<ToolchainPath>, EnvironmentError> {
        let path = self.get("PATH").unwrap_or_default();
        path.split(':')
            .filter(|_| !path.is_empty())
            .map(|folder| {
                self.paths.parse(folder).map_err(|reason| EnvironmentError::OutsideStore { key: "PATH", reason })
            })
            .collect()
    }

    /// What to say of each `BAZEL_…` variable that nothing reads: it may be misspelt.
    pub fn unread_variables(&self) -> impl Iterator<Item = String> {
        let unread =
            self.iter().map(|(key, _)| key).filter(|key| key.starts_with("BAZEL_") && !BAZEL_VARIABLES.contains(key));
        unread.map(|key| {
            let is_near = |known: &&str| known.starts_with(key) || key.starts_with(known);
            match BAZEL_VARIABLES.into_iter().find(is_near) {
                Some(known) => format!("`{key}` in Env is not read; `{known}` is"),
                None => format!("`{key}` in Env is not read"),
            }
        })
    }

    /// The words of a `BAZEL_…` variable: separated by `:`, where `%:` is a colon and `%%` a percent sign, as in Bazel's
    /// own `split_escaped`. `None` if the variable is absent.
    #[must_use]
    pub fn bazel_words(&self, key: &str) -> Option<Vec<String>> {
        let value = self.get(key)?;
        let mut words = Vec::new();
        let mut word = String::new();
        let mut characters = value.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '%' if matches!(characters.peek(), Some(':' | '%')) => word.extend(characters.next()),
                ':' => words.push(std::mem::take(&mut word)),
                other => word.push(other),
            }
        }
        words.push(word);
        // Bazel returns no words for an empty value; an empty word would be an empty argument of the compiler.
        words.retain(|word| !word.is_empty());
        Some(words)
    }
}

fn forbidden(character: char) -> Option<&'static str> {
    match character {
        '\n' => Some("a newline"),
        '\r' => Some("a carriage return"),
        '\0' => Some("a NUL character"),
        _ => None,
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn error(json: &str) -> String {
        match Environment::from_json(json) {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string().split('\n').next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn bad_lists_are_refused() {
        let not_a_list = "expected a JSON list of `KEY=VALUE` strings: invalid type";
        assert_eq!(error("{}"), format!("{not_a_list}: map, expected a sequence at line 1 column 0"));
        assert_eq!(error("[1]"), format!("{not_a_list}: integer `1`, expected a string at line 1 column 2"));
        assert_eq!(error(r#"["A=1", "B"]"#), "entry 2 is `B`, which has no `=`");
        assert_eq!(error(r#"["=x"]"#), "entry 1 is `=x`, which has an empty key");
        assert_eq!(error(r#"["A=1\nbuild --x"]"#), "entry 1 (`A`) contains a newline");
        assert_eq!(error(r#"["A=1\u0000"]"#), "entry 1 (`A`) contains a NUL character");
        assert_eq!(error(r#"["A=1", "A=2"]"#), "`A` is set twice");
    }

    #[test]
    fn words_are_split_as_bazel_splits_them() -> Result<(), EnvironmentError> {
        let environment = Environment::from_entries(&["X=-a:-b%:c:%%:-d%e".to_owned(), "Y=".to_owned()])?;
        let words = environment.bazel_words("X");
        assert_eq!(words, Some(vec!["-a".to_owned(), "-b:c".to_owned(), "%".to_owned(), "-d%e".to_owned()]));
        assert_eq!(environment.bazel_words("Y"), Some(Vec::new()));
        assert_eq!(environment.bazel_words("Z"), None);
        Ok(())
    }

    #[test]
    fn compiler_and_path_must_be_in_the_store() -> Result<(), EnvironmentError> {
        let environment = Environment::from_entries(&["CC=/usr/bin/gcc".to_owned(), "PATH=/bin".to_owned()])?;
        let compiler = environment.compiler().map_err(|error| error.to_string());
        assert_eq!(
            compiler.err().as_deref(),
            Some(
                "`CC` in Env: `/usr/bin/gcc` is not under `/nix/store`\n\n\
                 hint: every path of the toolchain must be a store path; take `CC` from a Nix package"
            )
        );
        assert!(environment.search_path().is_err());
        Ok(())
    }
}
