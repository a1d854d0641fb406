"""The module map that `layering_check` needs: which headers belong to the toolchain itself."""

def _module_map_impl(ctx):
    # Bazel gives every target's module a `use` of the one with this name.
    lines = ["module \"crosstool\" [system] {"]
    for number, directory in enumerate(ctx.attr.directories):
        lines.append("  module \"{}\" {{ umbrella \"{}\" }}".format(number, directory))
    lines.append("}\n")
    module_map = ctx.actions.declare_file(ctx.label.name + ".modulemap")
    ctx.actions.write(module_map, "\n".join(lines))
    return [DefaultInfo(files = depset([module_map]))]

module_map = rule(
    implementation = _module_map_impl,
    attrs = {
        "directories": attr.string_list(
            doc = "Absolute folders. Every header below one of them belongs to the toolchain.",
        ),
    },
    doc = """Writes a module map that names folders.

Bazel's own configuration lists every header instead, a million bytes that each machine must have alike. Folders say the
same, and are known without looking at them.""",
)
