"""The execution platform that a generated `config/BUILD` defines."""

load("@lre_manifests//:manifests.bzl", "CHOSEN")
load("//toolchain:constraints.bzl", "constraints_of")

def lre_platform(name, toolchain, constraint_values, exec_properties, **kwargs):
    """Defines a platform without parents, so that nothing of the host is part of it.

    Where the root module chose another manifest for the toolchain, the platform is that manifest's: flags name
    `@local-remote-execution//generated-cc/config:platform` whatever the manifest.

    Args:
      name: the name of the `platform`.
      toolchain: the name of the toolchain in `lre.toolchain`.
      constraint_values: the constraints; those under `@platforms` follow the manifest that the root module chose.
      exec_properties: what a worker must offer, unless the root module chose another manifest.
      **kwargs: other attributes of every rule, such as `visibility`.
    """
    chosen = CHOSEN.get(toolchain)
    if chosen:
        exec_properties = chosen["exec_properties"]
        constraint_values = [value for value in constraint_values if not value.startswith("@platforms//")]
        constraint_values.extend(constraints_of(chosen["system"], "the manifest of toolchain `{}`".format(toolchain)))
    native.platform(
        name = name,
        constraint_values = constraint_values,
        exec_properties = exec_properties,
        **kwargs
    )
