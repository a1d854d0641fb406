"""What the manifest that the root module chose for a toolchain changes in the BUILD files that this module ships."""

load("@lre_manifests//:manifests.bzl", "CHOSEN")
load("//toolchain:constraints.bzl", "constraints_of")

def chosen_properties(toolchain, exec_properties):
    """What a worker must offer.

    Args:
      toolchain: the name of the toolchain in `lre.toolchain`.
      exec_properties: those of this module's own manifest.

    Returns:
      The chosen manifest's, or else `exec_properties`.
    """
    chosen = CHOSEN.get(toolchain)
    return chosen["exec_properties"] if chosen else exec_properties

def chosen_constraints(toolchain, role, constraint_values):
    """The constraints of a toolchain's execution or target platform.

    Args:
      toolchain: the name of the toolchain in `lre.toolchain`.
      role: `exec` or `target`.
      constraint_values: those of this module's own manifest.

    Returns:
      `constraint_values`, with those under `@platforms`, if there are any, replaced by those of the chosen manifest's
      system.
    """
    chosen = CHOSEN.get(toolchain)
    if not chosen or not constraint_values:
        return constraint_values
    own = [value for value in constraint_values if not value.startswith("@platforms//")]
    return own + constraints_of(chosen[role], "`{}` of the manifest of toolchain `{}`".format(role, toolchain))
