//! `lre check` with Nix's database and the bytes of store roots.

use std::fs;

use insta::assert_snapshot;
use rusqlite::Connection;

use crate::database::create_database;
use crate::support::{CHECK, COMPILER, REGEN, ROOT, Scene};

/// A store root that the compiler refers to, and that no manifest lists.
const DEPENDENCY: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-glibc-2.41";
/// A NAR hash of no path here: the SHA-256 of nothing.
const OTHER_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A chroot store whose database knows the compiler and what it refers to, with their true hashes, and a toolchain's
/// folder with those hashes.
struct Registered {
    scene: Scene,
    connection: Connection,
}

fn registered() -> Registered {
    let scene = Scene::with_compiler(COMPILER);
    scene.write(&format!("store{DEPENDENCY}/lib/libc.so.6"), "library\n");
    let hashes = [ROOT, DEPENDENCY].map(|root| (root, true_hash(&scene, root)));
    let rows = hashes.each_ref().map(|(root, hash)| (*root, hash.as_str(), Some(2000)));
    let connection = create_database(&scene.path().join("store"), &rows);
    scene.generate();
    Registered { scene, connection }
}

/// In hexadecimal, as the database has it.
fn true_hash(scene: &Scene, root: &str) -> String {
    let sri = lre::store::nar::hash_nar(&scene.path().join(format!("store{root}")), |_| ()).expect("a hash");
    let digest = data_encoding::BASE64.decode(sri.trim_start_matches("sha256-").as_bytes()).expect("base64");
    data_encoding::HEXLOWER.encode(&digest)
}

impl Registered {
    /// Changes the database, whose log is then not empty.
    fn execute(&self, sql: &str, root: &str) {
        let changed = self.connection.execute(sql, [root]).expect("a statement");
        assert_eq!(changed, 1, "{sql}");
    }

    fn forget(&self, root: &str) {
        self.connection.execute("delete from Refs", ()).expect("no references");
        self.execute("delete from ValidPaths where path = ?1", root);
    }

    fn check(&self, options: &[&str]) -> String {
        self.scene.run_without_change(&[CHECK.as_slice(), options].concat())
    }

    fn remove(&self, root: &str) {
        fs::remove_dir_all(self.scene.path().join(format!("store{root}"))).expect("the root was there");
    }
}

const CLEAN: &str = "exit 0\n--- stdout\n--- stderr\n";

#[test]
fn registered_toolchain_is_clean_and_its_hashes_are_recorded() {
    let registered = registered();
    assert_eq!(registered.check(&[]), CLEAN);
    assert_eq!(registered.check(&["--deep"]), CLEAN);
    assert_eq!(registered.check(&["--deep", "--realise"]), CLEAN);
    let manifest: serde_json::Value = serde_json::from_str(&registered.scene.read("out/lre.json")).expect("a manifest");
    let hash = true_hash(&registered.scene, ROOT);
    let digest = data_encoding::HEXLOWER.decode(hash.as_bytes()).expect("hexadecimal");
    let sri = format!("sha256-{}", data_encoding::BASE64.encode(&digest));
    assert_eq!(manifest["storeRoots"], serde_json::json!([{"path": ROOT, "narHash": sri}]));
}

#[test]
fn root_that_the_database_does_not_know_is_reported() {
    let registered = registered();
    registered.forget(ROOT);
    assert_snapshot!(registered.check(&[]));
    assert_snapshot!("unregistered-json", registered.check(&["--format", "json"]));
}

#[test]
fn root_that_was_deleted_behind_the_back_of_nix_is_reported() {
    let registered = registered();
    registered.remove(ROOT);
    assert_snapshot!(registered.check(&[]));
    registered.forget(ROOT);
    assert_snapshot!("deleted-and-forgotten", registered.check(&[]));
}

#[test]
fn other_build_of_the_same_store_path_is_reported_without_hashing() {
    let registered = registered();
    registered.execute(&format!("update ValidPaths set hash = 'sha256:{OTHER_HASH}' where path = ?1"), ROOT);
    assert_snapshot!(registered.check(&[]));
    assert_snapshot!("other-record-json", registered.check(&["--format", "json"]));
}

#[test]
fn changed_bytes_are_found_by_hashing_alone() {
    let registered = registered();
    registered.scene.write(&format!("store{ROOT}/bin/ar"), "#!/bin/sh\nexit 1\n");
    registered.scene.write(&format!("store{DEPENDENCY}/lib/libc.so.6"), "other\n");
    assert_eq!(registered.check(&[]), CLEAN);
    assert_snapshot!(registered.check(&["--deep"]));
    assert_snapshot!("changed-bytes-json", registered.check(&["--deep", "--format", "json"]));
}

#[test]
fn deleted_reference_is_found_by_the_deep_check() {
    let registered = registered();
    registered.remove(DEPENDENCY);
    assert_eq!(registered.check(&[]), CLEAN);
    assert_snapshot!(registered.check(&["--deep"]));
}

