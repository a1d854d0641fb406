//! Nix's database in every state in which a check may find it.

#[path = "cli/database.rs"]
mod database;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use database::{create_database, register};
use lre::store::database::{Registration, Unknown, Validity, query_closure, query_validity};
use lre::store::{Store, StoreRoot};
use tempfile::TempDir;

const A: &str = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-a";
const B: &str = "/nix/store/1123456789abcdfghijklmnpqrsvwxyz-b";
const C: &str = "/nix/store/2123456789abcdfghijklmnpqrsvwxyz-c";
const LATE: &str = "/nix/store/3123456789abcdfghijklmnpqrsvwxyz-late";
/// SHA-256 of nothing.
const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ROWS: [(&str, &str, Option<u64>); 3] = [(A, HASH, Some(120)), (B, HASH, None), (C, HASH, Some(0))];

fn root(path: &str) -> StoreRoot {
    path.to_owned().try_into().expect("a store root")
}

fn ask(store: &Path, paths: &[&str]) -> Vec<Validity> {
    let roots: Vec<StoreRoot> = paths.iter().map(|path| root(path)).collect();
    let answers = query_validity(&Store::new(Some(store.to_owned())), &roots);
    assert_eq!(answers.len(), roots.len());
    roots.iter().map(|root| answers[root].clone()).collect()
}

fn valid(nar_size: Option<u64>) -> Validity {
    Validity::Valid(Registration {
        nar_hash: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
        nar_size,
    })
}

/// A folder whose name means something in SQLite's URIs.
fn scene() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = folder.path().join("a store?mode=rw#%41");
    (folder, store)
}

fn file(store: &Path, name: &str) -> PathBuf {
    store.join("nix/var/nix/db").join(name)
}

fn names(store: &Path) -> Vec<String> {
    let entries = fs::read_dir(store.join("nix/var/nix/db")).expect("a folder");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name().display().to_string()).collect();
    names.sort();
    names
}

#[test]
fn database_at_rest_is_read_and_nothing_is_written_beside_it() {
    let (_folder, store) = scene();
    drop(create_database(&store, &ROWS));
    assert_eq!(ask(&store, &[A, LATE, B, C]), [valid(Some(120)), Validity::Invalid, valid(None), valid(None)]);
    assert_eq!(names(&store), ["db.sqlite", "schema"]);
    assert_eq!(ask(&store, &[]), []);
}

#[test]
fn transactions_in_the_log_of_a_nix_at_work_are_seen() {
    let (_folder, store) = scene();
    let connection = create_database(&store, &ROWS);
    assert_eq!(ask(&store, &[A, LATE]), [valid(Some(120)), Validity::Invalid], "the log is there and empty");
    register(&connection, &(LATE, HASH, Some(7)));
    let before = names(&store);
    assert_eq!(before, ["db.sqlite", "db.sqlite-shm", "db.sqlite-wal", "schema"]);
    assert_eq!(ask(&store, &[A, LATE]), [valid(Some(120)), valid(Some(7))]);
    connection.execute("delete from Refs", ()).expect("no references");
    connection.execute("delete from ValidPaths where path = ?1", [A]).expect("one row less");
    assert_eq!(ask(&store, &[A, LATE]), [Validity::Invalid, valid(Some(7))]);
    assert_eq!(names(&store), before);
}

#[test]
fn open_transaction_does_not_block_the_check() {
    let (_folder, store) = scene();
    let connection = create_database(&store, &ROWS);
    connection.execute_batch("begin immediate").expect("a transaction");
    register(&connection, &(LATE, HASH, None));
    assert_eq!(ask(&store, &[A, LATE]), [valid(Some(120)), Validity::Invalid]);
}

#[test]
fn log_that_cannot_be_read_makes_absence_unknown() {
    let (_folder, store) = scene();
    let connection = create_database(&store, &ROWS);
    register(&connection, &(LATE, HASH, None));
    // A copy without the log's index, as a backup or a container image has it.
    let (_other, copy) = scene();
    fs::create_dir_all(file(&copy, "")).expect("a new folder");
    for name in ["db.sqlite", "db.sqlite-wal", "schema"] {
        fs::copy(file(&store, name), file(&copy, name)).expect("a copy");
    }
    let unknown = Validity::Unknown(Unknown::Incomplete(file(&copy, "db.sqlite")));
    assert_eq!(ask(&copy, &[A, LATE]), [valid(Some(120)), unknown]);
    assert_eq!(names(&copy), ["db.sqlite", "db.sqlite-wal", "schema"]);
}

#[test]
fn read_only_database_without_a_log_is_complete() {
    let (_folder, store) = scene();
    drop(create_database(&store, &ROWS));
    let folder = file(&store, "");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).expect("a new mode");
    assert_eq!(ask(&store, &[A, LATE]), [valid(Some(120)), Validity::Invalid]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("a new mode");
}

#[test]
fn closure_is_what_the_roots_refer_to() {
    let (_folder, store) = scene();
    drop(create_database(&store, &ROWS));
    let closure = |path| {
        let closure = query_closure(&Store::new(Some(store.clone())), &[root(path)]).expect("a closure");
        closure.into_keys().map(|root| root.path()).collect::<Vec<_>>()
    };
    assert_eq!(closure(A), [A, B, C]);
    assert_eq!(closure(C), [C]);
    assert_eq!(closure(LATE), [""; 0]);
}

#[test]
fn absent_database_is_no_answer() {
    let (_folder, store) = scene();
    let unknown = Validity::Unknown(Unknown::Absent(file(&store, "db.sqlite")));
    assert_eq!(ask(&store, &[A, B]), [unknown.clone(), unknown.clone()]);
    fs::create_dir_all(file(&store, "")).expect("a new folder");
    fs::write(file(&store, "schema"), "10").expect("a new file");
    assert_eq!(ask(&store, &[A]), [unknown]);
    assert_eq!(names(&store), ["schema"]);
}

#[test]
fn broken_database_is_no_answer() {
    let (_folder, store) = scene();
    drop(create_database(&store, &[(A, "no hash", None)]));
    let reason = |store: &Path| match &ask(store, &[A])[..] {
        [Validity::Unknown(unknown)] => unknown.to_string().replace(&store.display().to_string(), "S"),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        reason(&store),
        format!(
            "the Nix database `S/nix/var/nix/db/db.sqlite` cannot be read: \
             Conversion error from type Text at index: 1, `sha256:no hash` is no hash of {A}"
        )
    );
    fs::write(file(&store, "db.sqlite"), "not a database, but longer than the header of one").expect("a new file");
    assert_eq!(reason(&store), "the Nix database `S/nix/var/nix/db/db.sqlite` cannot be read: file is not a database");
    fs::remove_file(file(&store, "schema")).expect("the file was there");
    fs::create_dir(file(&store, "schema")).expect("a new folder");
    assert_eq!(
        reason(&store),
        "the Nix database `S/nix/var/nix/db/schema` cannot be read: is a directory (os error 21)"
    );
}

#[test]
fn thousands_of_roots_are_one_query() {
    let (_folder, store) = scene();
    drop(create_database(&store, &ROWS));
    let many: Vec<String> = (0..40_000).map(|number| format!("{LATE}-{number}")).collect();
    let mut paths: Vec<&str> = many.iter().map(String::as_str).collect();
    paths.push(A);
    let answers = ask(&store, &paths);
    assert_eq!(answers.iter().filter(|answer| **answer == Validity::Invalid).count(), 40_000);
    assert_eq!(answers.last(), Some(&valid(Some(120))));
}
