//! Runs programs in an unpacked image: its files are all that they see, and there is no network.
//!
//! This program starts itself twice. The first one makes namespaces, the second one is process 1 in them: it makes the
//! image's folder its `/`, gives up all capabilities, and becomes the image's program. Neither of them has the variables of
//! the image, some of which (`LD_PRELOAD`) would have effects here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use super::error::ImageError;
use crate::system_error::describe_system_error;

/// The hidden subcommand.
pub const VERB: &str = "__enter";

/// How [`EntryError`] is told from a program that fails.
const FAILED: i32 = 125;

/// Nothing of the image can be run here.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The namespaces are forbidden, or a mount fails in them.
    #[error(
        "cannot run programs of the image here: {0}\n\n\
         hint: allow user namespaces, with `sysctl -w kernel.unprivileged_userns_clone=1` on Debian or `sysctl -w \
         kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, or run as root outside of a container that forbids \
         namespaces"
    )]
    Forbidden(String),
    /// This program does not find itself.
    #[error("cannot start this program again: {}", describe_system_error(.0))]
    Itself(std::io::Error),
    /// The image's folder cannot be prepared.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// What the subcommand takes.
#[derive(Debug, Args)]
pub struct EntryArguments {
    /// The unpacked image.
    #[arg(long)]
    root: PathBuf,
    /// Where the program starts, as seen inside.
    #[arg(long)]
    folder: PathBuf,
    /// A variable of the program.
    #[arg(long = "env")]
    env: Vec<String>,
    /// Whether the namespaces have been made.
    #[arg(long)]
    inside: bool,
    /// The program and its arguments; without them, only the way in is tried.
    #[arg(last = true)]
    program: Vec<String>,
}

/// The command that runs a program in an image. Its own variables are cleared.
///
/// # Errors
/// If this program does not find itself.
pub fn command_in(
    root: &Path,
    folder: &Path,
    env: impl IntoIterator<Item = String>,
    program: &[&str],
) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(VERB).arg("--root").arg(root).arg("--folder").arg(folder);
    command.args(env.into_iter().map(|entry| format!("--env={entry}")));
    command.arg("--").args(program).env_clear();
    Ok(command)
}

/// Tries whether programs can be run in an image, before the first of them is.
///
/// # Errors
/// If namespaces are forbidden.
pub fn try_entry(root: &Path) -> Result<(), EntryError> {
    let mut command = command_in(root, Path::new("/"), [], &[]).map_err(EntryError::Itself)?;
    let output = command.stdin(Stdio::null()).output().map_err(EntryError::Itself)?;
    if output.status.success() {
        return Ok(());
    }
    Err(EntryError::Forbidden(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// Runs the subcommand. Returns the exit code of the program, or 125 where it could not be started.
#[must_use]
pub fn enter(arguments: &EntryArguments) -> i32 {
    match linux::enter(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            FAILED
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::path::Path;
    use std::process::Command;

    use anyhow::{Context as _, anyhow};
    use nix::mount::{MntFlags, MsFlags, mount, umount2};
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::prctl::{set_no_new_privs, set_pdeathsig};
    use nix::sys::signal::Signal;
    use nix::unistd::{chdir, chroot, getgid, getuid, pivot_root};
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

    use super::{EntryArguments, VERB, describe_system_error};

    const NONE: Option<&str> = None;

    pub(super) fn enter(arguments: &EntryArguments) -> anyhow::Result<i32> {
        if arguments.inside {
            set_pdeathsig(Signal::SIGKILL)?;
            change_root(&arguments.root)?;
            run(arguments)
        } else {
            make_namespaces()?;
            let mut command = Command::new(std::env::current_exe()?);
            command.args([VERB, "--inside"]).args(std::env::args_os().skip(2));
            let status = command.status().context("cannot start process 1")?;
            Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()))
        }
    }

    /// Root needs no user namespace, and has to do without one in a `chroot`.
    fn make_namespaces() -> anyhow::Result<()> {
        let all = CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS;
        if unshare(all).is_ok() {
            return Ok(());
        }
        let (user, group) = (getuid(), getgid());
        unshare(all | CloneFlags::CLONE_NEWUSER)
            .map_err(|error| anyhow!("namespaces are forbidden ({})", describe_system_error(&error.into())))?;
        let map = |file: &str, text: String| fs::write(file, text).with_context(|| format!("cannot write `{file}`"));
        map("/proc/self/setgroups", "deny".to_owned())?;
        map("/proc/self/uid_map", format!("0 {user} 1"))?;
        map("/proc/self/gid_map", format!("0 {group} 1"))
    }

    /// Makes the folder `/`, with `/proc` of the new processes and `/dev/null`.
    fn change_root(root: &Path) -> anyhow::Result<()> {
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(NONE, "/", NONE, private, NONE).context("cannot make the mounts private")?;
        mount(Some(root), root, NONE, MsFlags::MS_BIND, NONE).context("cannot mount the image")?;
        // Read-only: root's programs would set the machine's parameters there, also without capabilities.
        let locked = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("proc"), &root.join("proc"), Some("proc"), locked, NONE).context("cannot mount `/proc`")?;
        mount(Some("/dev/null"), &root.join("dev/null"), NONE, MsFlags::MS_BIND, NONE)
            .context("cannot mount `/dev/null`")?;
        chdir(root).context("cannot enter the image")?;
        // Inside of a `chroot` the root cannot be exchanged. Without capabilities, nothing leads out of another one.
        match pivot_root(".", ".") {
            Ok(()) => umount2(".", MntFlags::MNT_DETACH).context("cannot let go of the old root")?,
            Err(_) => chroot(".").context("cannot change the root")?,
        }
        chdir("/").context("cannot enter the image")
    }

    fn run(arguments: &EntryArguments) -> anyhow::Result<i32> {
        chdir(&arguments.folder).with_context(|| format!("cannot enter `{}`", arguments.folder.display()))?;
        set_no_new_privs().context("cannot give up privileges")?;
        let none = CapabilitySet::empty();
        let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
        set_capabilities(None, none).context("cannot give up capabilities")?;
        let Some((program, words)) = arguments.program.split_first() else { return Ok(0) };
        let variables = arguments.env.iter().filter_map(|entry| entry.split_once('='));
        let error = Command::new(program).args(words).env_clear().envs(variables).exec();
        Err(anyhow!("cannot run `{program}`: {}", describe_system_error(&error)))
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use super::EntryArguments;

    pub(super) fn enter(_: &EntryArguments) -> anyhow::Result<i32> {
        anyhow::bail!("this system has no namespaces, and only Linux runs programs of images")
    }
}
