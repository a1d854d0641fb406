"""The repository `@lre_manifests`: what the root module chose, for the `config/BUILD` files that this module ships.

A toolchain that the root module adds needs nothing here: its own folder defines its platform. It is apart from the hub,
which every build fetches, so that a build without the toolchain never looks for a manifest.
"""

load("//extensions/private:manifest.bzl", "locate_manifest", "read_manifest")

_TEXT = '''"""The toolchains for which the root module chose a manifest, with what their platforms and registrations take from it."""

CHOSEN = {}
'''

def _manifests_repository_impl(rctx):
    chosen = {}
    for name, label in rctx.attr.manifests.items():
        manifest = read_manifest(rctx, locate_manifest(rctx, label), name)
        chosen[name] = {
            "exec": manifest["exec"]["system"],
            "exec_properties": manifest["image"]["execProperties"],
            "target": manifest["target"]["system"],
        }
    rctx.file("BUILD.bazel", "", executable = False)
    rctx.file("manifests.bzl", _TEXT.format(json.encode_indent(chosen, indent = "    ")), executable = False)

manifests_repository = repository_rule(
    implementation = _manifests_repository_impl,
    doc = "Writes `manifests.bzl` from the manifests that the root module chose. Cheap: it looks at no store.",
    attrs = {
        "manifests": attr.string_keyed_label_dict(
            doc = """From the toolchain's name to the manifest that the root module chose.

By default there is none, and every platform is as its BUILD file says.""",
        ),
    },
)
