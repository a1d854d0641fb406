#!/bin/sh
R=/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-toolchain-1
case "$*" in
  *-dM*) echo "#define __clang_major__ 21"; echo "#define __clang_minor__ 1"; echo "#define __clang_patchlevel__ 8"
    echo "#define __GLIBC__ 2"; echo "#define __GLIBC_MINOR__ 41"; echo "#define _LIBCPP_VERSION 210108" ;;
esac
case "$*" in
  *"-E -v "*) echo "Target: x86_64-unknown-linux-gnu" >&2; echo " \"$R/bin/clang\" -cc1 -resource-dir $R/lib/clang/21" >&2
    echo "#include <...> search starts here:" >&2; echo " ${INCLUDE:-$R/include}" >&2
    echo "End of search list." >&2 ;;
  *-fuse-ld=lld*) echo " \"$R/bin/ld.lld\" -pie" >&2 ;;
esac
