"""The C++ toolchain that a generated `cc/BUILD` defines."""

load("@rules_cc//cc:defs.bzl", "cc_toolchain")

# The configuration that Bazel gives to a compiler of the host. rules_cc has no public name for it.
# buildifier: disable=bzl-visibility
load("@rules_cc//cc/private/toolchain:unix_cc_toolchain_config.bzl", "cc_toolchain_config")

_EMPTY = Label("//toolchain:empty")

def lre_cc_toolchain(name, toolchain_identifier, **config):
    """Defines a `cc_toolchain` of which no file is an action input.

    Every program and header is named by a store path, so a command line says all there is to say about the toolchain.

    Args:
      name: the name of the `cc_toolchain`.
      toolchain_identifier: what this toolchain is called in `--toolchain_resolution_debug` and in providers.
      **config: the other attributes of rules_cc's `cc_toolchain_config`, with its defaults.
    """
    cc_toolchain_config(
        name = name + "_config",
        tags = ["manual"],
        toolchain_identifier = toolchain_identifier,
        visibility = ["//visibility:private"],
        **config
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
        objcopy_files = _EMPTY,
        strip_files = _EMPTY,
        supports_param_files = True,
        tags = ["manual"],
        toolchain_config = name + "_config",
        toolchain_identifier = toolchain_identifier,
    )
