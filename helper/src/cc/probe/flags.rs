//! Asks which flags the compiler accepts, in as few runs as its answers allow.

use super::ProbeError;
use crate::cc::answer;
use crate::cc::compiler::Compiler;

/// The flags that are accepted in `command`, in their given order. `output` is a name for a file that it writes.
///
/// A compiler names every flag that it refuses, in its error or its warning, so that two runs tell as a rule. Where it
/// fails and names none, each flag is asked alone.
pub(super) fn accepted_flags<'a>(
    compiler: &Compiler<'_>,
    command: &[&str],
    output: &str,
    flags: &[&'a str],
) -> Result<Vec<&'a str>, ProbeError> {
    let mut left = flags.to_vec();
    while !left.is_empty() {
        let answer = compiler.ask(&[&left, command, &["-o", output]].concat())?;
        let refused = answer::refused_flags(&answer.stderr, &left);
        if refused.is_empty() {
            return if answer.success { Ok(left) } else { one_by_one(compiler, command, output, &left) };
        }
        let failed = !answer.success;
        left.retain(|flag| !refused.contains(flag));
        if !failed {
            return Ok(left);
        }
    }
    Ok(left)
}

fn one_by_one<'a>(
    compiler: &Compiler<'_>,
    command: &[&str],
    output: &str,
    flags: &[&'a str],
) -> Result<Vec<&'a str>, ProbeError> {
    let mut accepted = Vec::new();
    for flag in flags {
        let answer = compiler.ask(&[&[*flag], command, &["-o", output]].concat())?;
        if answer.success && answer::refused_flags(&answer.stderr, &[flag]).is_empty() {
            accepted.push(*flag);
        }
    }
    Ok(accepted)
}
