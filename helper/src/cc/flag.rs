//! Which files a flag of a `BAZEL_…` variable names, and whether they are the same on every machine.

use crate::store::{STORE_DIR, StorePathError, find_store_paths};
use crate::toolchain_path::PathPolicy;

/// Why a flag is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FlagFault {
    /// It names something absolute outside the store.
    Outside,
    /// It names a store path that is none.
    Malformed(StorePathError),
    /// It names a folder or file relative to the working folder.
    Relative,
    /// It reads further flags from a file, which nobody checks.
    ResponseFile,
}

/// Flags whose value is a folder or a file that the compiler opens, joined to it or as the next word. A flag stands
/// before those that it starts with.
const FOLDER_FLAGS: [&str; 22] = [
    "--gcc-install-dir=",
    "--gcc-toolchain=",
    "--include-directory=",
    "--ld-path=",
    "--library-path=",
    "--sysroot=",
    "--sysroot",
    "-B",
    "-I",
    "-L",
    "-cxx-isystem",
    "-idirafter",
    "-imacros",
    "-include-pch",
    "-include",
    "-iquote",
    "-isysroot",
    "-isystem-after",
    "-isystem",
    "-resource-dir=",
    "-resource-dir",
    "-stdlib++-isystem",
];

/// The driver hands the next word to another program; what that word says is what counts.
const RELAYS: [&str; 4] = ["-Xassembler", "-Xclang", "-Xlinker", "-Xpreprocessor"];

/// The first word that is refused, and why.
pub(super) fn check_words(paths: PathPolicy, words: &[String]) -> Result<(), (&str, FlagFault)> {
    let mut awaits_folder = false;
    for word in words.iter().map(String::as_str).filter(|word| !RELAYS.contains(word)) {
        check_word(paths, word).map_err(|fault| (word, fault))?;
        // An absolute word has been checked; any other is looked for in the working folder.
        if awaits_folder && !word.starts_with('/') {
            return Err((word, FlagFault::Relative));
        }
        awaits_folder = FOLDER_FLAGS.contains(&word);
    }
    Ok(())
}

fn check_word(paths: PathPolicy, word: &str) -> Result<(), FlagFault> {
    for mention in find_store_paths(word) {
        mention.path.map_err(FlagFault::Malformed)?;
    }
    // A macro's value and a prefix map are texts: nothing opens a file of that name.
    if word.starts_with("-D") || (word.starts_with("-f") && word.contains("-prefix-map=")) {
        return Ok(());
    }
    if word.starts_with('@') || word.contains(",@") {
        return Err(FlagFault::ResponseFile);
    }
    // `-Wl,`, `-Wp,` and `-Wa,` hold several flags in one word.
    if word.split(',').any(names_relative_folder) {
        return Err(FlagFault::Relative);
    }
    let absolute = word.split(|c: char| c.is_whitespace() || ",:;=\"'".contains(c)).filter_map(absolute_path);
    absolute.map(|path| paths.parse(path)).find_map(Result::err).map_or(Ok(()), |_| Err(FlagFault::Outside))
}

fn names_relative_folder(flag: &str) -> bool {
    if let Some(linker) = flag.strip_prefix("-fuse-ld=") {
        return linker.contains('/') && !linker.starts_with('/');
    }
    // Linkers have flags that start with those letters.
    if matches!(flag, "-Bstatic" | "-Bdynamic" | "-Bsymbolic" | "-Bsymbolic-functions" | "-Bgroup" | "-Bshareable") {
        return false;
    }
    let value = FOLDER_FLAGS.iter().find_map(|folder_flag| flag.strip_prefix(folder_flag)).unwrap_or_default();
    // GCC takes `=` for the sysroot's path.
    let value = value.strip_prefix('=').unwrap_or(value);
    !value.is_empty() && !value.starts_with('/')
}

/// The absolute path that a piece of a word is, or that follows a flag's letters in it.
fn absolute_path(piece: &str) -> Option<&str> {
    let slash = piece.find('/')?;
    let before = &piece[..slash];
    let letters = |c: char| c.is_ascii_alphanumeric() || "-+_".contains(c);
    (before.is_empty() || (before.starts_with('-') && before.chars().all(letters))).then(|| &piece[slash..])
}

/// Absolute paths that are the same on every machine, and that compilers are told on purpose.
const EVERYWHERE: [&str; 2] = ["/dev/null", "/proc/self/cwd"];

/// The absolute paths outside the store in a flag, a path or a list of paths. A label (`//package`) is none.
pub(crate) fn paths_outside_store(word: &str) -> Vec<&str> {
    if word.starts_with("-D") || (word.starts_with("-f") && word.contains("-prefix-map=")) {
        return Vec::new();
    }
    let pieces = word.split(|c: char| c.is_whitespace() || ",:;=\"'".contains(c));
    let absolute = pieces.filter(|piece| !piece.starts_with("//")).filter_map(absolute_path);
    let in_store =
        |path: &str| path.strip_prefix(STORE_DIR).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    absolute.filter(|path| *path != "/" && !EVERYWHERE.contains(path) && !in_store(path)).collect()
}

