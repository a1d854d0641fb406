"""The module extension: chooses a manifest for each toolchain and defines its repositories.

The root module decides. A toolchain that this module ships under the same name gives way to the root module's;
what other modules ask for is left out, so that a dependency never changes which compiler a build uses.
"""

load("//extensions/private:helper_repository.bzl", "helper_repository")
load("//extensions/private:hub_repository.bzl", "hub_repository")
load("//extensions/private:toolchain_repository.bzl", "toolchain_repository")

_SELF = "local-remote-execution"

_toolchain = tag_class(
    doc = "Names a generated toolchain.",
    attrs = {
        "manifest": attr.label(
            doc = "The `lre.json` that `lre regen` wrote; its folder holds the generated BUILD files. Has no default.",
            mandatory = True,
        ),
        "name": attr.string(
            doc = "What the toolchain is called: its repository is `@lre_<name>`. `cc` replaces the one that this " +
                  "module ships, so that its own labels follow. Has no default.",
            mandatory = True,
        ),
    },
)

_helper = tag_class(
    doc = "Says which `lre` checks the toolchains. Only the root module's counts.",
    attrs = {
        "path": attr.string(
            doc = "Absolute path of the binary; goes before `LRE_HELPER` and the published release. Has no default.",
            mandatory = True,
        ),
    },
)

def _lre_impl(mctx):
    helper = ""
    chosen = {}
    for module in mctx.modules:
        if not module.is_root and module.name != _SELF:
            continue
        for tag in module.tags.toolchain:
            # Modules come root first: what the root chose stays.
            if tag.name not in chosen:
                chosen[tag.name] = struct(manifest = tag.manifest, module = module.name or "the root module")
        if module.is_root:
            helpers = [tag.path for tag in module.tags.helper]
            if len(helpers) > 1:
                fail("`lre.helper` is there {} times, and one helper is enough: {}".format(len(helpers), ", ".join(helpers)))
            helper = helpers[0] if helpers else ""

    for name, toolchain in chosen.items():
        toolchain_repository(
            name = "lre_" + name,
            helper = helper,
            manifest = toolchain.manifest,
            module = toolchain.module,
        )
    hub_repository(
        name = "lre_toolchains",
        manifests = {str(toolchain.manifest): name for name, toolchain in chosen.items()},
    )
    helper_repository(name = "lre_helper", helper = helper)

    # Which repositories there are depends on tags alone; what is in them is checked when they are fetched.
    return mctx.extension_metadata(reproducible = True)

lre = module_extension(
    doc = "Defines `@lre_<name>` for each toolchain, checked while it is fetched.",
    implementation = _lre_impl,
    tag_classes = {
        "helper": _helper,
        "toolchain": _toolchain,
    },
)
