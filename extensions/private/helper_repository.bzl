"""The repository `@lre_helper`: the program `lre`, found and never compiled.

It is looked for in this order: the tag `lre.helper(path)`; the environment variable `LRE_HELPER`, which `lre bazelrc
--helper` writes; the published release that `helper/release.json` names.
"""

load("//extensions/private:helper.bzl", "HELPER_HINT", "named_helper")
load("//extensions/private:system.bzl", "host_system")

_HEXADECIMAL = "0123456789abcdef"

def _helper_repository_impl(rctx):
    rctx.file("BUILD.bazel", 'exports_files(["lre"])\n', executable = False)
    program = named_helper(rctx, rctx.attr.path)
    if program:
        # A link, not a copy: a program in the Nix store stays where its references are.
        rctx.symlink(program, "lre")
    else:
        _download(rctx)

def _download(rctx):
    release = json.decode(rctx.read(Label("//helper:release.json")))
    system = host_system(rctx)
    program = release["platforms"].get(system)
    if not program:
        fail(("`lre`, the program that checks toolchains, was not found: there is no `lre.helper` tag, `LRE_HELPER` is not set or empty, " +
              "and `helper/release.json` names no published release for `{}`{}").format(system, HELPER_HINT))
    sha256 = program.get("sha256", "")
    if len(sha256) != 64 or [digit for digit in sha256.elems() if digit not in _HEXADECIMAL] or not program.get("url"):
        # Without a hash Bazel would take whatever the server sends.
        fail("`helper/release.json` has no `url` with a `sha256` of 64 hexadecimal digits for `{}`{}".format(system, HELPER_HINT))
    downloaded = rctx.download(
        program["url"],
        allow_fail = True,
        executable = True,
        output = "lre",
        sha256 = sha256,
    )
    if not downloaded.success:
        fail("`lre` {} could not be downloaded from `{}`, or is not the program with the SHA-256 `{}` that `helper/release.json` names; the warning above says which{}".format(
            release["version"],
            program["url"],
            sha256,
            HELPER_HINT,
        ))

helper_repository = repository_rule(
    implementation = _helper_repository_impl,
    doc = "Makes the program `lre` the file `@lre_helper//:lre`.",
    attrs = {
        "path": attr.string(
            doc = """The path in the root module's `lre.helper` tag.

By default it is empty: `LRE_HELPER` or the published release is used.""",
        ),
    },
)
