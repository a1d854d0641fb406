//! `lre explain`: for every class of cause two builds by the real Bazel that differ in just that.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::bazel::{ALICE, Bazel, Execution};
use crate::lab::Lab;
use crate::test::case::{Tally, expect_equal};

const BUILD: &str = include_str!("explain/BUILD.txt");
const POEM: &str = "Whose woods these are I think I know.\n";
/// What `lre explain` says, after a line `=== NAME` each.
const EXPECTED: &str = include_str!("explain/expected.txt");

const WORKSPACE: &str = "checks/explain";
const LOGS: &str = "logs/explain";

const FIRST_TOOLS: &str = "--action_env=TOOLS=/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-tools-1.0/bin";
const OTHER_TOOLS: &str = "--action_env=TOOLS=/nix/store/vf8cjkgwmgd4sb3vkxh6x9iar71s1w1c-tools-1.1/bin";

/// What the second build does differently.
struct Case {
    /// The class of its cause, or another name.
    name: &'static str,
    target: &'static str,
    flags: &'static [&'static str],
    /// In `BUILD.bazel`.
    edit: Option<(&'static str, &'static str)>,
    poem: &'static str,
}

const SAME: Case = Case { name: "", target: "//:book", flags: &[], edit: None, poem: POEM };

const CASES: &[Case] = &[
    Case { name: "hit", ..SAME },
    Case { name: "environment-variable", flags: &["--action_env=SALT=2"], ..SAME },
    Case { name: "store-path-drift", flags: &[OTHER_TOOLS], ..SAME },
    Case { name: "shell-or-path", flags: &["--action_env=PATH=/opt/bin:/usr/bin:/bin"], ..SAME },
    Case { name: "argument", flags: &["--define=WORD=two"], ..SAME },
    Case { name: "platform-property", edit: Some(("\"Linux\"", "\"macos\"")), ..SAME },
    Case { name: "input", poem: "His house is in the village though;\n", ..SAME },
    Case { name: "input-added", edit: Some(("[\":verse\"]", "[\":verse\", \":cover\"]")), ..SAME },
    Case { name: "configuration", flags: &["--compilation_mode=opt"], ..SAME },
    Case { name: "not-deterministic", target: "//:clock", flags: &["--disk_cache=/lre/logs/explain/empty1"], ..SAME },
    Case { name: "not-cacheable", target: "//:uncached", ..SAME },
    Case { name: "not-stored", flags: &["--disk_cache=/lre/logs/explain/empty2"], ..SAME },
    Case { name: "no-cache", flags: &["--disk_cache="], ..SAME },
    Case { name: "failed", target: "//:broken", ..SAME },
    Case { name: "only-in-second", target: "//:late", ..SAME },
    Case { name: "unrecorded", flags: &["--experimental_remote_scrubbing_config=salt.txtpb"], ..SAME },
];

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let pairs = Pairs::create(lab)?;
    pairs.build(&pairs.bazel, "first", &["//..."], &[])?;
    pairs.keep_outputs("a")?;
    fs::write(pairs.logs.join("clock"), "1764040699\n")?;
    for case in CASES {
        tally.check(&format!("`lre explain` of two builds: {}", case.name), || pairs.check(case));
    }
    tally.check("`lre explain` of two builds: not-cacheable remotely", || {
        let flags = pairs.bazel.flags(Execution::LocalWithCache);
        let cache = flags.iter().find(|flag| flag.starts_with("--remote_cache=")).context("no remote cache")?;
        for log in ["remote", "remotely-not-cacheable"] {
            pairs.build(&pairs.bazel, log, &["//:secret"], &["--disk_cache=", cache])?;
        }
        pairs.expect("remotely-not-cacheable", &["remote.log", "remotely-not-cacheable.log"])
    });
    tally.check("`lre explain --bytes` says where the outputs of two builds differ", || {
        pairs.build(&pairs.bazel, "again", &["//:clock"], &["--disk_cache="])?;
        pairs.keep_outputs("b")?;
        pairs.expect("bytes", &["first.log", "not-deterministic.log", "--bytes", "a", "b"])
    });
    tally.check("`lre explain` of one log alone", || pairs.expect("ran", &["not-stored.log"]));
    pairs.bazel.shutdown()?;
    tally.check("`lre explain` of two builds: digest-function", || {
        // A server of its own: the function is an option of the server.
        let bazel = Bazel::new(lab, WORKSPACE, &ALICE, "explain-blake3").with_startup("--digest_function=BLAKE3");
        bazel.forget()?;
        pairs.build(&bazel, "digest-function", &["//:book"], &[])?;
        bazel.shutdown()?;
        pairs.expect("digest-function", &["first.log", "digest-function.log"])
    });
    Ok(())
}

