//! The linkers and the C++ library of GNU, and mold, with GCC and with clang: real programs of Debian's packages, each behind
//! a compiler that is a script in the store, as wrapped compilers are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::example_toolchain::{prepare, tag, write_toolchain};
use super::workspace::Workspace;
use crate::lab::Lab;
use crate::sandbox::debian::shell;
use crate::sandbox::toolchain::{nix, output};
use crate::step::{Attempts, run_logged};
use crate::test::case::{Tally, expect_equal};

/// Each compiler with each linker: its toolchain's name, what the manifest says of its linker, and who linked its programs.
const TOOLCHAINS: [(&str, &str, &str); 5] = [
    ("gcc_bfd", "ld bin/ld.bfd", "bfd"),
    ("gcc_mold", "mold bin/ld.mold", "mold"),
    ("clang_bfd", "ld bin/ld.bfd", "bfd"),
    ("clang_gold", "gold bin/ld.gold", "gold"),
    ("clang_mold", "mold bin/ld.mold", "mold"),
];

/// Takes mold and the libraries that it needs out of Debian's packages. It is not installed: nothing else is to find it.
const FETCH_MOLD: &str = r#"
    rm -rf /lre/mold && mkdir -p /lre/mold/partial && cd /lre/mold
    apt-get update -q
    apt-get install -y -q --no-install-recommends --download-only -o Dir::Cache::archives=/lre/mold mold
    for package in *.deb; do dpkg -x $package unpacked; done
    mkdir -p tree/bin tree/lib
    cp unpacked/usr/bin/mold tree/lib/mold
    export LD_LIBRARY_PATH=$PWD/unpacked/usr/lib/x86_64-linux-gnu
    for library in $(ldd tree/lib/mold | grep -o '/[^ ]*'); do cp -L $library tree/lib; done
    rm -rf unpacked ./*.deb partial"#;

const BUILD: &str = r#"load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library")

[
    cc_library(
        name = "said-" + name,
        srcs = ["said.cc"],
        exec_compatible_with = ["//lre-{}/config:lre-{}".format(name, name)],
    )
    for name in NAMES
]

[
    cc_binary(
        name = name,
        srcs = ["program.cc"],
        exec_compatible_with = ["//lre-{}/config:lre-{}".format(name, name)],
        linkstatic = False,
        deps = [":said-" + name],
    )
    for name in NAMES
]
"#;

const LIBRARY: &str = r#"#include <stdexcept>
#include <string>

std::string said() {
  try {
    throw std::runtime_error("thrown and caught");
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}
"#;

const PROGRAM: &str = r#"#include <iostream>
#include <string>

std::string said();

int main() {
#ifdef __GLIBCXX__
  std::cout << said() << " with libstdc++" << std::endl;
#endif
}
"#;

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "linkers")?;
    prepare_toolchains(lab, &workspace)?;
    tally.check("bfd, gold and mold are found for what they are, behind GCC and behind clang with libstdc++", || {
        for (name, linker, _) in TOOLCHAINS {
            let manifest = lab.manifest(&format!("{}/lre-{name}/lre.json", workspace.path))?;
            let found = &manifest["cc"]["probe"]["linker"];
            let path = found["path"].as_str().unwrap_or_default();
            let end = path.splitn(5, '/').nth(4).unwrap_or(path);
            expect_equal(name, &format!("{} {end}", found["name"].as_str().unwrap_or_default()), linker)?;
        }
        Ok(())
    });
    tally.check("each links a library and a program, which runs", || {
        let names: Vec<&str> = TOOLCHAINS.iter().map(|(name, ..)| *name).collect();
        let tags: String = names.iter().map(|name| format!("{}use_repo(lre, \"lre_{name}\")\n", tag(name))).collect();
        workspace.write_module("src", &tags)?;
        workspace.write("BUILD.bazel", &BUILD.replacen("\n[", &format!("\nNAMES = {names:?}\n\n["), 1))?;
        workspace.write("said.cc", LIBRARY)?;
        workspace.write("program.cc", PROGRAM)?;
        let each = |target: &str| {
            let labels: Vec<String> = names.iter().map(|name| format!("//lre-{name}/config:{target}")).collect();
            labels.join(",")
        };
        let toolchains = format!("--extra_toolchains={}", each("cc-toolchain"));
        let platforms = format!("--extra_execution_platforms={}", each("platform"));
        let flags = ["--repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1", &toolchains, &platforms, "//..."];
        workspace.run("build", &flags)?.expect_success("the build")?;
        TOOLCHAINS.iter().try_for_each(|(name, _, linker)| expect_program(lab, &workspace, name, linker))
    });
    workspace.bazel.shutdown()
}

/// Fails unless the program says what it should, and that linker linked it.
fn expect_program(lab: &Lab, workspace: &Workspace<'_>, name: &str, linker: &str) -> Result<()> {
    let place = lab.sandbox.place();
    let file = format!("{}/execroot/_main/bazel-out/k8-fastbuild/bin/{name}", workspace.bazel.output_base());
    let bytes = fs::read(place.outside(&file)).with_context(|| format!("there is no program `{name}`"))?;
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    // lld, gold and mold leave their names; bfd leaves none.
    let marks = [("lld", "Linker: LLD"), ("gold", ".note.gnu.gold-version"), ("mold", "mold ")];
    let found = marks.into_iter().find(|(_, mark)| holds(mark)).map_or("bfd", |(linker, _)| linker);
    expect_equal(&format!("the linker of `{name}`"), found, linker)?;
    let said = output(lab.sandbox.command(&place.text(&file)))?;
    expect_equal(&format!("what `{name}` says"), &said, "thrown and caught with libstdc++\n")
}

/// Puts mold and the scripts into the store, and writes the toolchains.
fn prepare_toolchains(lab: &Lab, workspace: &Workspace<'_>) -> Result<()> {
    let place = lab.sandbox.place();
    let environment: Vec<String> = serde_json::from_str(&prepare(lab, workspace, "gcc")?)?;
    let variable = |key: &str| environment.iter().find_map(|entry| entry.strip_prefix(key)?.strip_prefix('='));
    let gcc = variable("CC").and_then(|program| program.strip_suffix("/bin/gcc")).context("Env names no GCC")?;
    let clang = &lab.sandbox.toolchain.compiler;
    let bash = format!("#!{}/bin/bash\n", lab.sandbox.toolchain.tools);
    lab.sandbox.steps.keep("mold", FETCH_MOLD, Attempts::Patient, |log| {
        run_logged(&mut shell(&lab.sandbox.builder, FETCH_MOLD, Duration::from_secs(300)), log)
    })?;
    let start = "lib=${0%/bin/*}/lib\nexec $lib/ld-linux-x86-64.so.2 --library-path $lib $lib/mold \"$@\"\n";
    write_program(&place.outside("mold/tree/bin/ld.mold"), &(bash.clone() + start))?;
    let mold = store(lab, "mold/tree", "lre-mold")?;

    let ask = |program: &str, question: &str| -> Result<String> {
        Ok(output(lab.sandbox.command(program).args([question]))?.trim().to_owned())
    };
    let resources = ask(&format!("{clang}/bin/clang"), "-print-resource-dir")?;
    let libraries = ask(&format!("{gcc}/bin/gcc"), "-print-libgcc-file-name")?;
    let libraries = libraries.strip_suffix("/libgcc.a").context("GCC names no `libgcc.a`")?;
    let as_gcc_does = format!(
        "{clang}/bin/clang --no-default-config --target=x86_64-unknown-linux-gnu --sysroot={gcc} \
         -resource-dir={resources} --gcc-install-dir={libraries} -stdlib=libstdc++ --dyld-prefix={gcc} \
         -Wl,-rpath,{gcc}/lib/x86_64-linux-gnu -no-canonical-prefixes -Wno-unused-command-line-argument"
    );
    for (name, _, linker) in TOOLCHAINS {
        let home = if linker == "mold" { &mold } else { gcc };
        let command = match name.split_once('_') {
            Some(("gcc", _)) => format!("{gcc}/bin/gcc -B{home}/bin \"$@\" -fuse-ld={linker}"),
            _ => format!("{as_gcc_does} --ld-path={home}/bin/ld.{linker} \"$@\""),
        };
        let program = format!("linkers/{name}/bin/compiler");
        write_program(&place.outside(&program), &format!("{bash}exec {command}\n"))?;
        let compiler = store(lab, &format!("linkers/{name}"), &format!("lre-{name}"))?;
        let env = [format!("PATH={gcc}/bin"), format!("CC={compiler}/bin/compiler")];
        workspace.write(&format!("{name}.json"), &serde_json::to_string(&env)?)?;
        write_toolchain(lab, workspace, name, name, &format!("lre-{name}"))?;
    }
    Ok(())
}

fn write_program(file: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(file.parent().context("a program lies in no folder")?)?;
    fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))?;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o755))?)
}

/// Adds a folder below the sandbox's place to the store; its logical path. Equal folders have one path.
fn store(lab: &Lab, folder: &str, name: &str) -> Result<String> {
    let place = lab.sandbox.place();
    let script = r#"mkdir -p stored && rm -rf "stored/$2" && cp -r "$1" "stored/$2" && nix-store --add "stored/$2""#;
    let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "bash");
    let path = output(entry.args(["-euc", script, "bash", folder, name]).directory(place.inside("")))?;
    Ok(path.trim().to_owned())
}
