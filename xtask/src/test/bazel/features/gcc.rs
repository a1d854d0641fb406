//! The programs of `examples/features` built by GCC, and run here.

use std::fs;

use anyhow::{Context, Result};

use crate::lab::{FEATURES, Lab};
use crate::test::bazel::example_toolchain::{flags, prepare, tag};
use crate::test::bazel::workspace::Workspace;
use crate::test::case::{Tally, expect_equal};

const FILES: [&str; 7] = ["BUILD.bazel", "configured.bzl", "about.cc", "fault.cc", "mean.cc", "mean.h", "means.cc"];
const TARGETS: [&str; 5] = ["modes", "linking", "sanitizers", "thin_lto", "counts"];

/// The files of counters that instrumented programs leave.
const COUNTS: &str = r#"
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
";

/// Runs the checks.
pub(super) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "features-gcc")?;
    let place = lab.sandbox.place();
    for file in FILES {
        let text = fs::read_to_string(place.outside(FEATURES).join(file));
        workspace.write(file, &text.with_context(|| format!("cannot read `{file}` of `{FEATURES}`"))?)?;
    }
    workspace.write("BUILD.bazel", &(workspace.read("BUILD.bazel")? + COUNTS))?;
    workspace.write_module("src", &(tag("cc") + &tag("gcc") + "use_repo(lre, \"lre_gcc\")\n"))?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    prepare(lab, &workspace, "gcc")?;
    tally.check(
        "GCC's modes, links and sanitizers do what clang's do, and `thin_lto`, which it lacks, does nothing",
        || {
            let targets = TARGETS.map(|name| format!("//:{name}"));
            let chosen = flags("gcc");
            let words: Vec<&str> =
                ["--config=lre"].into_iter().chain(chosen.iter().chain(&targets).map(String::as_str)).collect();
            workspace.run("build", &words)?.expect_success("the build with GCC")?;
            let bin = place.outside(workspace.bazel.output_base()).join("execroot/_main/bazel-out/k8-fastbuild/bin");
            let read = |name| {
                fs::read_to_string(bin.join(format!("{name}.txt"))).with_context(|| format!("there is no `{name}.txt`"))
            };
            expect_equal("what they print", &TARGETS.into_iter().map(read).collect::<Result<String>>()?, SEEN)
        },
    );
    workspace.bazel.shutdown()
}
