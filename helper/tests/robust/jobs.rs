//! The commands that write files, each with a scene in which it has something to do.

use lre::store::nar::hash_nar;

use crate::builder::{Compression, ImageBuilder, LayerBuilder, write_folder};
use crate::database::create_database;
use crate::job::{Job, Step};
use crate::support::{COMPILER, ROOT, Scene};

/// All of them.
pub(crate) const JOBS: [Job; 15] = [
    job(
        "regen of a new folder",
        &["regen", "--env-json", "env.json", "--out", "new/out", "--store", "store"],
        compiler,
        Step::All,
    ),
    job("regen of a folder", &["regen", "--out", "out"], changed_folder, Step::All),
    job("regen of a file", &["regen", "--out", "out"], changed_file, Step::All),
    job(
        "rewrite",
        &["rewrite", "--from", ROOT, "--to", OTHER_ROOT, "BUILD", "sub/BUILD", "sub/a.bzl"],
        starlark,
        Step::File,
    ),
    job("pin --sync", &["pin", "out", "--sync"], pins, Step::File),
    job("init", &["init", "--path", "lre", "--yes"], workspace, Step::File),
    job("deploy render, new", &["deploy", "render", "--manifest", "out"], generated, Step::All),
    job("deploy render, again", &["deploy", "render", "--manifest", "out"], changed_deployment, Step::All),
    job("man", &["man", "man1"], changed_pages, Step::File),
    image(
        "image wrap, new layout",
        &["image", "wrap", "--base", "oci:base", "--worker", "worker", "--out", "oci:image"],
        base,
        Step::All,
    ),
    image(
        "image wrap, archive",
        &["image", "wrap", "--base", "oci:base", "--worker", "worker", "--out", "oci-archive:image.tar"],
        base_and_archive,
        Step::All,
    ),
    image(
        "image wrap, Docker's archive",
        &["image", "wrap", "--base", "oci:base", "--worker", "worker", "--out", "docker-archive:image.tar"],
        base,
        Step::All,
    ),
    image(
        "image build, new layout",
        &["image", "build", "--store", "store", "--manifest", "out/lre.json", "--out", "oci:image"],
        registered,
        Step::All,
    ),
    image(
        "image build, added to a layout",
        &["image", "build", "--store", "store", "--manifest", "out/lre.json", "--out", "oci:base"],
        registered_and_base,
        Step::FileThen("base/index.json"),
    ),
    image(
        "image build, archive",
        &["image", "build", "--store", "store", "--manifest", "out/lre.json", "--out", "oci-archive:image.tar"],
        registered,
        Step::All,
    ),
];

