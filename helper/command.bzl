"""A subcommand of `lre` for `bazel run`."""

# `bazel run` starts programs among their runfiles; the folders in the arguments are those of the user.
_SCRIPT = """\
#!/bin/sh
lre=$0.runfiles/{path}
case $lre in /*) ;; *) lre=$PWD/$lre ;; esac
cd "${{BUILD_WORKING_DIRECTORY:-.}}" && exec "$lre" {verb}{toolchains}"$@"
"""

def _lre_command_impl(ctx):
    path = ctx.file._helper.short_path
    path = path[len("../"):] if path.startswith("../") else ctx.workspace_name + "/" + path
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        script,
        _SCRIPT.format(
            path = path,
            toolchains = "".join([
                "--toolchain '{}'=\"${{BUILD_WORKSPACE_DIRECTORY:-.}}\"/'{}' ".format(name, folder)
                for name, folder in ctx.attr.folders.items()
            ]),
            verb = ctx.attr.verb + " " if ctx.attr.verb else "",
        ),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles([ctx.file._helper]),
    )]

_lre_command = rule(
    implementation = _lre_command_impl,
    doc = "Runs `lre` in the folder in which `bazel run` was called, with the arguments after `--`.",
    attrs = {
        "folders": attr.string_dict(
            doc = """From toolchains' names to their folders below the workspace; the subcommand gets them as `--toolchain`.

By default there is none.""",
        ),
        "verb": attr.string(
            doc = "The subcommand. By default there is none, and the arguments start with it.",
        ),
        "_helper": attr.label(
            allow_single_file = True,
            default = Label("@lre_helper//:lre"),
        ),
    },
    executable = True,
)

def lre_command(name, **kwargs):
    """Defines a subcommand for `bazel run`, which no wildcard builds: the program is fetched only to run it.

    Args:
      name: the target's name.
      **kwargs: attributes of the rule: `verb` and `folders`, and those of every rule.
    """
    _lre_command(
        name = name,
        tags = ["manual"],
        **kwargs
    )
