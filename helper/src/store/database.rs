//! What Nix's database says about store paths, read in this process.
//!
//! A `nix-store` takes 25 ms, a look-up here less than one. The database is never written, not even its lock files:
//! a check must work for a user who owns neither, and must not disturb a Nix that is at work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Row};

use super::hash::sri_of_nix_hash;
use super::{Store, StoreRoot, command};
use crate::system_error::describe_system_error;

/// The schema that is read here: the content of the file `schema` beside the database.
const SCHEMA: &str = "10";

/// How long to wait for a Nix that recovers its database after a crash. Ordinary writers do not block readers.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the database knows of a registered path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// `sha256-<base64>`.
    pub nar_hash: String,
    /// Bytes of the NAR, where recorded.
    pub nar_size: Option<u64>,
}

/// What is known about a store root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Registered. Whether it lies on disk is another question.
    Valid(Registration),
    /// Not registered: Nix treats whatever lies there as rubbish.
    Invalid,
    /// Nobody could be asked.
    Unknown(Unknown),
}

/// Why the database gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// There is none: no Nix here, or only its store is mounted.
    #[error("there is no Nix database `{}`", .0.display())]
    Absent(PathBuf),
    /// It is there and cannot be used.
    #[error("the Nix database `{}` cannot be read: {reason}", file.display())]
    Unreadable {
        /// The database, or the schema file beside it.
        file: PathBuf,
        /// What the system or SQLite says.
        reason: String,
    },
    /// Transactions may be in a log that cannot be read, so that an absent row proves nothing.
    #[error("the log of the Nix database `{}` cannot be read", .0.display())]
    Incomplete(PathBuf),
    /// The command line was asked in its place and gave no answer.
    #[error("{0}")]
    Command(String),
}

/// A registered path with its references, for a look at everything that a toolchain consists of.
pub type Closure = BTreeMap<StoreRoot, Registration>;

/// Asks about all roots at once. A database with a schema that is not read here is asked through `nix-store`.
#[must_use]
pub fn query_validity(store: &Store, roots: &[StoreRoot]) -> BTreeMap<StoreRoot, Validity> {
    let answers = match Database::find(store) {
        Ok(database) => database.read(|snapshot| snapshot.validity(roots)),
        Err(NotReadHere::Unknown(unknown)) => Err(unknown),
        Err(NotReadHere::OtherSchema) => command::query_validity(store, roots),
    };
    answers
        .unwrap_or_else(|unknown| roots.iter().map(|root| (root.clone(), Validity::Unknown(unknown.clone()))).collect())
}

/// The registered roots and everything that they refer to, directly or not.
///
/// # Errors
/// If the database gives no answer. It is not asked through `nix-store`, which needs a process for each path.
pub fn query_closure(store: &Store, roots: &[StoreRoot]) -> Result<Closure, Unknown> {
    match Database::find(store) {
        Ok(database) => database.read(|snapshot| snapshot.closure(roots)),
        Err(NotReadHere::Unknown(unknown)) => Err(unknown),
        Err(NotReadHere::OtherSchema) => {
            Err(Unknown::Command("the Nix database has a schema of which no closure can be read".to_owned()))
        }
    }
}

/// What each of some registered roots refers to, among all that they refer to, directly or not.
///
/// # Errors
/// As for [`query_closure`].
pub fn query_references(
    store: &Store,
    roots: &[StoreRoot],
) -> Result<BTreeMap<StoreRoot, BTreeSet<StoreRoot>>, Unknown> {
    match Database::find(store) {
        Ok(database) => database.read(|snapshot| snapshot.references(roots)),
        Err(NotReadHere::Unknown(unknown)) => Err(unknown),
        Err(NotReadHere::OtherSchema) => {
            Err(Unknown::Command("the Nix database has a schema of which no references can be read".to_owned()))
        }
    }
}

