//! The Nix store: names of store roots and store paths, and where they lie on this machine.

pub mod command;
pub mod comparison;
pub mod database;
pub mod hash;
pub mod nar;
pub mod path;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::shell::{quote_path, quote_words};

pub use path::{StorePath, StorePathError, StoreRoot, find_store_paths};

/// The logical store directory. It is part of every generated text, wherever the store lies on disk.
pub const STORE_DIR: &str = "/nix/store";

/// `NIX_STORE_DIR` names another folder. A store elsewhere has other store paths than those in a manifest.
#[derive(Debug, thiserror::Error)]
#[error(
    "`NIX_STORE_DIR` is `{}`, but a toolchain's paths lie in `{STORE_DIR}`\n\nhint: leave it unset; name a store that \
     lies in another folder with `--store DIR`, or check the files alone with `--no-store`", .0.display()
)]
pub struct OtherStoreDir(PathBuf);

/// Refuses a value of `NIX_STORE_DIR` that is not the store directory of every manifest.
///
/// # Errors
/// See [`OtherStoreDir`].
pub fn require_store_dir(value: Option<&OsStr>) -> Result<(), OtherStoreDir> {
    let other = value.map(Path::new).filter(|folder| !folder.as_os_str().is_empty() && *folder != Path::new(STORE_DIR));
    other.map_or(Ok(()), |folder| Err(OtherStoreDir(folder.to_owned())))
}

/// The place of the store on disk.
///
/// Nix's chroot stores (`--store DIR`) keep the logical `/nix/store/X` at `DIR/nix/store/X`; the ordinary store is the
/// chroot store of `/`.
#[derive(Clone, Debug)]
pub struct Store {
    chroot: Option<PathBuf>,
    /// Whether programs see the folder as `/`.
    is_image: bool,
}

impl Store {
    /// The store of this machine (`None`), or the chroot store in a folder.
    #[must_use]
    pub fn new(chroot: Option<PathBuf>) -> Self {
        // The compiler runs in another folder, where a relative path would mean something else.
        let chroot = chroot.map(|folder| std::path::absolute(&folder).unwrap_or(folder));
        Self { chroot, is_image: false }
    }

    /// The store of an unpacked image, in which programs run with the image's files and no others.
    #[must_use]
    pub fn of_image(root: PathBuf) -> Self {
        Self { chroot: Some(root), is_image: true }
    }

    /// The folder that programs see as `/`, if that is not this machine's.
    #[must_use]
    pub fn image_root(&self) -> Option<&Path> {
        self.chroot.as_deref().filter(|_| self.is_image)
    }

    /// The folder given as `--store`, if it was.
    #[must_use]
    pub fn chroot(&self) -> Option<&Path> {
        self.chroot.as_deref()
    }

