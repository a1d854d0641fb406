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

    It reads statements that start a line, as formatters write them, also those of segments that `include()` names. Where
    the host's compiler is not looked for, the order does not matter.

    Args:
      rctx: the repository context.
      own: the name of this module.
    """
    if rctx.getenv("BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN") == "1":
        return
    names = _dependencies(_statements(rctx))
    if own in names and "rules_cc" in names and names.index("rules_cc") < names.index(own):
        fail("`register = True` has no effect: `MODULE.bazel` names `rules_cc`, which registers the host's compiler, before `{}`{}".format(
            own,
            _HINT.format(own = own),
        ))

# More than any module has; a cycle, which Bazel refuses, ends here too.
_SEGMENTS = 100

def _statements(rctx):
    """The lines of `MODULE.bazel` without comments and docstrings, with each `include()` replaced by its segment."""
    lines = ["include(\"//:MODULE.bazel\")"]
    for _ in range(_SEGMENTS):
        index = _index_of_include(lines)
        if index == None:
            break
        label = _first_text(lines[index].partition("(")[2])
        segment = _read_segment(rctx, label)
        lines = lines[:index] + segment + lines[index + 1:]
    return lines

def _index_of_include(lines):
    for index, line in enumerate(lines):
        if line.startswith("include("):
            return index
    return None

def _read_segment(rctx, label):
    package, _, name = label.removeprefix("//").partition(":")
    file = rctx.workspace_root.get_child(*(([package] if package else []) + [name]))
    rctx.watch(file)
    if not file.exists:
        return []
    code = "".join(rctx.read(file, watch = "no").split("\"\"\"")[::2])
    return [line for line in code.split("\n") if not line.strip().startswith("#")]

def _dependencies(lines):
    """The names in `bazel_dep(… name = "NAME" …)`, in their order."""
    names = []
    for call in "\n".join([""] + lines).split("\nbazel_dep(")[1:]:
        for argument in call.partition(")")[0].split(","):
            key, _, value = argument.partition("=")
            if key.strip() == "name":
                names.append(_first_text(value))
    return names

def _first_text(code):
    """The value of the first string literal."""
    for quote in ["\"", "'"]:
        if quote in code:
            return code.split(quote)[1]
    return ""
