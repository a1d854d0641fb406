//! Facts about a C++ compiler, as the manifest keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compiler::CompilerError;
use crate::environment::EnvironmentError;
use crate::manifest::Origin;
use crate::store::StorePathError;
use crate::system::{System, UnknownSystem};
use crate::toolchain_path::ToolchainPath;

mod flags;
mod linker;
mod question;
mod runtime;
mod tool;

pub use question::probe_cc;
pub use runtime::Runtime;
pub(super) use tool::REQUIRED_TOOLS;

/// Which compiler it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CompilerKind {
    /// LLVM's.
    Clang,
    /// GNU's.
    Gcc,
}

/// Which C++ library the compiler uses unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CxxLibrary {
    /// LLVM's.
    #[serde(rename = "libc++")]
    Libcxx,
    /// GNU's.
    #[serde(rename = "libstdc++")]
    Libstdcxx,
}

/// The raw facts. Nothing in here is decided: that is [`super::config`]'s part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CcProbe {
    /// `probed` or `published`.
    pub origin: Origin,
    /// Where the compiler was asked: the system that it runs on.
    pub system: System,
    /// Clang or GCC.
    pub compiler: CompilerKind,
    /// Such as `21.1.8`.
    pub version: String,
    /// The GNU triple that the compiler produces code for.
    pub target: String,
    /// Such as `glibc_2.41`, as the headers state it; `macosx`; `null` for another C library.
    pub libc: Option<String>,
    /// The C++ library.
    pub cxx_library: CxxLibrary,
    /// Where headers are looked for, by the arguments that were asked with.
    pub include_searches: Vec<IncludeSearch>,
    /// The compiler's own headers and libraries; `null` where the compiler does not tell.
    pub resource_directory: Option<ToolchainPath>,
    /// The root that the compiler looks for libraries in, if it has one.
    pub sysroot: Option<ToolchainPath>,
    /// The linker that understands `--start-lib`, or else the compiler's own; `null` where nobody told.
    pub linker: Option<Linker>,
    /// Binary utilities by their usual names, found in Env's `PATH` or named by Env.
    pub tools: BTreeMap<String, ToolchainPath>,
    /// The flags out of [`COMPILE_QUESTIONS`] and [`LINK_QUESTIONS`] that the compiler accepts; `null` if it was not asked.
    pub accepted_flags: Option<Vec<String>>,
    /// The libraries for instrumented and static programs that the compiler has, sorted; absent if nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtimes: Option<Vec<Runtime>>,
}

impl CcProbe {
    /// Every path that the facts name.
    pub fn paths(&self) -> impl Iterator<Item = &ToolchainPath> {
        let directories = self.include_searches.iter().flat_map(|search| &search.directories);
        let linker = self.linker.iter().filter_map(|linker| linker.path.as_ref());
        directories.chain(&self.resource_directory).chain(&self.sysroot).chain(linker).chain(self.tools.values())
    }
}

/// One question for include directories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncludeSearch {
    /// Beside `-E -v`. Empty for published facts.
    pub arguments: Vec<String>,
    /// In the order of the search: each as printed and, where it differs, with its links resolved.
    pub directories: Vec<ToolchainPath>,
}

/// A linker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linker {
    /// What `-fuse-ld=` takes: `lld`, `gold` or `mold`; or [`DEFAULT_LINKER`].
    pub name: String,
    /// The program; `null` where the compiler does not tell.
    pub path: Option<ToolchainPath>,
}

/// The name of the linker that a compiler uses unless told otherwise, such as GNU's, whatever it is.
pub const DEFAULT_LINKER: &str = "ld";

/// Compile flags of Bazel's own configuration that not every compiler accepts.
pub const COMPILE_QUESTIONS: [&str; 9] = [
    "-Wthread-safety",
    "-Wself-assign",
    "-Wunused-but-set-parameter",
    "-Wno-free-nonheap-object",
    "-fcolor-diagnostics",
    "-ffile-compilation-dir=.",
    "-fno-canonical-system-headers",
    "-no-canonical-prefixes",
    "-pass-exit-codes",
];

/// Link flags, likewise.
pub const LINK_QUESTIONS: [&str; 4] =
    ["-Wl,-no-as-needed", "-Wl,--push-state", "-Wl,-z,relro,-z,now", "-Wl,--gc-sections"];

/// Why the facts could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Env does not describe a compiler.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The compiler gave no answer.
    #[error(transparent)]
    Compiler(#[from] CompilerError),
    /// It is another compiler.
    #[error(
        "`{0}` is neither clang nor gcc: `-dM -E` defines neither `__clang_major__` nor `__GNUC__`\n\n\
         hint: set `CC` in Env to a clang or gcc driver"
    )]
    UnknownCompiler(ToolchainPath),
    /// It uses another C++ library.
    #[error(
        "the C++ library of `{0}` is neither libc++ nor libstdc++: `#include <cstddef>` defines neither \
         `_LIBCPP_VERSION` nor `__GLIBCXX__`\n\n\
         hint: take `CC` from a Nix package that wraps its compiler with one of them, or choose it in `BAZEL_CXXOPTS`, \
         such as `-stdlib=libc++`"
    )]
    UnknownCxxLibrary(ToolchainPath),
    /// It looks for headers outside the store.
    #[error(
        "`CC` looks for headers outside the store: {reason} (asked with `{arguments}`)\n\n\
         hint: a header there differs from machine to machine; give the compiler a `--sysroot` in the store, or \
         `-nostdinc` with `-isystem` flags"
    )]
    OutsideStore {
        /// The question.
        arguments: String,
        /// Names the directory.
        reason: StorePathError,
    },
    /// It links with a linker outside the store.
    #[error(
        "`CC` links with a linker outside the store: {reason} (asked with `{flag}`)\n\n\
         hint: a linker there differs from machine to machine; add the `bin` folder of `lld` or `binutils` to `PATH` \
         in Env, or take `CC` from a Nix package that wraps its linker"
    )]
    LinkerOutsideStore {
        /// The question.
        flag: String,
        /// Names the linker.
        reason: StorePathError,
    },
    /// It does not say what it produces code for.
    #[error(
        "`{0}` does not say what it produces code for: `-v` prints no line that starts with `Target: `\n\n\
         hint: set `CC` in Env to a clang or gcc driver, or to a wrapper that passes `-v` on"
    )]
    NoTarget(ToolchainPath),
    /// A variable names a tool that is not there.
    #[error(
        "`{key}` in Env names `{value}`, which is {fault}\n\n\
         hint: name a program by its store path, or by its name alone if a folder of `PATH` in Env has it"
    )]
    Tool {
        /// Such as `AR`.
        key: &'static str,
        /// Its value.
        value: String,
        /// Such as `in no folder of `PATH``.
        fault: String,
    },
    /// A folder that should have the tools is not there.
    #[error("`PATH` in Env names `{folder}`, which is not there\n\nhint: {realise}take it out of `PATH`")]
    AbsentFolder {
        /// The folder.
        folder: ToolchainPath,
        /// How to get it, if Nix can.
        realise: String,
    },
    /// This machine is none that a toolchain is made on.
    #[error(transparent)]
    System(#[from] UnknownSystem),
    /// The files to ask with could not be written.
    #[error("cannot prepare the probe: {0}")]
    Io(#[from] std::io::Error),
}

/// `lld` for `…/bin/ld.lld`.
#[must_use]
pub fn linker_name(path: &ToolchainPath) -> Option<&str> {
    path.file_name()?.strip_prefix("ld.")
}
