//! BUILD files: parsed, rewritten, and parsed again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lre::build_file::{BuildFile, parse};
use lre::rewrite::{Replacements, RewriteError, rewrite};
use lre::store::StorePath;
use lre_fuzz::expand;

const OLD: &str = "/nix/store/7k0f7kbjv4q3z2v6q1pxmcq4x6d4j5a9-gcc-14";
const NEW: &str = "/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-gcc-wrapper-15.2";

static REPLACEMENTS: LazyLock<Replacements> = LazyLock::new(|| {
    let path = |text: &str| StorePath::parse(text).expect("a store path");
    Replacements::new([(path(OLD), path(NEW))]).expect("usable replacements")
});

fuzz_target!(|data: &[u8]| {
    let data = expand(data);
    let Ok(text) = std::str::from_utf8(&data) else { return };
    let parsed = parse("BUILD", text);
    if let Ok(file) = &parsed {
        for literal in &file.literals {
            let (line, column) = literal.position_of(OLD);
            assert!(line >= 1 && column >= 1 && literal.line >= 1 && literal.column >= 1);
        }
    }
    let rewritten = match (parsed, rewrite("BUILD", text, &REPLACEMENTS)) {
        (Ok(before), Ok(rewritten)) => {
            let after = parse("BUILD", &rewritten.text).expect("what a rewrite returns is Starlark");
            assert_eq!(values(&after), values(&before));
            let new = |text: &str| text.matches(NEW).count();
            assert_eq!(new(&rewritten.text), new(text) + rewritten.replaced);
            rewritten
        }
        // Bazel refuses a byte order mark, and nothing is rewritten then.
        (Err(_), Ok(rewritten)) => {
            assert!(text.starts_with('\u{feff}'), "a rewrite of what is no Starlark");
            assert_eq!(rewritten.replaced, 0);
            rewritten
        }
        (_, Err(RewriteError::Parse(error))) => {
            assert!(error.line >= 1 && error.column >= 1 && !error.message.contains('\n'), "{error:?}");
            return;
        }
        (_, Err(error)) => panic!("{error}"),
    };
    // Nothing but the named path has changed, and a second run finds nothing to do.
    assert_eq!(rewritten.text.replace(NEW, OLD), text.replace(NEW, OLD));
    let again = rewrite("BUILD", &rewritten.text, &REPLACEMENTS).expect("Starlark");
    assert_eq!((again.replaced, again.text.as_ref()), (0, rewritten.text.as_ref()));
});

/// What the literals say, with the old path for the new one.
fn values(file: &BuildFile) -> Vec<String> {
    file.literals.iter().map(|literal| literal.value.replace(NEW, OLD)).collect()
}
