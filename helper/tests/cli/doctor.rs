//! `lre doctor`: whole screens over workspaces that are well, or wrong in one way each.

use std::fs;

use insta::assert_snapshot;

use crate::database::create_database;
use crate::support::{COMPILER, ROOT, Scene};

const DOCTOR: [&str; 3] = ["doctor", "--store", "store"];
const RC: &str = "try-import %workspace%/lre.bazelrc\n";

/// A workspace with a toolchain in a chroot store, where all is well.
pub(crate) fn healthy() -> Scene {
    let scene = Scene::with_compiler(COMPILER);
    scene.write_program(&format!("store{ROOT}/bin/bash"), "#!/bin/sh\n");
    let (path, cc, shell) =
        (format!("PATH={ROOT}/bin"), format!("CC={ROOT}/bin/clang"), format!("BAZEL_SH={ROOT}/bin/bash"));
    scene.write_env(&[&path, &cc, &shell]);
    // The hash of the folder's bytes is no part of what is looked at.
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    drop(create_database(&scene.path().join("store"), &[(ROOT, hash, None)]));
    scene.generate();
    scene.write("MODULE.bazel", "bazel_dep(name = \"local-remote-execution\", version = \"1\")\n");
    scene.write(".bazelrc", RC);
    scene.write_program("bin/lre", "#!/bin/sh\n");
    scene.write_program("bin/nix-store", "#!/bin/sh\necho 'nix-store (Nix) 2.34.8'\n");
    scene.write_program("bin/bazel", "#!/bin/sh\necho 'bazel 7.7.1'\n");
    write_rc(&scene, &[]);
    scene
}

/// Writes `lre.bazelrc` with the command that the documents name.
fn write_rc(scene: &Scene, remote: &[&str]) {
    let helper = scene.path().join("bin/lre").display().to_string();
    let arguments = ["bazelrc", "--env-json", "env.json", "--prefix", "lre", "--helper", &helper];
    let result = scene.run(&[&arguments, remote].concat());
    let text = result.strip_prefix("exit 0\n--- stdout\n").and_then(|text| text.strip_suffix("--- stderr\n"));
    let folder = scene.path().display().to_string();
    scene.write("lre.bazelrc", &text.expect(&result).replace("/SCENE", &folder));
}

/// Writes `lre.bazelrc` with these options.
fn write_rc_with(scene: &Scene, options: &[&str]) {
    let result = scene.run(&[&["bazelrc"], options].concat());
    let text = result.split_once("--- stdout\n").and_then(|(_, text)| text.split_once("--- stderr\n"));
    scene.write("lre.bazelrc", text.expect(&result).0);
}

fn doctor(scene: &Scene, options: &[&str]) -> String {
    scene.run_without_change(&[DOCTOR.as_slice(), options].concat())
}

#[test]
fn workspace_that_is_well_passes_every_check_also_by_name() {
    let scene = healthy();
    assert_snapshot!("healthy", doctor(&scene, &[]));
    assert_snapshot!("healthy-json", doctor(&scene, &["--format", "json"]));
    let elsewhere = scene.path().join("out");
    let named =
        ["--workspace", &elsewhere.join("..").display().to_string(), "--toolchain", "cc=out"].map(str::to_owned);
    assert_snapshot!("named", doctor(&scene, &named.each_ref().map(String::as_str)));
}

#[test]
fn rc_file_says_which_builds_it_is_for() {
    let scene = healthy();
    let line = |options: &[&str]| {
        write_rc_with(&scene, &[&["--env-json", "env.json"], options].concat());
        let said = doctor(&scene, &[]);
        let (_, line) = said.split_once("lre.bazelrc     ").expect("its line");
        line.lines().next().expect("a line").to_owned()
    };
    let rest = "and as `lre bazelrc` writes it from the Env in it";
    assert_eq!(line(&["--prefix", "team"]), format!("imported, for `--config=team`, {rest}"));
    assert_eq!(line(&[]), format!("imported, for every build, {rest}"));
}

