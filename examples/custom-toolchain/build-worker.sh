# Builds the worker: BuildBox and bubblewrap with the libraries that they load.
. "$unpack"
mkdir -p "$out/root" "$out/bin"
cd "$out/root"
unpack
prepare_patchelf
programs="buildbox-casd buildbox-worker buildbox-run-hosttools buildbox-run-bubblewrap bwrap"
keep_in usr/bin $programs
relink
binaries=
for program in $programs; do binaries="$binaries usr/bin/$program"; done
names=ld-linux-x86-64.so.2
for file in $(needed $binaries); do names="$names ${file##*/} $(basename "$(readlink -f "$file")")"; done
keep_in "$libraries" $names
keep_in usr bin lib lib64
keep_in usr/lib x86_64-linux-gnu
rm -rf etc var
relink
interpreter=$PWD/lib64/ld-linux-x86-64.so.2
for file in "$libraries"/*; do
  case $file in */libc.so.6 | */ld-linux*) continue ;; esac
  [ -L "$file" ] || patchelf --set-rpath "$PWD/$libraries" "$file"
done
for program in $programs; do
  patchelf --set-interpreter "$interpreter" --set-rpath "$PWD/$libraries" "usr/bin/$program"
  ln -s "../root/usr/bin/$program" "$out/bin/$program"
done
"$out/bin/buildbox-worker" --version
