#!/bin/bash
# fetch.sh FOLDER: downloads the Debian packages that toolchain.nix builds from.
#
# Runs on a Debian machine as root. The toolchain's packages come from Debian stable, which hardly moves: its store
# paths stay the same for months. BuildBox is only in the machine's own suite (unstable). What is there already is kept.
set -euo pipefail

STABLE=${LRE_STABLE_SUITE:-trixie}
folder=$(mkdir -p "$1" && cd "$1" && pwd)
apt=$folder/apt

fail() {
  printf 'fetch.sh: %s\n' "$1" >&2
  exit 1
}

# Registries hiccup; what was fetched before a failure is kept, so trying again is cheap.
patiently() {
  local what=$1 pause
  shift
  for pause in 2 10 30 0; do
    if "$@"; then return; fi
    [ "$pause" = 0 ] || { printf 'fetch.sh: %s: trying again in %s s\n' "$what" "$pause" >&2 && sleep "$pause"; }
  done
  fail "$what: gave up"
}

mirror() {
  if [ -n "${LRE_DEBIAN_MIRROR:-}" ]; then
    printf '%s\n' "$LRE_DEBIAN_MIRROR"
  else
    { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
      awk '($1 == "deb" || $1 == "URIs:") { for (i = 2; i <= NF; i++) if ($i ~ /:\/\/.*\/debian\/?$/) { print $i; exit } }'
  fi
}

# apt with nothing installed: a resolved list is a whole closure, whatever this machine has.
stable_options=(
  -o "Dir::Etc::sourcelist=$apt/stable.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
  -o "Dir::Cache=$apt/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root
)
machine_options=(-o Dir::State::status=/dev/null -o APT::Sandbox::User=root)

# closure OPTIONS… -- PACKAGE…: the names of the packages and of all that they need.
closure() {
  local options=()
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  apt-get "${options[@]}" -s install --no-install-recommends "$@" | awk '/^Inst / { print $2 }' | sort -u
}

# download FOLDER OPTIONS… -- PACKAGE…: '%' and '~' may not be in the name of a store path, and need not be.
download() {
  local target=$1 options=() name
  shift
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  mkdir -p "$target.partial"
  cd "$target.partial"
  patiently "download to $target" apt-get "${options[@]}" -qq download "$@"
  for name in *%* *~*; do
    if [ -e "$name" ]; then mv "$name" "$(printf '%s' "$name" | sed 's/%[0-9a-fA-F][0-9a-fA-F]/_/g; s/~/_/g')"; fi
  done
  cd "$folder"
  rm -rf "$target"
  mv "$target.partial" "$target"
}

# The programs that run the builds: static, so that they need nothing.
seed() {
  local from=$1 package
  rm -rf "$folder/seed.partial" "$folder/seed"
  mkdir -p "$folder/seed.partial/root"
  for package in "$from"/*.deb; do dpkg-deb --extract "$package" "$folder/seed.partial/root"; done
  cp "$(find "$folder/seed.partial/root" -path '*/bin/busybox' -type f)" "$folder/seed.partial/busybox"
  cp "$(find "$folder/seed.partial/root" -path '*/bin/bash-static' -type f)" "$folder/seed.partial/bash"
  rm -r "$folder/seed.partial/root"
  mv "$folder/seed.partial" "$folder/seed"
}

mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
mirror=$(mirror)
[ -n "$mirror" ] || fail "no Debian mirror in apt's sources; name one with LRE_DEBIAN_MIRROR"
printf 'deb %s %s main\n' "$mirror" "$STABLE" >"$apt/stable.list"
patiently "read the package lists of $STABLE" apt-get "${stable_options[@]}" update -qq
patiently "read this machine's package lists" apt-get update -qq

# `clang` depends on the version that the suite prefers; the parts without an unversioned name follow it.
version=$(apt-cache "${stable_options[@]}" depends clang | awk '/Depends: clang-/ { sub(/.*clang-/, ""); print; exit }')
[ -n "$version" ] || fail "cannot tell which clang \`clang\` of $STABLE stands for"
mapfile -t compiler < <(closure "${stable_options[@]}" -- clang lld llvm patchelf \
  "libc++-$version-dev" "libc++abi-$version-dev" "libclang-rt-$version-dev")
mapfile -t worker < <(closure "${machine_options[@]}" -- buildbox bubblewrap patchelf)
[ "${#compiler[@]}" -gt 10 ] || fail "cannot resolve the compiler's packages in $STABLE"
[ "${#worker[@]}" -gt 10 ] || fail "cannot resolve \`buildbox\`; is this machine's suite unstable?"

download "$folder/compiler" "${stable_options[@]}" -- "${compiler[@]}"
download "$folder/worker" "${machine_options[@]}" -- "${worker[@]}"
download "$folder/static" "${stable_options[@]}" -- busybox-static bash-static
seed "$folder/static"
rm -rf "$folder/static" "$apt"
(cd "$folder" && ls seed compiler worker) >"$folder/packages.txt"
