//! The sandbox: everything the end-to-end runs need, set up from package registries under one folder.
//!
//! `builder` is a root of Debian unstable with Bazel, Nix and BuildBox; `services` one of Debian stable with PostgreSQL
//! and BuildGrid. What is finished is kept from run to run; a lock keeps two runs apart.

pub(crate) mod debian;
pub(crate) mod host;
mod npm;
pub(crate) mod registry;
mod room;
pub(crate) mod shell;
pub(crate) mod source;
pub(crate) mod toolchain;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use self::debian::Debian;
use self::toolchain::Toolchain;
use crate::engine;
pub(crate) use crate::repository::workspace;
use crate::root::{Entry, Root};
use crate::step::Steps;

/// Names another place for the sandbox.
const PLACE: &str = "LRE_SANDBOX";
/// The one folder of the sandbox, as seen inside of both roots.
const INSIDE: &str = "/lre";

const BUILDER: Debian = Debian {
    name: "builder",
    suite: "sid",
    packages: &[
        "bazel-bootstrap",
        "nix-bin",
        "buildbox",
        "git",
        "libzstd-jni1",
        "shellcheck",
        "strace",
        "skopeo",
        "umoci",
        "docker-registry",
        "crun",
        "jq",
        "time",
        "zstd",
    ],
};
const SERVICES: Debian =
    Debian { name: "services", suite: "trixie", packages: &["postgresql", "python3-venv", "dpkg-dev"] };

/// Where Bazel and Nix come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tools {
    /// From the sandbox.
    Sandbox,
    /// The machine's own.
    Host,
}

/// A sandbox that is set up, and its two running roots.
pub(crate) struct Sandbox {
    /// Roots end before the lock is given back.
    pub(crate) services: Root,
    pub(crate) builder: Root,
    pub(crate) toolchain: Toolchain,
    pub(crate) steps: Steps,
    pub(crate) tools: Tools,
    directory: PathBuf,
    _lock: File,
}

impl Sandbox {
    /// Sets up what is missing, a line for each step, and starts the roots.
    pub(crate) fn open(tools: Tools) -> Result<Self> {
        let directory = place()?;
        let lock = lock(&directory)?;
        if let Some(warning) = room::scarce_room(&directory)? {
            eprintln!("{warning}");
        }
        let steps = Steps::new(&directory)?;
        if tools == Tools::Host {
            host::check()?;
        }
        debian::install_debootstrap(&steps)?;
        let (builder, services) = thread::scope(|scope| {
            let builder = scope.spawn(|| prepare_builder(&directory, &steps));
            let services = scope.spawn(|| prepare_services(&directory, &steps));
            (join(builder), join(services))
        });
        let (builder, services) = (builder?, services?);
        let place = Place::of(&directory, &builder, tools);
        let toolchain = toolchain::prepare(&steps, &builder, &place, tools)?;
        Ok(Self { services, builder, toolchain, steps, tools, directory, _lock: lock })
    }

    /// The folder that Bazel, Nix and `lre` work in.
    pub(crate) fn place(&self) -> Place {
        Place::of(&self.directory, &self.builder, self.tools)
    }

    /// The sandbox's own folder outside.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A command where Bazel and Nix are.
    pub(crate) fn command(&self, program: &str) -> Entry {
        entry(&self.builder, self.tools, program)
    }
}

/// A command where Bazel and Nix are.
fn entry(builder: &Root, tools: Tools, program: &str) -> Entry {
    match tools {
        Tools::Sandbox => builder.command(program),
        Tools::Host => Entry::host(program).env("PATH", host::search_path()),
    }
}

/// A folder with its two names.
#[derive(Clone)]
pub(crate) struct Place {
    outside: PathBuf,
    inside: PathBuf,
}

impl Place {
    fn of(sandbox: &Path, builder: &Root, tools: Tools) -> Self {
        match tools {
            Tools::Sandbox => Self { outside: builder.directory().join(&INSIDE[1..]), inside: INSIDE.into() },
            Tools::Host => Self { outside: sandbox.join("host"), inside: sandbox.join("host") },
        }
    }

    /// `path` below this folder, as this program sees it.
    pub(crate) fn outside(&self, path: impl AsRef<Path>) -> PathBuf {
        self.outside.join(path)
    }

    /// `path` below this folder, as Bazel and Nix see it.
    pub(crate) fn inside(&self, path: impl AsRef<Path>) -> PathBuf {
        self.inside.join(path)
    }

    /// `path` below this folder, as Bazel and Nix see it, as text.
    pub(crate) fn text(&self, path: impl AsRef<Path>) -> String {
        self.inside(path).to_string_lossy().into_owned()
    }
}

/// Where one of the sandbox's own tools lies, outside.
pub(crate) fn tool(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.builder.directory().join("lre/bin").join(name)
}

/// The same as Bazel sees it.
pub(crate) fn tool_inside(sandbox: &Sandbox, name: &str) -> String {
    match sandbox.tools {
        Tools::Sandbox => format!("{INSIDE}/bin/{name}"),
        Tools::Host => tool(sandbox, name).to_string_lossy().into_owned(),
    }
}

fn prepare_builder(directory: &Path, steps: &Steps) -> Result<Root> {
    let root = BUILDER.root(directory, steps)?;
    let lre = root.directory().join(&INSIDE[1..]);
    npm::install(steps, &root, (&lre.join("npm"), "/lre/npm"), &lre.join("bin"))?;
    Ok(root)
}

fn prepare_services(directory: &Path, steps: &Steps) -> Result<Root> {
    let root = SERVICES.root(directory, steps)?;
    engine::install(&root, steps)?;
    source::fetch_abseil(&root, steps)?;
    Ok(root)
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a set-up thread panicked"))?
}

/// The sandbox's folder: `LRE_SANDBOX`, or `sandbox` in Cargo's target folder of this workspace.
fn place() -> Result<PathBuf> {
    let place = match std::env::var_os(PLACE) {
        Some(place) => PathBuf::from(place),
        None => workspace().join("target/sandbox"),
    };
    fs::create_dir_all(&place).with_context(|| format!("cannot create the sandbox `{}`", place.display()))?;
    place.canonicalize().with_context(|| format!("cannot resolve `{}`", place.display()))
}

/// Takes the folder for this run, and says in the lock's file which process has it.
fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("lock");
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = options.with_context(|| format!("cannot open `{}`", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("  waiting for another run that uses `{}`{}", directory.display(), holder(&path));
            file.lock().with_context(|| format!("cannot lock `{}`", path.display()))?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock `{}`", path.display()));
        }
    }
    let mut write = || {
        file.set_len(0)?;
        write!(file, "{}", std::process::id())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(file)
}

/// Which process has the lock, if its file says so.
fn holder(lock: &Path) -> String {
    let process = fs::read_to_string(lock).ok().and_then(|text| text.parse::<u32>().ok());
    process.map(|process| format!(": process {process}")).unwrap_or_default()
}

/// Longest time for one Bazel or Nix command.
pub(crate) const COMMAND_LIMIT: Duration = Duration::from_secs(900);

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn lock_says_which_process_has_it() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("lock");
        assert_eq!(holder(&path), "");
        fs::write(&path, "longer than any process")?;
        assert_eq!(holder(&path), "");
        let lock = lock(folder.path())?;
        assert!(matches!(File::open(&path)?.try_lock(), Err(TryLockError::WouldBlock)));
        assert_eq!(holder(&path), format!(": process {}", std::process::id()));
        drop(lock);
        Ok(())
    }
}
