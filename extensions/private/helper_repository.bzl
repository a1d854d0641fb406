"""`@lre_helper`: the binary `lre` for `bazel run`. Fetched only when something runs it."""

load(":find_helper.bzl", "find_helper")

def _helper_repository_impl(rctx):
    helper = find_helper(rctx, rctx.attr.helper, rctx.attr._release)
    if helper != rctx.path("lre"):
        rctx.symlink(helper, "lre")
    rctx.file("BUILD.bazel", 'exports_files(["lre"])\n')

helper_repository = repository_rule(
    doc = "Defines `@lre_helper//:lre`.",
    implementation = _helper_repository_impl,
    attrs = {
        "helper": attr.string(doc = "Path of `lre`. Empty: `LRE_HELPER`, then the published release."),
        "_release": attr.label(default = "//helper:release.json"),
    },
)