/// The NAR hashes of some store roots; `None` where nobody knows one.
#[derive(Debug, Default)]
pub struct NarHashes {
    /// `sha256-<base64>` for each root that was asked for.
    pub hashes: BTreeMap<StoreRoot, Option<String>>,
    /// Why hashes are missing, to be told to the user.
    pub warning: Option<String>,
}

/// NAR hashes for a manifest. Without a readable database `nix-store` is asked, which may know of another store.
#[must_use]
pub fn query_nar_hashes(store: &Store, roots: &[StoreRoot]) -> NarHashes {
    let mut answers = query_validity(store, roots);
    if answers.values().any(|answer| matches!(answer, Validity::Unknown(_))) {
        match command::query_validity(store, roots) {
            Ok(other) => answers = other,
            Err(reason) => {
                let hashes = roots.iter().map(|root| (root.clone(), None)).collect();
                return NarHashes { hashes, warning: Some(format!("no NAR hashes in the manifest: {reason}")) };
            }
        }
    }
    let hash_of = |answer| if let Validity::Valid(known) = answer { Some(known.nar_hash) } else { None };
    let hashes: BTreeMap<_, _> = answers.into_iter().map(|(root, answer)| (root, hash_of(answer))).collect();
    let absent: Vec<String> = hashes.iter().filter(|(_, hash)| hash.is_none()).map(|(root, _)| root.path()).collect();
    let warning = (!absent.is_empty()).then(|| {
        format!(
            "the Nix database does not know {} of {} store roots, so the manifest has no NAR hash for them:\n  {}",
            absent.len(),
            roots.len(),
            absent.join("\n  ")
        )
    });
    NarHashes { hashes, warning }
}

enum NotReadHere {
    OtherSchema,
    Unknown(Unknown),
}

/// A database of the schema that is read here. Nothing is open yet.
struct Database {
    file: PathBuf,
}

