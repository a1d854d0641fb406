# Builds GCC: the compiler, binutils, libstdc++ and glibc in one tree that needs no other path.
# shellcheck shell=dash disable=SC2154,SC2164,SC2086,SC2046  # the derivation sets the variables and `-e`; lists of names
# shellcheck source=unpack.sh
. "$unpack"
mkdir -p "$out/tree"
cd "$out/tree"
unpack
prepare_patchelf

# GCC finds its files relative to its program: `/usr` becomes the store root.
cd "$out"
mv tree/usr/* .
rm -rf tree
ln -s . usr
relink
libraries=${libraries#usr/}
gcc=$(only lib/gcc/x86_64-linux-gnu/*)
version=${gcc##*/}
execs=libexec/gcc/x86_64-linux-gnu/$version

tools="as addr2line ar c++filt dwp ld ld.bfd ld.gold nm objcopy objdump ranlib readelf strip"
mkdir programs
for tool in $tools; do cp -L "bin/x86_64-linux-gnu-$tool" "programs/$tool"; done
for driver in cpp g++ gcc gcov gcov-tool; do cp -L "bin/x86_64-linux-gnu-$driver-$version" "programs/$driver"; done
rm -r bin
mv programs bin
# The driver looks for these beside its own programs before it looks in PATH.
for tool in as ld ld.bfd ld.gold; do ln -s "../../../../bin/$tool" "$execs/$tool"; done
keep_in . bin include lib lib64 libexec usr
keep_in lib64 ld-linux-x86-64.so.2
keep_in lib bfd-plugins gcc linux x86_64-linux-gnu
keep_in lib/linux/uapi x86
rm -rf lib/x86_64-linux-gnu/perl-base
for headers in include/*-linux-gnu*; do [ "${headers##*/}" = x86_64-linux-gnu ] || rm -rf "$headers"; done
relink

inner=$(find "$execs" -type f -perm -100 ! -name '*.so*')
# What GCC links programs with, beside the C library.
own=$(cd "$libraries" && ls -d libstdc++.so.* libatomic.so.* libgcc_s.so.* libgomp.so.* libitm.so.* libquadmath.so.* lib*san.so.*)
adopt bin/* $inner $(needed bin/* $inner) $(for library in $own; do echo "$libraries/$library"; done)
for program in $inner; do patchelf --set-interpreter "$PWD/lib64/ld-linux-x86-64.so.2" "$program"; done

# A specs file among its own files makes every call hermetic: headers and libraries are those of this tree and never the
# machine's `/usr/lib`, and what a program needs at run time is named by store path.
bin/gcc -dumpspecs | sed -e "s|/lib64/ld-linux-x86-64.so.2|$out/lib64/ld-linux-x86-64.so.2|g" |
  awk -v root="--sysroot=$out " -v run="--sysroot=$out %{!static:%{!static-pie:-rpath $out/$libraries}} " \
    -v folders="-L$out/$gcc -L$out/$libraries" '
    /^\*/ { name = $0; print; getline; more = "" }
    name == "*self_spec:" { more = root }
    name == "*link:" { more = run }
    name == "*link_libgcc:" && NF { $0 = folders }
    { print more $0; more = ""; name = "" }' >specs
mv specs "$gcc"

# A toolchain that does not work must not get into the store: nothing rebuilds it there.
cd "$NIX_BUILD_TOP"
export PATH="$out/bin:$PATH"
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
gcc -Werror -std=c++17 -c try.cc -o try.o
for linker in bfd gold; do
  gcc -Werror "-fuse-ld=$linker" try.o -lstdc++ -lm -o try
  ./try || fail "what GCC links with $linker does not run"
done
gcc -flto -std=c++17 try.cc -lstdc++ -o try
./try || fail "what GCC optimizes while it links does not run"
for sanitizers in address,undefined leak thread; do
  gcc -std=c++17 "-fsanitize=$sanitizers" try.cc -lstdc++ -o try
  ldd=$(LD_TRACE_LOADED_OBJECTS=1 ./try)
  case $ldd in *"not found"*) fail "what GCC links with -fsanitize=$sanitizers lacks a library: $ldd" ;; esac
done
gcc -static try.o -lstdc++ -o try
./try || fail "what GCC links statically does not run"
