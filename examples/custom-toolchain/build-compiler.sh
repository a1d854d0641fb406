# Builds the compiler: clang, lld, libc++ and glibc in one tree that needs no other path.
. "$unpack"
sysroot=$out/sysroot
mkdir -p "$sysroot" "$out/bin"
cd "$sysroot"
unpack
prepare_patchelf

llvm=$(echo usr/lib/llvm-*)
version=${llvm#usr/lib/llvm-}
gcc=$(echo usr/lib/gcc/x86_64-linux-gnu/*)
resources=$llvm/lib/clang/$version

programs="clang clang++ clang-$version clang-scan-deps ld.lld lld llvm-ar llvm-cov llvm-cxxfilt llvm-dwp llvm-nm
  llvm-objcopy llvm-objdump llvm-profdata llvm-ranlib llvm-readelf llvm-readobj llvm-strip llvm-symbolizer"
keep_in "$llvm/bin" $programs
relink
for program in "$llvm"/bin/*; do [ -L "$program" ] || binaries="${binaries:-} $program"; done

# Libraries that the programs load, or that links of C and C++ name; headers stay, everything else goes.
loaded=$(needed $binaries)
linked=$(cd "$libraries" && echo crt1.o Scrt1.o gcrt1.o crti.o crtn.o rcrt1.o libc.so libc.a libc_nonshared.a libm.so libm.a \
  libm-*.a libmvec.a libpthread.a libdl.a librt.a libutil.a libresolv.so libresolv.a libc.so.6 libm.so.6 libmvec.so.1 libdl.so.2 \
  libpthread.so.0 librt.so.1 libresolv.so.2 libnss_files.so.2 libutil.so.1 libgcc_s.so.1 \
  libatomic.so.1 ld-linux-x86-64.so.2 libc++* libunwind*)
names=
for file in $loaded; do names="$names ${file##*/}"; done
for name in $names $linked; do
  [ -e "$libraries/$name" ] || continue
  names="$names $(basename "$(readlink -f "$libraries/$name")")"
done
keep_in "$libraries" $names $linked
keep_in "$llvm" bin include lib
keep_in "$llvm/include" c++
keep_in "$llvm/lib" clang $(cd "$llvm/lib" && echo libc++* libunwind* libLLVM.so* libclang-cpp.so*)
keep_in "$resources" include lib share
find "$resources/lib" -type f | while read -r file; do
  case ${file##*/} in
  *crtbegin*x86_64.o | *crtend*x86_64.o | *builtins-x86_64.a | *profile-x86_64.a | *asan*x86_64* | *ubsan*x86_64* | *tsan*x86_64*) ;;
  *) rm "$file" ;;
  esac
done
keep_in "$gcc" crtbegin.o crtbeginS.o crtbeginT.o crtend.o crtendS.o libgcc.a libgcc_eh.a libgcc_s.so
rm -rf etc var usr/share usr/libexec usr/sbin/* usr/lib64/gconv usr/lib/bfd-plugins usr/lib/clang usr/include/c++ usr/bin/*
relink
find usr -depth -type d | while read -r directory; do rmdir "$directory" 2>/dev/null || :; done
mkdir -p usr/sbin usr/bin

# Programs and the libraries that they load name this tree only.
interpreter=$sysroot/lib64/ld-linux-x86-64.so.2
for program in $binaries; do
  patchelf --set-interpreter "$interpreter" --set-rpath "$sysroot/$libraries:$sysroot/$llvm/lib" "$program"
done
for file in $loaded "$libraries"/libc++*.so.1 "$libraries"/libunwind.so.1; do
  real=$(readlink -f "$file")
  case $real in */libc.so.6 | */ld-linux*) ;; *) patchelf --set-rpath "$sysroot/$libraries" "$real" ;; esac
done

# A configuration file beside the program makes every call hermetic; `clang` alone serves C, C++ and links.
# --dyld-prefix and not -Wl,--dynamic-linker: a static program must not name a loader. Hash style and relro are said
# because clang otherwise asks /etc/os-release which distribution it runs on, and links differently on each.
for name in clang clang++; do
  cat >"$out/bin/$name.cfg" <<EOF
--target=x86_64-unknown-linux-gnu
--sysroot=$sysroot
--gcc-install-dir=$sysroot/$gcc
-resource-dir=$sysroot/$resources
-stdlib=libc++
-stdlib++-isystem$sysroot/$llvm/include/c++/v1
--ld-path=$sysroot/$llvm/bin/ld.lld
--dyld-prefix=$sysroot
-Wl,-rpath,$sysroot/$libraries
-Wl,--hash-style=gnu
-Wl,-z,relro
-L$sysroot/$llvm/lib
-no-canonical-prefixes
-Wno-unused-command-line-argument
EOF
  cp "$out/bin/$name.cfg" "$llvm/bin"
done
for program in $programs; do
  [ ! -e "$llvm/bin/$program" ] || ln -s "../sysroot/$llvm/bin/$program" "$out/bin/$program"
done
for pair in ar:llvm-ar nm:llvm-nm objcopy:llvm-objcopy strip:llvm-strip objdump:llvm-objdump dwp:llvm-dwp ld:ld.lld \
  gcov:llvm-cov ranlib:llvm-ranlib readelf:llvm-readelf c++filt:llvm-cxxfilt; do
  ln -s "${pair#*:}" "$out/bin/${pair%:*}"
done
"$out/bin/clang" --version
