//! Each finding of `docs/findings.md` as a user meets it: at the fetch where one is made, else from the command line.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use nix::sys::stat::{Mode, SFlag, mknod};

use super::helper_message;
use super::workspace::{Workspace, demo_tag};
use crate::lab::Lab;
use crate::sandbox::toolchain::{nix, output};
use crate::test::case::{Tally, expect_lines};

/// A store root that nothing made; its name is Nix's kind of name.
const STRANGER: &str = "/nix/store/00000000000000000000000000000000-lre-stranger";

/// A change to one file of the toolchain's folder, and the code of what a fetch then says.
struct Damage {
    code: &'static str,
    claim: &'static str,
    file: &'static str,
    change: fn(&str, &Roots) -> String,
}

/// Store roots of the demo's toolchain, for texts to replace.
struct Roots {
    compiler: String,
    tools: String,
}

impl Roots {
    fn tool(&self, name: &str) -> String {
        format!("\"{name}\": \"{}/bin/", self.compiler)
    }
}

const DAMAGES: [Damage; 12] = [
    Damage {
        code: "LRE001",
        claim: "a missing store root",
        file: "lre.json",
        change: |text, _| add_root(text, &STRANGER.replace("lre-stranger", "lre-nowhere")),
    },
    Damage {
        code: "LRE004",
        claim: "an absent tool",
        file: "cc/BUILD",
        change: |text, roots| text.replacen(&roots.tool("nm"), &format!("{}no-", roots.tool("nm")), 1),
    },
    Damage {
        code: "LRE005",
        claim: "a tool that is a folder",
        file: "cc/BUILD",
        change: |text, roots| {
            let start = roots.tool("nm");
            let rest = text.split_once(&start).map_or("", |(_, rest)| rest.split('"').next().unwrap_or_default());
            text.replacen(&format!("{start}{rest}"), &format!("\"nm\": \"{}/bin", roots.compiler), 1)
        },
    },
    Damage {
        code: "LRE006",
        claim: "a hand-edited file",
        file: "cc/BUILD",
        change: |text, _| text.replace("-Wall", "-Wextra"),
    },
    Damage {
        code: "LRE009",
        claim: "a store root that the manifest does not list",
        file: "cc/BUILD",
        change: |text, _| text.replacen("\"-Wall\"", &format!("\"-I{STRANGER}/include\""), 1),
    },
    Damage {
        code: "LRE010",
        claim: "a malformed store path",
        file: "cc/BUILD",
        change: |text, _| text.replacen("\"-Wall\"", "\"-I/nix/store/short-x\"", 1),
    },
    Damage {
        code: "LRE011",
        claim: "another NAR hash in Nix's database",
        file: "lre.json",
        change: |text, _| {
            let recorded = text.split_once("\"storeRoots\"").and_then(|(_, rest)| rest.split_once("\"sha256-"));
            let recorded = recorded.and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
            text.replacen(recorded, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 1)
        },
    },
    Damage {
        code: "LRE015",
        claim: "a syntax error",
        file: "cc/BUILD",
        change: |text, _| text.replacen("lre_cc_toolchain(", "lre_cc_toolchain((", 1),
    },
    Damage {
        code: "LRE017",
        claim: "a store root that nothing names",
        file: "lre.json",
        change: |text, _| add_root(text, STRANGER),
    },
    Damage {
        code: "LRE018",
        claim: "an absolute path outside the store",
        file: "cc/BUILD",
        change: |text, _| text.replacen("\"-Wall\"", "\"-I/usr/include\"", 1),
    },
    Damage {
        code: "LRE019",
        claim: "a placeholder in the place of a tool",
        file: "cc/BUILD",
        change: |text, roots| {
            let start = roots.tool("nm");
            let rest = text.split_once(&start).map_or("", |(_, rest)| rest.split('"').next().unwrap_or_default());
            text.replacen(&format!("{start}{rest}"), "\"nm\": \"None", 1)
        },
    },
    Damage {
        code: "LRE026",
        claim: "another worker image in `config/BUILD`",
        file: "config/BUILD",
        change: |text, _| text.replacen("docker://lre-cc:", "docker://lre-cc:other", 1),
    },
];

