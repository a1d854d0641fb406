//! The libraries that instrumented and static programs are linked with.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ProbeError;
use crate::cc::compiler::Compiler;
use crate::store::Store;
use crate::toolchain_path::ToolchainPath;

/// What a program is linked with when it is instrumented or static.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// The address sanitizer's.
    Asan,
    /// Counters of coverage and profiles.
    Profile,
    /// The C library, for programs that load nothing.
    Static,
    /// The thread sanitizer's.
    Tsan,
    /// The undefined behaviour sanitizer's.
    Ubsan,
}

impl Runtime {
    /// The flag that needs it.
    fn flag(self) -> &'static str {
        match self {
            Self::Asan => "-fsanitize=address",
            Self::Profile => "--coverage",
            Self::Static => "-static",
            Self::Tsan => "-fsanitize=thread",
            Self::Ubsan => "-fsanitize=undefined",
        }
    }

    /// Its name in clang's resource directory.
    fn clang_name(self) -> Option<&'static str> {
        match self {
            Self::Asan => Some("asan"),
            Self::Profile => Some("profile"),
            Self::Static => None,
            Self::Tsan => Some("tsan"),
            Self::Ubsan => Some("ubsan_standalone"),
        }
    }
}

/// Those that one program can be linked with.
const GROUPS: [&[Runtime]; 3] =
    [&[Runtime::Asan, Runtime::Ubsan], &[Runtime::Profile, Runtime::Static], &[Runtime::Tsan]];

/// The runtimes that the compiler has, sorted. Clang's are files of its resource directory, quicker to see than to link.
/// GCC's may lie in any folder that it is told of, so it links a program with several, and with each alone if it cannot.
pub(super) fn find_runtimes(
    compiler: &Compiler<'_>,
    store: &Store,
    resources: Option<&ToolchainPath>,
    target: &str,
) -> Result<Vec<Runtime>, ProbeError> {
    let libraries = resources.and_then(|folder| store.resolve(&folder.join("lib").to_string()));
    let seen = |runtime: Runtime| Some(has_library(libraries.as_deref()?, runtime.clang_name()?, target));
    let links = |runtimes: &[Runtime]| -> Result<bool, ProbeError> {
        let flags = runtimes.iter().map(|runtime| runtime.flag());
        let question: Vec<&str> = ["empty.cc", "-o", "runtime"].into_iter().chain(flags).collect();
        Ok(compiler.ask(&question)?.success)
    };
    let mut found = Vec::new();
    for group in GROUPS {
        found.extend(group.iter().filter(|runtime| seen(**runtime) == Some(true)));
        let unseen: Vec<Runtime> = group.iter().copied().filter(|runtime| seen(*runtime).is_none()).collect();
        if unseen.is_empty() {
            continue;
        }
        if links(&unseen)? {
            found.extend(unseen);
        } else if unseen.len() > 1 {
            for runtime in unseen {
                found.extend(links(&[runtime])?.then_some(runtime));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether one of the folders in `lib` has the library: clang names the target in the folder, or its processor in the file.
fn has_library(lib: &Path, name: &str, target: &str) -> bool {
    let processor = target.split('-').next().unwrap_or_default();
    let in_linux = format!("libclang_rt.{name}-{processor}.a");
    let in_target = format!("libclang_rt.{name}.a");
    let in_darwin = [format!("libclang_rt.{name}_osx_dynamic.dylib"), format!("libclang_rt.{name}_osx.a")];
    let folders = std::fs::read_dir(lib).into_iter().flatten().flatten();
    folders.map(|folder| folder.path()).any(|folder| {
        let is_target = folder.file_name().is_some_and(|folder| folder.to_string_lossy().starts_with(processor));
        folder.join(&in_linux).exists()
            || is_target && folder.join(&in_target).exists()
            || in_darwin.iter().any(|file| folder.join(file).exists())
    })
}
