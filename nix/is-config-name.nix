# Whether `build:NAME` and `--config=NAME` are possible: text -> bool. Less than Bazel accepts: nothing that an rc file
# or a shell would interpret.
name: builtins.match "[A-Za-z0-9_.+][A-Za-z0-9_.+-]*" name != null
