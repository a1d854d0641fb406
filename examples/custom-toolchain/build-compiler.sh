# Builds the compiler: clang, lld, libc++ and glibc in one tree that needs no other path.
# shellcheck shell=dash disable=SC2154,SC2164,SC2086,SC2046  # the derivation sets the variables and `-e`; lists of names
# shellcheck source=unpack.sh
. "$unpack"
sysroot=$out/sysroot
mkdir -p "$sysroot" "$out/bin"
cd "$sysroot"
unpack
prepare_patchelf

llvm=$(only usr/lib/llvm-*)
gcc=$(only usr/lib/gcc/x86_64-linux-gnu/*)
resources=$(only "$llvm"/lib/clang/*)

programs="clang clang++ clang-${llvm#usr/lib/llvm-} ld.lld lld llvm-ar llvm-cov llvm-cxxfilt llvm-dwp llvm-nm
  llvm-objcopy llvm-objdump llvm-profdata llvm-ranlib llvm-readelf llvm-readobj llvm-strip llvm-symbolizer"
keep_in "$llvm/bin" $programs
relink

# Libraries that the programs load, or that links of C and C++ name; headers stay, everything else goes.
loaded=$(needed $(find "$llvm/bin" -type f))
linked=$(cd "$libraries" && echo crt1.o Scrt1.o gcrt1.o crti.o crtn.o rcrt1.o libc.so libc.a libc_nonshared.a libm.so \
  libm.a libm-*.a libmvec.a libpthread.a libdl.a librt.a libutil.a libresolv.so libresolv.a libc.so.6 libm.so.6 \
  libmvec.so.1 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libnss_files.so.2 libutil.so.1 libgcc_s.so.1 \
  libatomic.so.1 ld-linux-x86-64.so.2 libc++* libunwind*)
keep_in "$libraries" $linked $(names $loaded) $(cd "$libraries" && names $linked)
keep_in "$llvm" bin include lib
keep_in "$llvm/include" c++
keep_in "$llvm/lib" clang $(cd "$llvm/lib" && echo libc++* libunwind* libLLVM.so* libclang-cpp.so*)
keep_in "$resources" include lib share
find "$resources/lib" -type f | while read -r file; do
  case ${file##*/clang_rt.} in
  crt*-x86_64.o) ;;
  *) case ${file##*/libclang_rt.} in
    asan*-x86_64* | ubsan*-x86_64* | tsan*-x86_64* | builtins-x86_64.a | profile-x86_64.a) ;;
    *) rm "$file" ;;
    esac ;;
  esac
done
keep_in "$gcc" crtbegin.o crtbeginS.o crtbeginT.o crtend.o crtendS.o libgcc.a libgcc_eh.a libgcc_s.so
rm -rf usr/include/c++ usr/bin/*
for headers in usr/include/*-linux-gnu*; do [ "${headers##*/}" = x86_64-linux-gnu ] || rm -rf "$headers"; done
keep_in usr/lib gcc linux x86_64-linux-gnu "${llvm##*/}"
keep_in usr/lib/linux/uapi x86
keep_in usr bin include lib lib64
keep_in usr/lib64 ld-linux-x86-64.so.2
keep_in . usr bin lib lib64
relink
find usr -depth -mindepth 2 -type d | while read -r directory; do rmdir "$directory" 2>/dev/null || :; done

adopt $(find "$llvm/bin" -type f) $loaded $(find "$libraries/" -name "libc++*.so.*" -o -name "libunwind.so.*")

# A configuration file beside the program makes every call hermetic; `clang` alone serves C, C++ and links.
# --dyld-prefix and not -Wl,--dynamic-linker: a static program must not name a loader. Hash style, relro, lazy binding
# and address significance are said because clang otherwise asks /etc which distribution it runs on, and compiles and
# links differently on some of them.
# The system's folder comes before LLVM's: there libc++.so says what else to link, in every suite.
for name in clang clang++; do
  cat >"$out/bin/$name.cfg" <<CFG
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
-Wl,-z,lazy
-faddrsig
-L$sysroot/$libraries
-L$sysroot/$llvm/lib
-no-canonical-prefixes
-Wno-unused-command-line-argument
CFG
  cp "$out/bin/$name.cfg" "$llvm/bin"
done
for program in $programs; do ln -s "../sysroot/$llvm/bin/$program" "$out/bin/$program"; done
for pair in ar:llvm-ar nm:llvm-nm objcopy:llvm-objcopy strip:llvm-strip objdump:llvm-objdump dwp:llvm-dwp ld:ld.lld \
  gcov:llvm-cov ranlib:llvm-ranlib readelf:llvm-readelf c++filt:llvm-cxxfilt; do
  ln -s "${pair#*:}" "$out/bin/${pair%:*}"
done

# A toolchain that does not work must not get into the store: nothing rebuilds it there.
cd "$NIX_BUILD_TOP"
for program in "$out"/bin/llvm-* "$out/bin/ld.lld"; do
  "$program" --version >/dev/null || fail "\`$program\` does not run"
done
cat >try.cc <<'CC'
#include <stdexcept>
#include <string>
#include <thread>
int main() {
  std::string text;
  std::thread([&] { text = "thread"; }).join();
  try { throw std::runtime_error(text); } catch (const std::exception& thrown) { return thrown.what() != text; }
}
CC
links() {
  "$out/bin/clang" -Werror "$@" -o try
  ./try || fail "what \`clang $*\` makes does not run"
}
"$out/bin/clang" -Werror -std=c++17 -c try.cc -o try.o
links try.o -lc++ -lm
links -static try.o -lc++ -lc++abi
links try.o -lc++ -lm -fsanitize=address,undefined
echo 'int main(void) { return 0; }' >try.c
links try.c
"$out/bin/clang" --version