/// The workspace and its logs.
struct Pairs<'a> {
    lab: &'a Lab,
    bazel: Bazel<'a>,
    workspace: PathBuf,
    logs: PathBuf,
    is_warm: Cell<bool>,
}

impl<'a> Pairs<'a> {
    fn create(lab: &'a Lab) -> Result<Self> {
        let place = lab.sandbox.place();
        let [workspace, logs] = [WORKSPACE, LOGS].map(|folder| place.outside(folder));
        for folder in [&workspace, &logs] {
            if folder.exists() {
                fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
            }
            fs::create_dir_all(folder)?;
        }
        fs::write(workspace.join("MODULE.bazel"), "module(name = \"poems\")\n")?;
        fs::write(workspace.join("salt.txtpb"), "rules { transform { salt: \"1\" } }\n")?;
        fs::write(logs.join("clock"), "1764040681\n")?;
        let bazel = Bazel::new(lab, WORKSPACE, &ALICE, "explain");
        // What its action cache has of an earlier run would be in no log.
        bazel.forget()?;
        let pairs = Self { lab, bazel, workspace, logs, is_warm: Cell::new(false) };
        pairs.write_sources(BUILD, POEM)?;
        Ok(pairs)
    }

    fn write_sources(&self, build: &str, poem: &str) -> Result<()> {
        fs::write(self.workspace.join("BUILD.bazel"), build)?;
        fs::write(self.workspace.join("poem.txt"), poem).context("cannot write the poem")
    }

    fn check(&self, case: &Case) -> Result<()> {
        let text = match case.edit {
            Some((from, to)) if BUILD.contains(from) => BUILD.replace(from, to),
            Some((from, _)) => bail!("the BUILD file has no `{from}`"),
            None => BUILD.to_owned(),
        };
        self.write_sources(&text, case.poem)?;
        let built = self.build(&self.bazel, case.name, &[case.target], case.flags);
        self.write_sources(BUILD, POEM)?;
        built?;
        self.expect(case.name, &["first.log", &format!("{}.log", case.name)])
    }

    /// Builds with everything to do, and a log.
    fn build(&self, bazel: &Bazel<'_>, log: &str, targets: &[&str], flags: &[&str]) -> Result<()> {
        if self.is_warm.replace(true) {
            bazel.run("clean", &[])?.expect_success("`bazel clean`")?;
        }
        let place = self.lab.sandbox.place();
        let log_flag = format!("--execution_log_compact_file={}", place.text(format!("{LOGS}/{log}.log")));
        let disk = format!("--disk_cache={}", place.text(format!("{LOGS}/disk")));
        let all = ["--incompatible_strict_action_env", "--define=WORD=one", FIRST_TOOLS, &disk, &log_flag];
        let outcome = bazel.run("build", &[&all, flags, targets].concat())?;
        if targets != ["//:broken"] {
            outcome.expect_success(&format!("the build of {}", targets.join(" ")))?;
        }
        Ok(())
    }

    /// Copies what lies below `bazel-out`.
    fn keep_outputs(&self, folder: &str) -> Result<()> {
        let outputs = "bazel-out/k8-fastbuild/bin/clock.txt";
        let root = self.lab.sandbox.place().outside(self.bazel.output_base()).join("execroot/_main");
        let copy = self.logs.join(folder).join(outputs);
        fs::create_dir_all(copy.parent().context("a file has a folder")?)?;
        fs::copy(root.join(outputs), copy).map(drop).context("cannot copy the outputs")
    }

    fn expect(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let place = self.lab.sandbox.place();
        let entry = self.lab.sandbox.command(&self.lab.helper()).args(["explain"]).args(arguments);
        let output = entry.directory(place.inside(LOGS)).build().output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let status = output.status.code().map_or("none".to_owned(), |code| code.to_string());
        let actual = format!("{}{}exit {status}\n", text(&output.stdout), text(&output.stderr));
        let (_, rest) = EXPECTED.split_once(&format!("=== {name}\n")).context("nothing is expected of it")?;
        let expected = rest.split_once("\n=== ").map_or(rest, |(expected, _)| expected);
        expect_equal(&format!("`lre explain {}`", arguments.join(" ")), &actual, expected)
    }
}
