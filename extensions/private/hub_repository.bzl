"""The hub `@lre_toolchains`: what the root module chose, for the platforms that this module defines.

A toolchain that the root module adds needs nothing here: its own folder defines its platform.
"""

load("//extensions/private:manifest.bzl", "locate_manifest", "read_manifest")

_TEXT = '''"""The toolchains for which the root module chose a manifest, with what a platform takes from it."""

CHOSEN = {}
'''

def _hub_repository_impl(rctx):
    chosen = {}
    for label, name in rctx.attr.manifests.items():
        manifest = read_manifest(rctx, locate_manifest(rctx, label), name)
        chosen[name] = {
            "exec_properties": manifest["image"]["execProperties"],
            "system": manifest["exec"]["system"],
        }
    rctx.file("BUILD.bazel", "", executable = False)
    rctx.file("toolchains.bzl", _TEXT.format(json.encode_indent(chosen, indent = "    ")), executable = False)

hub_repository = repository_rule(
    implementation = _hub_repository_impl,
    doc = "Writes `toolchains.bzl` from the manifests that the root module chose. Cheap: it looks at no store.",
    attrs = {
        "manifests": attr.label_keyed_string_dict(
            doc = """From the manifest that the root module chose to the toolchain's name.

By default there is none, and every platform is as its BUILD file says.""",
        ),
    },
)
