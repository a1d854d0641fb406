//! The rc file that selects the toolchain in Bazel.
//!
//! A pure function of its settings: the flake module produces the same bytes during evaluation, where there is no disk to
//! look at.

mod address;
mod remote;

use std::fmt::Write as _;

use crate::environment::{Environment, EnvironmentError};
use crate::store::{StorePath, StorePathError};
use crate::toolchain_kind::ToolchainKind;

pub use address::Role;
pub use remote::{RemoteError, RemoteSettings, Setting};

/// The file's name in the root workspace.
pub const RC_FILE: &str = "lre.bazelrc";

/// What the rc file says.
#[derive(Clone, Copy, Debug)]
pub struct BazelrcSettings<'a> {
    /// What the toolchain compiles.
    pub kind: ToolchainKind,
    /// The toolchain's Env. Without it the file carries a warning instead of paths, as the flake module's does.
    pub environment: Option<&'a Environment>,
    /// The Env of a Java toolchain that the file selects too, where `kind` is C++. Actions that ask for neither, such as
    /// genrules, run on the platform and in the bash of the C++ toolchain, which is named first.
    pub java: Option<&'a Environment>,
    /// The Bazel config that enables the toolchain; none enables it in every build.
    pub prefix: Option<&'a str>,
    /// Absolute path of `lre`.
    pub helper: Option<&'a str>,
    /// Cache and executor.
    pub remote: &'a RemoteSettings,
}

/// Why there is no rc file.
#[derive(Debug, thiserror::Error)]
pub enum BazelrcError {
    /// The prefix cannot follow `build:`.
    #[error(
        "`{0}` is no Bazel config name: expected letters, digits, `_`, `.`, `+` and `-`\n\n\
         hint: use `--prefix lre`, or leave it out to enable the toolchain in every build"
    )]
    Prefix(String),
    /// The helper's path would not survive the rc file.
    #[error(
        "`{0}` is no usable path of the helper: it must be absolute, without white space, quotes, `\\`, `#` and `%`\n\n\
         hint: `--helper \"$(realpath \"$(command -v lre)\")\"` names the `lre` in your PATH"
    )]
    Helper(String),
    /// A value would not survive the rc file.
    #[error(
        "`{key}` in Env cannot be written into an rc file: it has white space, quotes, `\\`, `#` or `%`\n\n\
         hint: take `{key}` from a Nix package; a store root's own name has none of these"
    )]
    Unquotable {
        /// The key.
        key: &'static str,
    },
    /// `PATH` leaves the store.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// `BAZEL_SH` is no store path.
    #[error(
        "`BAZEL_SH` in Env: {0}\n\nhint: set it to a bash in the store, such as `BAZEL_SH=${{pkgs.bash}}/bin/bash`"
    )]
    Shell(StorePathError),
    /// Cache or executor.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

const HEADER: &str = "\
# These flags are generated, by `lre bazelrc` or by the flake module. Do not edit them.
#
# Add `try-import %workspace%/lre.bazelrc` to your .bazelrc to
# include these flags.

# This is the toolchain's Env. If you get cache misses between local and
# remote execution, compare it with the `lre.json` of the toolchain that
# your `MODULE.bazel` names, as `lre check` does.
#
";

/// A toolchain that an rc file selects, with its Env.
#[derive(Clone, Copy, Debug)]
struct Selected<'a> {
    kind: ToolchainKind,
    environment: Option<&'a Environment>,
}

