//! Decides on the C++ configuration: Env and the probe's facts become the attributes of `lre_cc_toolchain`.
//!
//! The flags are those of Bazel's own configuration (`unix_cc_configure.bzl` in rules_cc), except that nothing names the
//! host, the working folder never reaches an output, and the C++ library is the one that the compiler uses.

use std::collections::BTreeMap;

use super::feature::absent_features;
use super::flag::{FlagFault, check_words};
use super::probe::{
    COMPILE_QUESTIONS, CcProbe, CompilerKind, CxxLibrary, DEFAULT_LINKER, LINK_QUESTIONS, Linker, REQUIRED_TOOLS,
};
use super::stated::Stated;
use crate::environment::{Environment, EnvironmentError};
use crate::store::StorePathError;
use crate::system::System;
use crate::toolchain_kind::ToolchainKind;
use crate::toolchain_path::ToolchainPath;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Env is not usable.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A tool is in no folder of `PATH`.
    #[error(
        "no {} in the `PATH` of Env\n\n\
         hint: add the `bin` folder of `binutils` or of LLVM's tools to `PATH` in Env",
        list(.0)
    )]
    NoTool(Vec<&'static str>),
    /// The compiler's target is another system.
    #[error(
        "`CC` produces code for `{0}`, and supported are {supported}\n\n\
         hint: set `CC` in Env to a compiler for one of them",
        supported = list(&System::ALL.map(System::as_str))
    )]
    Target(String),
    /// A variable states something else than the compiler.
    #[error(
        "`{key}` in Env says `{value}`, and the compiler says `{found}`\n\n\
         hint: leave `{key}` out of Env; it is found out"
    )]
    Contradiction {
        /// The variable.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would stand there without it.
        found: String,
    },
    /// A variable names something absolute outside the store.
    #[error(
        "`{key}` in Env names a path outside the store: `{word}`\n\n\
         hint: every path of the toolchain must be a store path, such as `${{pkgs.zlib}}/lib`"
    )]
    Outside {
        /// The variable.
        key: &'static str,
        /// The flag.
        word: String,
    },
    /// A variable names something relative to the working folder.
    #[error(
        "`{key}` in Env names a path relative to the working folder: `{word}`\n\n\
         hint: every path of the toolchain must be a store path, such as `${{pkgs.zlib}}/lib`; folders of a Bazel \
         package belong to the `includes` of its targets"
    )]
    Relative {
        /// The variable.
        key: &'static str,
        /// The flag.
        word: String,
    },
    /// A `BAZEL_…` variable names a file of flags.
    #[error("`{key}` in Env reads flags from a file: `{word}`\n\nhint: write its flags into `{key}`, separated by `:`")]
    ResponseFile {
        /// The variable.
        key: &'static str,
        /// The flag.
        word: String,
    },
    /// A `BAZEL_…` variable names a path that is none.
    #[error("`{key}` in Env: {reason}")]
    Malformed {
        /// The variable.
        key: &'static str,
        /// Names the path.
        reason: StorePathError,
    },
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The attributes of `lre_cc_toolchain`, named as rules_cc's `cc_toolchain_config` names them;
/// `absent_features` is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are rules_cc's attributes, documented there")]
pub struct CcConfig {
    pub abi_libc_version: String,
    pub abi_version: String,
    pub absent_features: Vec<String>,
    pub compile_flags: Vec<String>,
    pub compiler: String,
    pub conly_flags: Vec<String>,
    pub coverage_compile_flags: Vec<String>,
    pub coverage_link_flags: Vec<String>,
    pub cpu: String,
    pub cxx_builtin_include_directories: Vec<String>,
    pub cxx_flags: Vec<String>,
    pub dbg_compile_flags: Vec<String>,
    pub host_system_name: String,
    pub link_flags: Vec<String>,
    pub link_libs: Vec<String>,
    pub opt_compile_flags: Vec<String>,
    pub opt_link_flags: Vec<String>,
    pub supports_start_end_lib: bool,
    pub target_libc: String,
    pub target_system_name: String,
    pub tool_paths: BTreeMap<String, String>,
    pub toolchain_identifier: String,
    pub unfiltered_compile_flags: Vec<String>,
}

