//! A Nix database as Nix 2.34 makes it, reduced to the tables that are read.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

/// The two tables, as Nix writes them.
const TABLES: &str = "
CREATE TABLE ValidPaths (
    id integer primary key autoincrement not null, path text unique not null, hash text not null,
    registrationTime integer not null, deriver text, narSize integer, ultimate integer, sigs text, ca text);
CREATE TABLE Refs (
    referrer integer not null, reference integer not null, primary key (referrer, reference),
    foreign key (referrer) references ValidPaths(id) on delete cascade,
    foreign key (reference) references ValidPaths(id) on delete restrict);
CREATE INDEX IndexReferrer on Refs(referrer);
CREATE INDEX IndexReference on Refs(reference);";

/// Writes the database of a chroot store with some paths, their hashes in hexadecimal, and their sizes. Each path but
/// the first is referred to by the one before it. The log is empty as long as the connection is open, and then gone.
pub(crate) fn create_database(store: &Path, paths: &[(&str, &str, Option<u64>)]) -> Connection {
    let folder = store.join("nix/var/nix/db");
    fs::create_dir_all(&folder).expect("a new folder");
    fs::write(folder.join("schema"), "10").expect("a new file");
    let connection = Connection::open(folder.join("db.sqlite")).expect("a new database");
    connection.execute_batch("pragma journal_mode = wal").expect("a log");
    connection.execute_batch(TABLES).expect("new tables");
    for path in paths {
        register(&connection, path);
    }
    connection
        .execute("insert into Refs select a.id, b.id from ValidPaths a join ValidPaths b on b.id = a.id + 1", ())
        .expect("new rows");
    connection.execute_batch("pragma wal_checkpoint(truncate)").expect("an empty log");
    connection
}

/// Registers a path, which stays in the log.
pub(crate) fn register(connection: &Connection, (path, hash, size): &(&str, &str, Option<u64>)) {
    let row = (path, format!("sha256:{hash}"), size);
    let sql = "insert into ValidPaths (path, hash, registrationTime, narSize) values (?1, ?2, 1, ?3)";
    connection.execute(sql, row).expect("a new row");
}
