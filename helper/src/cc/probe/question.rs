//! The questions that find the facts out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use super::{
    COMPILE_QUESTIONS, CcProbe, CompilerKind, CxxLibrary, IncludeSearch, LINK_QUESTIONS, Linker, ProbeError,
    linker_name,
};
use crate::cc::answer;
use crate::cc::compiler::{Compiler, CompilerError, Failure};
use crate::environment::Environment;
use crate::manifest::Origin;
use crate::store::Store;
use crate::toolchain_path::ToolchainPath;

/// Tools by the names that Bazel knows, each with the spellings to look for.
const TOOLS: [(&str, [&str; 2]); 12] = [
    ("ar", ["ar", "llvm-ar"]),
    ("c++filt", ["c++filt", "llvm-cxxfilt"]),
    ("cpp", ["cpp", "cpp"]),
    ("dwp", ["dwp", "llvm-dwp"]),
    ("gcov", ["gcov", "gcov"]),
    ("ld", ["ld", "ld.lld"]),
    ("llvm-cov", ["llvm-cov", "llvm-cov"]),
    ("llvm-profdata", ["llvm-profdata", "llvm-profdata"]),
    ("nm", ["nm", "llvm-nm"]),
    ("objcopy", ["objcopy", "llvm-objcopy"]),
    ("objdump", ["objdump", "llvm-objdump"]),
    ("strip", ["strip", "llvm-strip"]),
];

/// Asks the compiler that Env names. Runs it some 25 times, with Env as its only environment.
///
/// # Errors
/// See [`ProbeError`].
pub fn probe_cc(store: &Store, environment: &Environment) -> Result<CcProbe, ProbeError> {
    let path = environment.compiler()?;
    let search_path = environment.search_path()?;
    environment.check_hidden_inputs()?;
    let folder = tempfile::tempdir()?;
    write_sources(folder.path())?;
    let probe = Probe { store, environment, compiler: Compiler::new(store, &path, environment, folder.path()) };
    // The first question tells whether the compiler runs at all; the others then run side by side.
    let macros = probe.macros("-xc", "empty.c", &[], CompilerError::Failed)?;
    let (kind, version) = probe.identify(&macros)?;
    std::thread::scope(|scope| {
        let headers = scope.spawn(|| probe.include_searches(kind));
        let flags = scope.spawn(|| probe.accepted_flags());
        let linker = scope.spawn(|| probe.linker(kind));
        let c_macros = probe.c_macros()?;
        let cxx_macros = probe.cxx_macros()?;
        let (include_searches, sysroot) = joined(headers)?;
        Ok(CcProbe {
            origin: Origin::Probed,
            compiler: kind,
            version,
            target: probe.line("-dumpmachine")?,
            libc: libc(&c_macros),
            cxx_library: probe.cxx_library(&cxx_macros)?,
            include_searches,
            resource_directory: probe.resource_directory(kind)?,
            sysroot,
            linker: joined(linker)?,
            tools: find_tools(store, &search_path),
            accepted_flags: Some(joined(flags)?),
        })
    })
}

fn write_sources(folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join("empty.c"), "int main(void) { return 0; }\n")?;
    std::fs::write(folder.join("empty.cc"), "int main() {}\n")?;
    std::fs::write(folder.join("libc.c"), "#include <limits.h>\n")?;
    std::fs::write(folder.join("libcxx.cc"), "#include <cstddef>\n")
}

/// The result of a thread; its panic goes on in this one.
fn joined<T>(handle: std::thread::ScopedJoinHandle<'_, Result<T, ProbeError>>) -> Result<T, ProbeError> {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn libc(macros: &str) -> Option<String> {
    let major = answer::macro_value(macros, "__GLIBC__")?;
    let minor = answer::macro_value(macros, "__GLIBC_MINOR__")?;
    Some(format!("glibc_{major}.{minor}"))
}

fn find_tools(store: &Store, search_path: &[ToolchainPath]) -> BTreeMap<String, ToolchainPath> {
    let find = |spelling: &str| {
        search_path
            .iter()
            .map(|folder| folder.join(spelling))
            .find(|tool| store.resolve(&tool.to_string()).is_some_and(|file| file.is_file()))
    };
    TOOLS
        .iter()
        .filter_map(|(name, spellings)| {
            Some(((*name).to_owned(), spellings.iter().find_map(|spelling| find(spelling))?))
        })
        .collect()
}

