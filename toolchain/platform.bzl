"""The execution platform that a generated `config/BUILD` defines."""

load("//toolchain:chosen.bzl", "chosen_constraints", "chosen_properties")

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
    native.platform(
        name = name,
        constraint_values = chosen_constraints(toolchain, "exec", constraint_values),
        exec_properties = chosen_properties(toolchain, exec_properties),
        **kwargs
    )
