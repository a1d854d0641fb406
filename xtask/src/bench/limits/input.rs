//! Inputs of every command, of the usual size or many times that.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// The store root of the compiler.
pub(super) const ROOT: &str = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1";

/// What its paths are rewritten to.
pub(super) const OTHER_ROOT: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-toolchain-2";

/// A compiler that answers as a clang would, and needs no other program.
const COMPILER: &str = include_str!("../../../../helper/tests/cli/compiler.sh");

/// Store roots of the published toolchain.
const ROOTS: usize = 12;
/// What each of the others holds. It has holes, so that a hundred times as many fit on any disk.
const ROOT_BYTES: u64 = 1 << 20;
/// Bytes of a BUILD file.
const BUILD_BYTES: usize = 20_000;
/// Inputs of a flake, modules of a workspace.
const DEPENDENCIES: usize = 10;
/// Lines of `.bazelrc`.
const FLAGS: usize = 50;

/// Writes all inputs but execution logs to a folder: as large as usual, times `times`.
pub(super) fn write(folder: &Path, times: usize) -> Result<()> {
    let roots: Vec<String> =
        (1..ROOTS * times).map(|number| format!("/nix/store/{number:032}-part-{number}")).collect();
    let store = folder.join("store");
    write_compiler(&store)?;
    for root in &roots {
        let root = store.join(&root[1..]);
        fs::create_dir_all(&root).with_context(|| format!("cannot create `{}`", root.display()))?;
        File::create(root.join("bytes"))?.set_len(ROOT_BYTES)?;
    }
    let path = std::iter::once(ROOT).chain(roots.iter().map(String::as_str)).map(|root| format!("{root}/bin"));
    let env = json!([format!("PATH={}", path.collect::<Vec<_>>().join(":")), format!("CC={ROOT}/bin/clang")]);
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write `{name}` of `{}`", folder.display()))
    };
    write("env.json", &env.to_string())?;
    write("roots", &format!("{ROOT}\n{}", roots.iter().map(|root| format!("{root}\n")).collect::<String>()))?;
    write("BUILD", &build_file(BUILD_BYTES * times))?;
    write(".bazelrc", &"build --verbose_failures\n".repeat(FLAGS * times))?;
    write("flake.lock", &flake_lock(DEPENDENCIES * times).to_string())?;
    write("MODULE.bazel", &module_file(DEPENDENCIES * times))
}

fn write_compiler(store: &Path) -> Result<()> {
    let bin = store.join(&ROOT[1..]).join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("cannot create `{}`", bin.display()))?;
    let tools = ["ar", "ld", "ld.lld", "nm", "objcopy", "objdump", "strip", "sh", "env"];
    for (name, text) in tools.map(|name| (name, "#!/bin/sh\n")).into_iter().chain([("clang", COMPILER)]) {
        fs::write(bin.join(name), text)?;
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

fn build_file(bytes: usize) -> String {
    let mut text = String::new();
    while text.len() < bytes {
        let number = text.len();
        let _ = write!(
            text,
            "# Number {number}.\ncc_library(\n    name = \"part-{number}\",\n    srcs = [\"part-{number}.cc\"],\n    \
             copts = [\"-B{ROOT}/bin\"],\n)\n\n"
        );
    }
    text
}

fn flake_lock(inputs: usize) -> Value {
    let names: Vec<String> = (0..inputs).map(|number| format!("input-{number}")).collect();
    let locked = json!({
        "type": "github", "owner": "o", "repo": "r", "rev": "1".repeat(40), "lastModified": 1,
        "narHash": "sha256-cfh1hi+6muQMbi9acOlju3V1gl8BEaZBXBR9jQfQi4U=",
    });
    let node = json!({"locked": locked, "original": {"type": "github", "owner": "o", "repo": "r"}});
    let mut nodes: Map<String, Value> = names.iter().map(|name| (name.clone(), node.clone())).collect();
    let inputs: Map<String, Value> = names.iter().map(|name| (name.clone(), json!(name))).collect();
    nodes.insert("root".to_owned(), json!({"inputs": inputs}));
    json!({"version": 7, "root": "root", "nodes": nodes})
}

fn module_file(modules: usize) -> String {
    let mut text = "module(name = \"bench\")\n\n".to_owned();
    for number in 0..modules {
        let _ = writeln!(text, "bazel_dep(name = \"module_{number}\", version = \"1.{number}\")");
    }
    text
}
