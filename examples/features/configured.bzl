"""Targets built with flags of their own, so that one build shows many configurations."""

_FLAGS = {
    "collect_code_coverage": attr.bool(),
    "compilation_mode": attr.string(values = ["dbg", "fastbuild", "opt"], default = "fastbuild"),
    "dynamic_mode": attr.string(values = ["default", "fully", "off"], default = "default"),
    "fdo_instrument": attr.string(),
    "fdo_optimize": attr.string(),
    "force_pic": attr.bool(),
}

def _configured_transition(settings, attributes):
    flags = {flag: getattr(attributes, flag) or None for flag in _FLAGS}
    flags["collect_code_coverage"] = attributes.collect_code_coverage
    flags["force_pic"] = attributes.force_pic
    features = settings["//command_line_option:features"] + attributes.toolchain_features
    filter = "^//" if attributes.collect_code_coverage else settings["//command_line_option:instrumentation_filter"]
    flags |= {"features": features, "instrumentation_filter": filter}
    return {"//command_line_option:" + flag: value for flag, value in flags.items()}

_configured = transition(
    implementation = _configured_transition,
    inputs = ["//command_line_option:features", "//command_line_option:instrumentation_filter"],
    outputs = ["//command_line_option:" + flag for flag in list(_FLAGS) + ["features", "instrumentation_filter"]],
)

def _binary_impl(ctx):
    actual = ctx.attr.actual[0][DefaultInfo]
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = program, target_file = actual.files_to_run.executable, is_executable = True)
    return [DefaultInfo(executable = program, files = depset([program]), runfiles = actual.default_runfiles)]

def _files_impl(ctx):
    return [DefaultInfo(files = ctx.attr.actual[0][DefaultInfo].files)]

def _output_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        arguments = [ctx.executable.actual.path, output.path],
        command = "$1 >$2",
        mnemonic = "Output",
        outputs = [output],
        tools = [ctx.attr.actual[0][DefaultInfo].files_to_run],
    )
    return [DefaultInfo(files = depset([output]))]

def _configured_rule(implementation, doc, executable = False, runs = False):
    return rule(
        implementation = implementation,
        attrs = dict(
            _FLAGS,
            toolchain_features = attr.string_list(doc = "The flag `--features`, which reaches other modules too."),
            actual = attr.label(
                cfg = _configured,
                doc = "What is built with these flags.",
                executable = runs,
                mandatory = True,
            ),
            _allowlist_function_transition = attr.label(
                default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            ),
        ),
        doc = doc + " as if Bazel had been called with these flags; all other flags stay as they are.",
        executable = executable,
    )

configured_binary = _configured_rule(_binary_impl, "Another target's program", executable = True)
configured_files = _configured_rule(_files_impl, "Another target's files")

# A program that loads libraries of the build finds them only from where it was linked.
configured_output = _configured_rule(_output_impl, "What another target's program prints", runs = True)