fn add_root(manifest: &str, root: &str) -> String {
    let list = "\"storeRoots\": [";
    manifest.replacen(list, &format!("{list}\n{{\"path\": \"{root}\", \"narHash\": null}},"), 1)
}

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "findings")?;
    workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
    workspace.write_module("src", &demo_tag(""))?;
    let toolchain = &lab.sandbox.toolchain;
    let roots = Roots { compiler: toolchain.compiler.clone(), tools: toolchain.tools.clone() };
    for Damage { code, claim, file, change } in DAMAGES {
        tally.check(&format!("{code}: {claim} stops the fetch with what `lre check` says"), || {
            let file = format!("lre-cc/{file}");
            let text = workspace.read(&file)?;
            let changed = change(&text, &roots);
            if changed == text {
                bail!("the damage to `{file}` changes nothing");
            }
            workspace.write(&file, &changed)?;
            let refused = expect_refusal(lab, &workspace, code);
            let kept = workspace.read(&file)?;
            workspace.write(&file, &text)?;
            if kept != changed {
                bail!("the build changed `{file}`");
            }
            refused
        });
    }
    whole_files(tally, lab, &workspace);
    store(tally, lab, &workspace)?;
    deep(tally, lab, &workspace)?;
    foreign_compiler(tally, lab, &workspace, &roots);
    // The same server serves them.
    super::pins::run(tally, lab, &workspace)?;
    workspace.bazel.shutdown()
}

/// Fails unless a build that selects the toolchain stops with the helper's words, which name the code.
fn expect_refusal(lab: &Lab, workspace: &Workspace<'_>, code: &str) -> Result<()> {
    let said = helper_message(lab, &workspace.path, "lre-cc")?;
    if !said.lines().any(|line| line.starts_with("error[") && line.contains(code)) {
        bail!("`lre check` does not say {code}:\n{said}");
    }
    let refused = workspace.refused("build", &["--config=lre", "--nobuild", "//:one"])?;
    expect_lines("Bazel's message", &refused, &said)
}

/// Findings about files that are absent, additional or no files.
fn whole_files(tally: &mut Tally, lab: &Lab, workspace: &Workspace<'_>) {
    let place = |file: &str| lab.sandbox.place().outside(&workspace.path).join("lre-cc").join(file);
    tally.check("LRE007: an absent file stops the fetch", || {
        let text = workspace.read("lre-cc/BUILD.bazel")?;
        fs::remove_file(place("BUILD.bazel"))?;
        let refused = expect_refusal(lab, workspace, "LRE007");
        workspace.write("lre-cc/BUILD.bazel", &text)?;
        refused
    });
    tally.check("LRE008: a file that Bazel prefers to a generated one stops the fetch", || {
        workspace.write("lre-cc/cc/BUILD.bazel", "")?;
        let refused = expect_refusal(lab, workspace, "LRE008");
        fs::remove_file(place("cc/BUILD.bazel"))?;
        refused
    });
    tally.check("LRE016: a file that is not UTF-8 stops the fetch", || {
        let text = workspace.read("lre-cc/cc/BUILD")?;
        fs::write(place("cc/BUILD"), b"x = \"\xff\"\n")?;
        let refused = expect_refusal(lab, workspace, "LRE016");
        workspace.write("lre-cc/cc/BUILD", &text)?;
        refused
    });
}

/// Findings about what Nix's database and the disk say of one store root.
fn store(tally: &mut Tally, lab: &Lab, workspace: &Workspace<'_>) -> Result<()> {
    let manifest = workspace.read("lre-cc/lre.json")?;
    tally.check("LRE002: a store root that Nix did not make stops the fetch", || {
        let folder = outside(lab, STRANGER)?;
        fs::create_dir_all(&folder)?;
        workspace.write("lre-cc/lre.json", &add_root(&manifest, STRANGER))?;
        let refused = expect_refusal(lab, workspace, "LRE002");
        fs::remove_dir_all(&folder)?;
        refused
    });
    tally.check("LRE003: a store root that was removed behind Nix's back stops the fetch", || {
        let root = add(lab, "removed")?;
        workspace.write("lre-cc/lre.json", &add_root(&manifest, &root))?;
        fs::remove_dir_all(outside(lab, &root)?)?;
        let refused = expect_refusal(lab, workspace, "LRE003");
        delete(lab, &root)?;
        refused
    });
    workspace.write("lre-cc/lre.json", &manifest)
}

