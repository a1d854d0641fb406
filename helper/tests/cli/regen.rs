//! `lre regen`.

use insta::assert_snapshot;

use crate::support::{COMPILER, REGEN, ROOT, Scene};

#[test]
fn env_becomes_a_toolchain() {
    let scene = Scene::with_compiler(COMPILER);
    assert_snapshot!(scene.run(&REGEN));
    assert_snapshot!("generated-cc-build", scene.read("out/cc/BUILD"));
    assert_snapshot!("generated-manifest", scene.read("out/lre.json"));
}

#[test]
fn second_run_changes_nothing() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn hand_edited_file_is_written_again_from_the_manifest_without_the_compiler() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let generated = scene.read("out/cc/BUILD");
    scene.edit("out/cc/BUILD", "-O2", "-O3");
    assert_snapshot!(scene.run(&["regen", "--out", "out", "--store", "nowhere"]));
    assert_eq!(scene.read("out/cc/BUILD"), generated);
}

#[test]
fn file_without_marker_is_not_overwritten() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write("out/config/BUILD", "# mine\n");
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn env_without_cc_is_refused() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_env(&[&format!("PATH={ROOT}/bin")]);
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn cc_outside_the_store_is_refused() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_env(&["CC=/usr/bin/gcc"]);
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn path_outside_the_store_is_refused() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_env(&[&format!("PATH={ROOT}/bin:/usr/bin"), &format!("CC={ROOT}/bin/clang")]);
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn absent_cc_is_reported_with_its_command_line() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_env(&[&format!("PATH={ROOT}/bin"), &format!("CC={ROOT}/bin/nothing")]);
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn cc_that_fails_is_reported_with_its_stderr() {
    let scene = Scene::with_compiler(
        "#!/bin/sh\necho 'clang: error: while loading shared libraries: libLLVM.so' >&2\nexit 127\n",
    );
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn flags_of_env_that_the_compiler_refuses_are_told_with_its_errors_and_by_their_variable() {
    let verbose = (0..20).map(|line| format!("echo 'verbose line {line}' >&2\n")).collect::<String>();
    let refused = "echo \"error: invalid value 'c++20 -Wall' in '-std=c++20 -Wall'\" >&2; exit 1";
    let script = COMPILER.replacen(
        "#!/bin/sh\n",
        &format!("#!/bin/sh\ncase \"$*\" in *'c++20 -Wall'*)\n{verbose}{refused} ;; esac\n"),
        1,
    );
    let scene = Scene::with_compiler(&script);
    scene.write_env(&[
        &format!("PATH={ROOT}/bin"),
        &format!("CC={ROOT}/bin/clang"),
        "BAZEL_CXXOPTS=-Os:-std=c++20 -Wall",
    ]);
    assert_snapshot!("refused-flags", scene.run_without_change(&REGEN));
}

#[test]
fn misspelt_variable_of_env_is_told() {
    let scene = Scene::with_compiler(COMPILER);
    let more = ["BAZEL_CXXOPT=-std=c++20", "BAZEL_NOTHING=1", "BAZEL_USE_LLVM_NATIVE_COVERAGE=1"];
    let usual = [format!("PATH={ROOT}/bin"), format!("CC={ROOT}/bin/clang")];
    let entries: Vec<&str> = usual.iter().map(String::as_str).chain(more).collect();
    scene.write_env(&entries);
    assert_snapshot!("misspelt", scene.run(&REGEN));
}

#[test]
fn root_of_a_workspace_is_no_folder_of_a_toolchain() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write("MODULE.bazel", "");
    let out = ["regen", "--store", ".", "--env-json", "env.json", "--out", "."];
    assert_snapshot!("workspace-as-folder", scene.run_without_change(&out));
    // Where it is that of a module which is nothing else, it was written before.
    scene.write("lre.json", "{}");
    assert_snapshot!("inner-of-here", scene.run_without_change(&["regen", "--out", "lre-cc"]));
}

#[test]
fn cc_without_a_header_of_its_library_is_not_told_not_to_run() {
    for (name, source) in [("no-c-library", "libc.c"), ("no-cxx-library", "libcxx.cc")] {
        let refuses = format!("case \"$*\" in\n  *{source}) echo 'fatal error: file not found' >&2; exit 1 ;;\n");
        let scene = Scene::with_compiler(&COMPILER.replace("case \"$*\" in\n", &refuses));
        assert_snapshot!(name, scene.run_without_change(&REGEN));
    }
}

