# Builds the JDK: OpenJDK without a screen, in one tree that needs no other path.
# shellcheck shell=dash disable=SC2154,SC2164,SC2086,SC2046  # the derivation sets the variables and `-e`; lists of names
# shellcheck source=unpack.sh
. "$unpack"
home=$out/lib/openjdk
mkdir -p "$out/root" "$out/lib"
cd "$out/root"
unpack
prepare_patchelf

# Its configuration lies in /etc, behind absolute links. Modules for `jlink` are as large as all the rest.
jdk=$(readlink -f usr/lib/jvm/default-java)
rm -rf "$jdk/jmods" "$jdk/man" "$jdk/docs"
relink
cp -RL "$jdk" "$home"
chmod -R u+w "$home"
# Text that is drawn, and sound, need libraries of a desktop.
rm "$home/lib/libfontmanager.so" "$home/lib/libjsound.so"

# is_elf FILE: whether it is a program or a library.
is_elf() { [ "$(head -c 4 "$1" | tail -c 3)" = ELF ]; }
own=$(find "$home" -type f | while read -r file; do if is_elf "$file"; then echo "$file"; fi; done)

# The JDK's own libraries find each other through these links while the others are looked for, and then go.
for file in $own; do
  case $file in *.so) [ -e "$libraries/${file##*/}" ] || ln -s "$file" "$libraries" ;; esac
done
loaded=$(needed $own)
loaded=$(for file in $loaded; do case $(readlink -f "$file") in "$home"/*) ;; *) echo "$file" ;; esac; done)
keep_in "$libraries" ld-linux-x86-64.so.2 $(names $loaded)
keep_in usr lib lib64
keep_in usr/lib x86_64-linux-gnu
keep_in . usr lib lib64
relink

adopt $loaded
for file in $own; do
  case $file in
  *.so) ;;
  *) patchelf --set-interpreter "$PWD/lib64/ld-linux-x86-64.so.2" "$file" ;;
  esac
  patchelf --set-rpath "$home/lib:$home/lib/server:$PWD/$libraries" "$file"
done

# A JDK that does not work must not get into the store: nothing rebuilds it there.
cd "$NIX_BUILD_TOP"
cat >Try.java <<'JAVA'
public class Try {
  public static void main(String[] words) throws Exception {
    java.util.zip.CRC32 sum = new java.util.zip.CRC32();
    sum.update(String.join(" ", words).getBytes("UTF-8"));
    System.out.println(sum.getValue());
  }
}
JAVA
"$home/bin/javac" -d . Try.java
[ "$("$home/bin/java" -cp . Try a b)" = 2154585299 ] || fail "what \`javac\` makes does not run"
"$home/bin/java" -version
