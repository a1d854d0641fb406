# The start of `generate-toolchains`; the calls of `regen` follow.
# shellcheck shell=sh disable=SC2154,SC2016  # `lre` is set before; the messages quote with backticks
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

# regen KIND ENV FOLDER: writes the configuration of one toolchain; `lre` refuses a folder that it did not write.
regen() {
  if [ "$1" = cc ]; then
    "$lre" regen --env-json "$2" --out "$3"
  else
    "$lre" regen --kind "$1" --env-json "$2" --out "$3"
  fi
}

