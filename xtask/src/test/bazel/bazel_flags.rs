//! Flags that Bazel's registry tries on every module, `bazel mod tidy`, and other hosts and users.
//!
//! The lockfile is not checked: Debian's Bazel writes `{}` as lockfile and refuses or crashes on any that it reads.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::workspace::{BUILD, Workspace, demo_tag};
use crate::bazel::{ALICE, BOB, Bazel};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};

/// Those that Bazel 7 knows.
const FLAGS: [&str; 5] = [
    "--incompatible_autoload_externally=",
    "--incompatible_disable_native_repo_rules",
    "--incompatible_strict_action_env",
    "--incompatible_config_setting_private_default_visibility",
    "--incompatible_disable_starlark_host_transitions",
];
const MACOS: &str = r#"
platform(
    name = "macos",
    constraint_values = [
        "@platforms//cpu:aarch64",
        "@platforms//os:macos",
    ],
)
"#;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "flags")?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    tally.check("it builds under each flag that Bazel's registry tries, and under all of them", || {
        let all = FLAGS.join(" ");
        for tags in [demo_tag(""), demo_tag("    register = True,\n")] {
            workspace.write_module("src", &tags)?;
            for flags in FLAGS.into_iter().chain([all.as_str()]) {
                let words: Vec<&str> = flags.split(' ').chain(["--config=lre", "//..."]).collect();
                workspace.run("build", &words)?.expect_success(&format!("the build under `{flags}`"))?;
            }
        }
        Ok(())
    });
    tally.check("`bazel mod tidy` changes nothing, here and in the module itself", || {
        let text = workspace.read("MODULE.bazel")?;
        workspace.run("mod", &["tidy"])?.expect_success("`bazel mod tidy`")?;
        expect_equal("`MODULE.bazel`", &workspace.read("MODULE.bazel")?, &text)?;
        let file = lab.sandbox.place().outside("src/MODULE.bazel");
        let text = fs::read_to_string(&file)?;
        let module = Bazel::new(lab, "src", &ALICE, "module-tidy");
        module.run("mod", &["tidy"])?.expect_success("`bazel mod tidy` in the module")?;
        module.shutdown()?;
        expect_equal("the module's `MODULE.bazel`", &fs::read_to_string(&file)?, &text)
    });
    tally.check(
        "lre.bazelrc alone lets a macOS host platform build with the same toolchain on the same platform",
        || {
            workspace.write("BUILD.bazel", &(BUILD.to_owned() + MACOS))?;
            let foreign = ["--config=lre", "--host_platform=//:macos"];
            workspace.run("build", &[&foreign[..], &["//..."][..]].concat())?.expect_success("the build")?;
            let here = workspace.compile_platform("//:one", &["--config=lre"])?;
            let there = workspace.compile_platform("//:one", &foreign)?;
            expect_equal("the platform and its properties", &format!("{there:?}"), &format!("{here:?}"))
        },
    );
    tally.check("two users with the same folder have byte-identical repositories", || {
        let other = Bazel::new(lab, &workspace.path, &BOB, "flags");
        other.forget()?;
        let helper = format!("--repo_env=LRE_HELPER={}", lab.helper());
        other.run("build", &["--config=lre", &helper, "--nobuild", "//:one"])?.expect_success("Bob's analysis")?;
        let (ours, theirs) = (repositories(lab, &workspace.bazel)?, repositories(lab, &other)?);
        other.shutdown()?;
        if ours.len() < 4 || ours != theirs {
            bail!("the files are {:?} and {:?}", ours.keys(), theirs.keys());
        }
        Ok(())
    });
    workspace.bazel.shutdown()
}

/// The files of this module's repositories, by path.
fn repositories(lab: &Lab, bazel: &Bazel<'_>) -> Result<BTreeMap<String, Vec<u8>>> {
    let external = lab.sandbox.place().outside(bazel.output_base()).join("external");
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(&external).with_context(|| format!("cannot read `{}`", external.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.contains("~lre~lre_") && entry.file_type()?.is_dir() {
            collect(&entry.path(), &name, &mut files)?;
        }
    }
    Ok(files)
}

fn collect(folder: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &name, files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}
