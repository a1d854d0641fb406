"""Takes apart what rules_cc's `cc_toolchain_config` makes, which has no way to leave a feature out."""

load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "action_config",
    "artifact_name_pattern",
    "env_entry",
    "env_set",
    "feature",
    "feature_set",
    "flag_group",
    "flag_set",
    "tool",
    "tool_path",
    "variable_with_value",
    "with_feature_set",
)

def config_parts(info):
    """The features, action configurations and artifact names of a `CcToolchainConfigInfo`.

    Args:
      info: the provider.

    Returns:
      A struct with the lists `features`, `action_configs` and `artifact_name_patterns`, or None if this Bazel does not
      tell them.
    """
    if hasattr(info, "_features_DO_NOT_USE"):
        # Since Bazel 9 the provider is rules_cc's, and has the very objects.
        return struct(
            action_configs = info._action_configs_DO_NOT_USE,
            artifact_name_patterns = info._artifact_name_patterns_DO_NOT_USE,
            features = info._features_DO_NOT_USE,
        )
    if hasattr(info, "proto"):
        fields = _parse(info.proto)
        return struct(
            action_configs = fields.get("action_config", []),
            artifact_name_patterns = fields.get("artifact_name_pattern", []),
            features = fields.get("feature", []),
        )
    return None

def _message(make, repeated = {}, single = {}, ignored = []):
    """How a message becomes an object: `make`'s parameters by field."""
    return struct(ignored = ignored, make = make, repeated = repeated, single = single)

_MESSAGES = {
    "action_config": _message(
        action_config,
        ignored = ["config_name"],
        repeated = {"flag_set": "flag_sets", "implies": "implies", "tool": "tools"},
        single = {"action_name": "action_name", "enabled": "enabled"},
    ),
    "artifact_name_pattern": _message(
        artifact_name_pattern,
        single = {"category_name": "category_name", "extension": "extension", "prefix": "prefix"},
    ),
    "env_entry": _message(
        env_entry,
        single = {"expand_if_all_available": "expand_if_available", "key": "key", "value": "value"},
    ),
    "env_set": _message(
        env_set,
        repeated = {"action": "actions", "env_entry": "env_entries", "with_feature": "with_features"},
    ),
    "expand_if_equal": _message(variable_with_value, single = {"value": "value", "variable": "name"}),
    "feature": _message(
        feature,
        repeated = {
            "env_set": "env_sets",
            "flag_set": "flag_sets",
            "implies": "implies",
            "provides": "provides",
            "requires": "requires",
        },
        single = {"enabled": "enabled", "name": "name"},
    ),
    "flag_group": _message(
        flag_group,
        repeated = {"flag": "flags", "flag_group": "flag_groups"},
        single = {
            "expand_if_all_available": "expand_if_available",
            "expand_if_equal": "expand_if_equal",
            "expand_if_false": "expand_if_false",
            "expand_if_none_available": "expand_if_not_available",
            "expand_if_true": "expand_if_true",
            "iterate_over": "iterate_over",
        },
    ),
    "flag_set": _message(
        flag_set,
        repeated = {"action": "actions", "flag_group": "flag_groups", "with_feature": "with_features"},
    ),
    "requires": _message(feature_set, repeated = {"feature": "features"}),
    "tool": _message(
        tool,
        ignored = ["tool_path_origin"],
        repeated = {"execution_requirement": "execution_requirements", "with_feature": "with_features"},
        single = {"tool_path": "path"},
    ),
    "tool_path": _message(tool_path, single = {"name": "name", "path": "path"}),
    "with_feature": _message(
        with_feature_set,
        repeated = {"feature": "features", "not_feature": "not_features"},
    ),
}

# Fields in which `%{` starts a variable.
_TEMPLATES = [("env_entry", "value"), ("flag_group", "flag")]

def _parse(text):
    """Reads a text proto as Bazel prints it: a line for each field, and messages from `NAME {` to `}`."""
    stack = [("", {})]
    for line in text.split("\n"):
        line = line.strip()
        if line.endswith(" {"):
            stack.append((line[:-2], {}))
        elif line == "}":
            name, fields = stack.pop()
            stack[-1][1].setdefault(name, []).append(_make(name, fields))
        elif line:
            name, _, text = line.partition(": ")
            value = _scalar(text)
            if (stack[-1][0], name) in _TEMPLATES:
                # The provider shows `%%` as the percent sign that it stands for.
                value = "%{".join([part.replace("%", "%%") for part in value.split("%{")])
            stack[-1][1].setdefault(name, []).append(value)
    return stack[0][1]

def _make(name, fields):
    message = _MESSAGES.get(name)
    if not message:
        fail("rules_cc's `cc_toolchain_config` has a message that this module does not know: `{}`".format(name))
    arguments = {}
    for field, values in fields.items():
        if field in message.repeated:
            arguments[message.repeated[field]] = values
        elif field in message.single and len(values) == 1:
            arguments[message.single[field]] = values[0]
        elif field not in message.ignored:
            fail("rules_cc's `cc_toolchain_config` has a `{}` with a field that this module does not know: `{}`".format(
                name,
                field,
            ))
    return message.make(**arguments)

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}

def _scalar(text):
    if not text.startswith("\""):
        return text == "true"

    # A doubled backslash is none that escapes.
    parts = text[1:-1].replace("\\\\", "\\\0").split("\\")
    plain = parts[0]
    for part in parts[1:]:
        first = part[0]
        if first.isdigit():
            # Starlark makes no character of a number.
            fail("a flag of the C++ toolchain has a character outside ASCII: {}".format(text))
        plain += ("\\" if first == "\0" else _ESCAPES.get(first, first)) + part[1:]
    return plain
