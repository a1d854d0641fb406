//! The programs of `examples/features` built by GCC, and run: on a worker, then here.

use std::fs;

use anyhow::{Context, Result};

use super::{Refused, expect_refused};
use crate::bazel::{BOB, Bazel, Execution};
use crate::execution_log::Spawn;
use crate::lab::{FEATURES, Lab};
use crate::parity::Expected;
use crate::sandbox::source;
use crate::test::bazel::example_toolchain::{flags, prepare, tag};
use crate::test::bazel::expectation::{expect_all, expect_hits, expect_same_bytes};
use crate::test::bazel::workspace::Workspace;
use crate::test::case::{Tally, expect_equal};

const FILES: [&str; 10] = [
    "BUILD.bazel",
    "configured.bzl",
    "about.cc",
    "fault.cc",
    "layers.cc",
    "mean.cc",
    "mean.h",
    "means.cc",
    "noisy",
    "refused",
];
/// Each makes a file of its name that says what was seen.
const PRINTED: [&str; 6] = ["modes", "linking", "sanitizers", "thin_lto", "counts", "profiled"];
/// Compiles what is refused without the feature of that name.
const EXTERNAL: &str = "//:external_include_paths";
const REFUSED: Refused<'_> =
    &[("treat_warnings_as_errors", "noisy.h:5:7: error: unused variable 'unused' [-Werror=unused-variable]")];

const NOISY: &str = r#"
bazel_dep(name = "noisy")
local_path_override(
    module_name = "noisy",
    path = "noisy",
)
"#;

/// The files of counters that instrumented programs leave; and a program that is asked to be optimised by some. Bazel takes
/// them in LLVM's formats alone, so that what these are named and hold is of no importance.
const MORE: &str = r#"
genrule(
    name = "counts",
    srcs = [
        ":means_coverage",
        ":means_fdo_instrument",
    ],
    outs = ["counts.txt"],
    cmd = """
        GCOV_PREFIX=$$PWD/coverage $(execpath :means_coverage) >/dev/null
        $(execpath :means_fdo_instrument) >/dev/null
        for file in $$(find coverage profiles -name '*.gcda' | sort); do
            echo "$${file%%/*}: $${file##*[/#]}" >>$@
        done
    """,
)

genrule(
    name = "counters",
    srcs = [":means_fdo_instrument"],
    outs = ["counters.profdata"],
    cmd = "$(execpath :means_fdo_instrument) >/dev/null; cat profiles/*mean.gcda >$@",
)

fdo_profile(
    name = "counted",
    profile = ":counters.profdata",
)

configured_binary(
    name = "means_counted",
    actual = ":means",
    compilation_mode = "opt",
    fdo_optimize = "//:counted",
)

genrule(
    name = "profiled",
    srcs = [
        ":means_counted",
        ":means_opt",
    ],
    outs = ["profiled.txt"],
    cmd = "cmp $(SRCS) && echo 'fdo_optimize: the same program as without' >$@",
)
"#;

/// What they print, target after target.
const SEEN: &str = "\
dbg: not optimised, assertions, position-independent code, with debug information
fastbuild: not optimised, assertions, position-independent code, without debug information
opt: optimised, no assertions, position-independent program, without debug information
opt_force_pic: optimised, no assertions, position-independent code, without debug information
means_linkshared: DYN, loads libc.so.6
means: DYN, loads libstdc++.so.6 libgcc_s.so.1 libc.so.6, sum 999000
means_dynamic_mode_fully: DYN, loads libmean.so libstdc++.so.6 libgcc_s.so.1 libc.so.6, sum 999000
means_dynamic_mode_off: DYN, loads libstdc++.so.6 libgcc_s.so.1 libc.so.6, sum 999000
means_fully_static_link: EXEC, loads nothing, sum 999000
means_linkstatic_false: DYN, loads libmean.so libstdc++.so.6 libgcc_s.so.1 libc.so.6, sum 999000
asan: heap-use-after-free
tsan: data race
ubsan: signed integer overflow
means_opt: calls of mean: 1; sum 999000
means_thin_lto_opt: calls of mean: 1; sum 999000
coverage: mean.pic.gcda
coverage: means.pic.gcda
profiles: mean.gcda
profiles: means.gcda
fdo_optimize: the same program as without
";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "features-gcc")?;
    let place = lab.sandbox.place();
    for file in FILES {
        source::copy(&place.outside(FEATURES).join(file), &place.outside(&workspace.path).join(file))?;
    }
    workspace.write("BUILD.bazel", &(workspace.read("BUILD.bazel")? + MORE))?;
    workspace.write_module("src", &(tag("cc") + &tag("gcc") + "use_repo(lre, \"lre_gcc\")\n" + NOISY))?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    prepare(lab, &workspace, "gcc")?;
    // The programs that look into what was built are clang's.
    let readers = lab.sandbox.toolchain.compiler.as_str();
    let _worker = lab.start_worker_beside("gcc", &format!("{}/lre-gcc/lre.json", workspace.path), &[readers])?;

    let targets = PRINTED.map(|name| format!("//:{name}"));
    let chosen = flags("gcc");
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    let all: Vec<&str> = [&chosen[..], &targets.each_ref().map(String::as_str), &[EXTERNAL]].concat();
    let (remote, local) = (&workspace.bazel, Bazel::new(lab, &workspace.path, &BOB, "features-gcc"));
    let mut built = Vec::new();
    tally.check(
        "GCC's features are built and run on a worker and do what clang's do; those that it lacks do nothing",
        || {
            built = remote.spawns("build", Execution::RemoteNoCache, &all)?;
            expect_all(&built, Expected::Remote)?;
            expect_gcc(&built)?;
            expect_seen(lab, remote)?;
            expect_refused(remote, Execution::Remote, REFUSED, &chosen)
        },
    );
    remote.shutdown()?;
    local.forget()?;
    tally.check("then each hits here, and without a cache each is built and run here, to the same bytes", || {
        expect_hits(&built, &local.spawns("build", Execution::LocalWithCache, &all)?)?;
        local.run("clean", &[])?.expect_success("`bazel clean`")?;
        let spawns = local.spawns("build", Execution::LocalNoCache, &all)?;
        expect_all(&spawns, Expected::Local)?;
        expect_seen(lab, &local)?;
        expect_same_bytes(&built, &spawns)?;
        expect_refused(&local, Execution::LocalNoCache, REFUSED, &chosen)
    });
    local.shutdown()
}

/// Fails unless each C++ action runs GCC.
fn expect_gcc(spawns: &[Spawn]) -> Result<()> {
    let is_cc = |spawn: &&Spawn| ["CppCompile", "CppLink"].contains(&spawn.mnemonic.as_str());
    let mut programs: Vec<&str> =
        spawns.iter().filter(is_cc).filter_map(|spawn| spawn.command_args.first()?.rsplit('/').next()).collect();
    programs.sort_unstable();
    programs.dedup();
    expect_equal("what compiles and links", &programs.join(" "), "gcc")
}

/// Fails unless the files say [`SEEN`].
fn expect_seen(lab: &Lab, bazel: &Bazel<'_>) -> Result<()> {
    let bin = lab.sandbox.place().outside(bazel.output_base()).join("execroot/_main/bazel-out/k8-fastbuild/bin");
    let read =
        |name| fs::read_to_string(bin.join(format!("{name}.txt"))).with_context(|| format!("there is no `{name}.txt`"));
    expect_equal("what they print", &PRINTED.into_iter().map(read).collect::<Result<String>>()?, SEEN)
}
