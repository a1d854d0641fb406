"""A repository `@lre_NAME` that only a dependency's tag names.

Bazel refuses a `use_repo` of a repository that the extension does not define, in every module. So it is defined, and
refuses to be fetched.
"""

def _ignored_repository_impl(rctx):
    fail(("module `{}` names the toolchain `{}`, and only the root module may\n\nhint: add to the root module's `MODULE.bazel`\n" +
          "  lre = use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\n" +
          "  lre.toolchain(name = \"{}\", manifest = …)").format(rctx.attr.module, rctx.attr.toolchain, rctx.attr.toolchain))

ignored_repository = repository_rule(
    implementation = _ignored_repository_impl,
    doc = "Fails, and says whose tag has no effect.",
    attrs = {
        "module": attr.string(
            doc = "The module whose tag names the toolchain. There is no default.",
            mandatory = True,
        ),
        "toolchain": attr.string(
            doc = "The toolchain's name. There is no default.",
            mandatory = True,
        ),
    },
)
