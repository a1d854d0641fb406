//! NAR hashes of store roots on disk: what Nix recorded when it registered them, computed again.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use nix_nar::{Encoder, FileSystem, FileSystemMetadata};
use sha2::{Digest as _, Sha256};

use super::hash::sri_of_digest;
use crate::system_error::describe_system_error;

/// Large enough for any name and link, and small enough for the cache of a core.
const BUFFER: usize = 128 * 1024;

/// Why a path has no NAR hash.
#[derive(Debug, thiserror::Error)]
pub enum NarError {
    /// A file, folder or link below it cannot be read, or changed while it was read.
    #[error("cannot hash `{}`: {}", path.display(), describe_system_error(source))]
    Unreadable {
        /// The file, folder or link.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The NAR hash of a file, folder or link, as `sha256-<base64>`. `progress` is called with bytes as they are hashed.
///
/// # Errors
/// If something below the path cannot be read, or disappears meanwhile.
pub fn hash_nar(path: &Path, progress: impl Fn(u64)) -> Result<String, NarError> {
    let failure = Rc::new(RefCell::new(None));
    let files = Files { failure: Rc::clone(&failure) };
    let encoder = Encoder::builder(path).filesystem(files).build();
    let mut encoder = encoder.map_err(|error| unreadable(path, io::Error::other(error)))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match encoder.read(&mut buffer) {
            Ok(0) => return Ok(sri_of_digest(&digest.finalize())),
            Ok(length) => {
                digest.update(&buffer[..length]);
                progress(length as u64);
            }
            // The encoder's own errors (a file that grew or shrank) do not name the file.
            Err(error) => return Err(failure.take().unwrap_or_else(|| unreadable(path, error))),
        }
    }
}

/// The NAR hashes of many paths, in the order of `paths`, hashed side by side on all cores.
///
/// A path is hashed by one thread, because SHA-256 cannot be divided. `paths` come with their expected sizes, so that
/// the largest is begun first and is not left over at the end. The threads take the next path from a counter: with
/// some hundred tasks of milliseconds each there is nothing that a pool of `rayon` would do better.
///
/// `progress` is called with all bytes hashed so far, from any thread.
pub fn hash_nars(paths: &[(PathBuf, u64)], progress: impl Fn(u64) + Sync) -> Vec<Result<String, NarError>> {
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(paths[*index].1));
    let (next, done) = (AtomicUsize::new(0), AtomicU64::new(0));
    let results: Vec<Mutex<Option<Result<String, NarError>>>> = paths.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let count = |bytes| progress(done.fetch_add(bytes, Ordering::Relaxed) + bytes);
            let result = hash_nar(&paths[*index].0, count);
            if let Ok(mut slot) = results[*index].lock() {
                *slot = Some(result);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(paths.len());
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let unfinished = |index: usize| Err(unreadable(&paths[index].0, io::Error::other("it was not finished")));
    results
        .into_iter()
        .enumerate()
        .map(|(index, slot)| slot.into_inner().ok().flatten().unwrap_or_else(|| unfinished(index)))
        .collect()
}

fn unreadable(path: &Path, source: io::Error) -> NarError {
    NarError::Unreadable { path: path.to_owned(), source }
}

/// The file system as Nix sees it. It keeps the first failure with its path, which the encoder would turn into text.
struct Files {
    failure: Rc<RefCell<Option<NarError>>>,
}

impl Files {
    fn named<T>(&self, path: &Utf8Path, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| keep(&self.failure, path, error))
    }
}

/// Keeps a failure; the error that is returned only ends the encoder's work.
fn keep(failure: &RefCell<Option<NarError>>, path: &Utf8Path, error: io::Error) -> io::Error {
    let kind = error.kind();
    failure.borrow_mut().get_or_insert_with(|| unreadable(path.as_std_path(), error));
    kind.into()
}

impl FileSystem for Files {
    type File = NamedFile;

    fn metadata(&self, path: &Utf8Path) -> io::Result<FileSystemMetadata> {
        self.named(path, read_metadata(path))
    }

    fn read_dir(&self, path: &Utf8Path) -> io::Result<Vec<String>> {
        let names = path.as_std_path().read_dir().and_then(|entries| entries.map(read_name).collect());
        self.named(path, names)
    }

