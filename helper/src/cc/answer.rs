//! Reads what compilers print. Pure, so that recorded answers test it.

/// The folders between `#include <...> search starts here:` and the end of the list, as printed; on macOS without the
/// remark that one holds frameworks.
#[must_use]
pub fn include_directories(stderr: &str) -> Vec<String> {
    stderr
        .lines()
        .skip_while(|line| !line.starts_with("#include <...>"))
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        .map(|line| line.trim().trim_end_matches(" (framework directory)").to_owned())
        .collect()
}

/// The value of a macro in the output of `-dM -E`.
#[must_use]
pub fn macro_value<'a>(defines: &'a str, name: &str) -> Option<&'a str> {
    defines.lines().find_map(|line| {
        let (found, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        (found == name).then_some(value.trim())
    })
}

/// The program of the last command that a verbose clang ran: its linker. Clang indents its commands and quotes their
/// programs, which tells them from what the linker says.
#[must_use]
pub fn last_program(stderr: &str) -> Option<&str> {
    stderr.lines().rev().find_map(|line| line.strip_prefix(" \"")?.split('"').next())
}

/// The linker, such as `mold`, that a verbose GCC tells its linker driver to start; `None` if it is the usual one.
#[must_use]
pub fn named_linker(stderr: &str) -> Option<&str> {
    let mut words = stderr.lines().rev().map(str::split_whitespace);
    let command = words.find(|words| words.clone().next().is_some_and(|program| program.ends_with("/collect2")))?;
    command.filter_map(|word| word.strip_prefix("-fuse-ld=")).next_back()
}

/// What a verbose compiler says that it produces code for.
#[must_use]
pub fn target(stderr: &str) -> Option<&str> {
    stderr.lines().find_map(|line| line.strip_prefix("Target: ")).map(str::trim)
}

/// Which of these flags the compiler or its linker complains of. Whether it fails for it or warns, it names the flag.
#[must_use]
pub fn refused_flags<'a>(stderr: &str, flags: &[&'a str]) -> Vec<&'a str> {
    // A suggestion may name a flag that is accepted.
    let complaints: String = stderr.lines().filter_map(|line| line.split("did you mean").next()).collect();
    flags.iter().filter(|flag| complaints.contains(**flag)).copied().collect()
}

/// The value that follows a flag in a verbose command line, such as `-isysroot`.
#[must_use]
pub fn value_after<'a>(stderr: &'a str, flag: &str) -> Option<&'a str> {
    let mut words = stderr.split_whitespace();
    words.find(|word| *word == flag)?;
    words.next().map(|word| word.trim_matches('"'))
}

#[cfg(test)]
mod unit {
    use super::*;

    const CLANG: &str = "Debian clang version 21.1.8\n \"/nix/store/x/clang\" -cc1 -isysroot /nix/store/x/sysroot -x c\n\
        ignoring nonexistent directory \"/nix/store/x/none\"\n#include \"...\" search starts here:\n\
        #include <...> search starts here:\n /nix/store/x/a\n /nix/store/x/b (framework directory)\nEnd of search list.\n\
        \x20\"/nix/store/x/bin/ld.lld\" --sysroot=/nix/store/x -pie\nld.lld: warning: x\n";

    #[test]
    fn verbose_clang_is_read() {
        assert_eq!(include_directories(CLANG), ["/nix/store/x/a", "/nix/store/x/b"]);
        assert_eq!(last_program(CLANG), Some("/nix/store/x/bin/ld.lld"));
        assert_eq!(value_after(CLANG, "-isysroot"), Some("/nix/store/x/sysroot"));
        assert_eq!(include_directories("gcc: error"), Vec::<String>::new());
    }

    #[test]
    fn linker_that_a_verbose_gcc_starts_is_read() {
        let options = "COLLECT_GCC_OPTIONS='-fuse-ld=lld' '-v'\n";
        let command = " /nix/store/x/libexec/collect2 -plugin /nix/store/x/p.so -fuse-ld=mold -o linked crt1.o\n";
        assert_eq!(named_linker(&format!("{options}{command}{options}")), Some("mold"));
        assert_eq!(named_linker(&command.replace("-fuse-ld=mold", "")), None);
        assert_eq!(named_linker(options), None);
    }

    #[test]
    fn flag_in_a_suggestion_is_not_refused() {
        let stderr = "clang: error: unknown argument '-fno-canonical-system-headers'; did you mean \
            '-no-canonical-prefixes'?\nclang: warning: argument unused during compilation: '-pass-exit-codes'\n";
        let flags = ["-no-canonical-prefixes", "-fno-canonical-system-headers", "-pass-exit-codes"];
        assert_eq!(refused_flags(stderr, &flags), &flags[1..]);
        assert_eq!(target("gcc\nTarget: x86_64-linux-gnu\n"), Some("x86_64-linux-gnu"));
        assert_eq!(target("gcc\n"), None);
    }

    #[test]
    fn macros_are_found_by_their_whole_name() {
        let defines = "#define __GLIBC_MINOR__ 41\n#define __GLIBC__ 2\n#define EMPTY\n";
        assert_eq!(macro_value(defines, "__GLIBC__"), Some("2"));
        assert_eq!(macro_value(defines, "__GLIBC_MINOR__"), Some("41"));
        assert_eq!(macro_value(defines, "__GLIB"), None);
    }
}
