//! `register`: what every build uses, and that nothing is registered unasked.

use anyhow::{Result, bail};

use super::example_toolchain::tag;
use super::helper_message;
use super::workspace::{EXTENSION, RULES_JAVA, Workspace, demo_tag, module_file};
use crate::lab::{HELLO_JAVA, Lab};
use crate::sandbox::source;
use crate::test::case::{Tally, expect_equal, expect_lines};

const REGISTER: &str = "    register = True,\n";
const OWN: &str = "bazel_dep(name = \"local-remote-execution\")\n";

/// Runs the checks.
pub(crate) fn run(tally: &mut Tally, lab: &Lab) -> Result<()> {
    let workspace = Workspace::create(lab, "registration")?;
    let place = lab.sandbox.place();
    tally.check("a bare bazel_dep changes no action and fetches no toolchain", || {
        // The same `MODULE.bazel` but for the module: what is visible decides how Bazel prints labels.
        workspace.write("MODULE.bazel", &module_file("", "").replace(OWN, ""))?;
        let actions =
            |what: &str| -> Result<String> { Ok(workspace.run("aquery", &["//..."])?.expect_success(what)?.stdout) };
        let without = actions("`bazel aquery` without the module")?;
        workspace.bazel.shutdown()?;
        workspace.write_module("src", "")?;
        expect_equal("the actions with the module", &actions("`bazel aquery` with the module")?, &without)?;
        expect_equal("what was fetched", &workspace.fetched()?.join(" "), "lre_toolchains")
    });
    tally.check("a manifest that is not there yet harms no build that does not use it", || {
        workspace.write_module("src", "lre.toolchain(name = \"cc\", manifest = \"//not-yet:lre.json\")\n")?;
        workspace.run("build", &["--nobuild", "//..."])?.expect_success("the analysis")?;
        expect_equal("what was fetched", &workspace.fetched()?.join(" "), "lre_toolchains")
    });
    tally.check("register = True alone selects toolchain and platform, without any flag", || {
        workspace.write_module("src", &demo_tag(REGISTER))?;
        workspace.run("build", &["//..."])?.expect_success("the build")?;
        let (platform, properties) = workspace.compile_platform("//:one", &[])?;
        if !platform.ends_with("lre_toolchains//platforms:000_cc") {
            bail!("the execution platform is `{platform}`");
        }
        let wanted: Vec<String> =
            lab.manifest_properties()?.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        expect_equal("the execution properties", &properties, &format!("{{{}}}", wanted.join(", ")))?;
        let compile = workspace.run("aquery", &["mnemonic(\"CppCompile\", //:one)"])?.stdout;
        if !compile.contains(&format!("exec {}/", lab.sandbox.toolchain.compiler)) {
            bail!("another compiler runs:\n{compile}");
        }
        Ok(())
    });
    tally.check("where --config=lre is given too, its platform comes before the registered one", || {
        workspace.write(".bazelrc", "import %workspace%/lre.bazelrc\n")?;
        let (platform, _) = workspace.compile_platform("//:one", &["--config=lre"])?;
        if !platform.ends_with("//generated-cc/config:platform") {
            bail!("the execution platform is `{platform}`");
        }
        Ok(())
    });
    tally.check("register = True without a manifest registers the published toolchain", || {
        workspace.write_module("src", "lre.toolchain(name = \"cc\", register = True)\n")?;
        let said = workspace.refused("build", &["--nobuild", "//:one"])?;
        expect_lines("Bazel's message", &said, &helper_message(lab, "src", "generated-cc")?)
    });
    tally.check("register = True after rules_cc, whose compiler would come first, is refused", || {
        workspace.write_module("src", &demo_tag(REGISTER))?;
        let module = workspace.read("MODULE.bazel")?;
        let rules_cc = "bazel_dep(name = \"rules_cc\", version = \"0.0.11\")\n";
        let reordered = module.replace(rules_cc, "").replace(OWN, &(rules_cc.to_owned() + OWN));
        workspace.write("MODULE.bazel", &reordered)?;
        let said = workspace.refused("build", &["--nobuild", "//:one"])?;
        let wanted = "Error in fail: `register = True` has no effect: `MODULE.bazel` names `rules_cc`, which registers \
                      the host's compiler, before `local-remote-execution`\n\nhint: use one of";
        expect_lines("Bazel's message", &said, wanted)?;
        // The same two lines, each in a segment of its own, below prose that only looks like them.
        let prose = "\"\"\"For instance:\n\nbazel_dep(name = \"local-remote-execution\")\n\"\"\"\n";
        let included = prose.to_owned() + &reordered.replace(rules_cc, "include(\"//:first.MODULE.bazel\")\n");
        workspace.write("MODULE.bazel", &included)?;
        workspace.write("first.MODULE.bazel", "include(\"//segments:second.MODULE.bazel\")\n")?;
        workspace.write("segments/BUILD.bazel", "")?;
        workspace.write("segments/second.MODULE.bazel", rules_cc)?;
        let said = workspace.refused("build", &["--nobuild", "//:one"])?;
        expect_lines("Bazel's message", &said, wanted)?;
        workspace.write("MODULE.bazel", &reordered)?;
        let flag = "--repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1";
        let (platform, _) = workspace.compile_platform("//:one", &[flag])?;
        expect_equal("the execution platform's name", platform.rsplit(':').next().unwrap_or_default(), "000_cc")
    });
    tally.check("register = True for Java after rules_java, whose JDKs would come first, is refused", || {
        source::copy(&place.outside(HELLO_JAVA).join("lre-java"), &place.outside(&workspace.path).join("lre-java"))?;
        workspace.write_module("src", &tag("java").replace("json\",\n", &format!("json\",\n{REGISTER}")))?;
        let module = workspace.read("MODULE.bazel")?;
        workspace.write("MODULE.bazel", &module.replace(OWN, &(RULES_JAVA.to_owned() + OWN)))?;
        let said = workspace.refused("build", &["--nobuild", "//:one"])?;
        let wanted = "Error in fail: `register = True` has no effect: `MODULE.bazel` names `rules_java`, which registers \
                      JDKs of its own, before `local-remote-execution`\n\nhint: move `bazel_dep(name = \
                      \"local-remote-execution\")` above `bazel_dep(name = \"rules_java\")` in MODULE.bazel, then `bazel \
                      shutdown`";
        expect_lines("Bazel's message", &said, wanted)?;
        // rules_cc has no JDK to register: where it stands does not matter.
        let rules_cc = "bazel_dep(name = \"rules_cc\", version = \"0.0.11\")\n";
        let reordered = module.replace(rules_cc, "").replace(OWN, &(rules_cc.to_owned() + OWN));
        workspace.write("MODULE.bazel", &reordered.replace(EXTENSION, &(RULES_JAVA.to_owned() + EXTENSION)))?;
        workspace.run("build", &["--nobuild", "//:one"])?.expect_success("this module before rules_java").map(drop)
    });
    tally.check("what this module registers of Java is for the systems of the manifest that is chosen for it", || {
        workspace.write_module("src", &tag("java"))?;
        workspace.write(
            "lre-java/lre.json",
            &workspace.read("lre-java/lre.json")?.replace("x86_64-linux", "aarch64-linux"),
        )?;
        let config = "@local-remote-execution//generated-java/config";
        let system = format!("[\"{config}:lre-java\", \"@platforms//cpu:aarch64\", \"@platforms//os:linux\"]");
        for (toolchain, exec, target) in [
            ("java-bootstrap-runtime-toolchain", system.as_str(), "[]"),
            ("java-runtime-toolchain", "[]", &system),
            ("java-toolchain", &system, "[]"),
        ] {
            let query = ["--output=build", &format!("{config}:{toolchain}")];
            let answer = workspace.run("query", &query)?.expect_success("`bazel query`")?;
            let mut lines: Vec<&str> =
                answer.stdout.lines().map(str::trim).filter(|line| line.contains("_compatible_with")).collect();
            lines.sort_unstable();
            let wanted = format!("exec_compatible_with = {exec},\ntarget_compatible_with = {target},");
            expect_equal(toolchain, &lines.join("\n"), &wanted)?;
        }
        Ok(())
    });
    tally.check("a toolchain without a manifest is refused", || {
        workspace.write_module("src", "lre.toolchain(name = \"mine\")\n")?;
        let said = workspace.refused("build", &["--nobuild", "//:one"])?;
        expect_lines(
            "Bazel's message",
            &said,
            "Error in fail: `lre.toolchain` names `mine` without a `manifest`\n\n\
             hint: write one with `lre regen --env-json FILE --out lre-mine --name mine` and name it with \
             `manifest = \"//lre-mine:lre.json\"`",
        )
    });
    workspace.bazel.shutdown()
}
