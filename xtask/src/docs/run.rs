//! Runs the sessions of documents where Bazel, Nix, a service and a worker are.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::session::Session;
use super::snippet::snippets;
use crate::lab::Lab;
use crate::sandbox::toolchain::{NIX_CONFIG, REPOSITORY};
use crate::sandbox::{COMMAND_LIMIT, source, workspace};
use crate::test::case::Tally;

/// What these runs write, below the sandbox's place.
const FOLDER: &str = "docs";
/// The folder in which the documents' `/path/to/the/…` lie.
const NAMED: &str = "path/to/the";
/// What is no part of a checkout, or is made by those who work in it.
const NOT_CHECKED_OUT: [&str; 2] = [".git", "target"];

/// Bazel as a user has it: what Debian's Bazel needs here, and a server that ends soon, is said behind the name.
const BAZEL: &str = "#!/bin/sh
exec /usr/bin/bazel --bazelrc=PLACE/sandbox.bazelrc --output_user_root=PLACE/docs/bazel --max_idle_secs=10 \\
    --host_jvm_args=-XX:TieredStopAtLevel=1 --host_jvm_args=-XX:+UseSerialGC \"$@\"
";

/// Runs every session of the documents that promise it.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    prepare(lab)?;
    let mut sessions = Vec::new();
    // Each reader of the quick start begins with what a later one left.
    sessions.extend(sessions_of("docs/quick-start.md")?.into_iter().rev());
    sessions.extend(sessions_of("README.md")?);
    for (number, session) in sessions.iter().enumerate() {
        let claim = format!("{}, {}: its commands run, and print what it says", session.document, session.section);
        tally.check(&claim, || run_session(lab, session, number));
    }
    Ok(())
}

fn sessions_of(document: &str) -> Result<Vec<Session>> {
    let text = fs::read_to_string(workspace().join(document)).with_context(|| format!("cannot read `{document}`"))?;
    Ok(Session::of_document(document, &snippets(document, &text)?))
}

/// The names that documents give to what each reader has in another place.
fn prepare(lab: &Lab) -> Result<()> {
    let place = lab.sandbox.place();
    let folder = place.outside(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    let checkout = folder.join("checkout");
    for entry in fs::read_dir(workspace())? {
        let name = entry?.file_name();
        if !NOT_CHECKED_OUT.contains(&name.to_string_lossy().as_ref()) {
            source::copy(&workspace().join(&name), &checkout.join(&name))?;
        }
    }
    let example = "examples/custom-toolchain/packages";
    link_files(&place.outside(REPOSITORY).join(example), &checkout.join(example))?;

    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    symlink(lab.helper(), bin.join("lre"))?;
    let bazel = bin.join("bazel");
    fs::write(&bazel, BAZEL.replace("PLACE", &place.text("")).replace("//", "/"))?;
    fs::set_permissions(&bazel, fs::Permissions::from_mode(0o755))?;

    let named = lab.sandbox.builder.directory().join(NAMED);
    fs::create_dir_all(&named)?;
    // What is in it already is signed with the key of another run.
    let cache = named.join("cache");
    if cache.exists() {
        fs::remove_dir_all(&cache).with_context(|| format!("cannot remove `{}`", cache.display()))?;
    }
    let author = place.text(format!("{FOLDER}/checkout/examples/custom-toolchain/env.json"));
    let team = place.text(format!("{FOLDER}/1/project"));
    for (name, target) in
        [("checkout", place.text(format!("{FOLDER}/checkout"))), ("env.json", author), ("project", team)]
    {
        let link = named.join(name);
        if link.is_symlink() {
            fs::remove_file(&link)?;
        }
        symlink(target, &link).with_context(|| format!("cannot make `{}`", link.display()))?;
    }
    Ok(())
}

/// A copy that takes no space.
fn link_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read `{}`", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_files(&entry.path(), &target)?;
        } else {
            fs::hard_link(entry.path(), &target).with_context(|| format!("cannot link `{}`", target.display()))?;
        }
    }
    Ok(())
}

fn run_session(lab: &Lab, session: &Session, number: usize) -> Result<()> {
    let place = lab.sandbox.place();
    let folder = format!("{FOLDER}/{number}");
    fs::create_dir_all(place.outside(&folder))?;
    // What a reader of the README has: a project, and the Env of a toolchain.
    if session.document == "README.md" {
        for file in ["BUILD.bazel", "hello.cc"] {
            fs::copy(workspace().join("templates/default").join(file), place.outside(&folder).join(file))?;
        }
        fs::write(
            place.outside(&folder).join("MODULE.bazel"),
            "bazel_dep(name = \"rules_cc\", version = \"0.0.11\")\n",
        )?;
        fs::write(place.outside(&folder).join("env.json"), &lab.sandbox.toolchain.environment)?;
    }
    let address = format!("grpc://{}", lab.engine.address());
    let replaced = [("grpc://127.0.0.1:50051", address.as_str()), ("grpc://…", address.as_str())];
    let script = place.outside(format!("{FOLDER}/{number}.sh"));
    fs::write(&script, session.script(&replaced))?;
    // The reader without Nix has no store, not one that is passed over.
    let hide = if session.section.ends_with("without Nix") { "mount -t tmpfs none /nix && " } else { "" };
    let shell = format!("{hide}exec bash {} 2>&1", place.text(format!("{FOLDER}/{number}.sh")));
    let mut entry = lab.sandbox.command("unshare").args(["--mount", "sh", "-c", &shell]);
    for (name, value) in [
        ("HOME", place.text(format!("{FOLDER}/home")).as_str()),
        ("PATH", &format!("{}:{}", place.text(format!("{FOLDER}/bin")), crate::root::SEARCH_PATH)),
        ("LC_ALL", "C.UTF-8"),
        ("USER", "alice"),
        ("NIX_CONFIG", NIX_CONFIG),
        ("GIT_AUTHOR_NAME", "Alice"),
        ("GIT_AUTHOR_EMAIL", "alice@example.org"),
        ("GIT_COMMITTER_NAME", "Alice"),
        ("GIT_COMMITTER_EMAIL", "alice@example.org"),
    ] {
        entry = entry.env(name, value);
    }
    let output = entry.directory(place.inside(&folder)).limit(COMMAND_LIMIT).build().output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("{}:\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    session.compare(&text, &replaced)
}
