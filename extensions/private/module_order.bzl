"""Whether the toolchains that this module registers come before others of the same kind.

Bazel asks the toolchains of dependencies in the order of the root module's `bazel_dep`s, nearest first, and rules_cc and
rules_java register toolchains that accept every platform of the host's kind. If rules_cc came first, the host's compiler
would run on our platform, and so be sent to a worker.
"""

# By kind of toolchain: the module that registers others, what those are, and the variable, if there is one, that keeps
# it from that.
_RIVALS = {
    "cc": struct(module = "rules_cc", registers = "the host's compiler", off = "BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN"),
    "java": struct(module = "rules_java", registers = "JDKs of its own", off = None),
}

_MOVE = "move `bazel_dep(name = \"{own}\")` above `bazel_dep(name = \"{rival}\")` in MODULE.bazel, then `bazel shutdown`"

_OFF = """use one of
  {}
  common --repo_env={}=1    in .bazelrc"""

def check_module_order(rctx, own, kinds):
    """Fails where the root module's `MODULE.bazel` puts rules_cc or rules_java before this module.

    It reads statements that start a line, as formatters write them, also those of segments that `include()` names. Where
    the host's compiler is not looked for, the order of rules_cc does not matter.

    Args:
      rctx: the repository context.
      own: the name of this module.
      kinds: the kinds of the registered toolchains.
    """
    rivals = [rival for kind, rival in _RIVALS.items() if kind in kinds and not (rival.off and rctx.getenv(rival.off) == "1")]
    names = _dependencies(_statements(rctx)) if rivals else []
    if own not in names:
        return
    before = names[:names.index(own)]
    messages = [_message(own, rival) for rival in rivals if rival.module in before]
    if messages:
        fail("\n\n".join(messages))

def _message(own, rival):
    move = _MOVE.format(own = own, rival = rival.module)
    return "`register = True` has no effect: `MODULE.bazel` names `{}`, which registers {}, before `{}`\n\nhint: {}".format(
        rival.module,
        rival.registers,
        own,
        _OFF.format(move, rival.off) if rival.off else move,
    )

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
