"""The hub: what every build may ask about the toolchains, without a check of any of them."""

def _hub_repository_impl(rctx):
    properties = {}
    for label, name in rctx.attr.manifests.items():
        manifest = json.decode(rctx.read(rctx.path(label)))
        properties[name] = manifest["image"]["execProperties"]
    rctx.file("BUILD.bazel", "")
    rctx.file("properties.bzl", '"""What each toolchain asks of a worker."""\n\nPROPERTIES = {}\n'.format(repr(properties)))

hub_repository = repository_rule(
    doc = "Defines `properties.bzl`: the execution properties of each toolchain, from its manifest.",
    implementation = _hub_repository_impl,
    attrs = {
        "manifests": attr.label_keyed_string_dict(doc = "Each toolchain's `lre.json`, and its name. Has no default.", mandatory = True),
    },
)
