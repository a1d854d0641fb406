//! Process 1 of a root.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::wait::wait;
use nix::unistd::{chdir, pivot_root};

use super::spec::{Content, Source, Spec, Volume};

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const NONE: Option<&str> = None;

/// Reads the spec from standard input, enters the root, says `ready`, and waits for standard input to close.
pub(crate) fn run() -> Result<()> {
    let mut input = std::io::stdin();
    let spec: Spec = serde_json::from_str(&read_line(&mut input)?).context("the root's description is not valid")?;
    enter(&spec)?;
    println!("ready");
    std::io::stdout().flush()?;
    // Servers that detach become children of process 1; without this they would stay as zombies.
    thread::spawn(|| {
        loop {
            if wait().is_err() {
                thread::sleep(Duration::from_millis(200));
            }
        }
    });
    let mut rest = Vec::new();
    input.read_to_end(&mut rest)?;
    Ok(())
}

/// Reads one line byte by byte, so that nothing after it is taken from the pipe.
fn read_line(input: &mut impl Read) -> Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while input.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    Ok(String::from_utf8(line)?)
}

fn enter(spec: &Spec) -> Result<()> {
    let mut root = spec.directory.clone();
    fs::create_dir_all(&root).with_context(|| format!("cannot create `{}`", root.display()))?;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE).context("cannot make the mounts private")?;
    match &spec.content {
        Content::Directory => bind(&root, &root)?,
        Content::Over(image) => root = lay_over(image, &root)?,
    }
    let root = &root;
    mount_kernel_file_systems(root)?;
    for volume in &spec.volumes {
        mount_volume(root, volume)?;
    }
    let old = root.join(".old");
    fs::create_dir_all(&old)?;
    chdir(root)?;
    pivot_root(".", ".old").context("cannot pivot into the root")?;
    chdir("/")?;
    umount2("/.old", MntFlags::MNT_DETACH).context("cannot let go of the old root")?;
    fs::remove_dir("/.old").context("cannot remove `/.old`")?;
    Ok(())
}

/// Mounts an image's files below a tmpfs that takes all changes; returns the place of both together.
fn lay_over(image: &Path, directory: &Path) -> Result<PathBuf> {
    file_system("tmpfs", directory, "mode=755,size=8g")?;
    let [upper, work, both] = ["upper", "work", "both"].map(|name| directory.join(name));
    for folder in [&upper, &work, &both] {
        fs::create_dir(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    let options = format!("lowerdir={},upperdir={},workdir={}", image.display(), upper.display(), work.display());
    file_system("overlay", &both, &options)?;
    Ok(both)
}

fn mount_volume(root: &Path, volume: &Volume) -> Result<()> {
    let target = root.join(volume.target.strip_prefix("/").unwrap_or(&volume.target));
    fs::create_dir_all(&target).with_context(|| format!("cannot create `{}`", target.display()))?;
    match &volume.source {
        Source::Memory(bytes) => file_system("tmpfs", &target, &format!("mode=1777,size={bytes}")),
        Source::Folder(folder) => {
            bind(folder, &target)?;
            let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
            mount(NONE, &target, NONE, flags, NONE)
                .with_context(|| format!("cannot make `{}` read-only", target.display()))
        }
    }
}

fn mount_kernel_file_systems(root: &Path) -> Result<()> {
    for directory in ["proc", "dev", "tmp"] {
        fs::create_dir_all(root.join(directory))?;
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    file_system("proc", &root.join("proc"), "")?;
    let dev = root.join("dev");
    file_system("tmpfs", &dev, "mode=755,size=1m")?;
    for device in DEVICES {
        let target = dev.join(device);
        File::create(&target)?;
        bind(&Path::new("/dev").join(device), &target)?;
    }
    // Nix's builders need a pseudoterminal; Bazel and PostgreSQL need shared memory.
    fs::create_dir(dev.join("pts"))?;
    file_system("devpts", &dev.join("pts"), "newinstance,ptmxmode=0666,mode=620")?;
    fs::create_dir(dev.join("shm"))?;
    file_system("tmpfs", &dev.join("shm"), "mode=1777")?;
    symlink("pts/ptmx", dev.join("ptmx"))?;
    for (link, target) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        symlink(target, dev.join(link))?;
    }
    Ok(())
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)
        .with_context(|| format!("cannot bind `{}` to `{}`", source.display(), target.display()))
}

fn file_system(kind: &str, target: &Path, options: &str) -> Result<()> {
    mount(Some(kind), target, Some(kind), MsFlags::empty(), Some(options))
        .with_context(|| format!("cannot mount {kind} at `{}`", target.display()))
}
