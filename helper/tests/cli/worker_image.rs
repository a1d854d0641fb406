//! `lre image build`, `lre image inspect` and `lre check --image`, on a store of one toolchain.

use std::fs;

use insta::assert_snapshot;
use lre::store::nar::hash_nar;

use crate::builder::{ImageBuilder, LayerBuilder, write_folder};
use crate::database::create_database;
use crate::support::{CHECK, COMPILER, ROOT, Scene};

/// What the toolchain refers to.
const LIBRARY: &str = "/nix/store/sszfdhb0r0ls6l8pkx7mg6rpbzh4rrdv-libc-2.41";
/// A worker with one program.
const WORKER: &str = "/nix/store/1fgq0zvqlhy4yq9b5z7mr5gvzp0m1cqb-worker-1.6";

const BUILD: [&str; 9] =
    ["image", "build", "--store", "store", "--manifest", "out/lre.json", "--worker", WORKER, "--out"];

/// A store that Nix knows, and the toolchain's folder `out`.
fn scene() -> Scene {
    let scene = Scene::with_compiler(COMPILER);
    for program in ["sh", "env"] {
        scene.write_program(&format!("store{ROOT}/bin/{program}"), "#!/bin/sh\n");
    }
    scene.write(&format!("store{LIBRARY}/lib/libc.so.6"), "the library");
    std::os::unix::fs::symlink("libc.so.6", scene.path().join(format!("store{LIBRARY}/lib/libc.so"))).expect("a link");
    scene.write_program(&format!("store{WORKER}/bin/worker"), "the worker");
    register(&scene);
    scene.generate();
    scene
}

/// Writes Nix's database of what is on disk. The worker refers to nothing.
fn register(scene: &Scene) {
    let paths = [ROOT, LIBRARY, WORKER].map(|root| (root, nar_hash(scene, root)));
    let rows = paths.each_ref().map(|(root, hash)| (*root, hash.as_str(), Some(1000)));
    let _ = fs::remove_dir_all(scene.path().join("store/nix/var"));
    let connection = create_database(&scene.path().join("store"), &rows);
    connection.execute("delete from Refs where referrer = 2", ()).expect("a row");
    connection.execute_batch("pragma wal_checkpoint(truncate)").expect("an empty log");
}

/// In hexadecimal, as Nix's database has it.
fn nar_hash(scene: &Scene, root: &str) -> String {
    let sri = hash_nar(&scene.path().join(format!("store{root}")), |_| {}).expect("a hash");
    let bytes = data_encoding::BASE64.decode(sri.trim_start_matches("sha256-").as_bytes()).expect("base64");
    data_encoding::HEXLOWER.encode(&bytes)
}

fn run(scene: &Scene, words: &[&str], more: &[&str]) -> String {
    scene.run(&[words, more].concat())
}

#[test]
fn image_holds_the_closure_a_user_and_what_scripts_name() {
    let scene = scene();
    assert_snapshot!("build", run(&scene, &BUILD, &["oci:image"]));
    assert_snapshot!("inspect", scene.run_without_change(&["image", "inspect", "oci:image"]));
    assert_snapshot!("clean", scene.run_without_change(&[&CHECK[..], &["--image", "oci:image"]].concat()));
}

