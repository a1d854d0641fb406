#!/bin/bash
# fetch.sh FOLDER: downloads the Debian packages that toolchain.nix builds from.
#
# Runs on a Debian machine of any suite, as root. The toolchain's packages come from Debian stable, which hardly moves: its
# store paths stay the same for months. Only unstable has BuildBox and Bazel's Java tools. A file that is there already, with
# the right hash, is not fetched again, also after an interruption.
#
# LRE_STABLE_SUITE, LRE_UNSTABLE_SUITE and LRE_DEBIAN_MIRROR name other suites and another mirror.
set -euo pipefail

fail() {
  printf 'fetch.sh: %s\n' "$1" >&2
  exit 1
}

[ $# = 1 ] || fail "usage: fetch.sh FOLDER"
stable=${LRE_STABLE_SUITE:-trixie}
unstable=${LRE_UNSTABLE_SUITE:-sid}
folder=$(mkdir -p "$1" && cd "$1" && pwd)
apt=$folder/apt

# patiently WHAT COMMAND…: registries hiccup; what was fetched before a failure is kept, so trying again is cheap.
patiently() {
  local what=$1 pause
  shift
  for pause in 2 10 30 0; do
    if "$@"; then return; fi
    [ "$pause" = 0 ] || { printf 'fetch.sh: %s: trying again in %s s\n' "$what" "$pause" >&2 && sleep "$pause"; }
  done
  fail "cannot $what"
}

# Where the machine's Debian packages come from; not those of the security archive, which has its own layout.
mirror() {
  [ -z "${LRE_DEBIAN_MIRROR:-}" ] || { printf '%s\n' "$LRE_DEBIAN_MIRROR" && return; }
  # shellcheck disable=SC2016  # apt's own variable
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p
}

# installed NAME…: a status file for apt in which nothing but these packages is installed, in every version.
installed() {
  printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: 999\nMaintainer: none\n\n' "$@"
}

# closure APT -- PACKAGE…: the names of the packages and of all that they need. No package of this machine counts as
# installed, so the list is whole whatever the machine has.
closure() {
  local -n options=$1
  shift 2
  apt-get "${options[@]}" -s install --no-install-recommends "$@" | awk '/^Inst / { print $2 }' | sort -u
}

# download TARGET APT -- PACKAGE…: apt takes a file that is in the current folder, if its hash is right.
download() {
  local target=$1 file wanted
  local -n options=$2
  shift 3
  mkdir -p "$target.partial"
  for file in "$target"/*.deb; do [ ! -e "$file" ] || ln -f "$file" "$target.partial"; done
  cd "$target.partial"
  patiently "download the packages of \`$target\`" apt-get "${options[@]}" -qq download "$@"
  cd "$apt"
  wanted=$(apt-get "${options[@]}" -qq --print-uris download "$@" | awk '{ print $2 }')
  for file in "$target.partial"/*; do
    grep -qxF "${file##*/}" <<<"$wanted" || rm "$file"
  done
  rm -rf "$target"
  mv "$target.partial" "$target"
}

# seed FROM: the programs that run the builds. Static ones, so that they need nothing.
seed() {
  local from=$1 package new=$folder/seed.partial
  rm -rf "$new"
  mkdir -p "$new/root"
  for package in "$from"/*.deb; do dpkg-deb --extract "$package" "$new/root"; done
  cp "$(find "$new/root" -path '*/bin/busybox' -type f)" "$new/busybox"
  cp "$(find "$new/root" -path '*/bin/bash-static' -type f)" "$new/bash"
  rm -r "$new/root"
  rm -rf "$folder/seed"
  mv "$new" "$folder/seed"
}

rm -rf "$apt"
mkdir -p "$apt"
patiently "read this machine's package lists" apt-get update -qq
mirror=$(mirror)
[ -n "$mirror" ] || fail "no Debian mirror among apt's sources; name one with \`LRE_DEBIAN_MIRROR\`"
for suite in stable unstable; do
  mkdir -p "$apt/$suite-lists/partial"
  printf 'deb %s %s main\n' "$mirror" "${!suite}" >"$apt/$suite.list"
done

# Packages that clang, the JDK and BuildBox ask for and no build here uses; what only they need is not fetched either.
installed binutils ca-certificates-java libc6-i386 lib32gcc-s1 lib32stdc++6 >"$apt/stable.status"
: >"$apt/gcc.status"
installed fuse3 >"$apt/unstable.status"
# options NAME SUITE: apt's, with what is installed by NAME, and a cache of its own, which apt would else make anew each time.
options() {
  mkdir -p "$apt/$1/archives/partial"
  printf '%s\n' -o "Dir::Etc::sourcelist=$apt/$2.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/$2-lists" \
    -o "Dir::State::status=$apt/$1.status" -o "Dir::Cache=$apt/$1" -o APT::Sandbox::User=root -o Acquire::Languages=none
}
# shellcheck disable=SC2034  # passed by name
{
  mapfile -t stable_options < <(options stable stable)
  mapfile -t gcc_options < <(options gcc stable)
  mapfile -t unstable_options < <(options unstable unstable)
}
patiently "read the package lists of \`$stable\`" apt-get "${stable_options[@]}" update -qq
patiently "read the package lists of \`$unstable\`" apt-get "${unstable_options[@]}" update -qq

# `clang` depends on the version that the suite prefers; the packages without an unversioned name follow it.
version=$(apt-cache "${stable_options[@]}" depends clang | sed -n 's/^ *Depends: clang-//p' | sed -n 1p)
[ -n "$version" ] || fail "cannot tell for which version \`clang\` of \`$stable\` stands"
compiler=$(closure stable_options -- clang lld llvm patchelf "libc++-$version-dev" "libc++abi-$version-dev" \
  "libclang-rt-$version-dev") || fail "cannot resolve the compiler's packages in \`$stable\`"
gcc=$(closure gcc_options -- g++ binutils-gold patchelf) || fail "cannot resolve \`g++\` in \`$stable\`"
cross=$(sed -n 's/^libstdc++-.*-dev$/&-arm64-cross/p' <<<"$gcc")
cross=$(closure stable_options -- "$cross") || fail "cannot resolve \`$cross\` in \`$stable\`"
jdk=$(closure stable_options -- default-jdk-headless patchelf) || fail "cannot resolve the JDK's packages in \`$stable\`"
java_tools=$(closure unstable_options -- bazel-java-tools patchelf) ||
  fail "cannot resolve \`bazel-java-tools\` in \`$unstable\`"
worker=$(closure unstable_options -- buildbox bubblewrap patchelf) || fail "cannot resolve \`buildbox\` in \`$unstable\`"

# shellcheck disable=SC2086  # lists of names
{
  download "$folder/static" stable_options -- busybox-static bash-static
  seed "$folder/static"
  download "$folder/compiler" stable_options -- $compiler
  download "$folder/gcc" gcc_options -- $gcc
  download "$folder/cross" stable_options -- $cross
  download "$folder/jdk" stable_options -- $jdk
  download "$folder/java-tools" unstable_options -- $java_tools
  download "$folder/worker" unstable_options -- $worker
}
rm -rf "$apt"
(cd "$folder" && sha256sum seed/* compiler/* cross/* gcc/* jdk/* java-tools/* worker/*) >"$folder/versions.txt"