/// The text of the rc file.
///
/// # Errors
/// See [`BazelrcError`].
pub fn render_bazelrc(settings: &BazelrcSettings<'_>) -> Result<String, BazelrcError> {
    let BazelrcSettings { kind, environment, java, prefix, helper, remote } = *settings;
    let mut selected = vec![Selected { kind, environment }];
    if let Some(java) = java {
        selected.push(Selected { kind: ToolchainKind::Java, environment: Some(java) });
    }
    let suffix = match prefix {
        None => String::new(),
        Some(name) if is_config_name(name) => format!(":{name}"),
        Some(name) => return Err(BazelrcError::Prefix(name.to_owned())),
    };
    let mut rc = Rc { text: HEADER.to_owned(), suffix };
    for Selected { kind, environment } in &selected {
        if java.is_some() {
            let _ = writeln!(rc.text, "{}", section(*kind));
        }
        match environment {
            None => rc.text.push_str("# WARNING: No environment set. LRE will not work locally.\n"),
            Some(environment) => {
                for entry in environment.to_entries() {
                    let _ = writeln!(rc.text, "# {entry}");
                }
            }
        }
    }
    rc.text.push_str("\n# Bazel-side configuration for LRE.\n");
    let has_cc = selected.iter().any(|selected| selected.kind == ToolchainKind::Cc);
    if has_cc {
        rc.flag("build", "--action_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1");
        rc.flag("build", "--define=EXECUTOR=remote");
    }
    // Of two lines with `--extra_execution_platforms` the last alone counts.
    rc.flag("build", &format!("--extra_execution_platforms={}", labels(&selected, |_| "platform")));
    rc.flag("build", &format!("--extra_toolchains={}", labels(&selected, toolchains)));
    rc.reason(
        "What is built is for the toolchain's platform, whatever the client's is. A client of another system also \
         needs\n# `--cpu=k8 --host_cpu=k8`, after which output folders are named; real macOS clients were not tried.",
    );
    // The C++ toolchain builds for every platform of its system, the runtime of a Java program is that of its platform.
    rc.flag("build", &format!("--platforms={}", labels(&selected[selected.len() - 1..], |_| "platform")));
    let path = search_path(&selected)?;
    rc.repositories(has_cc, path.is_some(), helper)?;
    if let Some(first) = selected.first().and_then(|first| first.environment) {
        rc.actions(path.as_deref(), find_shell(first)?);
    }
    for section in remote.sections(prefix)? {
        rc.reason(&section.reason);
        for (command, flag) in section.flags {
            let _ = writeln!(rc.text, "{command} {flag}");
        }
    }
    Ok(rc.text)
}

/// The targets of `generated-KIND/config` that are its toolchains. Java's are the toolchain, its runtime and that of its
/// boot class path.
///
/// With Java alone the host's C++ compiler is still looked for: a `java_binary` asks for a C++ toolchain, if only for the
/// launcher that Windows needs, and runs none of it. Nor is there `--define=EXECUTOR=remote`: it has Bazel's own C++ tools
/// built from source, and Java's platform has no compiler for them.
fn toolchains(kind: ToolchainKind) -> &'static str {
    match kind {
        ToolchainKind::Cc => "cc-toolchain",
        ToolchainKind::Java => "all",
    }
}

fn labels(selected: &[Selected<'_>], target: impl Fn(ToolchainKind) -> &'static str) -> String {
    let label = |Selected { kind, .. }: &Selected<'_>| {
        format!("@local-remote-execution//generated-{kind}/config:{}", target(*kind))
    };
    selected.iter().map(label).collect::<Vec<_>>().join(",")
}

/// The folders of every Env's `PATH`, each once; what one worker has not is passed over there. An empty `PATH` is none.
fn search_path(selected: &[Selected<'_>]) -> Result<Option<String>, BazelrcError> {
    let mut folders: Vec<&str> = Vec::new();
    for environment in selected.iter().filter_map(|selected| selected.environment) {
        let Some(path) = path_of(environment) else { continue };
        if !is_plain(path) {
            return Err(BazelrcError::Unquotable { key: "PATH" });
        }
        environment.search_path()?;
        match selected {
            // As it stands there.
            [_] => folders.push(path),
            _ => {
                for folder in path.split(':') {
                    if !folders.contains(&folder) {
                        folders.push(folder);
                    }
                }
            }
        }
    }
    Ok((!folders.is_empty()).then(|| folders.join(":")))
}

/// What stands above the entries of each Env where there are several.
#[must_use]
pub(crate) fn section(kind: ToolchainKind) -> String {
    format!("# Env of `generated-{kind}`:")
}

/// What Bazel accepts after `--config=`, less the characters that an rc file or a shell would interpret.
fn is_config_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.+-".contains(c)) && !name.starts_with('-')
}

/// An rc file is split into words as a shell would: such a value would become two words, or a comment. Bazel also
/// replaces `%workspace%`.
fn is_plain(value: &str) -> bool {
    !value.chars().any(|c| c.is_whitespace() || c.is_control() || "\"'\\#%".contains(c))
}

struct Rc {
    text: String,
    suffix: String,
}

impl Rc {
    fn flag(&mut self, command: &str, flag: &str) {
        let _ = writeln!(self.text, "{command}{} {flag}", self.suffix);
    }