#[cfg(test)]
mod unit {
    use super::*;

    const STORE: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x=1";

    fn fault(words: &str) -> Option<FlagFault> {
        fault_where(PathPolicy::StoreOnly, words)
    }

    fn fault_where(paths: PathPolicy, words: &str) -> Option<FlagFault> {
        let words: Vec<String> = words.split(' ').map(|word| word.replace('S', STORE)).collect();
        check_words(paths, &words).err().map(|(_, fault)| fault)
    }

    #[test]
    fn absolute_paths_outside_the_store_are_found_wherever_a_flag_holds_them() {
        for words in [
            "/usr/lib/libx.a",
            "-L/usr/lib",
            "-idirafter/usr/include",
            "-include/usr/x.h",
            "-iquote/usr",
            "-stdlib++-isystem/usr",
            "--gcc-toolchain=/usr",
            "-I=/usr/include",
            "-l:/usr/lib/libx.a",
            "-Wl,-rpath,/usr/lib",
            "-Wl,-rpath=/usr/lib",
            "-Wl,-rpath,S/lib,-rpath,/usr/lib",
            "-Wl,-rpath,S/lib:/usr/lib",
            "-Wl,--dynamic-linker=/lib64/ld.so",
            "-Wl,-L/usr/lib",
            "-Xlinker -rpath -Xlinker /usr/lib",
            "-isystem /usr/include",
            "-L//nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x",
        ] {
            assert_eq!(fault(words), Some(FlagFault::Outside), "{words}");
            let is_store_path = words.contains("//nix");
            assert_eq!(fault_where(PathPolicy::AnyAbsolute, words).is_some(), is_store_path, "{words}");
        }
    }

    #[test]
    fn paths_outside_the_store_are_told_from_labels_and_from_what_is_everywhere() {
        for (word, paths) in [
            ("/usr/bin/cpp", &["/usr/bin/cpp"][..]),
            ("-Wl,-rpath,/usr/lib:/lib,-rpath,/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-x", &["/usr/lib", "/lib"]),
            ("-L//usr/lib", &["//usr/lib"]),
            ("/nix/storehouse", &["/nix/storehouse"]),
            ("//visibility:public", &[]),
            ("docker://image", &[]),
            ("-ffile-prefix-map=/proc/self/cwd=. ", &[]),
            ("-DPATH=/usr", &[]),
            ("--coverage=/dev/null", &[]),
            ("-Wl,-rpath,$ORIGIN/../lib", &[]),
        ] {
            assert_eq!(paths_outside_store(word), paths, "{word}");
        }
    }

    #[test]
    fn relative_folders_are_refused() {
        for words in [
            "-Iinclude",
            "-I.",
            "-L../lib",
            "-B$HOME",
            "-includex.h",
            "-isystem include",
            "-I S/include -L -Xlinker lib",
            "--sysroot=root",
            "--sysroot root",
            "-fuse-ld=bin/lld",
            "-Wl,-Llib",
        ] {
            for paths in [PathPolicy::StoreOnly, PathPolicy::AnyAbsolute] {
                assert_eq!(fault_where(paths, words), Some(FlagFault::Relative), "{words}");
            }
        }
    }

    #[test]
    fn response_files_are_refused() {
        for words in ["@file", "@S/flags", "-Wl,@file", "-Xlinker @file"] {
            for paths in [PathPolicy::StoreOnly, PathPolicy::AnyAbsolute] {
                assert_eq!(fault_where(paths, words), Some(FlagFault::ResponseFile), "{words}");
            }
        }
    }

    #[test]
    fn malformed_store_paths_are_refused() {
        let climbs = format!("{STORE}/../../etc");
        assert_eq!(fault("-LS/../../etc"), Some(FlagFault::Malformed(StorePathError::Escapes(climbs))));
    }

    #[test]
    fn flags_that_stay_in_the_store_are_accepted() {
        for words in [
            "-std=c++20 -stdlib=libc++ -lc++ -O2 -march=x86-64-v3 -fuse-ld=lld -DA=/b -DS",
            "-LS/lib -isystem S/include --sysroot=S -I=S -BS/bin --ld-path=S/bin/ld",
            "-Wl,-rpath,S/lib,-rpath,S/lib64 -Wl,-rpath,$ORIGIN/../lib -Wl,-Bstatic -Wl,-z,relro,-z,now",
            "-ffile-prefix-map=/proc/self/cwd=. -fsanitize-ignorelist=tools/ignore.txt -include S/x.h",
        ] {
            assert_eq!(fault(words), None, "{words}");
        }
    }
}