#[test]
fn manifest_without_hashes_is_never_found_right() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    assert_eq!(scene.run_without_change(&CHECK), CLEAN);
    assert_snapshot!(scene.run_without_change(&[CHECK.as_slice(), &["--deep"]].concat()));
}

#[test]
fn what_cannot_be_hashed_makes_the_check_incomplete() {
    let registered = registered();
    let socket = registered.scene.path().join(format!("store{ROOT}/bin/socket"));
    let socket = std::os::unix::net::UnixListener::bind(socket).expect("a new socket");
    assert_snapshot!(registered.check(&["--deep"]));
    drop(socket);
}

#[test]
fn broken_database_is_told_only_where_it_matters() {
    let registered = registered();
    let file = "store/nix/var/nix/db/db.sqlite";
    drop(registered.connection);
    registered.scene.write(file, "this is no database, whatever its name says");
    assert_eq!(registered.scene.run_without_change(&CHECK), CLEAN);
    assert_snapshot!(registered.scene.run_without_change(&[CHECK.as_slice(), &["--deep"]].concat()));
}

#[test]
fn database_of_another_schema_is_asked_through_nix_store() {
    let registered = registered();
    registered.scene.write("store/nix/var/nix/db/schema", "11");
    let base32 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
    registered.scene.write_program("bin/nix-store", &format!("#!/bin/sh\necho sha256:{base32}\n"));
    assert_snapshot!(registered.check(&[]));
    registered.scene.write_program(
        "bin/nix-store",
        &format!("#!/bin/sh\ncase \"$*\" in *--check-validity*) echo {ROOT} ;; *) exit 1 ;; esac\n"),
    );
    assert_snapshot!("other-schema-invalid", registered.check(&[]));
    registered.scene.write_program("bin/nix-store", "#!/bin/sh\nexit 1\n");
    assert_eq!(registered.check(&[]), CLEAN);
}

#[test]
fn missing_roots_are_realised_on_request() {
    let scene = Scene::with_compiler(COMPILER);
    scene.generate();
    fs::rename(scene.path().join(format!("store{ROOT}")), scene.path().join("away")).expect("the root was there");
    let arguments = [CHECK.as_slice(), &["--realise"]].concat();
    assert_snapshot!("no-nix-store", scene.run(&arguments));
    scene.write_program("bin/nix-store", "#!/bin/sh\necho \"error: no substituter\" >&2\nexit 1\n");
    assert_snapshot!("realise-fails", scene.run(&arguments));
    let folder = scene.path().display();
    scene.write_program(
        "bin/nix-store",
        &format!("#!/bin/sh\necho \"asked: $*\" >&2\nexec /bin/mv '{folder}/away' '{folder}/store{ROOT}'\n"),
    );
    assert_snapshot!("realise", scene.run(&arguments));
    // Nothing is missing any more, and nobody is asked.
    assert_eq!(scene.run(&arguments), CLEAN);
}

#[test]
fn options_of_the_store_exclude_no_store() {
    let scene = Scene::empty();
    assert_snapshot!(scene.run(&["check", "out", "--no-store", "--deep"]));
}

#[test]
fn new_hashes_are_read_from_the_database_without_nix_store() {
    let registered = registered();
    registered.scene.write_program("bin/nix-store", "#!/bin/sh\necho 'error: asked' >&2\nexit 1\n");
    assert_snapshot!(registered.scene.run(&REGEN));
    registered.forget(ROOT);
    assert_snapshot!("regen-unregistered", registered.scene.run(&REGEN));
}

#[test]
fn store_root_that_goes_during_the_deep_check_is_never_found_right() {
    let registered = registered();
    let large = registered.scene.path().join(format!("store{DEPENDENCY}/a-large-file"));
    fs::File::create(large).and_then(|file| file.set_len(400 << 20)).expect("a sparse file");
    let hash = true_hash(&registered.scene, DEPENDENCY);
    registered.execute(&format!("update ValidPaths set hash = 'sha256:{hash}' where path = ?1"), DEPENDENCY);
    assert_eq!(registered.check(&["--deep"]), CLEAN);
    for pause in [0, 5, 20, 60] {
        let folder = registered.scene.path().join(format!("store{DEPENDENCY}"));
        let mut command = registered.scene.command(&[CHECK.as_slice(), &["--deep"]].concat());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut check = command.spawn().expect("the binary runs");
        std::thread::sleep(std::time::Duration::from_millis(pause));
        let away = registered.scene.path().join("away");
        fs::rename(&folder, &away).expect("the root was there");
        fs::remove_file(away.join("lib/libc.so.6")).expect("the file was there");
        let is_early = check.try_wait().expect("a process").is_none();
        let code = check.wait().expect("a process").code();
        assert!(matches!(code, Some(1 | 2)) || !is_early && code == Some(0), "{code:?} after {pause} ms");
        fs::rename(&away, &folder).expect("the root was there");
        registered.scene.write(&format!("store{DEPENDENCY}/lib/libc.so.6"), "library\n");
    }
}