#[test]
fn every_flag_that_defeats_parity_is_named_with_its_line() {
    let scene = healthy();
    let rc = "\
import %workspace%/absent.rc
build --action_env=PATH=/usr/bin:/bin --host_action_env PATH=/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-other/bin
build:ci --action_env=HOME --action_env==UNSET --test_env=LANG=C.UTF-8 # --action_env=COMMENT
common --noincompatible_strict_action_env
build:remote --extra_execution_platforms=//mine:platform
build:lre --config=remote
build:unused --extra_execution_platforms=//other:platform
build --shell_executable=/bin/bash
";
    scene.write(".bazelrc", &format!("{RC}{rc}"));
    assert_snapshot!("flags", doctor(&scene, &[]));
}

#[test]
fn rc_file_has_to_be_there_imported_and_current() {
    let scene = healthy();
    let text = scene.read("lre.bazelrc");
    scene.edit("lre.bazelrc", "build:lre --define=EXECUTOR=remote\n", "");
    assert_snapshot!("rc-stale", doctor(&scene, &[]));
    scene.write("lre.bazelrc", &text);
    fs::remove_file(scene.path().join("bin/lre")).expect("the helper was there");
    assert_snapshot!("rc-helper", doctor(&scene, &[]));
    scene.write(".bazelrc", "try-import %%workspace%%/lre.bazelrc\n");
    assert_snapshot!("rc-not-imported", doctor(&scene, &[]));
    // `lre bazelrc --env-json absent.json >lre.bazelrc`.
    scene.write("lre.bazelrc", "");
    assert_snapshot!("rc-empty", doctor(&scene, &[]));
    fs::remove_file(scene.path().join("lre.bazelrc")).expect("the rc file was there");
    assert_snapshot!("rc-absent", doctor(&scene, &[]));
    std::os::unix::fs::symlink(format!("{ROOT}-lre.bazelrc"), scene.path().join("lre.bazelrc")).expect("a link");
    assert_snapshot!("rc-dangling", doctor(&scene, &[]));
}

#[test]
fn stale_rc_file_is_written_again_with_the_options_that_it_was_written_with() {
    let scene = healthy();
    let java = [format!("JAVA_HOME={ROOT}"), format!("PATH={ROOT}/bin")];
    scene.write("java.json", &serde_json::to_string(&java).expect("a list of strings"));
    let fix = |options: &[&str]| {
        write_rc_with(&scene, options);
        let text = scene.read("lre.bazelrc");
        scene.write("lre.bazelrc", &(text + "# changed\n"));
        let said = doctor(&scene, &[]);
        let fix = said.lines().skip_while(|line| !line.starts_with("  ✗ lre.bazelrc")).nth(1);
        fix.expect(&said).trim().to_owned()
    };
    let options = |text: &str| format!("fix: write it with `lre bazelrc{text} >lre.bazelrc`");
    assert_eq!(fix(&[]), options(""));
    assert_eq!(fix(&["--env-json", "env.json"]), options(" --env-json env.json"));
    assert_eq!(fix(&["--env-json", "env.json", "--prefix", "x"]), options(" --env-json env.json --prefix x"));
    assert_eq!(
        fix(&["--env-json", "env.json", "--env-json", "java.json", "--remote-cache", "grpcs://a.example"]),
        options(" --env-json cc.json --env-json java.json --remote-cache grpcs://a.example")
    );
}

#[test]
fn cache_and_executor_in_the_rc_file_are_part_of_what_it_says() {
    let scene = healthy();
    let well = doctor(&scene, &[]);
    let server = ["--remote-cache", "grpcs://a.example.com", "--remote-executor", "grpcs://b.example.com"];
    let files = ["--tls-client-certificate", "/etc/client.pem", "--tls-client-key", "/etc/client.key"];
    write_rc(&scene, &[&server[..], &files].concat());
    assert_eq!(doctor(&scene, &[]), well);
    scene.edit("lre.bazelrc", "build:lre --noremote_upload_local_results\n", "");
    assert_snapshot!("rc-remote", doctor(&scene, &[]));
}