    fn open(&self, path: &Utf8Path) -> io::Result<NamedFile> {
        let file = self.named(path, File::open(path))?;
        Ok(NamedFile { file, path: path.to_owned(), failure: Rc::clone(&self.failure) })
    }
}

fn read_metadata(path: &Utf8Path) -> io::Result<FileSystemMetadata> {
    let metadata = path.as_std_path().symlink_metadata()?;
    let kind = metadata.file_type();
    if kind.is_dir() {
        Ok(FileSystemMetadata::Directory)
    } else if kind.is_symlink() {
        let target = path.as_std_path().read_link()?;
        let target_path = Utf8PathBuf::from_path_buf(target)
            .map_err(|target| io::Error::other(format!("its target `{}` is not UTF-8", target.display())))?;
        Ok(FileSystemMetadata::Symlink { target_path })
    } else if kind.is_file() {
        // Nix asks for the owner's bit; `nix-nar` by itself for anyone's.
        let executable = metadata.permissions().mode() & 0o100 != 0;
        Ok(FileSystemMetadata::File { executable, length: metadata.len() })
    } else {
        Err(io::Error::other("it is neither a file nor a folder nor a link"))
    }
}

fn read_name(entry: io::Result<std::fs::DirEntry>) -> io::Result<String> {
    let name = entry?.file_name();
    name.into_string().map_err(|name| io::Error::other(format!("the name `{}` in it is not UTF-8", name.display())))
}

struct NamedFile {
    file: File,
    path: Utf8PathBuf,
    failure: Rc<RefCell<Option<NarError>>>,
}

impl Read for NamedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer).map_err(|error| keep(&self.failure, &self.path, error))
    }
}

#[cfg(test)]
mod unit {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// `nix-hash --type sha256 --sri` of [`tree`], by Nix 2.34.8.
    const TREE: &str = "sha256-WiawN/2g0oRE7lFDxLE37sANjBqqPnrEOGnYfFOY/xg=";
    /// `nix-store --dump` of it has this many bytes.
    const TREE_SIZE: u64 = 4272;

