//! The questions that find the facts out.

use std::path::Path;

use super::flags::accepted_flags;
use super::linker::LinkerProbe;
use super::runtime::find_runtimes;
use super::tool::find_tools;
use super::{COMPILE_QUESTIONS, CcProbe, CompilerKind, CxxLibrary, IncludeSearch, ProbeError};
use crate::cc::answer;
use crate::cc::compiler::{Answer, Compiler, CompilerError};
use crate::environment::Environment;
use crate::manifest::Origin;
use crate::shell::quote_words;
use crate::store::Store;
use crate::system::{System, host_system};
use crate::temporary_folder::temporary_folder;
use crate::toolchain_kind::ToolchainKind;
use crate::toolchain_path::ToolchainPath;

/// Asks the compiler that Env names. Runs it some ten times, with Env as its only environment.
///
/// # Errors
/// See [`ProbeError`].
pub fn probe_cc(store: &Store, environment: &Environment) -> Result<CcProbe, ProbeError> {
    let path = environment.compiler()?;
    environment.search_path()?;
    environment.check_hidden_inputs(ToolchainKind::Cc)?;
    let system = System::try_from(host_system())?;
    // A compiler in an image sees nothing else.
    let folder = temporary_folder("lre-probe-", store.image_root())?;
    write_sources(folder.path())?;
    let compiler = Compiler::new(store, &path, environment, folder.path());
    let probe = Probe { store, environment, compiler };
    // The first question tells whether the compiler runs at all; the others then run side by side.
    let c = probe.headers(&C)?;
    let (kind, version) = probe.identify(&c.stdout)?;
    let target = answer::target(&c.stderr).ok_or_else(|| ProbeError::NoTarget(path.clone()))?;
    let is_darwin = System::of_triple(target).is_some_and(System::is_darwin);
    let tools = find_tools(store, environment, is_darwin)?;
    let printed = |flag| answer::value_after(&c.stderr, flag).and_then(|path| environment.paths().parse(path).ok());
    let resources = printed("-resource-dir");
    std::thread::scope(|scope| {
        let runtimes = scope.spawn(|| find_runtimes(&probe.compiler, store, resources.as_ref(), target));
        let cxx = scope.spawn(|| probe.headers(&CXX));
        let more = scope.spawn(|| probe.unresolved_searches(kind));
        let flags = scope.spawn(|| accepted_flags(&probe.compiler, &["-c", "empty.cc"], "flags.o", &COMPILE_QUESTIONS));
        let find = |program: &str| find_program(store, environment, program);
        let linker = LinkerProbe { compiler: &probe.compiler, kind, environment, find: &find };
        let (linker, link_flags) = linker.ask()?;
        let cxx = joined(cxx)?;
        let cxx_library = probe.cxx_library(&cxx.stdout)?;
        let resolved =
            [(&C, &c), (&CXX, &cxx)].map(|(language, answer)| probe.search(&language.arguments(environment), answer));
        let [libcxx, unresolved_libcxx] = probe.libcxx_searches(kind, cxx_library)?;
        let mut include_searches = resolved.into_iter().collect::<Result<Vec<_>, _>>()?;
        // In the order of Bazel's questions, which is that of its list of folders.
        include_searches.extend(libcxx.into_iter().chain(joined(more)?).chain(unresolved_libcxx));
        include_searches.retain(|search| !search.directories.is_empty());
        Ok(CcProbe {
            origin: Origin::Probed,
            system,
            compiler: kind,
            version,
            target: target.to_owned(),
            libc: libc(&c.stdout),
            cxx_library,
            include_searches,
            resource_directory: resources.clone(),
            // A sysroot of `/` or outside the store shows in the directories, which are checked.
            sysroot: printed("-isysroot"),
            linker,
            tools,
            accepted_flags: Some(joined(flags)?.into_iter().chain(link_flags).map(str::to_owned).collect()),
            runtimes: Some(joined(runtimes)?),
        })
    })
}

fn write_sources(folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join("empty.c"), "int main(void) { return 0; }\n")?;
    std::fs::write(folder.join("empty.cc"), "int main() {}\n")?;
    std::fs::write(folder.join(C.source), "#include <limits.h>\n")?;
    std::fs::write(folder.join(CXX.source), "#include <cstddef>\n")
}

/// The result of a thread; its panic goes on in this one.
fn joined<T>(handle: std::thread::ScopedJoinHandle<'_, Result<T, ProbeError>>) -> Result<T, ProbeError> {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn libc(macros: &str) -> Option<String> {
    if answer::macro_value(macros, "__APPLE__").is_some() {
        // Bazel's name for it; rules_cc has other features then.
        return Some("macosx".to_owned());
    }
    let major = answer::macro_value(macros, "__GLIBC__")?;
    let minor = answer::macro_value(macros, "__GLIBC_MINOR__")?;
    Some(format!("glibc_{major}.{minor}"))
}

