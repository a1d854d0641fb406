"""Finding the program `lre` where somebody named it."""

# Ways to name the program, for messages.
HELPER_HINT = """

hint: in a checkout of local-remote-execution, `cargo build --release --package lre` builds it as `target/release/lre`; then use one of
  echo "common --repo_env=LRE_HELPER=/path/to/lre" >>user.bazelrc    if `.bazelrc` imports that, as `lre init` has it
  lre.helper(path = "/path/to/lre")    in MODULE.bazel
  --repo_env=LRE_HELPER=/path/to/lre    on the command line
or build remotely only, without it and without a local toolchain:
  --repo_env=LRE_LOCAL=off"""

_STORE = "/nix/store/"

def _watched(rctx, value, program):
    """What tells whether the program is another one: Bazel hashes a file that it watches, some 50 ms for this one.

    What a store path holds never changes: only whether its store root is there has to be watched.
    """
    name = value.removeprefix(_STORE).partition("/")[0]
    return rctx.path(_STORE + name) if value.startswith(_STORE) and name else program

def named_helper(rctx, path):
    """The program that the tag `lre.helper(path)`, or else `LRE_HELPER`, names; watched, present or absent.

    Args:
      rctx: the repository context.
      path: the path in the tag: absolute or below the root workspace, or empty where there is no tag.

    Returns:
      The program's path, or None where neither names one. Fails where what is named is no file.
    """
    variable = rctx.getenv("LRE_HELPER")
    if path:
        source = "`lre.helper(path = \"{}\")` in `MODULE.bazel`".format(path)
    elif variable:
        source = "`LRE_HELPER={}`".format(variable)
    else:
        return None
    value = path or variable
    if not value.startswith("/") and not path:
        fail("{} is no absolute path{}".format(source, HELPER_HINT))
    program = rctx.path(value) if value.startswith("/") else rctx.workspace_root.get_child(value)
    rctx.watch(_watched(rctx, value, program))
    if not program.exists or program.is_dir:
        fail("{} names no file{}".format(source, HELPER_HINT))
    return program
