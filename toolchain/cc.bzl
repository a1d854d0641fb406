"""The C++ toolchain that a generated `cc/BUILD` defines."""

load("@rules_cc//cc:defs.bzl", "cc_toolchain")

# The configuration that Bazel gives to a compiler of the host. rules_cc has no public name for it.
# buildifier: disable=bzl-visibility
load("@rules_cc//cc/private/toolchain:unix_cc_toolchain_config.bzl", "cc_toolchain_config")
load("//toolchain:config.bzl", "DESCRIPTION", "lre_cc_toolchain_config")
load("//toolchain:module_map.bzl", "module_map")

_EMPTY = Label("//toolchain:empty")

# With a module map, Bazel makes it an input of every compile action.
_MODULE_MAPS = ["layering_check", "module_maps", "use_module_maps"]

def _with_module_maps(wanted, otherwise):
    """`wanted` where `--features` asks for module maps."""
    return select({
        Label("//toolchain:layering_check"): wanted,
        Label("//toolchain:module_maps"): wanted,
        "//conditions:default": otherwise,
    })

def lre_cc_toolchain(
        name,
        compiler,
        cxx_builtin_include_directories,
        tool_paths,
        toolchain_identifier,
        absent_features = [],
        **config):
    """Defines a `cc_toolchain` of which no file is an action input.

    Every program and header is named by a store path, so a command line says all there is to say about the toolchain.

    Args:
      name: the name of the `cc_toolchain`.
      compiler: `clang` or `gcc`.
      cxx_builtin_include_directories: absolute folders; a header below one of them is no input.
      tool_paths: absolute paths by the names that Bazel gives to the tools.
      toolchain_identifier: what this toolchain is called in `--toolchain_resolution_debug` and in providers.
      absent_features: features of rules_cc and Bazel that the compiler cannot serve; to ask for them has no effect.
      **config: the other attributes of rules_cc's `cc_toolchain_config`, with its defaults.
    """
    ours = {"tags": ["manual"], "visibility": ["//visibility:private"]}
    absent = absent_features
    headers = None
    if compiler == "clang":
        headers = _with_module_maps(name + "_headers", None)
        absent = _with_module_maps(absent_features, absent_features + _MODULE_MAPS)
        module_map(
            name = name + "_headers",
            directories = cxx_builtin_include_directories,
            **ours
        )

        # Modules of C++20 would make clang look for compiled ones.
        config["extra_flags_per_feature"] = {"use_module_maps": ["-Xclang", "-fno-cxx-modules"]}
    config |= {
        "compiler": compiler,
        "cxx_builtin_include_directories": cxx_builtin_include_directories,
        "tool_paths": tool_paths,
        "toolchain_identifier": toolchain_identifier,
    }
    cc_toolchain_config(
        name = name + "_rules_cc_config",
        **(config | ours)
    )
    lre_cc_toolchain_config(
        name = name + "_config",
        absent_features = absent,
        config = name + "_rules_cc_config",
        cxx_builtin_include_directories = cxx_builtin_include_directories,
        tool_paths = tool_paths,
        **({key: config[key] for key in DESCRIPTION if key in config} | ours)
    )
    cc_toolchain(
        name = name,
        all_files = _EMPTY,
        ar_files = _EMPTY,
        as_files = _EMPTY,
        compiler_files = _EMPTY,
        coverage_files = _EMPTY,
        dwp_files = _EMPTY,
        linker_files = _EMPTY,
        module_map = headers,
        objcopy_files = _EMPTY,
        strip_files = _EMPTY,
        supports_header_parsing = True,
        supports_param_files = True,
        tags = ["manual"],
        toolchain_config = name + "_config",
        toolchain_identifier = toolchain_identifier,
    )