#[test]
fn cc_with_another_cxx_library_is_refused() {
    let scene = Scene::with_compiler(&COMPILER.replace("_LIBCPP_VERSION", "_STLPORT_VERSION"));
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn cc_that_does_not_say_its_target_is_refused() {
    let scene = Scene::with_compiler(&COMPILER.replace("Target: ", "Goal: "));
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn cc_that_prints_without_end_is_stopped() {
    let scene = Scene::with_compiler(
        "#!/bin/sh\nwhile :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done\n",
    );
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn cc_that_is_no_compiler_is_refused() {
    let scene = Scene::with_compiler("#!/bin/sh\n");
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn include_directory_outside_the_store_is_refused() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_env(&[&format!("PATH={ROOT}/bin"), &format!("CC={ROOT}/bin/clang"), "INCLUDE=/usr/include"]);
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn linker_outside_the_store_is_refused() {
    let scene = Scene::with_compiler(&COMPILER.replace("$R/bin/ld.lld", "/usr/bin/ld.lld"));
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn variables_that_no_action_has_are_refused_together() {
    let scene = Scene::with_compiler(COMPILER);
    let hidden = [
        "CPATH=/usr/include",
        "LD_AUDIT=/tmp/audit.so",
        "LD_LIBRARY_PATH=/usr/lib",
        "LD_PRELOAD=/tmp/preload.so",
        "SDKROOT=",
        "NIX_LDFLAGS_BEFORE=-lx",
        "NIX_HARDENING_ENABLE=pie",
        "CPLUS_INCLUDE_PATH=",
        "LANG=C",
    ];
    scene.write_env(
        &[
            [format!("PATH={ROOT}/bin"), format!("CC={ROOT}/bin/clang")].each_ref().map(String::as_str).as_slice(),
            &hidden,
        ]
        .concat(),
    );
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn compiler_sees_env_and_nothing_else() {
    let script = COMPILER.replace("*-dM*)", "*-dM*) [ \"$SEEN$HOME$TMPDIR\" = yes ] || exit 3;");
    let scene = Scene::with_compiler(&script);
    scene.write_env(&[&format!("PATH={ROOT}/bin"), &format!("CC={ROOT}/bin/clang"), "SEEN=yes"]);
    scene.generate();
}

#[test]
fn absent_tools_are_named_together() {
    let scene = Scene::with_compiler(COMPILER);
    for tool in ["ar", "strip"] {
        std::fs::remove_file(scene.path().join(format!("store{ROOT}/bin/{tool}"))).expect("the tool was there");
    }
    assert_snapshot!(scene.run_without_change(&REGEN));
    let absent = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-binutils-2.44/bin";
    scene.write_env(&[&format!("PATH={ROOT}/bin:{absent}"), &format!("CC={ROOT}/bin/clang")]);
    assert_snapshot!("absent-folder", scene.run_without_change(&REGEN));
}

#[test]
fn link_options_outside_the_store_are_refused() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_env(&[&format!("PATH={ROOT}/bin"), &format!("CC={ROOT}/bin/clang"), "BAZEL_LINKOPTS=-L/usr/lib:-lc++"]);
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn name_that_cannot_name_a_repository_is_refused() {
    let scene = Scene::with_compiler(COMPILER);
    let arguments = [REGEN.as_slice(), &["--name", "a b"]].concat();
    assert_snapshot!(scene.run_without_change(&arguments));
}

#[test]
fn broken_env_file_is_refused() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write("env.json", "{\"CC\": \"x\"}");
    assert_snapshot!(scene.run_without_change(&REGEN));
}

#[test]
fn folder_without_manifest_cannot_be_written_again() {
    assert_snapshot!(Scene::empty().run_without_change(&["regen", "--out", "out"]));
}

#[test]
fn nar_hashes_are_those_that_nix_store_prints() {
    let scene = Scene::with_compiler(COMPILER);
    let hash = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
    scene.write_program(
        "bin/nix-store",
        &format!("#!/bin/sh\n[ \"$1 $3 $4 $5\" = \"--store --query --hash {ROOT}\" ] && echo sha256:{hash}\n"),
    );
    assert_snapshot!(scene.run(&REGEN));
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    let expected =
        serde_json::json!([{"path": ROOT, "narHash": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}]);
    assert_eq!(manifest["storeRoots"], expected);
}

#[test]
fn root_that_nix_does_not_know_is_told() {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_program("bin/nix-store", "#!/bin/sh\necho \"error: path '$5' is not valid\" >&2\nexit 1\n");
    assert_snapshot!(scene.run(&REGEN));
}

#[test]
fn linked_include_directory_is_declared_in_both_spellings() {
    let scene = Scene::with_compiler(COMPILER);
    let other = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-headers-1";
    scene.write(&format!("store{other}/include/stdio.h"), "");
    std::os::unix::fs::symlink(format!("{other}/include"), scene.path().join(format!("store{ROOT}/include")))
        .expect("a new link");
    scene.generate();
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    let expected = serde_json::json!([format!("{ROOT}/include"), format!("{other}/include")]);
    assert_eq!(manifest["cc"]["probe"]["includeSearches"][0]["directories"], expected);
    assert_eq!(manifest["storeRoots"][1]["path"], other);
}

/// A toolchain like that of a classic image, in the folder that stands for `/`.
fn outside_the_store() -> Scene {
    let scene =
        Scene::with_compiler(&COMPILER.replace("R=/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1", "R=/usr"));
    std::fs::rename(scene.path().join(format!("store{ROOT}")), scene.path().join("store/usr")).expect("a moved folder");
    scene.write_env(&["PATH=/usr/local/bin:/usr/bin", "CC=/usr/bin/clang", "BAZEL_LINKOPTS=-L/usr/lib/libc++"]);
    scene
}

const NON_STORE: [&str; 10] = [
    "regen",
    "--env-json",
    "env.json",
    "--out",
    "out",
    "--store",
    "store",
    "--allow-non-store",
    "--image-name",
    "gcc:14",
];

#[test]
fn toolchain_outside_the_store_is_written_where_it_is_allowed() {
    let scene = outside_the_store();
    assert_snapshot!("non-store", scene.run(&NON_STORE));
    assert_snapshot!("non-store-build", scene.read("out/cc/BUILD"));
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    assert_eq!((&manifest["nonStore"], &manifest["storeRoots"]), (&true.into(), &serde_json::json!([])));
    assert_eq!(manifest["cc"]["probe"]["tools"]["ar"], "/usr/bin/ar");
    assert_snapshot!("non-store-again", scene.run_without_change(&["regen", "--out", "out"]));
    assert_snapshot!("non-store-refused", outside_the_store().run_without_change(&NON_STORE[..7]));
    assert_snapshot!("non-store-unnamed", outside_the_store().run_without_change(&NON_STORE[..8]));
}

#[test]
fn check_of_a_toolchain_outside_the_store_says_what_it_cannot_tell() {
    let scene = outside_the_store();
    scene.run(&NON_STORE);
    // None of it is on this machine.
    std::fs::remove_dir_all(scene.path().join("store")).expect("the folder was there");
    assert_snapshot!("non-store-check", scene.run_without_change(&["check", "out", "--store", "store"]));
    scene.write(
        "log.json",
        &["/usr/bin/clang", "/usr/bin/ar", "/usr/bin/gcc"]
            .map(|program| {
                let manifest: serde_json::Value =
                    serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
                let properties = manifest["image"]["execProperties"].as_object().expect("properties").iter();
                let properties: Vec<_> =
                    properties.map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
                serde_json::json!({
                    "commandArgs": [program], "mnemonic": "CppCompile", "targetLabel": "//:x",
                    "platform": {"properties": properties},
                })
                .to_string()
            })
            .concat(),
    );
    assert_snapshot!("non-store-log", scene.run(&["check", "out", "--store", "store", "--execution-log", "log.json"]));
}

#[test]
fn hidden_inputs_and_relative_folders_are_refused_outside_the_store_too() {
    let scene = outside_the_store();
    scene.write_env(&["CC=/usr/bin/clang", "PATH=/usr/bin", "BAZEL_CXXOPTS=-Iinclude"]);
    assert_snapshot!("non-store-relative", scene.run_without_change(&NON_STORE));
}

#[test]
fn check_mode_prints_a_diff_and_the_command_that_writes() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    let arguments = [REGEN.as_slice(), &["--mode=check"]].concat();
    assert_snapshot!("check-clean", scene.run_without_change(&arguments));
    scene.edit("out/cc/BUILD", "-O2", "-O3");
    std::fs::remove_file(scene.path().join("out/BUILD.bazel")).expect("the file was there");
    assert_snapshot!("check-differs", scene.run_without_change(&arguments));
    assert_snapshot!("check-again", scene.run_without_change(&["regen", "--out", "out", "--mode=check"]));
}

#[test]
fn committed_toolchains_are_as_regen_writes_them_without_the_toolchain() {
    let scene = Scene::empty();
    for folder in ["generated-cc", "generated-java"] {
        let generated = format!("{}/../{folder}", env!("CARGO_MANIFEST_DIR"));
        let result = scene.run(&["regen", "--mode=check", "--out", &generated, "--store", "nowhere"]);
        assert_eq!(result, format!("exit 0\n--- stdout\n--- stderr\n`{generated}` is up to date\n"));
    }
}

#[test]
fn toolchain_keeps_its_name_until_another_is_given() {
    let scene = Scene::with_compiler(COMPILER);
    let name = || {
        let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
        manifest["name"].as_str().expect("a name").to_owned()
    };
    scene.run(&[REGEN.as_slice(), &["--name", "clang"]].concat());
    assert_eq!(name(), "clang");
    let unchanged = scene.run_without_change(&REGEN);
    assert!(unchanged.ends_with("`out` is up to date\n"), "{unchanged}");
    scene.run(&["regen", "--out", "out", "--name", "other"]);
    assert_eq!(name(), "other");
    scene.run(&["regen", "--toolchain", "third=out"]);
    assert_eq!(name(), "third");
}

#[test]
fn folder_may_be_the_working_folder() {
    let scene = Scene::with_compiler(COMPILER);
    let here = ["regen", "--env-json", "env.json", "--out", ".", "--store", "store"];
    assert_snapshot!("here", scene.run(&here));
    assert_snapshot!("here-again", scene.run_without_change(&here));
    assert_snapshot!("no-folder", scene.run_without_change(&["regen"]));
}

#[test]
fn dry_run_prints_a_diff_and_ends_well() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    scene.edit("out/cc/BUILD", "-O2", "-O3");
    assert_snapshot!("dry-run", scene.run_without_change(&["regen", "--out", "out", "--mode=dry-run"]));
}

#[test]
fn toolchains_of_a_workspace_are_written_by_name_or_all() {
    let scene = Scene::with_compiler(COMPILER);
    for (folder, name) in [("lre-cc", "cc"), ("tools/gcc", "gcc")] {
        let result =
            scene.run(&["regen", "--env-json", "env.json", "--store", "store", "--out", folder, "--name", name]);
        assert!(result.starts_with("exit 0\n"), "{result}");
        scene.edit(&format!("{folder}/cc/BUILD"), "-O2", "-O3");
    }
    let toolchains = ["regen", "--toolchain", "cc=lre-cc", "--toolchain", "gcc=tools/gcc"];
    let run = |more: &[&str]| scene.run(&[&toolchains[..], more].concat());
    assert_snapshot!("workspace-check", run(&["--mode=check"]));
    assert_snapshot!("workspace-one", run(&["gcc"]));
    assert_snapshot!("workspace-all", run(&[]));
    assert_snapshot!("workspace-unknown", run(&["java"]));
    assert_snapshot!("workspace-one-source", run(&["--env-json", "env.json"]));
    assert_snapshot!("workspace-source", run(&["--env-json", "env.json", "--store", "store", "gcc", "--mode=check"]));
}

#[test]
fn toolchain_of_a_flake_is_evaluated_realised_and_pinned() {
    let scene = Scene::with_compiler(COMPILER);
    let env = scene.read("env.json");
    // What Nix answers; the real one is asked in the sandbox.
    scene.write_program(
        "bin/nix",
        &format!(
            r#"#!/bin/sh
shift 2
echo "$*" >>asked
case "$*" in
  "eval --json .#lre-cc.meta.Env") echo '{env}' ;;
  "flake metadata --json .") echo '{{"locks":{{"version":7,"root":"root","nodes":{{"root":{{"inputs":{{"nixpkgs":"n"}}}},"n":{{"locked":{{"type":"github","owner":"nixos","repo":"nixpkgs","rev":"r","narHash":"h","lastModified":1}}}}}}}}}}' ;;
  *) echo "error: flake has no attribute" >&2; exit 1 ;;
esac
"#
        ),
    );
    let arguments = |reference| ["regen", "--flake", reference, "--out", "out", "--store", "store"];
    assert_snapshot!("flake", scene.run(&arguments(".#lre-cc")));
    assert_eq!(scene.read("asked"), "eval --json .#lre-cc.meta.Env\nflake metadata --json .\n");
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("out/lre.json")).expect("a manifest");
    let expected = serde_json::json!(
        {"nixpkgs": {"url": "github:nixos/nixpkgs/r", "rev": "r", "narHash": "h", "lastModified": 1}}
    );
    assert_eq!(manifest["pin"], expected);
    assert_snapshot!("flake-refused", scene.run(&arguments(".#lre-c")));
    assert_snapshot!("flake-alone", scene.run(&arguments(".")));
    std::fs::remove_file(scene.path().join("bin/nix")).expect("the program was there");
    assert_snapshot!("flake-without-nix", scene.run(&arguments(".#lre-cc")));
}
