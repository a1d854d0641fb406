//! Programs of an image: the one that it runs, and those that scripts name by their old places.

use anyhow::bail;

use crate::oci::worker_layer::{ID, NewEntries, NewEntry, USER};
use crate::store::{Store, StorePath};

/// The home of the worker's user, and where it starts.
pub(super) const HOME: &str = "/home/nativelink";

/// The first of some folders, by their logical paths, that has a program of that name.
pub(super) fn find_program(store: &Store, folders: &[String], name: &str) -> Option<String> {
    let paths = folders.iter().map(|folder| format!("{folder}/{name}"));
    paths.into_iter().find(|path| store.resolve(path).is_some_and(|file| file.is_file()))
}

/// The worker's program: the path itself, or the one program in its `bin`.
pub(super) fn worker_program(store: &Store, worker: &StorePath) -> anyhow::Result<String> {
    let path = worker.to_string();
    let Some(place) = store.resolve(&path) else {
        bail!(
            "the worker `{path}` is not on this machine\n\nhint: realise it with {}",
            store.command("--realise", [worker.root().path()])
        )
    };
    if place.is_file() {
        return Ok(path);
    }
    let mut programs: Vec<String> = place
        .join("bin")
        .read_dir()
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    programs.sort();
    match programs.as_slice() {
        [] => bail!(
            "the worker `{path}` has no program in `bin`\n\nhint: name the program itself, as in `--worker {path}/PROGRAM`"
        ),
        [only] => Ok(format!("{path}/bin/{only}")),
        [first, ..] => bail!(
            "the worker `{path}` has {} programs in `bin`: {}\n\nhint: name the one that the image runs, as in \
             `--worker {path}/bin/{first}`",
            programs.len(),
            programs.join(", ")
        ),
    }
}

/// The folders of programs that an Env names.
pub(super) fn search_path(env: &[String]) -> Vec<String> {
    let path = env.iter().find_map(|entry| entry.strip_prefix("PATH=")).unwrap_or_default();
    path.split(':').filter(|folder| folder.starts_with('/')).map(str::to_owned).collect()
}

/// Links to `sh`, `env` and, if there is one, `bash` at the places that every script names. `places` are those that lack them.
pub(super) fn program_links(
    store: &Store,
    folders: &[String],
    is_there: &dyn Fn(&str) -> bool,
    hint: &str,
) -> anyhow::Result<NewEntries> {
    let mut entries = NewEntries::new();
    for (place, names, is_needed) in
        [("bin/sh", &["sh", "bash"][..], true), ("usr/bin/env", &["env"], true), ("bin/bash", &["bash"], false)]
    {
        if is_there(place) {
            continue;
        }
        match names.iter().find_map(|name| find_program(store, folders, name)) {
            Some(program) => {
                entries.insert(place.to_owned(), NewEntry::Link(program));
            }
            None if is_needed => bail!(
                "the image would have no `/{place}`: there is no `{}` in {}\n\nhint: {hint}",
                names[0],
                if folders.is_empty() { "any store root of it".to_owned() } else { format!("`{}`", folders.join(":")) }
            ),
            None => {}
        }
    }
    Ok(entries)
}

/// The user's home and `/tmp`.
pub(super) fn folders() -> NewEntries {
    NewEntries::from([
        (HOME.trim_start_matches('/').to_owned(), NewEntry::Folder(0o755, ID)),
        ("tmp".to_owned(), NewEntry::Folder(0o1777, 0)),
    ])
}

/// What `User` of a configuration says: the numbers, because Kubernetes cannot tell from a name that it is not root.
pub(super) fn user() -> String {
    format!("{ID}:{ID}")
}

const _: () = assert!(HOME.len() == "/home/".len() + USER.len());
