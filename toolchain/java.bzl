"""The Java toolchain that a generated `java/BUILD` defines."""

load("@rules_java//java:defs.bzl", "java_runtime")
load("@rules_java//toolchains:default_java_toolchain.bzl", "DEFAULT_TOOLCHAIN_CONFIGURATION", "default_java_toolchain")

# The oldest language of rules_java's own toolchains.
_OLDEST_LANGUAGE = 8

# The first `jar` that can be told the time in its files.
_JAR_DATE = 17

def lre_java_toolchain(name, java_home, version, shell = None, tools = {}):
    """Defines a `java_toolchain`, and its `java_runtime` as `runtime`, of which no file is an action input.

    Every program is named by a store path, so a command line says all there is to say about the JDK.

    Args:
      name: the name of the `java_toolchain`.
      java_home: the JDK: the store path of the folder that holds `bin/java`.
      version: the JDK's feature version, such as 17.
      shell: the store path of a bash, with which the tools are started.
      tools: store paths of `genclass`, `ijar`, `javabuilder` and `singlejar`, and, if there are, of `header_compiler` and
        `jacocorunner`: Bazel's own programs around the compiler. Without them they are those that rules_java downloads,
        and inputs of every action.
    """
    java_runtime(
        name = "runtime",
        java_home = java_home,
        tags = ["manual"],
        version = version,
    )
    languages = range(_OLDEST_LANGUAGE, version + 1)
    for language in languages:
        native.config_setting(
            name = "language_{}".format(language),
            values = {"java_language_version": str(language)},
            visibility = ["//visibility:private"],
        )

    # One toolchain serves all languages; `--java_language_version` and not the resolution of toolchains chooses one.
    language = select(
        {"language_{}".format(language): str(language) for language in languages} |
        {"//conditions:default": DEFAULT_TOOLCHAIN_CONFIGURATION["source_version"]},
    )
    default_java_toolchain(
        name = name,
        # rules_java's is a jar of all classes of the JDK, made by two actions, and an input of every compilation.
        bootclasspath = [],
        java_runtime = ":runtime",
        misc = DEFAULT_TOOLCHAIN_CONFIGURATION["misc"] + ["--system", java_home],
        source_version = language,
        tags = ["manual"],
        target_version = language,
        toolchain_definition = False,
        **(_tools(java_home, version, shell, tools) if tools else {})
    )

def _tools(java_home, version, shell, tools):
    """Defines a target for each tool; returns the attributes of `java_toolchain` that name them."""
    java = java_home + "/bin/java"
    for tool, words in {
        "header_compiler": [java] + DEFAULT_TOOLCHAIN_CONFIGURATION["turbine_jvm_opts"] + ["-jar"],
        "ijar": [],
        "javabuilder": [java] + DEFAULT_TOOLCHAIN_CONFIGURATION["jvm_opts"] + ["-jar"],
        "singlejar": [],
    }.items():
        if tool in tools:
            _tool(tool, _program, shell = shell, words = words + [tools[tool]])
    for tool, main_class in {
        "genclass": "com.google.devtools.build.buildjar.genclass.GenClass",
        "jacocorunner": "",
    }.items():
        if tool in tools:
            _tool(
                tool,
                _class_path,
                jar = java_home + "/bin/jar",
                main_class = main_class,
                options = ["--date=2010-01-01T00:00:00Z"] if version >= _JAR_DATE else [],
                path = tools[tool],
            )

    # It is for `proguard_specs`, and rules_java's is a Python program, whose analysis alone asks for a C++ toolchain.
    _tool(
        "proguard_allowlister",
        _program,
        shell = shell,
        words = [shell, "-c", "echo >&2 'the toolchain does not check `proguard_specs`'; exit 1"],
    )
    header_compiler = [":header_compiler"] if "header_compiler" in tools else []
    return {
        "forcibly_disable_header_compilation": not header_compiler,
        "genclass": [":genclass"],
        "header_compiler": header_compiler,
        "header_compiler_direct": header_compiler,
        "ijar": [":ijar"],
        "jacocorunner": ":jacocorunner" if "jacocorunner" in tools else None,
        "javabuilder": [":javabuilder"],
        "proguard_allowlister": ":proguard_allowlister",
        "singlejar": [":singlejar"],
    }

def _tool(name, rule, **kwargs):
    """Defines a target that `java_toolchain` takes for a program, and that has no runfiles.

    Bazel 7 does not end a build whose JavaBuilder has some, if it writes an expanded execution log: it crashes.
    """
    rule(
        name = name + "_file",
        tags = ["manual"],
        visibility = ["//visibility:private"],
        **kwargs
    )
    native.filegroup(
        name = name,
        srcs = [name + "_file"],
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )

def _program_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    words = " ".join(["'{}'".format(word.replace("'", "'\\''")) for word in ctx.attr.words])
    ctx.actions.write(
        content = "#!{}\nexec {} \"$@\"\n".format(ctx.attr.shell, words),
        is_executable = True,
        output = program,
    )
    return DefaultInfo(files = depset([program]))

_program = rule(
    implementation = _program_impl,
    doc = "A program of which the store path alone is an input: a script that starts it.",
    attrs = {
        "shell": attr.string(
            doc = "The store path of a bash. There is no default.",
            mandatory = True,
        ),
        "words": attr.string_list(
            doc = "The program and its first arguments. There is no default.",
            mandatory = True,
        ),
    },
)

def _class_path_impl(ctx):
    manifest = ctx.actions.declare_file(ctx.label.name + ".txt")
    jar = ctx.actions.declare_file(ctx.label.name + ".jar")

    # A line of a manifest has at most 72 bytes; it goes on after a space.
    line = "Class-Path: file:" + ctx.attr.path
    lines = [line[:72]] + [" " + line[start:start + 71] for start in range(72, len(line), 71)]
    if ctx.attr.main_class:
        lines.append("Main-Class: " + ctx.attr.main_class)
    ctx.actions.write(content = "\n".join(lines) + "\n", output = manifest)
    ctx.actions.run(
        arguments = ["--create", "--file=" + jar.path, "--manifest=" + manifest.path] + ctx.attr.options,
        executable = ctx.attr.jar,
        inputs = [manifest],
        mnemonic = "LreClassPath",
        outputs = [jar],
    )
    return DefaultInfo(files = depset([jar]))

_class_path = rule(
    implementation = _class_path_impl,
    doc = "A jar of which the store path alone is an input: one that holds nothing, and names it as its class path.",
    attrs = {
        "jar": attr.string(
            doc = "The store path of the program `jar`. There is no default.",
            mandatory = True,
        ),
        "main_class": attr.string(
            doc = """The class that `java -jar` starts.

By default there is none, and the jar is for class paths only.""",
        ),
        "options": attr.string_list(
            doc = """Further options of `jar`.

By default there are none.""",
        ),
        "path": attr.string(
            doc = "The store path of the jar. There is no default.",
            mandatory = True,
        ),
    },
)
