"""The repository `@lre_helper`: the program `lre`, found and never compiled.

It is looked for in this order: the tag `lre.helper(path)`; the environment variable `LRE_HELPER`, which `lre bazelrc
--helper` writes; the published release that `helper/release.json` names.
"""

load("//extensions/private:helper.bzl", "HELPER_HINT", "named_helper")

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
    system = "{}-{}".format(
        {"amd64": "x86_64", "arm64": "aarch64"}.get(rctx.os.arch, rctx.os.arch),
        {"mac os x": "darwin"}.get(rctx.os.name, rctx.os.name),
    )
    program = release["platforms"].get(system)
    if not program:
        fail(("`lre`, the program that checks toolchains, was not found: there is no `lre.helper` tag, `LRE_HELPER` is not set, " +
              "and `helper/release.json` names no published release for `{}`{}").format(system, HELPER_HINT))
    rctx.download(
        program["url"],
        executable = True,
        output = "lre",
        sha256 = program["sha256"],
    )

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
