# Builds the worker: BuildBox and bubblewrap with the libraries that they load.
# shellcheck shell=dash disable=SC2154,SC2164,SC2086,SC2046  # the derivation sets the variables and `-e`; lists of names
# shellcheck source=unpack.sh
. "$unpack"
mkdir -p "$out/root" "$out/bin"
cd "$out/root"
unpack
prepare_patchelf

programs="buildbox-casd buildbox-worker buildbox-run-hosttools buildbox-run-bubblewrap bwrap"
keep_in usr/bin $programs
relink
loaded=$(needed usr/bin/*)
keep_in "$libraries" ld-linux-x86-64.so.2 $(names $loaded)
keep_in usr bin lib lib64
keep_in usr/lib x86_64-linux-gnu
keep_in . usr bin lib lib64
relink

adopt usr/bin/* $loaded
for program in $programs; do ln -s "../root/usr/bin/$program" "$out/bin/$program"; done

# A worker that does not start must not get into the store. BuildBox's runner looks for bwrap in PATH.
PATH=$out/bin:$PATH
for program in $programs; do "$program" --version; done