/// Decides. Pure.
///
/// # Errors
/// See [`ConfigError`].
pub fn configure_cc(name: &str, environment: &Environment, probe: &CcProbe) -> Result<CcConfig, ConfigError> {
    let compiler = environment.compiler()?;
    environment.check_hidden_inputs(ToolchainKind::Cc)?;
    let target = target_system(probe)?;
    let flags = Flags { probe, environment, target };
    let stated = Stated { environment, probe, target };
    let conly_flags = words(environment, "BAZEL_CONLYOPTS")?.unwrap_or_default();
    let mut cxx_flags = words(environment, "BAZEL_CXXOPTS")?.unwrap_or_else(|| owned(&["-std=c++17"]));
    cxx_flags.extend(cplus_include_path(environment)?);
    let mut link_flags = flags.linker(&compiler)?;
    link_flags.extend(flags.accepted(&["-Wl,-no-as-needed", "-Wl,-z,relro,-z,now"]));
    if target.is_darwin() {
        link_flags.push("-headerpad_max_install_names".to_owned());
    } else {
        link_flags.extend(flags.accepted(&["-pass-exit-codes"]));
    }
    link_flags.extend(words(environment, "BAZEL_LINKOPTS")?.unwrap_or_default());
    let (coverage_compile_flags, coverage_link_flags) = flags.coverage();
    Ok(CcConfig {
        abi_libc_version: stated.libc("ABI_LIBC_VERSION")?,
        abi_version: stated.abi_version(flags.name())?,
        absent_features: absent_features(probe),
        compile_flags: flags.compile(),
        compiler: stated.compiler(flags.name())?,
        conly_flags,
        coverage_compile_flags,
        coverage_link_flags,
        cpu: stated.cpu()?,
        cxx_builtin_include_directories: flags.include_directories(),
        cxx_flags,
        dbg_compile_flags: owned(&["-g"]),
        host_system_name: stated.host_system_name()?,
        link_flags,
        link_libs: words(environment, "BAZEL_LINKLIBS")?.unwrap_or_else(|| flags.link_libs()),
        opt_compile_flags: owned(&[
            "-g0",
            "-O2",
            "-D_FORTIFY_SOURCE=1",
            "-DNDEBUG",
            "-ffunction-sections",
            "-fdata-sections",
        ]),
        opt_link_flags: if target.is_darwin() {
            owned(&["-Wl,-dead_strip"])
        } else {
            flags.accepted(&["-Wl,--gc-sections"])
        },
        supports_start_end_lib: flags.chosen_linker().is_some(),
        target_libc: stated.libc("BAZEL_TARGET_LIBC")?,
        target_system_name: stated.target_system_name()?,
        tool_paths: flags.tool_paths(&compiler)?,
        toolchain_identifier: format!("lre-{name}"),
        unfiltered_compile_flags: flags.unfiltered(),
    })
}

/// The system that the compiler produces code for.
///
/// # Errors
/// [`ConfigError::Target`] if it is none of [`System`].
pub fn target_system(probe: &CcProbe) -> Result<System, ConfigError> {
    System::of_triple(&probe.target).ok_or_else(|| ConfigError::Target(probe.target.clone()))
}

fn owned(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// The words of a `BAZEL_…` variable; each path in them must be allowed.
fn words(environment: &Environment, key: &'static str) -> Result<Option<Vec<String>>, ConfigError> {
    let words = environment.bazel_words(key);
    check_words(environment.paths(), words.as_deref().unwrap_or_default()).map_err(|(word, fault)| {
        let word = word.to_owned();
        match fault {
            FlagFault::Outside => ConfigError::Outside { key, word },
            FlagFault::Malformed(reason) => ConfigError::Malformed { key, reason },
            FlagFault::Relative => ConfigError::Relative { key, word },
            FlagFault::ResponseFile => ConfigError::ResponseFile { key, word },
        }
    })?;
    // In a toolchain's flags `%{` starts a variable, and `%%` stands for a percent sign.
    Ok(words.map(|words| words.into_iter().map(|word| word.replace('%', "%%")).collect()))
}

/// Actions do not have the variable, so its folders become flags, as in Bazel's own configuration.
fn cplus_include_path(environment: &Environment) -> Result<Vec<String>, ConfigError> {
    let key = "CPLUS_INCLUDE_PATH";
    let folders = environment.get(key).unwrap_or_default().split(':').filter(|folder| !folder.is_empty());
    folders
        .map(|folder| match environment.paths().parse(folder) {
            Ok(path) => Ok(format!("-I{path}")),
            Err(_) if !folder.starts_with('/') => Err(ConfigError::Relative { key, word: folder.to_owned() }),
            Err(_) => Err(ConfigError::Outside { key, word: folder.to_owned() }),
        })
        .collect()
}

struct Flags<'a> {
    probe: &'a CcProbe,
    environment: &'a Environment,
    target: System,
}

