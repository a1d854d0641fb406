"""A leaf repository `@lre_NAME`: a toolchain that was checked on this machine.

Its files are those of the toolchain's folder, so two machines with the same folder have the same repository. Whether
there is one depends on this machine's store, so the rule never says that it is reproducible.
"""

load("//extensions/private:helper.bzl", "named_helper")
load("//extensions/private:manifest.bzl", "locate_manifest", "read_manifest")

# The packages that are toolchains. `config` is left out: there, `toolchain()` points here.
_FILES = ["cc/BUILD"]

# Bazel would take these for the generated files beside them; `lre check` reports them.
_SHADOWS = ["cc/BUILD.bazel", "config/BUILD.bazel"]

def _leaf_repository_impl(rctx):
    located = locate_manifest(rctx, rctx.attr.manifest)
    manifest = read_manifest(rctx, located, rctx.attr.toolchain)
    folder = located.file.dirname
    for file in list(manifest["files"]) + _SHADOWS:
        rctx.watch(folder.get_child(file))

    if rctx.getenv("LRE_LOCAL") == "off":
        # buildifier: disable=print
        print("`LRE_LOCAL=off`: toolchain `{}` is not looked for on this machine; build remotely only".format(rctx.attr.toolchain))
        _compare(rctx, located, manifest)
    else:
        # Present or absent: garbage collection and realisation are both noticed by the next build.
        for root in manifest["storeRoots"]:
            rctx.watch(root["path"])
        _check(rctx, located)

    for file in _FILES:
        rctx.file(file, rctx.read(folder.get_child(file), watch = "no"), executable = False)
    rctx.file("BUILD.bazel", "", executable = False)

def _compare(rctx, located, manifest):
    """Compares the generated files with the manifest where no helper need be: a machine without Nix has none."""
    for file, integrity in manifest["files"].items():
        url = "file://" + str(located.file.dirname.get_child(file)).replace("%", "%25").replace(" ", "%20")

        # Without the wanted hash: with it, Bazel would take a file of that hash from its cache and look no further.
        compared = rctx.download(url, allow_fail = True, output = "compared/" + file)
        if not compared.success or compared.integrity != integrity:
            fail("`{}/{}` is not as its manifest says\n\nhint: write it again with `lre regen --out {}`".format(
                located.folder,
                file,
                located.folder,
            ))
    rctx.delete("compared")

def _check(rctx, located):
    # A program that was named is not taken from `@lre_helper`: were it gone, `LRE_LOCAL=off` would fail because Bazel
    # looks at what the last fetch used. Only the published release lives there.
    helper = named_helper(rctx, rctx.attr.helper) or rctx.path(Label("@lre_helper//:lre"))

    # From the repository's own folder, so that messages name the toolchain's folder as its user does.
    result = rctx.execute([helper, "check", located.folder], working_directory = str(located.base))
    if result.return_code != 0:
        fail("repository `{}`, chosen by module `{}` with `{}`, cannot be used on this machine\n{}".format(
            "lre_" + rctx.attr.toolchain,
            rctx.attr.chooser,
            located.label,
            result.stderr or result.stdout or "`lre check` exited with {}".format(result.return_code),
        ))

leaf_repository = repository_rule(
    implementation = _leaf_repository_impl,
    doc = "Copies a toolchain's BUILD files after `lre check` found the folder as generated and its store roots present.",
    attrs = {
        "chooser": attr.string(
            doc = "The module whose tag named the manifest, for messages. There is no default.",
            mandatory = True,
        ),
        "helper": attr.string(
            doc = """The path in the root module's `lre.helper` tag.

By default it is empty: `LRE_HELPER` or the published release is used.""",
        ),
        "manifest": attr.label(
            doc = "The toolchain's `lre.json`. There is no default.",
            mandatory = True,
        ),
        "toolchain": attr.string(
            doc = "The toolchain's name. There is no default.",
            mandatory = True,
        ),
    },
)
