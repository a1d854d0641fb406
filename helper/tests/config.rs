//! Decisions of the C++ configuration, each on a recorded probe with one fact changed.

use std::path::Path;

use lre::cc::config::{CcConfig, ConfigError, configure_cc};
use lre::cc::probe::{CcProbe, CompilerKind, CxxLibrary, Linker, Runtime};
use lre::environment::Environment;
use lre::toolchain_path::PathPolicy;
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
    recorded.probe.target = "riscv64-unknown-linux-gnu".to_owned();
    let expected = "`CC` produces code for `riscv64-unknown-linux-gnu`, and supported are `aarch64-darwin`, \
                    `aarch64-linux`, `x86_64-darwin`, `x86_64-linux`";
    assert_eq!(refusal(configure(&recorded, &[])?).as_deref(), Some(expected));
    Ok(())
}

#[test]
fn variables_that_agree_with_the_compiler_are_taken() -> anyhow::Result<()> {
    let recorded = clang()?;
    let more = [
        "ABI_LIBC_VERSION=glibc_2.43",
        "ABI_VERSION=itanium",
        "BAZEL_COMPILER=clang",
        "BAZEL_HOST_SYSTEM=x86_64-linux-gnu",
        "BAZEL_TARGET_CPU=x86_64",
        "BAZEL_TARGET_LIBC=glibc_2.43",
        "BAZEL_TARGET_SYSTEM=x86_64-pc-linux-gnu",
    ];
    let config = configure(&recorded, &more)??;
    let plain = configure(&recorded, &[])??;
    let expected = CcConfig {
        abi_libc_version: "glibc_2.43".to_owned(),
        abi_version: "itanium".to_owned(),
        host_system_name: "x86_64-linux-gnu".to_owned(),
        cpu: "x86_64".to_owned(),
        target_libc: "glibc_2.43".to_owned(),
        target_system_name: "x86_64-pc-linux-gnu".to_owned(),
        ..plain
    };
    assert_eq!(config, expected);
    Ok(())
}

#[test]
fn variables_that_contradict_the_compiler_are_refused_with_both_values() -> anyhow::Result<()> {
    let recorded = clang()?;
    for (entry, found) in [
        ("ABI_LIBC_VERSION=glibc_2.31", "glibc_2.43"),
        ("BAZEL_COMPILER=gcc", "clang"),
        ("BAZEL_COMPILER=", "clang"),
        ("BAZEL_COMPILER=clang-cl", "clang"),
        ("BAZEL_HOST_SYSTEM=aarch64-linux-gnu", "x86_64-unknown-linux-gnu"),
        ("BAZEL_HOST_SYSTEM=local", "x86_64-unknown-linux-gnu"),
        ("BAZEL_TARGET_CPU=aarch64", "k8"),
        ("BAZEL_TARGET_LIBC=local", "glibc_2.43"),
        ("BAZEL_TARGET_LIBC=macosx", "glibc_2.43"),
        ("BAZEL_TARGET_SYSTEM=x86_64-apple-darwin", "x86_64-unknown-linux-gnu"),
    ] {
        let (key, value) = entry.split_once('=').unwrap_or_default();
        let expected = format!("`{key}` in Env says `{value}`, and the compiler says `{found}`");
        assert_eq!(refusal(configure(&recorded, &[entry])?), Some(expected));
    }
    Ok(())
}

#[test]
fn c_library_that_its_headers_do_not_name_may_be_stated() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    recorded.probe.libc = None;
    assert_eq!(configure(&recorded, &[])??.target_libc, "unknown");
    assert_eq!(configure(&recorded, &["BAZEL_TARGET_LIBC=musl_1.2"])??.target_libc, "musl_1.2");
    let expected = "`BAZEL_TARGET_LIBC` in Env says `macosx`, and the compiler says `unknown`";
    assert_eq!(refusal(configure(&recorded, &["BAZEL_TARGET_LIBC=macosx"])?).as_deref(), Some(expected));
    Ok(())
}