const fn job(name: &'static str, arguments: &'static [&'static str], prepare: fn() -> Scene, step: Step) -> Job {
    Job { name, arguments, prepare, step, with_threads: false }
}

/// Its layers are made in threads, and it starts no program.
const fn image(name: &'static str, arguments: &'static [&'static str], prepare: fn() -> Scene, step: Step) -> Job {
    Job { with_threads: true, ..job(name, arguments, prepare, step) }
}

const OTHER_ROOT: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-toolchain-2";

fn compiler() -> Scene {
    Scene::with_compiler(COMPILER)
}

pub(crate) fn generated() -> Scene {
    let scene = compiler();
    scene.generate();
    scene
}

fn changed_file() -> Scene {
    let scene = generated();
    scene.edit("out/cc/BUILD", "-O2", "-O3");
    scene
}

pub(crate) fn changed_folder() -> Scene {
    let scene = changed_file();
    scene.edit("out/config/BUILD", "constraint", "other");
    scene.write("out/mine", "of the user\n");
    scene
}

fn starlark() -> Scene {
    let scene = Scene::empty();
    for file in ["BUILD", "sub/BUILD", "sub/a.bzl"] {
        scene.write(file, &format!("# {file}\nx = \"{ROOT}/bin/ar\"\n"));
    }
    scene
}

/// The override of the module and the rc file are not those of the lock and of the manifest.
fn pins() -> Scene {
    let scene = generated();
    let github = serde_json::json!({"type": "github", "owner": "o", "repo": "lre"});
    let mut locked = github.clone();
    locked["rev"] = "1".repeat(40).into();
    locked["narHash"] = "sha256-cfh1hi+6muQMbi9acOlju3V1gl8BEaZBXBR9jQfQi4U=".into();
    locked["lastModified"] = 1.into();
    let nodes = serde_json::json!({
        "root": {"inputs": {"local-remote-execution": "lre"}}, "lre": {"locked": locked, "original": github},
    });
    scene.write("flake.lock", &format!("{:#}\n", serde_json::json!({"version": 7, "root": "root", "nodes": nodes})));
    let commit = "2".repeat(40);
    let module = format!(
        "bazel_dep(name = \"local-remote-execution\")\ngit_override(\n    module_name = \"local-remote-execution\",\n    \
         commit = \"{commit}\",\n    remote = \"https://github.com/o/lre\",\n)\n"
    );
    scene.write("MODULE.bazel", &module);
    let rc = scene.run(&["bazelrc", "--env-json", "env.json", "--prefix", "lre"]);
    let rc = rc.split_once("--- stdout\n").and_then(|(_, rest)| rest.split_once("--- stderr")).expect("an rc file").0;
    scene.write("lre.bazelrc", &rc.replace("/bin/clang", "/bin/gcc"));
    scene
}

fn workspace() -> Scene {
    let scene = Scene::empty();
    scene.write("MODULE.bazel", "module(name = \"m\")\n");
    scene.write("lre/MODULE.bazel", "module(name = \"local-remote-execution\")\n");
    scene
}

fn changed_deployment() -> Scene {
    let scene = generated();
    let result = scene.run(&["deploy", "render", "--manifest", "out"]);
    assert!(result.starts_with("exit 0\n"), "{result}");
    scene.edit("deploy/nativelink/worker.json5", "lre", "other");
    scene.edit("deploy/nativelink/cas.json5", "{", "{ ");
    scene.write("deploy/mine.json5", "{}\n");
    scene
}

fn changed_pages() -> Scene {
    let scene = Scene::empty();
    let result = scene.run(&["man", "man1"]);
    assert!(result.starts_with("exit 0\n"), "{result}");
    for page in ["lre.1", "lre-check.1"] {
        scene.write(&format!("man1/{page}"), "of an older program\n");
    }
    scene
}

fn base() -> Scene {
    let scene = Scene::empty();
    scene.write_program("worker", "the worker");
    write_base(&scene);
    scene
}

fn write_base(scene: &Scene) {
    let layer = LayerBuilder::new()
        .program("usr/bin/sh", b"a shell")
        .link("bin", "usr/bin")
        .program("usr/bin/env", b"env")
        .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    let image = ImageBuilder::new([(layer, Compression::Gzip)]).env(&["PATH=/usr/bin"]).name("registry.example/base:1");
    write_folder(&image.layout(), &scene.path().join("base"));
}

fn base_and_archive() -> Scene {
    let scene = base();
    scene.write("image.tar", "what was there before");
    scene
}

fn registered() -> Scene {
    let scene = compiler();
    for program in ["sh", "env"] {
        scene.write_program(&format!("store{ROOT}/bin/{program}"), "#!/bin/sh\n");
    }
    let sri = hash_nar(&scene.path().join(format!("store{ROOT}")), |_| {}).expect("a hash");
    let bytes = data_encoding::BASE64.decode(sri.trim_start_matches("sha256-").as_bytes()).expect("base64");
    let hash = data_encoding::HEXLOWER.encode(&bytes);
    drop(create_database(&scene.path().join("store"), &[(ROOT, &hash, Some(1000))]));
    scene.generate();
    scene
}

pub(crate) fn registered_and_base() -> Scene {
    let scene = registered();
    write_base(&scene);
    scene
}