impl Database {
    fn find(store: &Store) -> Result<Self, NotReadHere> {
        let folder = store.database_folder();
        let file = folder.join("db.sqlite");
        let schema = folder.join("schema");
        match std::fs::read_to_string(&schema) {
            Ok(found) if found.trim() == SCHEMA => Ok(Self { file }),
            Ok(_) => Err(NotReadHere::OtherSchema),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(NotReadHere::Unknown(Unknown::Absent(file)))
            }
            Err(error) => {
                Err(NotReadHere::Unknown(Unknown::Unreadable { file: schema, reason: describe_system_error(&error) }))
            }
        }
    }

    /// Reads the database without writing beside it.
    ///
    /// SQLite needs the files `-wal` and `-shm` of a database in WAL mode, and creates them if it may. So a database
    /// without a log is opened as `immutable`, which looks for neither; the log's absence before and after the query
    /// proves that none was overlooked. With a log, `readonly_shm` makes SQLite use what is there. If `-shm` is
    /// missing too (a copied database, a crash) only `immutable` is left, which overlooks the log.
    fn read<T>(&self, query: impl Fn(&Snapshot<'_>) -> rusqlite::Result<T>) -> Result<T, Unknown> {
        for _ in 0..2 {
            if self.has_log() {
                break;
            }
            let answer = self.query("immutable=1", true, &query);
            if !self.has_log() {
                return answer.map_err(|error| self.unreadable(&error));
            }
        }
        match self.query("mode=ro&readonly_shm=1", true, &query) {
            Err(error) if is_missing_log_index(&error) => self.query("immutable=1", false, &query),
            other => other,
        }
        .map_err(|error| self.unreadable(&error))
    }

    /// Whether transactions may lie in a log. A log that cannot be looked for may be there.
    fn has_log(&self) -> bool {
        let mut log = self.file.clone().into_os_string();
        log.push("-wal");
        match Path::new(&log).metadata() {
            Ok(metadata) => metadata.len() > 0,
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }

    fn query<T>(
        &self,
        parameters: &str,
        complete: bool,
        query: impl Fn(&Snapshot<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let uri = format!("file:{}?{parameters}", uri_path(&self.file));
        let connection = Connection::open_with_flags(uri, flags)?;
        connection.busy_timeout(PATIENCE)?;
        query(&Snapshot { connection, complete, file: &self.file })
    }

    fn unreadable(&self, error: &rusqlite::Error) -> Unknown {
        let not_found = error.sqlite_error_code() == Some(ErrorCode::CannotOpen) && !self.file.exists();
        if not_found {
            return Unknown::Absent(self.file.clone());
        }
        Unknown::Unreadable { file: self.file.clone(), reason: error.to_string() }
    }
}

/// SQLite's answers where `-wal` is there, `-shm` is not and must not be created.
fn is_missing_log_index(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// A path in SQLite's URI: `%`, `?` and `#` mean something there.
fn uri_path(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let escape = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.as_os_str().as_bytes().iter().map(escape).collect()
}

struct Snapshot<'a> {
    connection: Connection,
    /// Whether every transaction is seen.
    complete: bool,
    file: &'a Path,
}

impl Snapshot<'_> {
    fn validity(&self, roots: &[StoreRoot]) -> rusqlite::Result<BTreeMap<StoreRoot, Validity>> {
        let known = self.registrations(
            "select path, hash, narSize from ValidPaths where path in (select value from json_each(?1))",
            roots,
        )?;
        let absent = || match self.complete {
            true => Validity::Invalid,
            false => Validity::Unknown(Unknown::Incomplete(self.file.to_owned())),
        };
        let answer = |root: &StoreRoot| known.get(root).cloned().map_or_else(absent, Validity::Valid);
        Ok(roots.iter().map(|root| (root.clone(), answer(root))).collect())
    }

    fn closure(&self, roots: &[StoreRoot]) -> rusqlite::Result<Closure> {
        self.registrations(
            "with recursive closure(id) as (
               select id from ValidPaths where path in (select value from json_each(?1))
               union select reference from Refs join closure on referrer = closure.id)
             select path, hash, narSize from ValidPaths join closure using (id)",
            roots,
        )
    }

    fn references(&self, roots: &[StoreRoot]) -> rusqlite::Result<BTreeMap<StoreRoot, BTreeSet<StoreRoot>>> {
        let mut references: BTreeMap<StoreRoot, BTreeSet<StoreRoot>> =
            self.closure(roots)?.into_keys().map(|root| (root, BTreeSet::new())).collect();
        let paths: Vec<String> = references.keys().map(StoreRoot::path).collect();
        let mut statement = self.connection.prepare(
            "select a.path, b.path from Refs join ValidPaths a on a.id = referrer join ValidPaths b on b.id = reference
             where a.path in (select value from json_each(?1))",
        )?;
        let rows = statement
            .query_map([serde_json::json!(paths).to_string()], |row| Ok((read_root(row, 0)?, read_root(row, 1)?)))?;
        for row in rows {
            let (from, to) = row?;
            references.entry(from).or_default().insert(to);
        }
        Ok(references)
    }

    /// One statement for any number of roots: they are its one parameter, a JSON list.
    fn registrations(&self, sql: &str, roots: &[StoreRoot]) -> rusqlite::Result<Closure> {
        let paths: Vec<String> = roots.iter().map(StoreRoot::path).collect();
        let mut statement = self.connection.prepare(sql)?;
        statement.query_map([serde_json::json!(paths).to_string()], read_row)?.collect()
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<(StoreRoot, Registration)> {
    let root = read_root(row, 0)?;
    let hash: String = row.get(1)?;
    let nar_hash = sri_of_nix_hash(&hash).ok_or_else(|| refuse(1, format!("`{hash}` is no hash of {root}").into()))?;
    let nar_size = row.get::<_, Option<i64>>(2)?.and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
    Ok((root, Registration { nar_hash, nar_size }))
}

fn read_root(row: &Row<'_>, column: usize) -> rusqlite::Result<StoreRoot> {
    StoreRoot::try_from(row.get::<_, String>(column)?).map_err(|error| refuse(column, error.into()))
}

fn refuse(column: usize, error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
}
