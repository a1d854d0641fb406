//! Decides which features of Bazel and rules_cc a compiler cannot serve.

use super::probe::{CcProbe, CompilerKind, Runtime};

/// Features that need a runtime library. Bazel's flags for profiles need the same one as its flags for coverage.
const OF_RUNTIMES: [(Runtime, &[&str]); 5] = [
    (Runtime::Asan, &["asan"]),
    (Runtime::Profile, &["coverage", "cs_fdo_instrument", "fdo_instrument"]),
    (Runtime::Static, &["fully_static_link"]),
    (Runtime::Tsan, &["tsan"]),
    (Runtime::Ubsan, &["ubsan"]),
];

/// Features that GCC has no use for. Bazel takes a profile for `fdo_optimize` in LLVM's formats alone, and GCC overlooks
/// such a file. Bazel's `parse_headers` needs a script, and clang does without.
const CLANG_ONLY: [&str; 5] =
    ["cs_fdo_instrument", "cs_fdo_optimize", "fdo_optimize", "fdo_prefetch_hints", "parse_headers"];

/// The linker that writes the index files of Bazel's `thin_lto`.
const INDEXING_LINKER: &str = "lld";

/// The features that would only fail, sorted. A runtime that nobody looked for counts as present.
#[must_use]
pub fn absent_features(probe: &CcProbe) -> Vec<String> {
    let missing = |runtime: &Runtime| probe.runtimes.as_ref().is_some_and(|runtimes| !runtimes.contains(runtime));
    let is_clang = probe.compiler == CompilerKind::Clang;
    let has_indexing_linker = probe.linker.as_ref().is_some_and(|linker| linker.name == INDEXING_LINKER);
    let mut absent: Vec<&str> =
        OF_RUNTIMES.iter().filter(|(runtime, _)| missing(runtime)).flat_map(|(_, names)| *names).copied().collect();
    if !is_clang {
        absent.extend(CLANG_ONLY);
    }
    if !(is_clang && has_indexing_linker) {
        absent.push("thin_lto");
    }
    absent.sort_unstable();
    absent.dedup();
    absent.into_iter().map(str::to_owned).collect()
}
