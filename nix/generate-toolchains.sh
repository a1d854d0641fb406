# The start of `generate-toolchains`; a line for each toolchain follows. `lre` refuses a folder that it did not write.
# shellcheck shell=sh disable=SC2016  # messages quote with backticks
set -eu

workspace=$(pwd)
until [ -f "$workspace/MODULE.bazel" ]; do
  if [ -z "$workspace" ]; then
    printf 'error: no Bazel workspace around `%s`: no folder has a `MODULE.bazel`\n' "$(pwd)" >&2
    exit 2
  fi
  workspace=${workspace%/*}
done
cd "$workspace/"

