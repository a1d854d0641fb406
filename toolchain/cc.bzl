"""What generated `cc/BUILD` files load."""

load("@rules_cc//cc:defs.bzl", "cc_toolchain")
load("@rules_cc//cc/private/toolchain:unix_cc_toolchain_config.bzl", "cc_toolchain_config")

_EMPTY = Label("//toolchain:empty")

def lre_cc_toolchain(name, **config):
    """Defines a C++ toolchain whose actions have no toolchain file as an input.

    Args:
        name: the `cc_toolchain`'s name.
        **config: attributes of rules_cc's `cc_toolchain_config`, all of them facts or absolute store paths.
    """
    cc_toolchain_config(
        name = name + "-config",
        **config
    )
    cc_toolchain(
        name = name,
        all_files = _EMPTY,
        ar_files = _EMPTY,
        as_files = _EMPTY,
        compiler_files = _EMPTY,
        dwp_files = _EMPTY,
        linker_files = _EMPTY,
        objcopy_files = _EMPTY,
        strip_files = _EMPTY,
        supports_param_files = True,
        toolchain_config = name + "-config",
        toolchain_identifier = config["toolchain_identifier"],
    )