impl Flags<'_> {
    fn is_clang(&self) -> bool {
        self.probe.compiler == CompilerKind::Clang
    }

    fn name(&self) -> &'static str {
        if self.is_clang() { "clang" } else { "gcc" }
    }

    /// Whether the compiler accepts a flag. Published facts do not say; then the compiler's documentation decides: of all
    /// the flags that are asked for, clang lacks GCC's two, and GCC clang's four.
    fn accepts(&self, flag: &str) -> bool {
        if let Some(accepted) = &self.probe.accepted_flags {
            return accepted.iter().any(|known| known == flag);
        }
        let gcc_only = ["-fno-canonical-system-headers", "-pass-exit-codes"];
        let clang_only = ["-Wthread-safety", "-Wself-assign", "-fcolor-diagnostics", "-ffile-compilation-dir=."];
        let refused: &[&str] = if self.is_clang() { &gcc_only } else { &clang_only };
        (COMPILE_QUESTIONS.contains(&flag) || LINK_QUESTIONS.contains(&flag)) && !refused.contains(&flag)
    }

    fn accepted(&self, flags: &[&str]) -> Vec<String> {
        flags.iter().filter(|flag| self.accepts(flag)).map(|flag| (*flag).to_owned()).collect()
    }

    fn compile(&self) -> Vec<String> {
        let mut flags = owned(&["-fstack-protector", "-Wall"]);
        flags.extend(self.accepted(&[
            "-Wthread-safety",
            "-Wself-assign",
            "-Wunused-but-set-parameter",
            "-Wno-free-nonheap-object",
            "-fcolor-diagnostics",
        ]));
        flags.push("-fno-omit-frame-pointer".to_owned());
        // The folder that a compile runs in differs between machines and between local and remote. GCC has no flag for
        // "whatever it is", but takes it from `PWD`, which Bazel sets to `/proc/self/cwd`.
        if self.accepts("-ffile-compilation-dir=.") {
            flags.push("-ffile-compilation-dir=.".to_owned());
        } else {
            flags.push("-ffile-prefix-map=/proc/self/cwd=.".to_owned());
        }
        flags
    }

    fn coverage(&self) -> (Vec<String>, Vec<String>) {
        if self.is_clang() {
            let compile = owned(&["-fprofile-instr-generate", "-fcoverage-mapping"]);
            (compile, owned(&["-fprofile-instr-generate"]))
        } else {
            (owned(&["--coverage"]), owned(&["--coverage"]))
        }
    }

    fn include_directories(&self) -> Vec<String> {
        // Clang's sanitizers keep their default ignore lists there, and name them in dependency files.
        let share = self.probe.resource_directory.as_ref().map(|folder| folder.join("share"));
        let searches = self.probe.include_searches.iter();
        let mut directories: Vec<String> = Vec::new();
        for directory in searches.flat_map(|search| search.directories.iter().cloned().chain(share.clone())) {
            let directory = directory.to_string();
            if !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        directories
    }

    /// The linker that is asked for: one that takes single objects out of `--start-lib`.
    fn chosen_linker(&self) -> Option<&Linker> {
        self.probe.linker.as_ref().filter(|linker| linker.name != DEFAULT_LINKER)
    }

    fn linker(&self, compiler: &ToolchainPath) -> Result<Vec<String>, ConfigError> {
        let in_path = self.environment.search_path()?;
        let folder_of_ld = || self.probe.tools.get("ld").and_then(ToolchainPath::parent);
        let fuse = |linker: &Linker| format!("-fuse-ld={}", linker.name);
        let (mut flags, folder) = match self.chosen_linker().map(|linker| (linker, &linker.path)) {
            None => (Vec::new(), folder_of_ld()),
            // A path in `-fuse-ld=` is deprecated; without one the driver searches `PATH`.
            Some((linker, Some(path))) if self.is_clang() => (vec![fuse(linker), format!("--ld-path={path}")], None),
            // GCC has no flag for a path. What is not beside its own programs it finds in `PATH`.
            Some((linker, Some(path))) => (vec![fuse(linker)], path.parent().filter(|folder| in_path.contains(folder))),
            Some((linker, None)) => (vec![fuse(linker)], folder_of_ld()),
        };
        if !self.target.is_darwin() {
            let mut folders: Vec<ToolchainPath> = compiler.parent().into_iter().chain(folder).collect();
            folders.dedup();
            flags.extend(folders.iter().map(|folder| format!("-B{folder}")));
        }
        Ok(flags)
    }

    fn link_libs(&self) -> Vec<String> {
        let library = match self.probe.cxx_library {
            CxxLibrary::Libcxx => "-lc++",
            CxxLibrary::Libstdcxx => "-lstdc++",
        };
        // Bazel links with the C driver; the C++ library is named, and linked only where it is used.
        let only_if_used = self.accepts("-Wl,-no-as-needed") && self.accepts("-Wl,--push-state");
        [library, "-lm"]
            .iter()
            .flat_map(|library| {
                if only_if_used {
                    vec!["-Wl,--push-state,-as-needed", library, "-Wl,--pop-state"]
                } else {
                    vec![*library]
                }
            })
            .map(str::to_owned)
            .collect()
    }

    fn tool_paths(&self, compiler: &ToolchainPath) -> Result<BTreeMap<String, String>, ConfigError> {
        let absent: Vec<&'static str> =
            REQUIRED_TOOLS.into_iter().filter(|tool| !self.probe.tools.contains_key(*tool)).collect();
        if !absent.is_empty() {
            return Err(ConfigError::NoTool(absent));
        }
        let mut tools: BTreeMap<String, String> =
            self.probe.tools.iter().map(|(name, path)| (name.clone(), path.to_string())).collect();
        tools.insert("gcc".to_owned(), compiler.to_string());
        // Bazel requires the entry and never runs it.
        tools.entry("cpp".to_owned()).or_insert_with(|| compiler.to_string());
        // With clang's coverage, Bazel's collector runs `gcov merge`: it expects `llvm-profdata` by this name, unless Env
        // names another program.
        if self.is_clang()
            && self.environment.get("GCOV").is_none()
            && let Some(merger) = tools.get("llvm-profdata").cloned()
        {
            tools.insert("gcov".to_owned(), merger);
        }
        Ok(tools)
    }

    /// Whether the compiler finds as many header folders with the flag as without. A clang that is reached through a link
    /// does not find its own headers with `-no-canonical-prefixes`.
    fn finds_headers_with(&self, flag: &str) -> bool {
        let searches = &self.probe.include_searches;
        let found = |with: bool| {
            let counted =
                searches.iter().filter(|search| search.arguments.iter().any(|argument| argument == flag) == with);
            counted.map(|search| search.directories.len()).max()
        };
        // GCC is not asked with the flag, and published facts do not say what was asked.
        found(true).is_none_or(|count| Some(count) >= found(false))
    }

    fn unfiltered(&self) -> Vec<String> {
        // Links in include directories must stay as they were given: Bazel compares dependency files with them.
        let keep_links = ["-fno-canonical-system-headers", "-no-canonical-prefixes"];
        let mut flags: Vec<String> =
            self.accepted(&keep_links).into_iter().filter(|flag| self.finds_headers_with(flag)).take(1).collect();
        flags.extend(owned(&[
            "-Wno-builtin-macro-redefined",
            "-D__DATE__=\"redacted\"",
            "-D__TIMESTAMP__=\"redacted\"",
            "-D__TIME__=\"redacted\"",
        ]));
        flags
    }
}
