"""Whether the toolchains that this module registers come before the host's.

Bazel asks the toolchains of dependencies in the order of the root module's `bazel_dep`s, nearest first, and rules_cc
registers the host's compiler, which accepts every platform of the host's kind. If rules_cc came first, the host's
compiler would run on our platform, and so be sent to a worker.
"""

_HINT = """

hint: use one of
  move `bazel_dep(name = "{own}")` above `bazel_dep(name = "rules_cc")` in MODULE.bazel, then `bazel shutdown`
  common --repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1    in .bazelrc"""

def check_module_order(rctx, own):
    """Fails where the root module's `MODULE.bazel` puts rules_cc before this module.

    It reads the text as far as `bazel_dep` goes; a segment that `include()` names is not read. Where the host's compiler
    is not looked for, the order does not matter.

    Args:
      rctx: the repository context.
      own: the name of this module.
    """
    if rctx.getenv("BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN") == "1":
        return
    file = rctx.workspace_root.get_child("MODULE.bazel")
    rctx.watch(file)
    if not file.exists:
        return
    names = _dependencies(rctx.read(file, watch = "no"))
    if own in names and "rules_cc" in names and names.index("rules_cc") < names.index(own):
        fail("`register = True` has no effect: `MODULE.bazel` names `rules_cc`, which registers the host's compiler, before `{}`{}".format(
            own,
            _HINT.format(own = own),
        ))

def _dependencies(text):
    """The names in `bazel_dep(… name = "NAME" …)`, in their order."""
    lines = [line for line in text.split("\n") if not line.strip().startswith("#")]
    names = []
    for call in "\n".join(lines).split("bazel_dep(")[1:]:
        _, _, rest = call.partition(")")[0].partition("name")
        rest = rest.strip().removeprefix("=").strip()
        if rest and rest[0] in "\"'":
            names.append(rest[1:].partition(rest[0])[0])
    return names
