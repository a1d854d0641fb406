"""The configuration of the C++ toolchain: rules_cc's, without what the compiler cannot serve."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "action_config", "feature", "flag_group", "flag_set", "tool", "tool_path")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/toolchains:cc_toolchain_config_info.bzl", "CcToolchainConfigInfo")
load("//toolchain:config_info.bzl", "config_parts")

# What `cc_toolchain_config` and `create_cc_toolchain_config_info` say alike of a toolchain, but for `cpu`.
DESCRIPTION = [
    "abi_libc_version",
    "abi_version",
    "builtin_sysroot",
    "compiler",
    "cpu",
    "host_system_name",
    "target_libc",
    "target_system_name",
    "toolchain_identifier",
]

# With these a header is compiled to an object without code. With rules_cc's `-fsyntax-only` the compiler would write no
# file at all, and Bazel expects one; rules_cc wraps the compiler in a script, which would be an input of every action.
_HEADER_FLAGS = ["-xc++-header", "-Xclang", "-emit-obj"]

def _parse_headers(compiler):
    return action_config(
        action_name = ACTION_NAMES.cpp_header_parsing,
        flag_sets = [flag_set(flag_groups = [flag_group(flags = _HEADER_FLAGS)])],
        implies = [
            "legacy_compile_flags",
            "user_compile_flags",
            "sysroot",
            "unfiltered_compile_flags",
            "compiler_input_flags",
            "compiler_output_flags",
        ],
        tools = [tool(path = compiler)],
    )

# A flag of GCC that clang warns of. Newer versions of rules_cc give it to GCC alone.
_GCC_PROFILE_FLAG = "-fprofile-correction"

def _without_gcc_flag(group):
    if _GCC_PROFILE_FLAG not in group.flags:
        return group
    return flag_group(
        expand_if_available = group.expand_if_available,
        expand_if_equal = group.expand_if_equal,
        expand_if_false = group.expand_if_false,
        expand_if_not_available = group.expand_if_not_available,
        expand_if_true = group.expand_if_true,
        flag_groups = group.flag_groups,
        flags = [flag for flag in group.flags if flag != _GCC_PROFILE_FLAG],
        iterate_over = group.iterate_over,
    )

def _for_clang(rules_ccs):
    return feature(
        name = rules_ccs.name,
        enabled = rules_ccs.enabled,
        env_sets = rules_ccs.env_sets,
        flag_sets = [flag_set(
            actions = flags.actions,
            flag_groups = [_without_gcc_flag(group) for group in flags.flag_groups if group.flags != [_GCC_PROFILE_FLAG]],
            with_features = flags.with_features,
        ) for flags in rules_ccs.flag_sets],
        implies = rules_ccs.implies,
        provides = rules_ccs.provides,
        requires = rules_ccs.requires,
    )

def _lre_cc_toolchain_config_impl(ctx):
    info = ctx.attr.config[CcToolchainConfigInfo]
    parts = config_parts(info)
    if not parts:
        return [info]
    features = {feature.name: feature for feature in parts.features if feature.name not in ctx.attr.absent_features}
    action_configs = {config.action_name: config for config in parts.action_configs}

    # Bazel's own features are among them: another set would bring the absent ones back.
    features["no_legacy_features"] = feature(name = "no_legacy_features")
    if ctx.attr.compiler == "clang":
        for name in ["autofdo", "cs_fdo_optimize", "fdo_optimize"]:
            if name in features:
                features[name] = _for_clang(features[name])
    if ctx.attr.compiler == "clang" and "parse_headers" not in ctx.attr.absent_features:
        features["parse_headers"] = feature(name = "parse_headers")
        action_configs[ACTION_NAMES.cpp_header_parsing] = _parse_headers(ctx.attr.tool_paths["gcc"])
    description = {name: getattr(ctx.attr, name) for name in DESCRIPTION if name != "cpu"}
    return [cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        action_configs = action_configs.values(),
        artifact_name_patterns = parts.artifact_name_patterns,
        cxx_builtin_include_directories = ctx.attr.cxx_builtin_include_directories,
        features = features.values(),
        target_cpu = ctx.attr.cpu,
        tool_paths = [tool_path(name = name, path = path) for name, path in ctx.attr.tool_paths.items()],
        **description
    )]

lre_cc_toolchain_config = rule(
    implementation = _lre_cc_toolchain_config_impl,
    attrs = dict(
        {name: attr.string() for name in DESCRIPTION},
        absent_features = attr.string_list(doc = "Features that the compiler cannot serve; unknown ones are no error."),
        config = attr.label(mandatory = True, doc = "rules_cc's `cc_toolchain_config` with the same attributes."),
        cxx_builtin_include_directories = attr.string_list(),
        tool_paths = attr.string_dict(),
    ),
    doc = "rules_cc's configuration, whose features all need no file and can all be served.",
    provides = [CcToolchainConfigInfo],
)
