//! A folder with a chroot store in it, and runs of `lre` there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The store root of the compiler in the chroot store.
pub(crate) const ROOT: &str = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1";

/// A shell script that answers as a clang would. It needs no program, so that Env need not hold any.
pub(crate) const COMPILER: &str = include_str!("compiler.sh");

/// A temporary folder.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// One with a compiler and tools in the chroot store `store`, and an `env.json` that names them.
    pub(crate) fn with_compiler(script: &str) -> Self {
        let scene = Self::empty();
        for tool in ["ar", "ld", "nm", "objcopy", "objdump", "strip", "ld.lld"] {
            scene.write_program(&format!("store{ROOT}/bin/{tool}"), "#!/bin/sh\n");
        }
        scene.write_program(&format!("store{ROOT}/bin/clang"), script);
        scene.write_env(&[&format!("PATH={ROOT}/bin"), &format!("CC={ROOT}/bin/clang")]);
        scene
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a name below the folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }

    /// Writes an executable file.
    pub(crate) fn write_program(&self, name: &str, text: &str) {
        self.write(name, text);
        fs::set_permissions(self.path().join(name), fs::Permissions::from_mode(0o755)).expect("an executable file");
    }

    /// Writes `env.json`.
    pub(crate) fn write_env(&self, entries: &[&str]) {
        self.write("env.json", &serde_json::to_string(entries).expect("a list of strings"));
    }

    /// The text of a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a text file")
    }

    /// Replaces a part of a file.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "`{name}` has `{from}`");
        self.write(name, &text.replace(from, to));
    }

    /// Every file with its bytes.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).unwrap_or_default();
                    files.insert(path, bytes);
                }
            }
        }
        files
    }

    /// Runs `lre` in the folder and returns exit code, stdout and stderr as one text, with `/SCENE` for the folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.run_command(self.command(arguments))
    }

    /// `lre` in the folder, before it is started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments);
        self.confine(&mut command);
        command
    }

    /// Lets a command see the folder and nothing of this process's variables: what the host's Nix knows must not decide a
    /// test.
    pub(crate) fn confine(&self, command: &mut Command) {
        command.current_dir(self.path()).env_clear().env("PATH", self.path().join("bin"));
    }

    /// Runs a command and returns exit code, stdout and stderr as one text, with `/SCENE` for the folder.
    pub(crate) fn run_command(&self, mut command: Command) -> String {
        let output = command.output().expect("the binary runs");
        let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
        let folder = self.path().display().to_string();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&folder, "/SCENE");
        format!("exit {code}\n--- stdout\n{}--- stderr\n{}", text(&output.stdout), text(&output.stderr))
    }

    /// Runs `lre` and makes sure that no file is created, changed or removed.
    pub(crate) fn run_without_change(&self, arguments: &[&str]) -> String {
        let before = self.snapshot();
        let result = self.run(arguments);
        assert!(before == self.snapshot(), "a file was changed");
        result
    }

    /// Writes the toolchain's folder `out`, and makes sure that it worked.
    pub(crate) fn generate(&self) {
        let result = self.run(&REGEN);
        assert!(result.starts_with("exit 0\n"), "{result}");
    }
}

/// The binary: `LRE_BIN`, where it lies elsewhere than it was built.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("LRE_BIN").map_or_else(|| env!("CARGO_BIN_EXE_lre").into(), PathBuf::from)
}

/// The arguments that write `out` from `env.json`.
pub(crate) const REGEN: [&str; 7] = ["regen", "--env-json", "env.json", "--out", "out", "--store", "store"];

/// The arguments that check `out`.
pub(crate) const CHECK: [&str; 4] = ["check", "out", "--store", "store"];