struct Probe<'a> {
    store: &'a Store,
    environment: &'a Environment,
    compiler: Compiler<'a>,
}

impl Probe<'_> {
    fn line(&self, question: &'static str) -> Result<String, ProbeError> {
        let unanswered = |failure| CompilerError::Unanswered { question, failure };
        Ok(self.compiler.ask(&[question])?.require(unanswered)?.stdout.trim().to_owned())
    }

    fn macros(
        &self,
        language: &str,
        source: &str,
        flags: &[String],
        error: impl FnOnce(Box<Failure>) -> CompilerError,
    ) -> Result<String, ProbeError> {
        let mut arguments = vec!["-dM", "-E", language];
        arguments.extend(flags.iter().map(String::as_str));
        arguments.push(source);
        Ok(self.compiler.ask(&arguments)?.require(error)?.stdout)
    }

    fn c_macros(&self) -> Result<String, ProbeError> {
        let (header, library, variable, language) = ("limits.h", "C library", "BAZEL_CONLYOPTS", "-xc");
        let flags = self.environment.bazel_words(variable).unwrap_or_default();
        self.macros(language, "libc.c", &flags, |failure| CompilerError::NoHeader {
            header,
            library,
            variable,
            language,
            failure,
        })
    }

    fn cxx_macros(&self) -> Result<String, ProbeError> {
        let (header, library, variable, language) = ("cstddef", "C++ library", "BAZEL_CXXOPTS", "-xc++");
        let flags = self.environment.bazel_words(variable).unwrap_or_default();
        self.macros(language, "libcxx.cc", &flags, |failure| CompilerError::NoHeader {
            header,
            library,
            variable,
            language,
            failure,
        })
    }

    fn identify(&self, macros: &str) -> Result<(CompilerKind, String), ProbeError> {
        let clang = (CompilerKind::Clang, ["__clang_major__", "__clang_minor__", "__clang_patchlevel__"]);
        // Clang defines GCC's macros too.
        let gcc = (CompilerKind::Gcc, ["__GNUC__", "__GNUC_MINOR__", "__GNUC_PATCHLEVEL__"]);
        for (kind, names) in [clang, gcc] {
            let parts: Option<Vec<&str>> = names.iter().map(|name| answer::macro_value(macros, name)).collect();
            if let Some(parts) = parts {
                return Ok((kind, parts.join(".")));
            }
        }
        Err(ProbeError::UnknownCompiler(self.compiler.path().clone()))
    }

    fn cxx_library(&self, macros: &str) -> Result<CxxLibrary, ProbeError> {
        if answer::macro_value(macros, "_LIBCPP_VERSION").is_some() {
            Ok(CxxLibrary::Libcxx)
        } else if answer::macro_value(macros, "__GLIBCXX__").is_some() {
            Ok(CxxLibrary::Libstdcxx)
        } else {
            Err(ProbeError::UnknownCxxLibrary(self.compiler.path().clone()))
        }
    }

    /// The questions of Bazel's own configuration. A search that fails (no such language, an unknown flag) has no
    /// directories.
    fn include_searches(&self, kind: CompilerKind) -> Result<(Vec<IncludeSearch>, Option<ToolchainPath>), ProbeError> {
        let words = |key: &str| self.environment.bazel_words(key).unwrap_or_default();
        let c = [vec!["-xc".to_owned()], words("BAZEL_CONLYOPTS")].concat();
        let cxx = [vec!["-xc++".to_owned()], words("BAZEL_CXXOPTS")].concat();
        let with = |arguments: &[String], flag: &str| [arguments, &[flag.to_owned()]].concat();
        let mut questions = vec![c.clone(), cxx.clone()];
        if kind == CompilerKind::Clang {
            questions.push(with(&cxx, "-stdlib=libc++"));
            questions.push(with(&c, "-no-canonical-prefixes"));
            questions.push(with(&cxx, "-no-canonical-prefixes"));
            questions.push(with(&with(&cxx, "-no-canonical-prefixes"), "-stdlib=libc++"));
        }
        let mut searches = Vec::new();
        let mut sysroot = None;
        for arguments in questions {
            let (search, found) = self.include_search(arguments)?;
            sysroot = sysroot.or(found);
            if !search.directories.is_empty() {
                searches.push(search);
            }
        }
        Ok((searches, sysroot))
    }

    fn include_search(&self, arguments: Vec<String>) -> Result<(IncludeSearch, Option<ToolchainPath>), ProbeError> {
        let command = [&["-E".to_owned(), "-v".to_owned()], arguments.as_slice(), &["/dev/null".to_owned()]].concat();
        let answer = self.compiler.ask(&command)?;
        let mut directories = Vec::new();
        for printed in answer::include_directories(&answer.stderr) {
            let outside = |reason| ProbeError::OutsideStore { arguments: arguments.join(" "), reason };
            let directory = self.environment.paths().parse(&printed).map_err(outside)?;
            let canonical = self.canonical(&directory);
            for spelling in std::iter::once(directory).chain(canonical) {
                if !directories.contains(&spelling) {
                    directories.push(spelling);
                }
            }
        }
        // A sysroot of `/` or outside the store shows in the directories, which are checked.
        let sysroot =
            answer::value_after(&answer.stderr, "-isysroot").and_then(|path| self.environment.paths().parse(path).ok());
        Ok((IncludeSearch { arguments, directories }, sysroot))
    }

    /// The path behind links, if it is allowed too. GCC names headers by it in dependency files.
    fn canonical(&self, path: &ToolchainPath) -> Option<ToolchainPath> {
        let on_disk = self.store.resolve(&path.to_string())?;
        self.environment.paths().parse(&self.store.logical(&on_disk)?).ok()
    }

    fn resource_directory(&self, kind: CompilerKind) -> Result<Option<ToolchainPath>, ProbeError> {
        match kind {
            CompilerKind::Clang => Ok(self.environment.paths().parse(&self.line("-print-resource-dir")?).ok()),
            CompilerKind::Gcc => Ok(None),
        }
    }

    fn linker(&self, kind: CompilerKind) -> Result<Option<Linker>, ProbeError> {
        for name in ["lld", "gold"] {
            let fuse = format!("-fuse-ld={name}");
            let output = format!("linked-{name}");
            let arguments = ["empty.cc", "-o", &output, "-Wl,--start-lib", "-Wl,--end-lib", &fuse, "-v"];
            let answer = self.compiler.ask(&arguments)?;
            if !answer.success {
                continue;
            }
            let printed = answer::last_program(&answer.stderr).filter(|_| kind == CompilerKind::Clang);
            // A name alone is looked for in Env's `PATH`, which holds nothing but allowed folders.
            let path = printed
                .filter(|program| program.contains('/'))
                .map(|program| self.environment.paths().parse(program))
                .transpose()
                .map_err(|reason| ProbeError::LinkerOutsideStore { flag: fuse, reason })?;
            // A driver that always passes its own linker answers yes to every name; the program tells the truth.
            let name = path.as_ref().and_then(linker_name).unwrap_or(name).to_owned();
            return Ok(Some(Linker { name, path }));
        }
        Ok(None)
    }

    fn accepted_flags(&self) -> Result<Vec<String>, ProbeError> {
        let compile = COMPILE_QUESTIONS.iter().map(|flag| (*flag, true));
        let link = LINK_QUESTIONS.iter().map(|flag| (*flag, false));
        let questions: Vec<(&str, bool)> = compile.chain(link).collect();
        let accepted = Mutex::new(vec![false; questions.len()]);
        let (first, second) = questions.split_at(questions.len() / 2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| self.ask_flags(second, first.len(), &accepted));
            self.ask_flags(first, 0, &accepted)?;
            joined(other)
        })?;
        let accepted = accepted.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(questions.iter().zip(accepted).filter(|(_, yes)| *yes).map(|((flag, _), _)| (*flag).to_owned()).collect())
    }

    fn ask_flags(
        &self,
        questions: &[(&str, bool)],
        offset: usize,
        accepted: &Mutex<Vec<bool>>,
    ) -> Result<(), ProbeError> {
        for (index, (flag, compile)) in questions.iter().enumerate() {
            let output = format!("flag-{}", offset + index);
            let mut arguments = vec![*flag, "-o", &output];
            arguments.extend(if *compile { ["-c", "empty.cc"].as_slice() } else { ["empty.cc"].as_slice() });
            let answer = self.compiler.ask(&arguments)?;
            // Clang only warns of an unknown warning flag and of one that it does not use; both name the flag.
            let yes = answer.success && !answer.stderr.contains(flag);
            accepted.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[offset + index] = yes;
        }
        Ok(())
    }
}
