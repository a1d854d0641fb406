"""A leaf repository `@lre_NAME`: a toolchain that was checked on this machine.

Its files are those of the toolchain's folder, so two machines with the same folder have the same repository. Whether
there is one depends on this machine's store, so the rule never says that it is reproducible.
"""

load("//extensions/private:check.bzl", "check_toolchain")
load("//extensions/private:manifest.bzl", "kind_of", "locate_manifest", "read_manifest")

_OWN_MODULE = "local-remote-execution"

# Whoever forgot the tag, or gave it another name, has a toolchain in mind that is not this one.
_UNCHOSEN = """note: `MODULE.bazel` chooses no manifest for `{0}`, so this is the toolchain that `local-remote-execution` ships; to use another one: `lre.toolchain(name = "{0}", manifest = "//FOLDER:lre.json")`
"""

def _leaf_repository_impl(rctx):
    located = locate_manifest(rctx, rctx.attr.manifest)
    manifest = read_manifest(rctx, located, rctx.attr.toolchain)
    folder = located.file.dirname

    # The package that is the toolchain. `config` is left out: there, `toolchain()` points here.
    package = kind_of(manifest) + "/BUILD"

    # Bazel would take the last two for the generated files beside them; `lre check` reports them.
    for file in list(manifest["files"]) + [package + ".bazel", "config/BUILD.bazel"]:
        rctx.watch(folder.get_child(file))

    local = rctx.getenv("LRE_LOCAL") or ""
    if local not in ["", "off"]:
        fail("`LRE_LOCAL={}` is not understood\n\nhint: say `--repo_env=LRE_LOCAL=off`, or leave it out".format(local))
    switched_off = local == "off"
    if switched_off or rctx.attr.on_missing == "remote_only":
        # buildifier: disable=print
        print("`{}`: toolchain `{}` is not looked for on this machine; build remotely only".format(
            "LRE_LOCAL=off" if switched_off else "on_missing = \"remote_only\"",
            rctx.attr.toolchain,
        ))
        _compare(rctx, located, manifest)
    else:
        # Present or absent: garbage collection and realisation are both noticed by the next build.
        for root in manifest["storeRoots"]:
            rctx.watch(root["path"])
        for file in [rctx.attr.flake_lock, rctx.attr.module_file, "lre.bazelrc"]:
            rctx.watch(_workspace_file(rctx, file))
        checked = check_toolchain(rctx, located, manifest, rctx.attr.helper, [
            "--workspace",
            "." if located.is_root else str(rctx.workspace_root),
            "--flake-lock",
            rctx.attr.flake_lock,
            "--input",
            rctx.attr.input,
            "--module-file",
            rctx.attr.module_file,
        ])
        for file in checked.read:
            rctx.watch(_workspace_file(rctx, file))
        if checked.findings:
            _report(rctx, located, manifest, checked.findings)
        elif checked.notes:
            # buildifier: disable=print
            print(checked.notes)

    rctx.file(package, rctx.read(folder.get_child(package), watch = "no"), executable = False)
    rctx.file("BUILD.bazel", "", executable = False)

def _workspace_file(rctx, path):
    """A file of the root workspace, by a path and not by a label: there may be no package around it."""
    return rctx.workspace_root.get_child(*path.split("/"))

def _report(rctx, located, manifest, findings):
    if rctx.attr.chooser == _OWN_MODULE and not located.is_root:
        findings = _UNCHOSEN.format(rctx.attr.toolchain) + findings
    text = "repository `{}`, chosen by module `{}` with `{}`, cannot be used on this machine\n{}".format(
        "lre_" + rctx.attr.toolchain,
        rctx.attr.chooser,
        located.label,
        findings,
    )
    if rctx.attr.on_missing == "error":
        fail(text)

    # `warn` is about this machine; files that are not as generated are wrong on every machine.
    _compare(rctx, located, manifest)

    # buildifier: disable=print
    print("`on_missing = \"warn\"`: " + text)

def _compare(rctx, located, manifest):
    """Compares the generated files with the manifest where no helper need be: a machine without Nix has none."""
    for file, integrity in manifest["files"].items():
        url = "file://" + str(located.file.dirname.get_child(file)).replace("%", "%25").replace(" ", "%20")

        # Bazel is asked what the hash is. Told which it should be, it would look for that content in its cache instead.
        compared = rctx.download(url, allow_fail = True, output = "compared/" + file)
        if not compared.success or compared.integrity != integrity:
            fail("`{folder}/{file}` is not as its manifest says\n\nhint: bring back what was committed, as with `git checkout -- {folder}`, or write it again with `lre regen --out {folder}`".format(
                file = file,
                folder = located.folder,
            ))
    rctx.delete("compared")

leaf_repository = repository_rule(
    implementation = _leaf_repository_impl,
    doc = "Copies a toolchain's BUILD files after `lre check` found the folder as generated and its store roots present.",
    attrs = {
        "chooser": attr.string(
            doc = "The module whose tag named the manifest, for messages. There is no default.",
            mandatory = True,
        ),
        "flake_lock": attr.string(
            doc = "The lock file that is compared with the manifest's pin, below the root workspace. There is no default.",
            mandatory = True,
        ),
        "helper": attr.string(
            doc = """The path in the root module's `lre.helper` tag.

By default it is empty: `LRE_HELPER` or the published release is used.""",
        ),
        "input": attr.string(
            doc = "The flake input that is this module's repository. There is no default.",
            mandatory = True,
        ),
        "manifest": attr.label(
            doc = "The toolchain's `lre.json`. There is no default.",
            mandatory = True,
        ),
        "module_file": attr.string(
            doc = "The file that overrides this module, below the root workspace. There is no default.",
            mandatory = True,
        ),
        "on_missing": attr.string(
            doc = """What happens where the check finds something.

By default, `error`, the fetch fails. `warn` prints it; `remote_only` does not check this machine's store.""",
            default = "error",
            values = ["error", "warn", "remote_only"],
        ),
        "toolchain": attr.string(
            doc = "The toolchain's name. There is no default.",
            mandatory = True,
        ),
    },
)
