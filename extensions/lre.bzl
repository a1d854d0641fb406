"""The module extension `lre`: which toolchains there are, and who checks them.

It defines, for each toolchain NAME, the leaf repository `@lre_NAME`, which is fetched, and so checked, only by a build
that selects the toolchain; the hub `@lre_toolchains`, which says what the root module chose; and `@lre_helper`, the
program that checks.

This module itself names one toolchain, `cc`, whose manifest is `//generated-cc:lre.json`. Only the root module may
choose another manifest for it, or name more toolchains: tags of all other modules have no effect, so that a dependency
cannot change the toolchain of a build.
"""

load("//extensions/private:helper_repository.bzl", "helper_repository")
load("//extensions/private:hub_repository.bzl", "hub_repository")
load("//extensions/private:leaf_repository.bzl", "leaf_repository")
load("//extensions/private:tags.bzl", "choose_helper", "choose_toolchains")

_OWN_MODULE = "local-remote-execution"

_toolchain = tag_class(
    doc = "Names a toolchain. Has an effect in the root module only.",
    attrs = {
        "manifest": attr.label(
            doc = """The `lre.json` that `lre regen` wrote, in the folder of its BUILD files.

There is no default. A folder of the root module needs no package around it, and is looked at only by a build that
selects the toolchain.""",
            mandatory = True,
        ),
        "name": attr.string(
            doc = """The toolchain's name, as given to `lre regen --name`: its repository is `@lre_NAME`.

There is no default. `cc` replaces the manifest of this module's own `cc`. A name may be given once;
`helper` and `toolchains` are taken.""",
            mandatory = True,
        ),
    },
)

_helper = tag_class(
    doc = "Names the program that checks the toolchains. Has an effect in the root module only, and at most once.",
    attrs = {
        "path": attr.string(
            doc = """The `lre` program: an absolute path, or one below the root workspace.

There is no default. It comes before `LRE_HELPER` and before the published release.""",
            mandatory = True,
        ),
    },
)

def _lre_impl(mctx):
    helper = choose_helper(mctx.modules)
    toolchains = choose_toolchains(mctx.modules, _OWN_MODULE)
    for toolchain in toolchains.values():
        leaf_repository(
            name = "lre_" + toolchain.name,
            chooser = toolchain.chooser,
            helper = helper,
            manifest = toolchain.manifest,
            toolchain = toolchain.name,
        )
    hub_repository(
        name = "lre_toolchains",
        manifests = {toolchain.manifest: toolchain.name for toolchain in toolchains.values() if toolchain.replaced},
    )
    helper_repository(
        name = "lre_helper",
        path = helper,
    )
    return _metadata(mctx, toolchains)

def _metadata(mctx, toolchains):
    """What `bazel mod tidy` writes into the root module's `use_repo`, and that no lockfile entry is needed."""
    direct = []
    dev = []
    for toolchain in toolchains.values():
        if toolchain.imported:
            (dev if mctx.is_dev_dependency(toolchain.tag) else direct).append("lre_" + toolchain.name)
    if mctx.modules[0].is_root and mctx.modules[0].name == _OWN_MODULE:
        direct.extend(["lre_helper", "lre_toolchains"])
    return mctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = direct,
        root_module_direct_dev_deps = dev,
    )

lre = module_extension(
    implementation = _lre_impl,
    doc = "Defines the repositories of the toolchains. Reads no file and no environment, so its result is the same everywhere.",
    tag_classes = {
        "helper": _helper,
        "toolchain": _toolchain,
    },
)