    fn reason(&mut self, reason: &str) {
        let _ = writeln!(self.text, "\n# {reason}");
    }

    /// Flags that decide what repositories look like. They are `common`, so that `query`, `fetch` and `mod` see the same
    /// repositories as `build`, and none of them fetches anything again.
    fn repositories(&mut self, has_cc: bool, has_path: bool, helper: Option<&str>) -> Result<(), BazelrcError> {
        if has_cc {
            self.reason("Since Bazel 9, `--action_env` no longer reaches the host's C++ detection.");
            self.flag("common", "--repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1");
        }
        if has_path {
            self.reason(
                "Up to Bazel 8, `--action_env=PATH` below reaches repository rules too; they keep the PATH of Bazel's \
                 server.",
            );
            self.flag("common", "--repo_env=PATH");
        }
        if let Some(helper) = helper {
            if !is_plain(helper) || !helper.starts_with('/') {
                return Err(BazelrcError::Helper(helper.to_owned()));
            }
            self.reason("The program that checks the toolchain while its repository is fetched.");
            self.flag("common", &format!("--repo_env=LRE_HELPER={helper}"));
        }
        Ok(())
    }

    /// Flags that decide what genrules, tests and shell actions see.
    fn actions(&mut self, path: Option<&str>, shell: Option<String>) {
        self.reason("The PATH of the client is not part of any action. On by default since Bazel 9.");
        self.flag("build", "--incompatible_strict_action_env");
        if let Some(path) = path {
            self.reason(
                "Actions, build tools and tests find the programs of the toolchain's Env, here and on the worker.",
            );
            for option in ["action_env", "host_action_env", "test_env"] {
                self.flag("build", &format!("--{option}=PATH={path}"));
            }
        }
        self.reason(
            "A test's XML is part of the test. By itself it is an action whose command line has the test's seconds.",
        );
        self.flag("test", "--noexperimental_split_xml_generation");
        match shell {
            Some(shell) => {
                self.reason("Genrules run in the toolchain's bash, here and on the worker.");
                self.flag("build", &format!("--shell_executable={shell}"));
            }
            None => self.reason(
                "WARNING: Env names no bash, so genrules run in Bazel's default shell, which may differ between \
                 machines.\n\
                 # Add `${pkgs.bash}/bin` to PATH in Env, or `BAZEL_SH=${pkgs.bash}/bin/bash` to Env.",
            ),
        }
    }
}

/// Env's `PATH`. An empty one is none: it has no folder to find a program in.
fn path_of(environment: &Environment) -> Option<&str> {
    environment.get("PATH").filter(|path| !path.is_empty())
}

/// What the reader of the rc file has to know and would not see, because the file is not looked at.
#[must_use]
pub fn bazelrc_warnings(environment: Option<&Environment>) -> Vec<&'static str> {
    match environment {
        None => vec![
            "no environment set: LRE will not work locally\n\nhint: name the toolchain's Env with `--env-json env.json`",
        ],
        Some(environment) if matches!(find_shell(environment), Ok(None)) => vec![
            "Env names no bash: genrules run in Bazel's default shell, which may differ between machines\n\n\
             hint: add `BAZEL_SH=/nix/store/…/bin/bash` to Env, with the bash that the workers have",
        ],
        Some(_) => Vec::new(),
    }
}

/// Env's bash: `BAZEL_SH`, or that of the first store root in `PATH` that is named as bash's package is. Never guessed:
/// whether another folder has a bash is known to the disk alone.
pub(crate) fn find_shell(environment: &Environment) -> Result<Option<String>, BazelrcError> {
    if let Some(shell) = environment.get("BAZEL_SH") {
        if !is_plain(shell) {
            return Err(BazelrcError::Unquotable { key: "BAZEL_SH" });
        }
        let shell = StorePath::parse(shell).map_err(BazelrcError::Shell)?;
        return Ok(Some(shell.to_string()));
    }
    let path = path_of(environment).unwrap_or_default();
    let is_bash = |folder: &&str| {
        StorePath::parse(folder).is_ok_and(|folder| {
            let name = folder.root().name();
            let version = name.strip_prefix("bash-interactive-").or_else(|| name.strip_prefix("bash-"));
            // `bash-completion` and its like hold no bash.
            name == "bash" || version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    Ok(path.split(':').find(is_bash).map(|folder| format!("{folder}/bash")))
}