fn find_program(store: &Store, environment: &Environment, program: &str) -> Option<ToolchainPath> {
    let mut programs = environment.search_path().ok()?.into_iter().map(|folder| folder.join(program));
    programs.find(|path| store.resolve(&path.to_string()).is_some_and(|file| file.is_file()))
}

/// A language, with a file that includes a header of its library.
struct Language {
    flag: &'static str,
    source: &'static str,
    header: &'static str,
    library: &'static str,
    variable: &'static str,
}

const C: Language =
    Language { flag: "-xc", source: "libc.c", header: "limits.h", library: "C library", variable: "BAZEL_CONLYOPTS" };

const CXX: Language = Language {
    flag: "-xc++",
    source: "libcxx.cc",
    header: "cstddef",
    library: "C++ library",
    variable: "BAZEL_CXXOPTS",
};

impl Language {
    fn arguments(&self, environment: &Environment) -> Vec<String> {
        let words = environment.bazel_words(self.variable).unwrap_or_default();
        [vec![self.flag.to_owned()], words].concat()
    }
}

struct Probe<'a> {
    store: &'a Store,
    environment: &'a Environment,
    compiler: Compiler<'a>,
}

impl Probe<'_> {
    /// Everything about a language in one run: macros on stdout; target, folders and search on stderr.
    fn headers(&self, language: &Language) -> Result<Answer, ProbeError> {
        let ask = |source: &str, words: &[String]| {
            let question = ["-dM", "-E", "-v"].map(str::to_owned);
            self.compiler.ask(&[&question, words, &[source.to_owned()]].concat())
        };
        let arguments = language.arguments(self.environment);
        let flags = || quote_words(&arguments);
        let Language { header, library, variable, .. } = *language;
        let answer = ask(language.source, &arguments)?;
        if !answer.success {
            // Whether it runs at all, which any compiler does without a header and without Env's flags; and with these.
            ask("empty.c", &[C.flag.to_owned()])?.require(CompilerError::Failed)?;
            let refused = |failure| CompilerError::Flags { variable, flags: flags(), failure };
            ask("/dev/null", &arguments)?.require(refused)?;
        }
        let no_header = |failure| CompilerError::NoHeader { header, library, variable, flags: flags(), failure };
        Ok(answer.require(no_header)?)
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

    /// What Bazel's own configuration asks beside the languages alone: clang without resolved links. GCC's flag against
    /// resolved links changes what it writes into dependency files, and not where it searches.
    fn unresolved_searches(&self, kind: CompilerKind) -> Result<Vec<IncludeSearch>, ProbeError> {
        if kind == CompilerKind::Gcc {
            return Ok(Vec::new());
        }
        [C, CXX].iter().map(|language| self.ask_search(language, &["-no-canonical-prefixes"])).collect()
    }

    /// The searches for libc++, with and without resolved links, where clang uses another library by itself.
    fn libcxx_searches(
        &self,
        kind: CompilerKind,
        library: CxxLibrary,
    ) -> Result<[Option<IncludeSearch>; 2], ProbeError> {
        if kind == CompilerKind::Gcc || library == CxxLibrary::Libcxx {
            return Ok([None, None]);
        }
        let resolved = self.ask_search(&CXX, &["-stdlib=libc++"])?;
        let unresolved = self.ask_search(&CXX, &["-no-canonical-prefixes", "-stdlib=libc++"])?;
        Ok([Some(resolved), Some(unresolved)])
    }

    /// A search that fails (no such language, an unknown flag) has no directories.
    fn ask_search(&self, language: &Language, flags: &[&str]) -> Result<IncludeSearch, ProbeError> {
        let mut arguments = language.arguments(self.environment);
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let question = ["-E", "-v"].map(str::to_owned);
        let answer = self.compiler.ask(&[&question, arguments.as_slice(), &["/dev/null".to_owned()]].concat())?;
        self.search(&arguments, &answer)
    }

    fn search(&self, arguments: &[String], answer: &Answer) -> Result<IncludeSearch, ProbeError> {
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
        Ok(IncludeSearch { arguments: arguments.to_vec(), directories })
    }

    /// The path behind links, if it is allowed too. GCC names headers by it in dependency files.
    fn canonical(&self, path: &ToolchainPath) -> Option<ToolchainPath> {
        let on_disk = self.store.resolve(&path.to_string())?;
        self.environment.paths().parse(&self.store.logical(&on_disk)?).ok()
    }
}
