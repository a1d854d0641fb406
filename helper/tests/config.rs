//! Decisions of the C++ configuration, each on a recorded probe with one fact changed.

use std::path::Path;

use lre::cc::config::{CcConfig, ConfigError, configure_cc};
use lre::cc::probe::{CcProbe, CxxLibrary};
use lre::environment::Environment;
use serde::Deserialize;

#[derive(Deserialize)]
struct Recorded {
    env: Vec<String>,
    probe: CcProbe,
}

fn clang() -> anyhow::Result<Recorded> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes/clang-21.json");
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn configure(recorded: &Recorded, more: &[&str]) -> anyhow::Result<Result<CcConfig, ConfigError>> {
    let more = more.iter().map(|entry| (*entry).to_owned());
    let entries: Vec<String> = recorded.env.iter().cloned().chain(more).collect();
    Ok(configure_cc("cc", &Environment::from_entries(&entries)?, &recorded.probe))
}

fn refusal(result: Result<CcConfig, ConfigError>) -> Option<String> {
    let message = result.err()?.to_string();
    message.lines().next().map(str::to_owned)
}

#[test]
fn bazel_variables_replace_the_defaults() -> anyhow::Result<()> {
    let recorded = clang()?;
    let plain = configure(&recorded, &[])??;
    let more = [
        "BAZEL_CONLYOPTS=-std=c17",
        "BAZEL_CXXOPTS=-std=c++20:-stdlib=libc++",
        "BAZEL_LINKOPTS=-Wl,-rpath,/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x/lib:-DA%:B%%{c}",
        "BAZEL_LINKLIBS=-lc++:-lc++abi",
        "CPLUS_INCLUDE_PATH=/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x/include/",
    ];
    let config = configure(&recorded, &more)??;
    assert_eq!(config.conly_flags, ["-std=c17"]);
    let include = "-I/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x/include";
    assert_eq!(config.cxx_flags, ["-std=c++20", "-stdlib=libc++", include]);
    assert_eq!(config.link_libs, ["-lc++", "-lc++abi"]);
    let rpath = "-Wl,-rpath,/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x/lib".to_owned();
    assert_eq!(config.link_flags, [plain.link_flags, vec![rpath, "-DA:B%%{c}".to_owned()]].concat());
    Ok(())
}

#[test]
fn library_that_the_compiler_uses_is_linked() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    recorded.probe.cxx_library = CxxLibrary::Libstdcxx;
    recorded.probe.accepted_flags = Some(Vec::new());
    assert_eq!(configure(&recorded, &[])??.link_libs, ["-lstdc++", "-lm"]);
    Ok(())
}

#[test]
fn clang_that_loses_its_headers_resolves_links() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    let flag = "-no-canonical-prefixes".to_owned();
    assert!(configure(&recorded, &[])??.unfiltered_compile_flags.contains(&flag));
    for search in &mut recorded.probe.include_searches {
        if search.arguments.contains(&flag) {
            search.directories.pop();
        }
    }
    assert!(!configure(&recorded, &[])??.unfiltered_compile_flags.contains(&flag));
    Ok(())
}

#[test]
fn toolchain_without_archive_aware_linker_gets_the_folder_of_ld() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    recorded.probe.linker = None;
    let ld = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-binutils/bin/ld".to_owned();
    recorded.probe.tools.insert("ld".to_owned(), ld.try_into()?);
    let config = configure(&recorded, &[])??;
    assert!(!config.supports_start_end_lib);
    let folders = [
        "-B/nix/store/lwnka3xzm6vw40rr81c8bgncz72sv0fg-clang-toolchain-21/bin",
        "-B/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-binutils/bin",
        "-Wl,-no-as-needed",
        "-Wl,-z,relro,-z,now",
    ];
    assert_eq!(config.link_flags, folders);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    let outside = refusal(configure(&recorded, &["BAZEL_CXXOPTS=-isystem/usr/include"])?);
    let expected = "`BAZEL_CXXOPTS` in Env names a path outside the store: `-isystem/usr/include`";
    assert_eq!(outside.as_deref(), Some(expected));
    let outside = refusal(configure(&recorded, &["CPLUS_INCLUDE_PATH=include"])?);
    let expected = "`CPLUS_INCLUDE_PATH` in Env names a path relative to the working folder: `include`";
    assert_eq!(outside.as_deref(), Some(expected));
    let file = refusal(configure(&recorded, &["BAZEL_LINKOPTS=-lc++:@flags"])?);
    assert_eq!(file.as_deref(), Some("`BAZEL_LINKOPTS` in Env reads flags from a file: `@flags`"));
    let relative = refusal(configure(&recorded, &["BAZEL_CONLYOPTS=-Iinclude"])?);
    let expected = "`BAZEL_CONLYOPTS` in Env names a path relative to the working folder: `-Iinclude`";
    assert_eq!(relative.as_deref(), Some(expected));
    recorded.probe.target = "aarch64-unknown-linux-gnu".to_owned();
    let expected = "`CC` produces code for `aarch64-unknown-linux-gnu`, but only x86_64-linux is supported";
    assert_eq!(refusal(configure(&recorded, &[])?).as_deref(), Some(expected));
    Ok(())
}
