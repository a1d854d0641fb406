//! What `lre regen` asks and takes from Env: tools, linkers, flags.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{COMPILER, REGEN, ROOT, Scene};

/// A scene whose Env has more entries.
fn scene_with(script: &str, more: &[&str]) -> Scene {
    let scene = Scene::with_compiler(script);
    let entries = [format!("PATH={ROOT}/bin"), format!("CC={ROOT}/bin/clang")];
    scene.write_env(&[entries.each_ref().map(String::as_str).as_slice(), more].concat());
    scene
}

fn probe(scene: &Scene) -> Value {
    scene.generate();
    let manifest: Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    manifest["cc"]["probe"].clone()
}

#[test]
fn tools_that_env_names_are_taken() {
    let other = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-tools/bin";
    let named = [format!("AR={other}/special-ar"), format!("GCOV={other}/gcov")];
    let more = [&named[0], &named[1], "BAZEL_LLVM_COV=my-cov", "BAZEL_LLVM_PROFDATA= my-profdata "];
    let scene = scene_with(COMPILER, &more);
    for file in ["special-ar", "gcov"] {
        scene.write_program(&format!("store{other}/{file}"), "#!/bin/sh\n");
    }
    for file in ["my-cov", "my-profdata"] {
        scene.write_program(&format!("store{ROOT}/bin/{file}"), "#!/bin/sh\n");
    }
    let tools = probe(&scene)["tools"].clone();
    let found = ["ar", "gcov", "llvm-cov", "llvm-profdata"].map(|name| tools[name].clone());
    let expected = [
        format!("{other}/special-ar"),
        format!("{other}/gcov"),
        format!("{ROOT}/bin/my-cov"),
        format!("{ROOT}/bin/my-profdata"),
    ];
    assert_eq!(found, expected.map(Value::from));
}

#[test]
fn empty_name_of_a_tool_counts_as_none() {
    let scene = scene_with(COMPILER, &["AR=", "GCOV= "]);
    assert_eq!(probe(&scene)["tools"]["ar"], format!("{ROOT}/bin/ar"));
}

#[test]
fn tool_that_env_names_and_is_not_there_is_refused() {
    let absent = format!("AR={ROOT}/bin/none");
    for (name, entry) in [
        ("tool-absent", absent.as_str()),
        ("tool-outside", "GCOV=/usr/bin/gcov"),
        ("tool-not-in-path", "BAZEL_LLVM_COV=llvm-cov-18"),
        ("tool-relative", "BAZEL_LLVM_PROFDATA=bin/llvm-profdata"),
    ] {
        assert_snapshot!(name, scene_with(COMPILER, &[entry]).run_without_change(&REGEN));
    }
}

#[test]
fn c_library_that_env_states_otherwise_is_refused() {
    assert_snapshot!(scene_with(COMPILER, &["BAZEL_TARGET_LIBC=glibc_2.31"]).run_without_change(&REGEN));
}

/// A shell script that answers as a gcc would, and links with the linkers that `$LINKERS` names.
const GCC: &str = r##"#!/bin/sh
R=/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1
case "$*" in
  *-dM*) echo "#define __GNUC__ 14"; echo "#define __GNUC_MINOR__ 2"; echo "#define __GNUC_PATCHLEVEL__ 0"
    echo "#define __GLIBC__ 2"; echo "#define __GLIBC_MINOR__ 41"; echo "#define __GLIBCXX__ 20240801"
    echo "Target: x86_64-linux-gnu" >&2; echo "#include <...> search starts here:" >&2; echo " $R/include" >&2 ;;
  -print-prog-name=ld) echo $R/bin/../bin/ld ;;
  -print-prog-name=*) echo "${1#*=}" ;;
  *-fuse-ld=$LINKERS*) ;;
  *-fuse-ld=*) exit 1 ;;
  *-fcolor-diagnostics*) echo "gcc: error: unrecognized command-line option '-fcolor-diagnostics'; did you mean" \
    "'-Wself-assign'?" >&2; exit 1 ;;
  *-Wthread-safety*) echo "cc1plus: warning: unrecognized command-line option '-Wthread-safety'" >&2 ;;
esac
"##;

#[test]
fn linker_is_found_by_name_in_the_order_of_bazel() {
    for (linkers, program, name) in [("lld", "ld.lld", "lld"), ("mold", "ld.mold", "mold"), ("none", "ld", "ld")] {
        let scene = scene_with(GCC, &[&format!("LINKERS={linkers}")]);
        scene.write_program(&format!("store{ROOT}/bin/{program}"), "#!/bin/sh\n");
        assert_eq!(probe(&scene)["linker"], json!({"name": name, "path": format!("{ROOT}/bin/{program}")}));
    }
}

#[test]
fn flags_that_the_compiler_names_are_refused_and_no_others() {
    let scene = scene_with(GCC, &["LINKERS=gold"]);
    let accepted = probe(&scene)["acceptedFlags"].clone();
    let expected = [
        "-Wself-assign",
        "-Wunused-but-set-parameter",
        "-Wno-free-nonheap-object",
        "-ffile-compilation-dir=.",
        "-fno-canonical-system-headers",
        "-no-canonical-prefixes",
        "-pass-exit-codes",
        "-Wl,-no-as-needed",
        "-Wl,--push-state",
        "-Wl,-z,relro,-z,now",
        "-Wl,--gc-sections",
    ];
    assert_eq!(accepted, json!(expected));
}

#[test]
fn flag_that_fails_without_being_named_is_found_alone() {
    let scene =
        scene_with(&GCC.replace("*-fcolor-diagnostics*) echo", "*-Wself-assign*) exit 1 ;; *-none*) echo"), &[]);
    let accepted = probe(&scene)["acceptedFlags"].clone();
    assert_eq!(accepted[0], "-Wunused-but-set-parameter");
    assert_eq!(accepted.as_array().map(Vec::len), Some(11));
}

#[test]
fn compiler_that_accepts_all_is_run_nine_times() {
    let script = COMPILER.replacen("case ", "echo \"$*\" >>\"$COUNTED\"\ncase ", 1);
    let scene = Scene::with_compiler(&script);
    let counted = scene.path().join("counted");
    let entries =
        [format!("PATH={ROOT}/bin"), format!("CC={ROOT}/bin/clang"), format!("COUNTED={}", counted.display())];
    scene.write_env(&entries.each_ref().map(String::as_str));
    scene.generate();
    let mut runs: Vec<String> = scene.read("counted").lines().map(str::to_owned).collect();
    runs.sort();
    assert_snapshot!(runs.join("\n"));
}