    /// Whether the machine's own store was meant and there is none: Nix never was on this machine.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.chroot.is_none() && !Path::new(STORE_DIR).is_dir()
    }

    /// The folder of Nix's database: `/nix/var/nix/db`, in the chroot store if that was given. `NIX_STATE_DIR` moves it
    /// for the store of this machine, as it does for Nix.
    #[must_use]
    pub fn database_folder(&self) -> PathBuf {
        let state = std::env::var_os("NIX_STATE_DIR").filter(|folder| self.chroot.is_none() && !folder.is_empty());
        state.map_or_else(|| self.on_disk("/nix/var/nix"), PathBuf::from).join("db")
    }

    /// ` --store DIR` for a command line, or nothing for the store of this machine.
    #[must_use]
    pub fn option(&self) -> String {
        self.chroot.as_ref().map(|folder| format!(" --store {}", quote_path(folder))).unwrap_or_default()
    }

    /// A command for this store, as hints quote it: `` `nix-store VERB ROOT…` ``.
    #[must_use]
    pub fn command<S: AsRef<str>>(&self, verb: &str, roots: impl IntoIterator<Item = S>) -> String {
        format!("`nix-store{} {verb} {}`", self.option(), quote_words(roots))
    }

    /// Where a logical absolute path lies on disk.
    #[must_use]
    pub fn on_disk(&self, logical: &str) -> PathBuf {
        match &self.chroot {
            None => PathBuf::from(logical),
            Some(chroot) => chroot.join(logical.trim_start_matches('/')),
        }
    }

    /// The logical path of a path on disk, or `None` for one that is not text or outside a chroot store.
    #[must_use]
    pub fn logical(&self, on_disk: &Path) -> Option<String> {
        match &self.chroot {
            None => on_disk.to_str().map(str::to_owned),
            Some(chroot) => {
                let chroot = chroot.canonicalize().ok()?;
                let inside = on_disk.strip_prefix(chroot).ok()?;
                Some(format!("/{}", inside.to_str()?))
            }
        }
    }

    /// Whether a store root lies on disk. Its registration in Nix's database is another question.
    #[must_use]
    pub fn has_root(&self, root: &StoreRoot) -> bool {
        self.on_disk(&root.path()).symlink_metadata().is_ok()
    }

    /// The file behind a logical path, with every link followed *inside* the store, as the system does for the real one.
    ///
    /// In a chroot store, an absolute link names a logical path; the operating system would look for it in the host's own
    /// store, or lead out of the folder.
    #[must_use]
    pub fn resolve(&self, logical: &str) -> Option<PathBuf> {
        match &self.chroot {
            None => Path::new(logical).canonicalize().ok(),
            Some(chroot) => resolve_in(&chroot.canonicalize().ok()?, Path::new(logical)),
        }
    }
}

/// Links that are followed, as many as Linux follows.
const LINKS: usize = 40;

fn resolve_in(root: &Path, logical: &Path) -> Option<PathBuf> {
    let components = |path: &Path| path.iter().map(OsStr::to_owned).rev().collect::<Vec<OsString>>();
    let mut rest = components(logical);
    let mut found = PathBuf::new();
    let mut links = 0;
    while let Some(component) = rest.pop() {
        match component.to_str() {
            Some("/") => found.clear(),
            Some(".") => {}
            Some("..") => {
                found.pop();
            }
            _ => {
                let path = root.join(&found).join(&component);
                if !path.symlink_metadata().ok()?.is_symlink() {
                    found.push(component);
                    continue;
                }
                links += 1;
                if links > LINKS {
                    return None;
                }
                rest.extend(components(&std::fs::read_link(&path).ok()?));
            }
        }
    }
    Some(root.join(found))
}

#[cfg(test)]
mod unit {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_of_a_chroot_store_never_lead_out_of_it() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?;
        std::fs::create_dir_all(root.join("usr/bin"))?;
        std::fs::write(root.join("usr/bin/gcc-14"), "")?;
        for (link, target) in [
            ("bin", "usr/bin"),
            ("usr/bin/gcc", "/bin/gcc-14"),
            ("usr/bin/climbing", "../../../../../../../../usr/bin/gcc"),
            ("host", "/etc"),
            ("loop", "loop"),
        ] {
            symlink(target, root.join(link))?;
        }
        let store = Store::new(Some(root.clone()));
        let gcc = Some(root.join("usr/bin/gcc-14"));
        for path in ["/bin/gcc", "/usr/bin/climbing", "/../bin/./gcc", "/usr/../bin/gcc-14"] {
            assert_eq!(store.resolve(path), gcc, "{path}");
        }
        for path in ["/host/passwd", "/loop", "/usr/bin/none"] {
            assert_eq!(store.resolve(path), None, "{path}");
        }
        Ok(())
    }

    #[test]
    fn other_store_directories_are_refused() {
        let refusal = |value: &str| require_store_dir(Some(value.as_ref())).err().map(|error| error.to_string());
        assert_eq!(require_store_dir(None).err().map(|error| error.to_string()), None);
        assert_eq!([refusal(""), refusal("/nix/store"), refusal("/nix/store/")], [None, None, None]);
        assert_eq!(
            refusal("/other/store").as_deref(),
            Some(
                "`NIX_STORE_DIR` is `/other/store`, but a toolchain's paths lie in `/nix/store`\n\nhint: leave it unset; \
                 name a store that lies in another folder with `--store DIR`, or check the files alone with `--no-store`"
            )
        );
    }
}
