# Functions for builds that take Debian packages apart; sourced.
export PATH=$tools/bin
umask 022
libraries=usr/lib/x86_64-linux-gnu

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
      for name in $(patchelf --print-needed "$file"); do
        case $seen in *" $name "*) continue ;; esac
        seen="$seen$name "
        [ -e "$libraries/$name" ] || continue
        echo "$libraries/$name"
        next="$next $libraries/$name"
      done
    done
    queue=$next
  done
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
