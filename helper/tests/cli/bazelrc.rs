//! `lre bazelrc`.

use insta::assert_snapshot;

use crate::support::{ROOT, Scene};

const BASH: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-bash-5.2";

fn with_env(entries: &[&str]) -> Scene {
    let scene = Scene::empty();
    scene.write_env(entries);
    scene
}

fn run(entries: &[&str], arguments: &[&str]) -> String {
    with_env(entries).run_without_change(&[&["bazelrc", "--env-json", "env.json"], arguments].concat())
}

#[test]
fn without_env_it_is_the_warning_of_the_flake_module() {
    assert_snapshot!(Scene::empty().run_without_change(&["bazelrc"]));
}

#[test]
fn prefix_makes_a_config_of_every_flag() {
    let path = format!("PATH={ROOT}/bin:{BASH}/bin");
    let arguments = ["--prefix", "lre", "--helper", "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-lre/bin/lre"];
    assert_snapshot!(run(&[&path, &format!("CC={ROOT}/bin/clang")], &arguments));
}

#[test]
fn bazel_sh_is_preferred_to_path() {
    let shell = format!("BAZEL_SH={ROOT}/bin/bash");
    assert_snapshot!(run(&[&format!("PATH={BASH}/bin"), &shell], &[]));
}

#[test]
fn shell_is_never_guessed() {
    assert_snapshot!(run(&[&format!("PATH={ROOT}/bin"), "SHELL=/bin/bash"], &["--prefix", "lre"]));
}

#[test]
fn shell_outside_the_store_is_refused() {
    assert_snapshot!(run(&["BAZEL_SH=/bin/bash"], &[]));
}

#[test]
fn newline_in_env_is_refused() {
    assert_snapshot!(run(&["A=1\nbuild --remote_cache=grpc://elsewhere"], &[]));
}

#[test]
fn value_that_would_be_split_is_refused() {
    assert_snapshot!(run(&["PATH=/nix/store/a b --x"], &[]));
}

#[test]
fn value_that_bazel_would_expand_is_refused() {
    assert_snapshot!(run(&[&format!("PATH={ROOT}/%workspace%")], &[]));
}

#[test]
fn path_outside_the_store_is_refused() {
    assert_snapshot!(run(&[&format!("PATH={ROOT}/bin:/usr/bin")], &[]));
}

#[test]
fn empty_path_is_no_path() {
    let without = run(&[], &[]);
    assert_eq!(
        run(&["PATH="], &[]),
        without.replace(
            "commit that you imported in your `MODULE.bazel`.\n#\n",
            "commit that you imported in your `MODULE.bazel`.\n#\n# PATH=\n"
        )
    );
}

#[test]
fn prefixes_that_are_no_config_names_are_refused() {
    for prefix in ["", "a b", "a:b", "a\nbuild", "é", "-x"] {
        let result = run(&[], &[&format!("--prefix={prefix}")]);
        let expected = format!(
            "exit 2\n--- stdout\n--- stderr\nerror: `{prefix}` is no Bazel config name: expected letters, digits, \
             `_`, `.`, `+` and `-`\n\nhint: use `--prefix lre`, or leave it out to enable the toolchain in every build\n"
        );
        assert_eq!(result, expected);
    }
}

#[test]
fn relative_helper_is_refused() {
    assert_snapshot!(run(&[], &["--helper", "target/lre"]));
}