#[test]
fn rc_file_of_two_toolchains_passes_where_two_files_do_not() {
    let scene = healthy();
    let java = [format!("JAVA_HOME={ROOT}"), format!("PATH={ROOT}/bin"), format!("BAZEL_SH={ROOT}/bin/bash")];
    scene.write("java.json", &serde_json::to_string(&java).expect("a list of strings"));
    let helper = scene.path().join("bin/lre").display().to_string();
    let rc = |envs: &[&str]| {
        let arguments = [&["bazelrc", "--prefix", "lre", "--helper", &helper], envs].concat();
        let result = scene.run(&arguments);
        let text = result.strip_prefix("exit 0\n--- stdout\n").and_then(|text| text.strip_suffix("--- stderr\n"));
        text.expect(&result).replace("/SCENE", &scene.path().display().to_string())
    };
    scene.write("java.bazelrc", &rc(&["--env-json", "java.json"]));
    scene.write(".bazelrc", &format!("{RC}try-import %workspace%/java.bazelrc\n"));
    let wrong = doctor(&scene, &[]);
    assert!(wrong.contains("✗ platforms "), "{wrong}");
    scene.write(".bazelrc", RC);
    scene.write("lre.bazelrc", &rc(&["--env-json", "env.json", "--env-json", "java.json"]));
    assert_snapshot!("two-toolchains", doctor(&scene, &[]));
    scene.edit("lre.bazelrc", "build:lre --define=EXECUTOR=remote\n", "");
    let stale = doctor(&scene, &[]);
    assert!(
        stale.contains("✗ lre.bazelrc     imported, but not what `lre bazelrc` writes from the Env in it"),
        "{stale}"
    );
}

#[test]
fn toolchain_and_pins_are_a_line_each_with_the_number_of_findings() {
    let scene = healthy();
    scene.edit("out/config/BUILD", "docker://lre-cc:", "docker://lre-cc:other");
    scene.edit("lre.bazelrc", &format!("# CC={ROOT}/bin/clang"), &format!("# CC={ROOT}/bin/gcc"));
    fs::remove_file(scene.path().join(format!("store{ROOT}/bin/nm"))).expect("the tool was there");
    assert_snapshot!("findings", doctor(&scene, &[]));
    scene.write("out/cc/BUILD", "(");
    scene.write("other/lre.json", "{}");
    assert_snapshot!("incomplete", doctor(&scene, &[]));
}

#[test]
fn machine_without_nix_and_bazel_builds_remotely() {
    let scene = healthy();
    for program in ["nix-store", "bazel"] {
        fs::remove_file(scene.path().join("bin").join(program)).expect("the program was there");
    }
    fs::remove_dir_all(scene.path().join("store/nix/var")).expect("the database was there");
    assert_snapshot!("no-database", doctor(&scene, &[]));
    fs::remove_dir_all(scene.path().join("store")).expect("the store was there");
    assert_snapshot!("no-nix", doctor(&scene, &[]));
    assert_snapshot!("no-store", scene.run_without_change(&["doctor", "--no-store"]));
    let result = scene.run(&["doctor", "--no-store"]);
    scene.write(".bazelrc", &format!("{RC}common --repo_env=LRE_LOCAL=off\n"));
    assert_eq!(scene.run_without_change(&["doctor"]), result);
}

