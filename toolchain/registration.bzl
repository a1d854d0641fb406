"""The `toolchain` that a generated `config/BUILD` defines, for `register_toolchains` and `--extra_toolchains`."""

load("//toolchain:chosen.bzl", "chosen_constraints")

def lre_registration(name, toolchain_name, exec_compatible_with = [], target_compatible_with = [], **kwargs):
    """Defines a `toolchain`.

    Where the root module chose another manifest for the toolchain, its systems are that manifest's: flags name
    `@local-remote-execution//generated-cc/config:cc-toolchain` whatever the manifest.

    Args:
      name: the name of the `toolchain`.
      toolchain_name: the name of the toolchain in `lre.toolchain`.
      exec_compatible_with: constraints; those under `@platforms` follow the manifest that the root module chose. By
        default there are none: the toolchain runs anywhere.
      target_compatible_with: likewise.
      **kwargs: other attributes of `toolchain`.
    """
    native.toolchain(
        name = name,
        exec_compatible_with = chosen_constraints(toolchain_name, "exec", exec_compatible_with),
        target_compatible_with = chosen_constraints(toolchain_name, "target", target_compatible_with),
        **kwargs
    )
