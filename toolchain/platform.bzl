"""What generated `config/BUILD` files load."""

load("@lre_toolchains//:properties.bzl", "PROPERTIES")

def lre_platform(name, toolchain, exec_properties, constraint_values):
    """Defines the platform of a generated toolchain. It has no parents: nothing of the host leaks in.

    Args:
        name: the platform's name.
        toolchain: the toolchain's name. If the root module chose another manifest for it, that one's execution
            properties count, so that these labels follow.
        exec_properties: what a worker must offer, as the manifest beside the file says.
        constraint_values: the platform's constraints.
    """
    native.platform(
        name = name,
        constraint_values = constraint_values,
        exec_properties = PROPERTIES.get(toolchain, exec_properties),
    )
