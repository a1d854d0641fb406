//! Java toolchains: `regen` from a JDK, its refusals, `check`, and the rc file.

use std::fs;

use crate::support::{CHECK, REGEN, ROOT, Scene};

const RELEASE: &str = "JAVA_VERSION=\"21.0.2\"\nOS_ARCH=\"x86_64\"\nOS_NAME=\"Linux\"\n";

impl Scene {
    /// One with a JDK, Bazel's Java tools and a bash in the chroot store `store`, and an `env.json` that names them.
    fn with_jdk() -> Self {
        let scene = Self::empty();
        for program in
            ["jdk/bin/java", "jdk/bin/javac", "jdk/bin/jar", "tools/bin/ijar", "tools/bin/singlejar", "bin/bash"]
        {
            scene.write_program(&format!("store{ROOT}/{program}"), "#!/bin/sh\n");
        }
        for jar in ["GenClass", "JavaBuilder"] {
            scene.write(&format!("store{ROOT}/tools/{jar}_deploy.jar"), "");
        }
        scene.write(&format!("store{ROOT}/jdk/release"), RELEASE);
        scene.write_env(&JDK.map(|entry| entry.replace("ROOT", ROOT)).each_ref().map(String::as_str));
        scene
    }
}

const JDK: [&str; 4] =
    ["PATH=ROOT/jdk/bin:ROOT/bin", "JAVA_HOME=ROOT/jdk", "BAZEL_JAVA_TOOLS=ROOT/tools", "BAZEL_SH=ROOT/bin/bash"];

#[test]
fn env_with_java_home_becomes_a_java_toolchain() {
    let scene = Scene::with_jdk();
    insta::assert_snapshot!("java-regen", scene.run(&REGEN));
    insta::assert_snapshot!("java-build", scene.read("out/java/BUILD"));
    insta::assert_snapshot!("java-manifest", scene.read("out/lre.json"));
    insta::assert_snapshot!("java-again", scene.run_without_change(&["regen", "--out", "out", "--mode", "check"]));
}

#[test]
fn jdk_without_java_tools_needs_no_shell() {
    let scene = Scene::with_jdk();
    scene.write_env(&[&format!("JAVA_HOME={ROOT}/jdk")]);
    scene.generate();
    insta::assert_snapshot!("java-without-tools", scene.read("out/java/BUILD"));
}

#[test]
fn env_with_both_has_to_be_told_apart() {
    let scene = Scene::with_jdk();
    scene.write_env(&[&format!("CC={ROOT}/bin/clang"), &format!("JAVA_HOME={ROOT}/jdk")]);
    insta::assert_snapshot!("java-ambiguous", scene.run_without_change(&REGEN));
    insta::assert_snapshot!("java-told", scene.run(&[&REGEN[..], &["--kind", "java"]].concat()));
}

#[test]
fn jdk_that_is_none_is_refused() {
    let refused = |name: &str, change: &dyn Fn(&Scene)| {
        let scene = Scene::with_jdk();
        change(&scene);
        insta::assert_snapshot!(name, scene.run_without_change(&REGEN));
    };
    let jdk = format!("store{ROOT}/jdk");
    let remove = |scene: &Scene, file: &str| fs::remove_file(scene.path().join(file)).expect("a file");
    refused("java-jre", &|scene| remove(scene, &format!("{jdk}/bin/javac")));
    refused("java-no-release", &|scene| remove(scene, &format!("{jdk}/release")));
    refused("java-no-version", &|scene| scene.write(&format!("{jdk}/release"), "OS_ARCH=x86_64\n"));
    refused("java-old", &|scene| scene.edit(&format!("{jdk}/release"), "21.0.2", "1.8.0_292"));
    refused("java-other-system", &|scene| scene.edit(&format!("{jdk}/release"), "x86_64", "s390x"));
    refused("java-part-of-tools", &|scene| remove(scene, &format!("store{ROOT}/tools/bin/ijar")));
    refused("java-no-shell", &|scene| {
        scene.write_env(&[&format!("JAVA_HOME={ROOT}/jdk"), &format!("BAZEL_JAVA_TOOLS={ROOT}/tools")]);
    });
    refused("java-outside", &|scene| scene.write_env(&["JAVA_HOME=/usr/lib/jvm/default-java"]));
    refused("java-hidden", &|scene| {
        let hidden =
            ["JAVA_TOOL_OPTIONS=-Xmx1g", "CLASSPATH=/x.jar", "LD_AUDIT=/tmp/audit.so", "LD_PRELOAD=/tmp/preload.so"];
        scene.write_env(&[&[format!("JAVA_HOME={ROOT}/jdk").as_str()], &hidden[..]].concat());
    });
    refused("java-none", &|scene| scene.write_env(&[&format!("PATH={ROOT}/bin"), "LANG=C"]));
}

#[test]
fn jdk_of_another_version_and_absent_programs_are_found() {
    let scene = Scene::with_jdk();
    scene.generate();
    insta::assert_snapshot!("java-check-clean", scene.run_without_change(&CHECK));
    scene.edit(&format!("store{ROOT}/jdk/release"), "21.0.2", "21.0.3");
    for file in ["jdk/bin/javac", "tools/JavaBuilder_deploy.jar"] {
        fs::remove_file(scene.path().join(format!("store{ROOT}/{file}"))).expect("a file");
    }
    insta::assert_snapshot!("java-check", scene.run_without_change(&CHECK));
}

#[test]
fn manifest_of_a_jdk_whose_env_steers_java_or_the_loader_is_refused() {
    for (name, entry) in
        [("java-manifest-loader", "LD_PRELOAD=/tmp/preload.so"), ("java-manifest-java", "CLASSPATH=/x")]
    {
        let scene = Scene::with_jdk();
        scene.generate();
        scene.edit("out/lre.json", "\"env\": [", &format!("\"env\": [\"{entry}\","));
        insta::assert_snapshot!(name, scene.run_without_change(&CHECK));
    }
}

#[test]
fn rc_file_of_a_jdk_selects_the_java_toolchain() {
    let scene = Scene::with_jdk();
    insta::assert_snapshot!("java-bazelrc", scene.run(&["bazelrc", "--env-json", "env.json", "--prefix", "lre"]));
}
