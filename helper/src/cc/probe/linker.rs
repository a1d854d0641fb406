//! Finds the linker, and the link flags that it accepts.

use super::flags::accepted_flags;
use super::{CompilerKind, DEFAULT_LINKER, LINK_QUESTIONS, Linker, ProbeError, linker_name};
use crate::cc::answer;
use crate::cc::compiler::{Answer, Compiler};
use crate::environment::Environment;
use crate::toolchain_path::ToolchainPath;

/// Linkers that understand `--start-lib`: those that Bazel looks for, in its order, and one more.
const LINKERS: [&str; 3] = ["lld", "gold", "mold"];

const OBJECTS: [&str; 2] = ["-Wl,--start-lib", "-Wl,--end-lib"];

/// A compiler and the folders that it finds programs in.
pub(super) struct LinkerProbe<'a> {
    pub(super) compiler: &'a Compiler<'a>,
    pub(super) kind: CompilerKind,
    pub(super) environment: &'a Environment,
    pub(super) find: &'a (dyn Fn(&str) -> Option<ToolchainPath> + Sync),
}

impl LinkerProbe<'_> {
    /// The linker and the accepted ones of [`LINK_QUESTIONS`].
    pub(super) fn ask(&self) -> Result<(Option<Linker>, Vec<&'static str>), ProbeError> {
        for name in LINKERS {
            let fuse = format!("-fuse-ld={name}");
            let output = format!("linked-{name}");
            let link = ["empty.cc", OBJECTS[0], OBJECTS[1], &fuse, "-v"];
            // All at once, for the common case that all is accepted.
            let answer = self.compiler.ask(&[&link, LINK_QUESTIONS.as_slice(), &["-o", &output]].concat())?;
            if answer.success {
                return Ok((Some(self.linker(name, &fuse, &answer)?), LINK_QUESTIONS.to_vec()));
            }
            let answer = self.compiler.ask(&[&link, ["-o", &output].as_slice()].concat())?;
            if answer.success {
                let linker = self.linker(name, &fuse, &answer)?;
                let flags = accepted_flags(self.compiler, &["empty.cc", &fuse], &output, &LINK_QUESTIONS)?;
                return Ok((Some(linker), flags));
            }
        }
        let output = "linked";
        let answer = self.compiler.ask(&["empty.cc", "-v", "-o", output])?;
        let linker = if answer.success { Some(self.linker(DEFAULT_LINKER, "-v", &answer)?) } else { None };
        Ok((linker, accepted_flags(self.compiler, &["empty.cc"], output, &LINK_QUESTIONS)?))
    }

    fn linker(&self, name: &str, flag: &str, answer: &Answer) -> Result<Linker, ProbeError> {
        let printed = match self.kind {
            CompilerKind::Clang => answer::last_program(&answer.stderr).map(str::to_owned),
            // GCC shows its own linker driver, and not the linker that this starts. What a wrapper adds counts.
            CompilerKind::Gcc => Some(self.gcc_linker(answer::named_linker(&answer.stderr).unwrap_or(name))?),
        };
        let outside = |reason| ProbeError::LinkerOutsideStore { flag: flag.to_owned(), reason };
        let path = match printed {
            None => None,
            Some(program) if program.contains('/') => Some(self.environment.paths().parse(&program).map_err(outside)?),
            // A name alone is looked for in Env's `PATH`, which holds nothing but allowed folders.
            Some(program) => (self.find)(&program),
        };
        // A driver that always passes its own linker answers yes to every name; the program tells the truth.
        let name = path.as_ref().and_then(linker_name).filter(|_| name != DEFAULT_LINKER).unwrap_or(name);
        Ok(Linker { name: name.to_owned(), path })
    }

    fn gcc_linker(&self, name: &str) -> Result<String, ProbeError> {
        let program = if name == DEFAULT_LINKER { "ld".to_owned() } else { format!("ld.{name}") };
        let answer = self.compiler.ask(&[format!("-print-prog-name={program}")])?;
        Ok(answer.stdout.trim().to_owned())
    }
}
