# Builds Bazel's Java tools: what rules_java downloads for itself otherwise.
# shellcheck shell=dash disable=SC2154,SC2164,SC2086,SC2046  # the derivation sets the variables and `-e`; lists of names
# shellcheck source=unpack.sh
. "$unpack"
mkdir -p "$out/root" "$out/bin"
cd "$out/root"
unpack
prepare_patchelf

# All are in one folder, behind links. Debian's turbine is no program by itself; without it, interfaces are made by ijar.
rm "$libraries/bazel/java_tools/turbine_direct_binary_deploy.jar"
cp -L "$libraries"/bazel/java_tools/*.jar "$out"
cp -L "$libraries"/bazel/java_tools/bin/* "$out/bin"
loaded=$(needed "$out"/bin/*)
keep_in "$libraries" ld-linux-x86-64.so.2 $(names $loaded)
keep_in usr lib lib64
keep_in usr/lib x86_64-linux-gnu
keep_in . usr lib lib64
relink
adopt "$out"/bin/* $loaded

# Tools that do not start must not get into the store. Neither has an option that does nothing and ends with 0.
cd "$NIX_BUILD_TOP"
"$out/bin/singlejar" --output empty.jar
"$out/bin/ijar" empty.jar interface.jar
