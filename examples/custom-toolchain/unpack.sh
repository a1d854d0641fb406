# Functions for builds that take Debian packages apart; sourced.
# shellcheck shell=dash disable=SC2154  # the derivation sets the variables
export PATH=$tools/bin
umask 022
libraries=usr/lib/x86_64-linux-gnu

# fail MESSAGE: ends the build.
fail() {
  echo "error: $1" >&2
  exit 1
}

# only PATH…: prints the one path that a pattern matches. Versioned folders are found so.
only() {
  if [ $# != 1 ] || [ ! -e "$1" ]; then fail "not one match, but: $*"; fi
  echo "$1"
}

# unpack: all packages into the current folder, with /bin, /lib and /sbin merged into /usr.
unpack() {
  mkdir -p usr/bin usr/sbin usr/lib usr/lib64
  for merged in bin sbin lib lib64; do ln -s "usr/$merged" "$merged"; done
  for package in "$packages"/*.deb; do ar p "$package" data.tar.xz | unxz -c | tar -x -o -f -; done
}

# patchelf, run by its own loader: the store has no /lib64. A copy, for it must not rewrite libraries that it has open.
private=$NIX_BUILD_TOP/patchelf
prepare_patchelf() {
  mkdir -p "$private"
  for library in libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6; do cp -L "$libraries/$library" "$private"; done
  cp -L lib64/ld-linux-x86-64.so.2 "$private/ld.so"
  cp usr/bin/patchelf "$private/patchelf"
}
patchelf() { "$private/ld.so" --library-path "$private" "$private/patchelf" "$@"; }

# needed FILE…: prints the files of all shared libraries that the files need, found in $libraries, without repeats.
needed() {
  seen=" "
  queue=$*
  while [ -n "$queue" ]; do
    next=
    for file in $queue; do
      names=$(patchelf --print-needed "$file")
      for name in $names; do
        case $seen in *" $name "*) continue ;; esac
        seen="$seen$name "
        [ -e "$libraries/$name" ] || fail "no package has \`$name\`, which \`$file\` needs"
        echo "$libraries/$name"
        next="$next $libraries/$name"
      done
    done
    queue=$next
  done
}

# names FILE…: prints the names of files and of what they are links to.
names() {
  for file; do echo "${file##*/}" "$(basename "$(readlink -f "$file")")"; done
}

# keep_in FOLDER NAME…: removes everything else from a folder.
keep_in() {
  folder=$1
  shift
  for entry in "$folder"/* "$folder"/.[!.]*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    case " $* " in *" ${entry##*/} "*) ;; *) rm -rf "$entry" ;; esac
  done
}

# relink: absolute links lead into this tree; links that lead nowhere go.
relink() {
  find . -type l | while read -r link; do
    target=$(readlink "$link")
    case $target in /*) ln -sfn "$PWD$target" "$link" ;; esac
    [ -e "$link" ] || rm "$link"
  done
}

# adopt FILE…: programs and libraries find their loader and libraries in this tree only.
adopt() {
  for file in $(for each; do readlink -f "$each"; done | sort -u); do
    case $file in
    */libc.so.6 | */ld-linux*) ;;
    */bin/*) patchelf --set-interpreter "$PWD/lib64/ld-linux-x86-64.so.2" --set-rpath "$PWD/$libraries" "$file" ;;
    *) patchelf --set-rpath "$PWD/$libraries" "$file" ;;
    esac
  done
}