/// Findings of `--deep`, which no fetch makes.
fn deep(tally: &mut Tally, lab: &Lab, workspace: &Workspace<'_>) -> Result<()> {
    let manifest = workspace.read("lre-cc/lre.json")?;
    let root = add(lab, "deep")?;
    let changed = outside(lab, &root)?.join("text");
    workspace.write("lre-cc/lre.json", &add_root(&manifest, &root))?;
    let expect = |said: &str, code: &str| {
        if !said.lines().any(|line| line.starts_with("error[") && line.contains(code)) {
            bail!("`lre check --deep` does not say {code}:\n{said}");
        }
        Ok(())
    };
    tally.check("LRE012, LRE013: `--deep` finds a root without a recorded hash, and its changed bytes", || {
        fs::set_permissions(&changed, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        fs::write(&changed, "other bytes\n")?;
        let said = deep_message(lab, workspace)?;
        ["LRE012", "LRE013"].iter().try_for_each(|code| expect(&said, code))
    });
    tally.check("LRE014: `--deep` says what it cannot hash", || {
        fs::remove_file(&changed)?;
        // A socket; `bind` would take no path of more than 108 bytes.
        mknod(&changed, SFlag::S_IFSOCK, Mode::S_IRUSR, 0)?;
        expect(&deep_message(lab, workspace)?, "LRE014")
    });
    workspace.write("lre-cc/lre.json", &manifest)?;
    // Nix archives what it deletes no better than `lre` hashes it.
    let _ = fs::remove_file(&changed);
    delete(lab, &root)
}

/// LRE022: with the platform alone, or without any flag, Bazel takes the host's compiler.
fn foreign_compiler(tally: &mut Tally, lab: &Lab, workspace: &Workspace<'_>, roots: &Roots) {
    let place = lab.sandbox.place();
    let log = |name: &str| place.text(format!("checks/findings.{name}.json"));
    let lre = |words: &[&str]| -> Result<std::process::Output> {
        let entry = lab.sandbox.command(&lab.helper()).args(words).directory(place.inside(&workspace.path));
        Ok(entry.build().output()?)
    };
    let check = |name: &str, flags: &[&str]| -> Result<String> {
        let log = log(name);
        let log_flag = format!("--execution_log_json_file={log}");
        workspace.bazel.run("build", &[flags, &[&log_flag, "//:one"]].concat())?.expect_success("the build")?;
        Ok(String::from_utf8_lossy(&lre(&["check", "lre-cc", "--execution-log", &log])?.stderr).into_owned())
    };
    let helper = format!("--repo_env=LRE_HELPER={}", lab.helper());
    tally.check("LRE022: an execution log shows the host's compiler on the toolchain's platform, and no other", || {
        let said = check("selected", &["--config=lre"])?;
        if !said.is_empty() {
            bail!("with the toolchain of `{}` it says:\n{said}", roots.tools);
        }
        let platform = "@local-remote-execution//generated-cc/config:platform";
        let (exec, target) = (format!("--extra_execution_platforms={platform}"), format!("--platforms={platform}"));
        let said = check("platform", &[&helper, &exec, &target, "--spawn_strategy=local"])?;
        expect_lines("the message", &said, "  `/usr/bin/gcc`  (CppCompile of //:one)")
    });
    tally.check("LRE022: an execution log shows that a build without its config did not select the toolchain", || {
        let said = check("unselected", &[&helper, "--copt=-DUNSELECTED", "--spawn_strategy=local"])?;
        let line = "  `/usr/bin/gcc`  (CppCompile of //:one, which asked for no `container-image`)";
        expect_lines("the message", &said, line)
    });
    tally.check("`lre explain` of two builds: toolchain-not-selected", || {
        let said = lre(&["explain", &log("selected"), &log("unselected")])?.stdout;
        let said = String::from_utf8_lossy(&said);
        let causes: Vec<&str> = said.split("\n\n").filter(|part| part.contains("\n  fix: ")).collect();
        if !matches!(causes[..], [cause] if cause.starts_with("the second build did not select the toolchain: none of its ")) {
            bail!("it is not the only cause:\n{said}");
        }
        Ok(())
    });
}

/// What `lre check --deep` says.
fn deep_message(lab: &Lab, workspace: &Workspace<'_>) -> Result<String> {
    let place = lab.sandbox.place();
    let words = ["check", "--deep", "lre-cc"];
    let entry = lab.sandbox.command(&lab.helper()).args(words).directory(place.inside(&workspace.path));
    Ok(String::from_utf8_lossy(&entry.build().output()?.stderr).into_owned())
}

/// Adds a small folder to the store.
fn add(lab: &Lab, name: &str) -> Result<String> {
    let place = lab.sandbox.place();
    let folder = place.outside(format!("lre-{name}"));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("text"), format!("{name}\n"))?;
    let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &place, "nix-store");
    Ok(output(entry.args(["--add", &place.text(format!("lre-{name}"))]))?.trim().to_owned())
}

fn delete(lab: &Lab, root: &str) -> Result<()> {
    let entry = nix(&lab.sandbox.builder, lab.sandbox.tools, &lab.sandbox.place(), "nix-store");
    output(entry.args(["--delete", root])).map(drop)
}

/// Where a store root lies as seen from outside.
fn outside(lab: &Lab, root: &str) -> Result<PathBuf> {
    let name = root.strip_prefix("/nix/store/").with_context(|| format!("`{root}` is no store root"))?;
    Ok(lab.sandbox.toolchain.store.join(name))
}
