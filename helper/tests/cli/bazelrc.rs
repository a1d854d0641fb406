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
            "your `MODULE.bazel` names, as `lre check` does.\n#\n",
            "your `MODULE.bazel` names, as `lre check` does.\n#\n# PATH=\n"
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

/// Everything that there is to say of cache and executor.
const REMOTE: [&str; 16] = [
    "--remote-cache",
    "grpcs://cache.example.com:50053",
    "--remote-executor",
    "grpcs://scheduler.example.com:50052",
    "--instance",
    "main",
    "--ci-remote-cache",
    "grpcs://cache.example.com:50051",
    "--credential-helper",
    "%workspace%/tools/credentials",
    "--tls-certificate",
    "/etc/lre/ca.pem",
    "--tls-client-certificate",
    "/etc/lre/client.pem",
    "--tls-client-key",
    "/etc/lre/client.key",
];

#[test]
fn developers_read_the_cache_and_ci_writes() {
    let scene = Scene::empty();
    assert_snapshot!(scene.run_without_change(&[&["bazelrc", "--prefix", "lre"], &REMOTE[..]].concat()));
    let cache = ["bazelrc", "--remote-cache", "grpc://127.0.0.1:50053"];
    assert_snapshot!("remote-every-build", scene.run_without_change(&cache));
}

#[test]
fn secrets_are_refused_and_not_repeated() {
    for arguments in [
        ["--remote-cache", "grpcs://user:s3cret@cache.example.com"],
        ["--remote-executor", "grpcs://s3cret@scheduler.example.com"],
        ["--remote-cache", "https://cache.example.com/?key=s3cret"],
        ["--remote-header", "Authorization=Bearer s3cret"],
        ["--remote_header", "Authorization=Bearer s3cret"],
        ["--remote_cache_header", "Authorization=Bearer s3cret"],
    ] {
        let result = run(&[], &arguments);
        assert!(result.starts_with("exit 2\n--- stdout\n--- stderr\nerror: "), "{result}");
        assert!(result.contains("no secret belongs into an rc file") && !result.contains("s3cret"), "{result}");
    }
    assert_snapshot!("remote-header", run(&[], &["--remote-header", "Authorization=Bearer s3cret"]));
    assert_snapshot!("remote-userinfo", run(&[], &["--remote-cache", "grpcs://user:s3cret@cache.example.com"]));
}

#[test]
fn what_bazel_would_refuse_or_ignore_is_refused() {
    let refusals: String = [
        &["--remote-cache", "cache.example.com"][..],
        &["--remote-executor", "https://scheduler.example.com"],
        &["--remote-cache", "https://cache.example.com", "--remote-executor", "grpcs://scheduler.example.com"],
        &["--remote-cache", "grpc://cache", "--instance", "main --remote_header=a"],
        &["--instance", "main"],
        &["--ci-remote-cache", "grpc://cache", "--remote-executor", "grpc://scheduler"],
        &["--remote-cache", "grpcs://cache.example.com", "--credential-helper", "tools/credentials"],
        &["--remote-cache", "grpc://cache.example.com", "--credential-helper", "/credentials"],
        &["--remote-cache", "grpcs://cache", "--credential-helper", "/credentials"],
        &["--remote-cache", "grpcs://cache", "--tls-client-certificate", "/client.pem"],
        &["--remote-cache", "grpcs://cache", "--tls-client-certificate", "/c", "--tls-client-key", "/nix/store/k"],
        &["--remote-cache", "grpc://cache", "--tls-certificate", "/ca.pem"],
    ]
    .into_iter()
    .map(|arguments| format!("$ lre bazelrc {}\n{}\n", arguments.join(" "), run(&[], arguments)))
    .collect();
    assert_snapshot!(refusals);
}

#[test]
fn two_envs_select_both_toolchains_in_one_file_whatever_their_order() {
    let scene = with_env(&[&format!("PATH={ROOT}/bin:{BASH}/bin"), &format!("CC={ROOT}/bin/clang")]);
    let java = [format!("PATH={ROOT}-jdk/bin:{BASH}/bin"), format!("JAVA_HOME={ROOT}-jdk")];
    scene.write("java.json", &serde_json::to_string(&java).expect("a list of strings"));
    let run = |envs: [&str; 2]| {
        let options = ["--prefix", "lre", "--helper", "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-lre/bin/lre"];
        let arguments = [&["bazelrc", "--env-json", envs[0], "--env-json", envs[1]], &options[..]].concat();
        scene.run_without_change(&arguments)
    };
    let joint = run(["env.json", "java.json"]);
    assert_snapshot!("joint", joint);
    assert_eq!(run(["java.json", "env.json"]), joint);
    assert_snapshot!("joint-same-kind", run(["java.json", "java.json"]));
    let kind = ["bazelrc", "--env-json", "env.json", "--env-json", "java.json", "--kind", "java"];
    assert_snapshot!("joint-kind", scene.run_without_change(&kind));
}
