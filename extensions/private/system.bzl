"""What Nix calls this machine."""

_CPUS = {
    "amd64": "x86_64",
    "arm64": "aarch64",
}

_SYSTEMS = {
    "mac": "darwin",
}

def host_system(rctx):
    """The machine's system as Nix writes it, such as `x86_64-linux`.

    Args:
      rctx: the repository context.

    Returns:
      The system; for one that Nix does not know, what Bazel calls its parts.
    """
    name = rctx.os.name.split(" ")[0].lower()
    return "{}-{}".format(_CPUS.get(rctx.os.arch, rctx.os.arch), _SYSTEMS.get(name, name))