#[test]
fn images_are_the_same_in_every_form_and_every_time() {
    let scene = scene();
    let digest = |out: &str, more: &[&str]| {
        let result = run(&scene, &BUILD, &[&[out], more].concat());
        let (_, rest) = result.split_once("--- stdout\n").expect("a result");
        rest.lines().next().expect(&result).to_owned()
    };
    let first = digest("oci:image", &[]);
    assert!(first.starts_with("sha256:"), "{first}");
    let files = |folder: &str| -> Vec<(String, Vec<u8>)> {
        let all = scene.snapshot().into_iter().map(|(path, bytes)| (path.display().to_string(), bytes));
        let inside = format!("{}/{folder}/", scene.path().display());
        all.filter_map(|(path, bytes)| Some((path.strip_prefix(&inside)?.to_owned(), bytes))).collect()
    };
    assert_eq!(digest("oci:again", &[]), first);
    assert!(files("image") == files("again"));
    assert_eq!(digest("oci-archive:image.tar", &[]), first);
    assert_eq!(digest("oci-archive:again.tar", &[]), first);
    assert!(scene.snapshot()[&scene.path().join("image.tar")] == scene.snapshot()[&scene.path().join("again.tar")]);
    // The unpacked layers are the same whatever compresses them.
    digest("docker-archive:saved.tar", &["--compression", "gzip"]);
    let described = |reference: &str| {
        let result = scene.run_without_change(&["image", "inspect", reference]);
        let json = result.split_once("--- stdout\n").expect("a result").1.split("--- stderr").next().expect("JSON");
        let value: serde_json::Value = serde_json::from_str(json).expect(&result);
        (
            value["config"].clone(),
            value["layers"].as_array().expect("layers").iter().map(|layer| layer["diffId"].clone()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(described("oci-archive:image.tar"), described("oci:image"));
    assert_eq!(described("docker-archive:saved.tar"), described("oci:image"));
}

#[test]
fn layout_that_is_there_gets_another_image_and_the_same_tag_is_replaced() {
    let scene = scene();
    run(&scene, &BUILD, &["oci:image:one"]);
    run(&scene, &BUILD, &["oci:image:two", "--max-layers", "2"]);
    let result = run(&scene, &BUILD, &["oci:image:two", "--compression", "gzip"]);
    assert!(result.starts_with("exit 0\n"), "{result}");
    let index: serde_json::Value = serde_json::from_str(&scene.read("image/index.json")).expect("an index");
    let tags: Vec<_> = index["manifests"]
        .as_array()
        .expect("manifests")
        .iter()
        .map(|entry| entry["annotations"]["org.opencontainers.image.ref.name"].as_str().expect("a tag").to_owned())
        .collect();
    assert_eq!(tags, ["one", "two"]);
    for tag in tags {
        let result = scene.run_without_change(&["image", "inspect", &format!("oci:image:{tag}")]);
        assert!(result.starts_with("exit 0\n"), "{result}");
    }
}

#[test]
fn image_of_a_changed_toolchain_follows_the_old_one_in_a_layout() {
    let scene = scene();
    run(&scene, &BUILD, &["oci:image:lre-cc:old", "--max-layers", "2"]);
    for tag in ["lre-java:old", "mine"] {
        run(&scene, &BUILD, &[&format!("oci:image:{tag}")]);
    }
    assert_snapshot!("several-images", scene.run_without_change(&["image", "inspect", "oci:image"]));
    assert_snapshot!("followed", run(&scene, &BUILD, &["oci:image"]));
    let named = |tag: &str| scene.run_without_change(&["image", "inspect", &format!("oci:image:{tag}")]);
    assert!(named("mine").starts_with("exit 0\n") && named("lre-java:old").starts_with("exit 0\n"));
    assert!(named("lre-cc:old").starts_with("exit 2\n"));
}

#[test]
fn what_cannot_become_an_image_is_refused_and_nothing_is_left() {
    let scene = scene();
    let build = |name: &str, more: &[&str]| {
        assert_snapshot!(name, scene.run_without_change(&[&BUILD[..], more].concat()));
    };
    build("refused-folder", &["oci:store"]);
    build("refused-parent", &["oci:none/image"]);
    build("refused-file", &["oci:env.json"]);
    build("refused-include", &["oci:image", "--include", "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-none"]);
    let worker = |worker: &str| {
        let words: Vec<&str> = BUILD.iter().map(|word| if *word == WORKER { worker } else { word }).collect();
        scene.run_without_change(&[&words[..], &["oci:image"]].concat())
    };
    assert_snapshot!("refused-library", worker(LIBRARY));
    assert_snapshot!("refused-several", worker(ROOT));
    assert_snapshot!("refused-outside", worker("/usr/bin/worker"));

    scene.edit("out/lre.json", "\"reference\": \"lre-cc:", "\"reference\": \"lre-cc:x");
    assert_snapshot!("refused-name", scene.run_without_change(&[&BUILD[..], &["oci:image"]].concat()));
    scene.generate();
    fs::write(scene.path().join(format!("store{LIBRARY}/lib/libc.so.6")), "another one").expect("a changed file");
    build("refused-bytes", &["oci:image"]);
    register(&scene);
    fs::write(scene.path().join(format!("store{ROOT}/bin/ar")), "another one").expect("a changed file");
    register(&scene);
    build("refused-promise", &["oci:image"]);
    for program in ["sh", "env"] {
        fs::remove_file(scene.path().join(format!("store{ROOT}/bin/{program}"))).expect("a removed file");
    }
    register(&scene);
    scene.generate();
    build("refused-shell", &["oci:image"]);
    fs::remove_dir_all(scene.path().join("store/nix/var")).expect("a removed database");
    build("refused-database", &["oci:image"]);
}

#[test]
fn drift_between_image_and_manifest_is_found() {
    let scene = scene();
    run(&scene, &BUILD, &["oci:image"]);
    // An image of another time: another Env, without the library, with another compiler, and by another name.
    let root = ROOT.trim_start_matches('/');
    let image = ImageBuilder::of(LayerBuilder::new().program(&format!("{root}/bin/clang"), b"other"))
        .env(&[&format!("PATH={ROOT}/bin"), "CC=/usr/bin/gcc", "LANG=C"])
        .name("registry.example/lre-cc:old");
    write_folder(&image.layout(), &scene.path().join("old"));
    assert_snapshot!("drift", scene.run_without_change(&[&CHECK[..], &["--image", "oci:old"]].concat()));
    let json = [&CHECK[..], &["--image", "oci:old", "--format", "json"]].concat();
    assert_snapshot!("drift-json", scene.run_without_change(&json));
    // `config/BUILD` asks for another image than the manifest and the image agree on.
    scene.edit("out/config/BUILD", "docker://lre-cc:", "docker://lre-cc:0");
    let all = [&CHECK[..], &["--image", "oci:image", "--no-store"]].concat();
    let all: Vec<&str> = all.into_iter().filter(|word| !["--store", "store"].contains(word)).collect();
    assert_snapshot!("drift-config", scene.run_without_change(&all));
    assert_snapshot!("no-image", scene.run_without_change(&[&CHECK[..], &["--image", "oci:none"]].concat()));
}