#[test]
fn coverage_merger_takes_the_name_of_gcov_unless_env_names_one() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    let gcov = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x/bin/gcov";
    recorded.probe.tools.insert("gcov".to_owned(), PathPolicy::StoreOnly.parse(gcov)?);
    let merger = recorded.probe.tools["llvm-profdata"].to_string();
    assert_eq!(configure(&recorded, &[])??.tool_paths["gcov"], merger);
    assert_eq!(configure(&recorded, &[&format!("GCOV={gcov}")])??.tool_paths["gcov"], gcov);
    Ok(())
}

#[test]
fn linker_that_knows_no_single_objects_is_not_asked_for() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    let plain = configure(&recorded, &[])??;
    for (name, wanted) in [("ld", false), ("mold", true), ("lld", true)] {
        recorded.probe.linker.as_mut().expect("it has one").name = name.to_owned();
        let config = configure(&recorded, &[])??;
        assert_eq!(config.supports_start_end_lib, wanted, "{name}");
        assert_eq!(config.link_flags.contains(&format!("-fuse-ld={name}")), wanted, "{name}");
        assert_eq!(config.link_flags.iter().any(|flag| flag.starts_with("--ld-path=")), wanted, "{name}");
    }
    assert_eq!(configure(&recorded, &[])??, plain);
    Ok(())
}

#[test]
fn linker_that_gcc_finds_in_path_is_found_without_it() -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes/gcc-14.json");
    let mut recorded: Recorded = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let folder = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-binutils/bin";
    let gcc = "/nix/store/mc28xy4w72c4jw27sii0iwqypyydv63c-lre-gcc";
    for (found, flags) in [
        (format!("{folder}/ld.gold"), vec![format!("-B{gcc}/bin"), format!("-B{folder}")]),
        (format!("{gcc}/libexec/ld.gold"), vec![format!("-B{gcc}/bin")]),
    ] {
        recorded.env[0] = format!("PATH={gcc}/bin:{folder}");
        recorded.probe.linker.as_mut().expect("it has one").path = Some(PathPolicy::StoreOnly.parse(&found)?);
        let link_flags = configure(&recorded, &[])??.link_flags;
        let folders: Vec<&String> = link_flags.iter().filter(|flag| flag.starts_with("-B")).collect();
        assert_eq!(folders, flags.iter().collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn feature_that_the_compiler_cannot_serve_is_absent() -> anyhow::Result<()> {
    let mut recorded = clang()?;
    let mut absent = |change: fn(&mut CcProbe)| -> anyhow::Result<Vec<String>> {
        change(&mut recorded.probe);
        Ok(configure(&recorded, &[])??.absent_features)
    };
    assert_eq!(absent(|probe| probe.runtimes = None)?, [""; 0]);
    let all = |probe: &mut CcProbe| {
        let all = [Runtime::Asan, Runtime::Profile, Runtime::Static, Runtime::Tsan, Runtime::Ubsan];
        probe.runtimes = Some(all.to_vec());
    };
    assert_eq!(absent(all)?, [""; 0]);
    assert_eq!(
        absent(|probe| probe.runtimes = Some(vec![Runtime::Asan, Runtime::Profile]))?,
        ["fully_static_link", "tsan", "ubsan"]
    );
    assert_eq!(
        absent(|probe| probe.runtimes = Some(vec![Runtime::Static, Runtime::Tsan, Runtime::Ubsan]))?,
        ["asan", "coverage", "cs_fdo_instrument", "fdo_instrument"]
    );
    let mold = |probe: &mut CcProbe| {
        probe.runtimes = None;
        probe.linker = Some(Linker { name: "mold".to_owned(), path: None });
    };
    assert_eq!(absent(mold)?, ["thin_lto"]);
    let gcc =
        ["cs_fdo_instrument", "cs_fdo_optimize", "fdo_optimize", "fdo_prefetch_hints", "parse_headers", "thin_lto"];
    assert_eq!(absent(|probe| probe.compiler = CompilerKind::Gcc)?, gcc);
    Ok(())
}
