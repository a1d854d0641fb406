"""The module extension `lre`: which toolchains there are, and who checks them.

It defines, for each toolchain NAME, the leaf repository `@lre_NAME`, which is fetched, and so checked, only by a build
that selects the toolchain; the hub `@lre_toolchains`, with the toolchains and the platforms that the root module
registers; `@lre_manifests`, which says what it chose; and `@lre_helper`, the program that checks.

This module itself names two toolchains: `cc`, whose manifest is `//generated-cc:lre.json`, and `java`, of
`//generated-java:lre.json`. Only the root module may choose another manifest for them, or name more toolchains: tags of
all other modules have no effect, so that a dependency cannot change the toolchain of a build.
"""

load("//extensions/private:helper_repository.bzl", "helper_repository")
load("//extensions/private:hub_repository.bzl", "hub_repository")
load("//extensions/private:ignored_repository.bzl", "ignored_repository")
load("//extensions/private:leaf_repository.bzl", "leaf_repository")
load("//extensions/private:manifests_repository.bzl", "manifests_repository")
load("//extensions/private:tags.bzl", "choose_helper", "choose_pin", "choose_toolchains", "ignored_tags")

_OWN_MODULE = "local-remote-execution"

_toolchain = tag_class(
    doc = "Names a toolchain. Has an effect in the root module only.",
    attrs = {
        "manifest": attr.label(
            doc = """The `lre.json` that `lre regen` wrote, in the folder of its BUILD files.

By default it is the published one in this module, which there is for `cc` and `java`. A folder of the root module needs no
package around it, and is looked at only by a build that selects the toolchain.""",
        ),
        "name": attr.string(
            doc = """The toolchain's name, as given to `lre regen --name`: its repository is `@lre_NAME`.

There is no default. `cc` and `java` replace the manifest of this module's own toolchain. A name may be given once;
`helper`, `manifests` and `toolchains` are taken.""",
            mandatory = True,
        ),
        "on_missing": attr.string(
            doc = """What happens to a build on a machine that does not have the toolchain.

By default, `error`, it stops with what `lre check` found. `warn` prints the same and goes on. `remote_only` does not
look at this machine's store, says so in one line, and is for machines that only build remotely. In every mode a file
that is not as its manifest says is an error. `LRE_LOCAL=off` in the environment is `remote_only` whatever this says.""",
            default = "error",
            values = ["error", "warn", "remote_only"],
        ),
        "register": attr.bool(
            doc = """Whether every build uses the toolchain, without a flag.

By default it does not: flags such as those of `lre bazelrc` select it. Registered toolchains come in the order of their
tags, after what the root module registers itself; the root module names this module before rules_cc, which registers the
host's compiler, and before rules_java, which registers JDKs. The target platform stays what it is, so a client of another system also needs `--platforms`.""",
            default = False,
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

_pin = tag_class(
    doc = """Names the files that pin this module and the toolchain beside Bazel. Has an effect in the root module only, and
at most once. Without it, its defaults count, as far as the files are there.""",
    attrs = {
        "flake_lock": attr.string(
            doc = """The flake's lock file: a path below the root workspace. No BUILD file is needed beside it.

By default `flake.lock`, if it is there. A file that is named otherwise has to be there.""",
            default = "flake.lock",
        ),
        "input": attr.string(
            doc = """The name of the flake input that is this module's repository.

By default `local-remote-execution`. Where the flake has no such input, the commit that `MODULE.bazel` takes this module
from is compared with nothing.""",
            default = "local-remote-execution",
        ),
        "module_file": attr.string(
            doc = """The file that overrides this module: a path below the root workspace.

By default `MODULE.bazel`. Segments that it includes are read too.""",
            default = "MODULE.bazel",
        ),
    },
)

def _lre_impl(mctx):
    helper = choose_helper(mctx.modules)
    pin = choose_pin(mctx.modules)
    toolchains = choose_toolchains(mctx.modules, _OWN_MODULE)
    for toolchain in toolchains.values():
        leaf_repository(
            name = "lre_" + toolchain.name,
            chooser = toolchain.chooser,
            flake_lock = pin.flake_lock,
            helper = helper,
            input = pin.input,
            manifest = toolchain.manifest,
            module_file = pin.module_file,
            on_missing = toolchain.on_missing,
            toolchain = toolchain.name,
        )
    registered = [toolchain for toolchain in toolchains.values() if toolchain.register]
    hub_repository(
        name = "lre_toolchains",
        after_root = "" if _is_root(mctx) else _OWN_MODULE,
        configs = {toolchain.name: toolchain.config for toolchain in registered},
        folders = {
            toolchain.name: toolchain.manifest.package or "."
            for toolchain in toolchains.values()
            if not toolchain.manifest.repo_name
        },
        manifests = {toolchain.name: toolchain.manifest for toolchain in registered},
    )
    manifests_repository(
        name = "lre_manifests",
        manifests = {toolchain.name: toolchain.manifest for toolchain in toolchains.values() if toolchain.replaced},
    )
    helper_repository(
        name = "lre_helper",
        path = helper,
    )

    ignored = ignored_tags(mctx.modules, _OWN_MODULE)
    if ignored.said:
        # buildifier: disable=print
        print(ignored.said)
    for name, module in ignored.toolchains.items():
        if name not in toolchains:
            ignored_repository(
                name = "lre_" + name,
                module = module,
                toolchain = name,
            )
    return _metadata(mctx, toolchains)

def _metadata(mctx, toolchains):
    """What `bazel mod tidy` writes into the root module's `use_repo`, and that no lockfile entry is needed."""
    direct = []
    dev = []
    for toolchain in toolchains.values():
        if toolchain.imported:
            (dev if mctx.is_dev_dependency(toolchain.tag) else direct).append("lre_" + toolchain.name)
    if _is_root(mctx):
        direct.extend(["lre_helper", "lre_manifests", "lre_toolchains"])
    return mctx.extension_metadata(
        reproducible = True,
        root_module_direct_deps = direct,
        root_module_direct_dev_deps = dev,
    )

def _is_root(mctx):
    return mctx.modules[0].is_root and mctx.modules[0].name == _OWN_MODULE

lre = module_extension(
    implementation = _lre_impl,
    doc = "Defines the repositories of the toolchains. Reads no file and no environment, so its result is the same everywhere.",
    tag_classes = {
        "helper": _helper,
        "pin": _pin,
        "toolchain": _toolchain,
    },
)