#[test]
fn what_the_module_file_names_has_to_be_there() {
    let scene = healthy();
    let checks = |scene: &Scene| {
        let said = doctor(scene, &[]);
        let lines: Vec<&str> = said.lines().collect();
        let start = lines.iter().position(|line| line.contains(" module ")).expect(&said);
        let end = lines[start..].iter().position(|line| line.is_empty()).expect(&said);
        lines[start..start + end].join("\n") + "\n"
    };
    let module = |source: &str, manifest: &str| {
        format!(
            "bazel_dep(name = \"local-remote-execution\", repo_name = \"lre\")\n{source}\n\nlre = \
             use_extension(\"@lre//extensions:lre.bzl\", \"lre\")\nlre.toolchain(\n    name = \"cc\",\n    manifest = \
             \"{manifest}\",\n)\n"
        )
    };
    let path = |path: &str| {
        format!("local_path_override(\n    module_name = \"local-remote-execution\",\n    path = \"{path}\",\n)")
    };
    scene.write("MODULE.bazel", &module(&path("chekout"), "//lre-c:lre.json"));
    assert_snapshot!("module", doctor(&scene, &[]));
    scene.write("checkout/MODULE.bazel", "module(name = \"local-remote-execution\")\n");
    scene.write("other/MODULE.bazel", "module(name = \"other\")\n");
    let said: Vec<String> = [
        module(&path("checkout"), "//out:lre.json"),
        module(&path("checkout"), "@local-remote-execution//generated-cc:lre.json"),
        module(&path("checkout"), "//out/cc:lre.jsn"),
        module(&path("other"), "@//out:lre.json"),
        module(
            "git_override(module_name = \"local-remote-execution\", commit = \"0\", remote = \"https://a.example/b.git\")",
            "//out:lre.json",
        ),
        "module(name = \"local-remote-execution\")\nlre = use_extension(\"//extensions:lre.bzl\", \
         \"lre\")\nlre.toolchain(name = \"cc\", manifest = \"//generated-cc:lre.json\")\n"
            .to_owned(),
        "bazel_dep(name = \"rules_cc\", version = \"1\")\n".to_owned(),
        "module(\n".to_owned(),
    ]
    .iter()
    .map(|text| {
        scene.write("MODULE.bazel", text);
        checks(&scene)
    })
    .collect();
    assert_snapshot!("module-sources", said.concat());
    scene.write("MODULE.bazel", &module(&path("chekout"), "//out:lre.json"));
    let with_flag = |path: &str| {
        let flag = format!("common --override_module local-remote-execution=%workspace%/{path}\n");
        scene.write(".bazelrc", &format!("{RC}{flag}"));
        checks(&scene)
    };
    assert_snapshot!("module-flags", with_flag("checkout") + &with_flag("absent"));
}

#[test]
fn programs_that_say_no_version_are_told() {
    let scene = healthy();
    scene.write_program("bin/nix-store", "#!/bin/sh\nexit 3\n");
    scene.write_program("bin/bazel", "#!/bin/sh\necho bazel 6.5.0\n");
    fs::remove_dir_all(scene.path().join("out")).expect("the toolchain was there");
    assert_snapshot!("versions", doctor(&scene, &[]));
}

#[test]
fn server_that_does_not_listen_is_a_failed_check() {
    let scene = healthy();
    let remote = ["--remote", "grpc://127.0.0.1:1"];
    assert_snapshot!("dead-port", doctor(&scene, &remote));
    fs::remove_file(scene.path().join("MODULE.bazel")).expect("a workspace");
    assert_snapshot!("server-alone", doctor(&scene, &remote));
    assert_snapshot!("nothing-to-examine", doctor(&scene, &[]));
}

#[test]
fn what_cannot_be_examined_is_refused() {
    let scene = healthy();
    assert_snapshot!("no-address", doctor(&scene, &["--remote", "127.0.0.1:8980"]));
    let absent = ["--remote", "grpcs://127.0.0.1:1", "--tls-ca", "absent.pem"];
    assert_snapshot!("no-authority", doctor(&scene, &absent));
    assert_snapshot!("no-workspace", doctor(&scene, &["--workspace", "out"]));
    assert_snapshot!("secret", doctor(&scene, &["--remote", "grpc://h:1", "--remote-header", "authorization"]));
}
