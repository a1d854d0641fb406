"""`bazel run` of a command of `lre`."""

def _helper_command_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.file._helper, is_executable = True)
    return [DefaultInfo(executable = executable, runfiles = ctx.runfiles([ctx.file._helper]))]

helper_command = rule(
    doc = "Runs `lre` with `args` and then the arguments after `--`, in the folder where `bazel run` was called.",
    implementation = _helper_command_impl,
    attrs = {
        "_helper": attr.label(allow_single_file = True, default = "//helper:lre"),
    },
    executable = True,
)
