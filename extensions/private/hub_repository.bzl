"""The hub `@lre_toolchains`: the toolchains that the root module registers, and their platforms.

This module's `MODULE.bazel` passes both packages to `register_toolchains` and `register_execution_platforms`, so every
build fetches the hub. Both are empty unless a tag says `register = True`, the hub reads the manifests of those toolchains alone, and
names their leaf repositories without fetching them. `folders.bzl` says what `bazel run …//helper:regen` writes and
`…:doctor` examines.
"""

load("//extensions/private:manifest.bzl", "kind_of", "locate_manifest", "read_manifest")
load("//extensions/private:module_order.bzl", "check_module_order")
load("//toolchain:constraints.bzl", "constraints_of")

_TOOLCHAIN = """
toolchain(
    name = "{target}",
    exec_compatible_with = {exec},
    target_compatible_with = {target_constraints},
    toolchain = "@lre_{name}//{toolchain}",
    toolchain_type = "@bazel_tools//tools/{type}",
)
"""

# As in `config/BUILD`: the target in the leaf for each type of toolchain.
_TYPES = {
    "cc": {"cpp:toolchain_type": "cc"},
    "java": {
        "jdk:bootstrap_runtime_toolchain_type": "java:runtime",
        "jdk:runtime_toolchain_type": "java:runtime",
        "jdk:toolchain_type": "java",
    },
}

# A wildcard finds no alias: the platform is one of its own, which takes all that it has from the toolchain's folder.
_PLATFORM = """
platform(
    name = "{target}",
    parents = ["{config}:platform"],
)
"""

_FOLDERS = '''"""The toolchains whose manifests are in the root workspace, with their folders."""

FOLDERS = {}
'''

def _hub_repository_impl(rctx):
    toolchains = ""
    platforms = ""
    kinds = []
    for index, (name, label) in enumerate(rctx.attr.manifests.items()):
        located = locate_manifest(rctx, label)
        manifest = read_manifest(rctx, located, name)
        config = rctx.attr.configs[name]
        kinds.append(kind_of(manifest))

        # A wildcard goes by name, and the tags' order counts.
        target = "{}_{}".format(("00" + str(index))[-3:], name)
        own = ["{}:lre-{}".format(config, name)]
        for type, toolchain in _TYPES[kind_of(manifest)].items():
            on_exec = own + _constraints(located, manifest, "exec")
            toolchains += _TOOLCHAIN.format(
                name = name,
                # A runtime is for the platform that it is on. What Java compiles runs on any.
                exec = [] if type == "jdk:runtime_toolchain_type" else on_exec,
                target = target + ("_" + type.partition(":")[2] if kind_of(manifest) == "java" else ""),
                target_constraints = {
                    "cpp:toolchain_type": _constraints(located, manifest, "target"),
                    "jdk:runtime_toolchain_type": on_exec,
                }.get(type, []),
                toolchain = toolchain,
                type = type,
            )
        platforms += _PLATFORM.format(config = config, target = target)
    if rctx.attr.after_root:
        check_module_order(rctx, rctx.attr.after_root, kinds)
    rctx.file("BUILD.bazel", "", executable = False)
    rctx.file("folders.bzl", _FOLDERS.format(json.encode_indent(rctx.attr.folders, indent = "    ")), executable = False)
    rctx.file("toolchains/BUILD.bazel", '"""What `register = True` registers."""\n' + toolchains, executable = False)
    rctx.file("platforms/BUILD.bazel", '"""What `register = True` registers."""\n' + platforms, executable = False)

def _constraints(located, manifest, role):
    return [str(label) for label in constraints_of(manifest[role]["system"], "`{}` of `{}`".format(role, located.label))]

hub_repository = repository_rule(
    implementation = _hub_repository_impl,
    doc = "Writes the packages `toolchains` and `platforms`. Cheap: it looks at no store.",
    attrs = {
        "after_root": attr.string(
            doc = """This module's name in the root module's `MODULE.bazel`.

By default it is empty: this module is the root module, and what it registers comes before all else.""",
        ),
        "configs": attr.string_dict(
            doc = "From each name in `manifests` to the package of its platform and its constraint, as a canonical label.",
        ),
        "folders": attr.string_dict(
            doc = """From the name of each toolchain whose manifest is in the root workspace to its folder there.

By default there is none.""",
        ),
        "manifests": attr.string_keyed_label_dict(
            doc = """From a registered toolchain's name to its manifest, in order of preference.

By default there is none, and both packages are empty.""",
        ),
    },
)