    /// Names that need care: spaces, UTF-8, and an order that differs by `.`, `-` and `/`; odd modes, links, no content.
    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join("tree").join(name);
        for name in ["a b/empty", "ütf", "modes", "aa"] {
            fs::create_dir_all(at(name)).expect("a new folder");
        }
        let files = [
            ("a b/file with space", "hello"),
            ("ütf/naïve ☃", "ü"),
            ("empty-file", ""),
            ("eight", "12345678"),
            ("B", "1"),
            ("a.b", "2"),
            ("a-b", "3"),
            ("aa/z", "4"),
            ("a b.x", "5"),
        ];
        for (name, text) in files {
            fs::write(at(name), text).expect("a new file");
        }
        for (name, mode) in [("r", 0o400), ("gx", 0o610), ("ox", 0o601), ("ux", 0o700), ("suid", 0o4644)] {
            fs::write(at("modes").join(name), "x").expect("a new file");
            fs::set_permissions(at("modes").join(name), fs::Permissions::from_mode(mode)).expect("a new mode");
        }
        for (name, target) in [("dangling link", "../nowhere"), ("abs", "/nix/store"), ("l", "tgt ü")] {
            symlink(target, at(name)).expect("a new link");
        }
        folder
    }

    fn hash(path: &Path) -> String {
        hash_nar(path, |_| ()).expect("a hash")
    }

    #[test]
    fn trees_files_and_links_have_the_hashes_of_nix() {
        let folder = tree();
        let root = folder.path().join("tree");
        assert_eq!(hash(&root), TREE);
        assert_eq!(hash(&root.join("eight")), "sha256-ItYyI0JkR+ZKog121Qaz4GKi0kK7eXU22/PuaBvj9Tw=");
        assert_eq!(hash(&root.join("dangling link")), "sha256-dbI1HNs8Qmw97+RN8LoWtkdXlApVa1EEUC1D1hlMNhs=");
        assert_eq!(hash(&root.join("modes/ux")), "sha256-8Ht7kr15E+it4dgErLyPk41HZBv2XO+TqUctx0CZw+E=");
        assert_eq!(hash(&root.join("modes/gx")), "sha256-LKC4zplvhl2zdhm/6RAjVZMFqtgVgEL8bdsO8dQ8W2c=");
    }

    #[test]
    fn many_paths_keep_their_order_and_count_every_byte() {
        let folder = tree();
        let root = folder.path().join("tree");
        let paths = [(root.join("eight"), 1), (root.clone(), TREE_SIZE), (root.join("nothing"), 0), (root, 0)];
        let bytes = AtomicU64::new(0);
        let results = hash_nars(&paths, |done| {
            bytes.fetch_max(done, Ordering::Relaxed);
        });
        let results: Vec<_> = results.into_iter().map(|result| result.ok()).collect();
        let eight = "sha256-ItYyI0JkR+ZKog121Qaz4GKi0kK7eXU22/PuaBvj9Tw=".to_owned();
        assert_eq!(results, [Some(eight), Some(TREE.to_owned()), None, Some(TREE.to_owned())]);
        // An absent path is noticed after the archive's header.
        let (of_eight, of_header) = (120, 40);
        assert_eq!(bytes.into_inner(), 2 * TREE_SIZE + of_eight + of_header);
        assert!(hash_nars(&[], |_| ()).is_empty());
    }

    #[test]
    fn content_beyond_one_buffer_is_hashed_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("large");
        let content = vec![7; 3 * BUFFER + 5];
        fs::write(&path, &content).expect("a new file");
        let text = |text: &str| {
            let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            bytes
        };
        let mut nar: Vec<u8> =
            ["nix-archive-1", "(", "type", "regular", "contents"].into_iter().flat_map(text).collect();
        nar.extend_from_slice(&(content.len() as u64).to_le_bytes());
        nar.extend_from_slice(&content);
        nar.resize(nar.len().next_multiple_of(8), 0);
        nar.extend(text(")"));
        assert_eq!(hash(&path), sri_of_digest(&Sha256::digest(&nar)));
    }

    #[test]
    fn what_cannot_be_hashed_is_named() {
        let folder = tree();
        let root = folder.path().join("tree");
        let error = |path: &Path| {
            let error = hash_nar(path, |_| ()).expect_err("no hash").to_string();
            error.replace(&folder.path().display().to_string(), "T")
        };
        assert_eq!(error(&root.join("no")), "cannot hash `T/tree/no`: no such file or directory (os error 2)");
        let socket = std::os::unix::net::UnixListener::bind(root.join("aa/socket")).expect("a new socket");
        assert_eq!(error(&root), "cannot hash `T/tree/aa/socket`: it is neither a file nor a folder nor a link");
        drop(socket);
        fs::remove_file(root.join("aa/socket")).expect("the socket was there");
        symlink(std::ffi::OsStr::new(&bad_text()), root.join("l2")).expect("a new link");
        assert_eq!(error(&root), "cannot hash `T/tree/l2`: its target `b\u{fffd}d` is not UTF-8");
        fs::write(root.join("aa").join(bad_text()), "").expect("a new file");
        assert_eq!(error(&root), "cannot hash `T/tree/aa`: the name `b\u{fffd}d` in it is not UTF-8");
    }

    fn bad_text() -> std::ffi::OsString {
        std::os::unix::ffi::OsStringExt::from_vec(b"b\xffd".to_vec())
    }

    #[test]
    fn file_that_disappears_while_it_is_hashed_is_an_error_that_names_it() {
        let folder = tree();
        let root = folder.path().join("tree");
        // Archive, entry, folder: with the third part the names are listed. `zz` comes last.
        fs::write(root.join("zz"), vec![0; 10]).expect("a new file");
        let parts = std::cell::Cell::new(0);
        let remove = |_| {
            parts.set(parts.get() + 1);
            if parts.get() == 3 {
                fs::remove_file(root.join("zz")).expect("the file was there");
            }
        };
        let error = hash_nar(&root, remove).expect_err("no hash");
        let NarError::Unreadable { path, source } = error;
        assert_eq!((path, source.kind()), (root.join("zz"), io::ErrorKind::NotFound));
    }
}
