"""What Bazel calls the systems of Nix."""

_CPUS = {
    "aarch64": Label("@platforms//cpu:aarch64"),
    "x86_64": Label("@platforms//cpu:x86_64"),
}

_SYSTEMS = {
    "darwin": Label("@platforms//os:macos"),
    "linux": Label("@platforms//os:linux"),
}

def constraints_of(system, where):
    """The constraints of a system.

    Args:
      system: the system as Nix writes it, such as `x86_64-linux`.
      where: where it is written, for the message.

    Returns:
      The labels of its processor and of its operating system. Fails where it is not supported.
    """
    cpu, _, name = system.partition("-")
    if cpu not in _CPUS or name not in _SYSTEMS:
        fail("{} names the system `{}`, which is not supported\n\nhint: supported are {}".format(
            where,
            system,
            ", ".join(["`{}-{}`".format(cpu, name) for cpu in _CPUS for name in _SYSTEMS]),
        ))
    return [_CPUS[cpu], _SYSTEMS[name]]
