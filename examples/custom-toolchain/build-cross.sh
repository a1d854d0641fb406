# Builds a compiler for aarch64: a script around the clang of `lre-cc`, with glibc and libstdc++ for the other processor.
# shellcheck shell=dash disable=SC2154,SC2164,SC2086,SC2046  # the derivation sets the variables and `-e`; lists of names
# shellcheck source=unpack.sh
. "$unpack"
mkdir -p "$out/tree" "$out/bin"
cd "$out/tree"
unpack
gcc=$(only usr/lib/gcc-cross/aarch64-linux-gnu/*)
cd "$out"
mv tree/usr/aarch64-linux-gnu sysroot
mv "tree/$gcc" gcc
rm -rf tree
# Linker scripts name libraries below `/usr/aarch64-linux-gnu`.
ln -s . sysroot/usr
ln -s . sysroot/aarch64-linux-gnu
cxx=$(only sysroot/include/c++/*)

cat >clang.cfg <<CFG
--target=aarch64-unknown-linux-gnu
--sysroot=$out/sysroot
--gcc-install-dir=$out/gcc
-resource-dir=$("$compiler/bin/clang" -print-resource-dir)
-stdlib=libstdc++
-stdlib++-isystem$out/$cxx
-stdlib++-isystem$out/$cxx/aarch64-linux-gnu
-stdlib++-isystem$out/$cxx/backward
--ld-path=$compiler/bin/ld.lld
-L$out/sysroot/lib
-Wl,--hash-style=gnu
-Wno-unused-command-line-argument
CFG
cat >bin/clang <<SH
#!$tools/bin/sh
exec $compiler/bin/clang --no-default-config --config=$out/clang.cfg "\$@"
SH
chmod +x bin/clang

# A toolchain that does not work must not get into the store: nothing rebuilds it there.
cd "$NIX_BUILD_TOP"
echo '#include <iostream>
int main() { std::cout << "text" << std::endl; }' >try.cc
"$out/bin/clang" -Werror try.cc -lstdc++ -lm -o try
"$compiler/bin/readelf" -h try | grep AArch64
