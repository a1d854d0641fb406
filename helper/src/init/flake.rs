//! `flake.nix`: the flake's input, and the import of its module. The text is parsed, never evaluated, and only grows.

use rnix::ast::{self, Attr, AttrSet, AttrpathValue, Entry, Expr, HasEntry as _, InterpolPart, Param};
use rowan::ast::AstNode as _;

use super::flake_text::{Growth, after, before_closing};
use crate::pin::MODULE;

/// The file's name.
pub const FLAKE_FILE: &str = "flake.nix";

/// A new one, which is the template's. It names a checkout.
const NEW: &str = include_str!("new-flake.nix");
const CHECKOUT: &str = "git+file:///path/to/the/checkout";

/// Why a flake cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlakeError {
    /// It is no Nix.
    #[error("`flake.nix` cannot be parsed: {0}")]
    Parse(String),
    /// It is written in a way that leaves more than one place.
    #[error("`flake.nix` cannot be edited safely: {reason}\n\nhint: put these lines into it\n{lines}")]
    Unsafe {
        /// What is in the way.
        reason: &'static str,
        /// What it lacks.
        lines: String,
    },
    /// Nobody said where the flake is.
    #[error(
        "nothing says where the flake of `local-remote-execution` comes from\n\nhint: name a checkout with `--path DIR`, or a commit \
         with `--git URL --commit SHA`"
    )]
    NoSource,
}

/// The flake with what it lacks; `None` if it lacks nothing. Without a text it is a new one. `reference` is this repository's
/// flake, as in `inputs.NAME.url`.
///
/// # Errors
/// See [`FlakeError`]. A result that does not parse, or that would grow again, is refused too.
pub fn with_flake(text: Option<&str>, reference: Option<&str>) -> Result<Option<String>, FlakeError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        let reference = reference.ok_or(FlakeError::NoSource)?;
        return Ok(Some(NEW.replace(&format!("\"{CHECKOUT}\""), &quoted(reference))));
    };
    let completed = grow(text, reference)?;
    if let Some(completed) = &completed {
        let again = grow(completed, reference)?;
        if again.is_some() {
            return Err(refusal("what would be added is not found again", reference));
        }
    }
    Ok(completed)
}

fn refusal(reason: &'static str, reference: Option<&str>) -> FlakeError {
    let reference = quoted(reference.unwrap_or(CHECKOUT));
    let lines = format!(
        "  inputs.{MODULE}.url = {reference};\n  imports = [ inputs.{MODULE}.flakeModule ]; # of the module that `mkFlake` gets"
    );
    FlakeError::Unsafe { reason, lines }
}

fn grow(text: &str, reference: Option<&str>) -> Result<Option<String>, FlakeError> {
    let parsed = rnix::Root::parse(text);
    if let Some(error) = parsed.errors().first() {
        return Err(FlakeError::Parse(error.to_string()));
    }
    let cannot = |reason: &'static str| refusal(reason, reference);
    let flake = match parsed.tree().expr() {
        Some(Expr::AttrSet(flake)) => flake,
        _ => return Err(cannot("it is no attribute set")),
    };
    let input = match has_input(&flake)? {
        true => None,
        false => {
            let url = format!("{MODULE}.url = {};", quoted(reference.ok_or(FlakeError::NoSource)?));
            Some(add_input(text, &flake, &url).map_err(cannot)?)
        }
    };
    let import = add_import(text, &flake).map_err(cannot)?;
    let mut growths: Vec<Growth> = input.into_iter().chain(import).collect();
    if growths.is_empty() {
        return Ok(None);
    }
    growths.sort_by_key(|growth| std::cmp::Reverse(growth.offset));
    let mut completed = text.to_owned();
    for Growth { offset, text } in growths {
        completed.insert_str(offset, &text);
    }
    Ok(Some(completed))
}

/// Whether the flake has the input, in one of the ways to write it.
fn has_input(flake: &AttrSet) -> Result<bool, FlakeError> {
    let is_ours = |path: &[String]| path.first().is_some_and(|name| name == MODULE);
    Ok(bindings(flake).any(|(path, binding)| match path.split_first() {
        Some((first, rest)) if first == "inputs" => {
            let set = binding.value().and_then(as_set);
            is_ours(rest) || rest.is_empty() && set.is_some_and(|set| bindings(&set).any(|(path, _)| is_ours(&path)))
        }
        _ => false,
    }))
}

fn add_input(text: &str, flake: &AttrSet, url: &str) -> Result<Growth, &'static str> {
    let of_inputs = |(path, _): &(Vec<String>, AttrpathValue)| path.first().is_some_and(|name| name == "inputs");
    let inputs: Vec<_> = bindings(flake).filter(of_inputs).collect();
    match inputs.as_slice() {
        [(path, binding)] if path.len() == 1 => {
            let set = binding.value().and_then(as_set).ok_or("`inputs` is no attribute set")?;
            let close = set.r_curly_token().ok_or("`inputs` has no end")?;
            Ok(before_closing(text, close.text_range().start().into(), url))
        }
        [.., (path, last)] if path.len() > 1 => {
            Ok(after(text, last.syntax().text_range().into(), &format!("inputs.{url}")))
        }
        [] => {
            let close = flake.r_curly_token().ok_or("it has no end")?;
            Ok(before_closing(text, close.text_range().start().into(), &format!("inputs.{url}")))
        }
        _ => Err("`inputs` is written in several ways"),
    }
}

/// The import of the module, into the one call of `mkFlake`.
fn add_import(text: &str, flake: &AttrSet) -> Result<Option<Growth>, &'static str> {
    let outputs = bindings(flake).find(|(path, _)| path == &["outputs"]).and_then(|(_, binding)| binding.value());
    let Some(Expr::Lambda(outputs)) = outputs.map(bare) else { return Err("`outputs` is no function") };
    let inputs = name_of_inputs(&outputs)?;
    let calls: Vec<Expr> = outputs.syntax().descendants().filter_map(ast::Apply::cast).filter_map(module_of).collect();
    let module = match calls.as_slice() {
        [module] => module.clone(),
        [] => return Err("it has no call of flake-parts' `mkFlake`"),
        _ => return Err("it calls `mkFlake` several times"),
    };
    let module = match module {
        Expr::Lambda(function) => function.body().and_then(as_set),
        other => as_set(other),
    };
    let module = module.ok_or("the module that `mkFlake` gets is no attribute set")?;
    let element = format!("{inputs}.{MODULE}.flakeModule");
    let imports = bindings(&module).find(|(path, _)| path == &["imports"]).and_then(|(_, binding)| binding.value());
    let Some(imports) = imports else {
        let open = module.l_curly_token().ok_or("the module that `mkFlake` gets has no start")?;
        let offset = usize::from(open.text_range().end());
        let entry = module.entries().next().map_or(offset, |entry| entry.syntax().text_range().start().into());
        return Ok(Some(Growth::at_start(text, offset, entry, &format!("imports = [ {element} ];"))));
    };
    let Expr::List(list) = imports else { return Err("`imports` is no list") };
    let is_ours = |item: Expr| {
        let item: String = item.syntax().text().to_string().split_whitespace().collect();
        item.contains(&format!("{MODULE}.flakeModule"))
    };
    if list.items().any(is_ours) {
        return Ok(None);
    }
    let close = list.r_brack_token().ok_or("`imports` has no end")?;
    Ok(Some(before_closing(text, close.text_range().start().into(), &element)))
}

/// What the function of `outputs` calls all of the inputs.
fn name_of_inputs(outputs: &ast::Lambda) -> Result<String, &'static str> {
    const UNNAMED: &str = "`outputs` does not name all of its inputs, as in `inputs:` or `inputs@{ … }:`";
    match outputs.param() {
        Some(Param::IdentParam(parameter)) => {
            parameter.ident().map(|name| name.syntax().text().to_string()).ok_or(UNNAMED)
        }
        Some(Param::Pattern(pattern)) => {
            let knows =
                pattern.pat_entries().any(|entry| entry.ident().is_some_and(|name| name.syntax().text() == MODULE));
            if pattern.ellipsis_token().is_none() && !knows {
                return Err("`outputs` takes no other inputs than those that it lists: it has no `...`");
            }
            let bind = pattern.pat_bind().and_then(|bind| bind.ident());
            bind.map(|name| name.syntax().text().to_string()).ok_or(UNNAMED)
        }
        None => Err(UNNAMED),
    }
}

/// The module of a call `….mkFlake { … } MODULE`.
fn module_of(call: ast::Apply) -> Option<Expr> {
    let Expr::Apply(inner) = bare(call.lambda()?) else { return None };
    let is_it = match bare(inner.lambda()?) {
        Expr::Ident(name) => name.syntax().text() == "mkFlake",
        Expr::Select(select) => names(&select.attrpath()?).last().is_some_and(|name| name == "mkFlake"),
        _ => false,
    };
    if is_it { call.argument().map(bare) } else { None }
}

/// The bindings of a set with the names in their paths. One with a computed name has none.
fn bindings(set: &AttrSet) -> impl Iterator<Item = (Vec<String>, AttrpathValue)> + use<> {
    set.entries().filter_map(|entry| match entry {
        Entry::AttrpathValue(binding) => Some((names(&binding.attrpath()?), binding)),
        Entry::Inherit(_) => None,
    })
}

fn names(path: &ast::Attrpath) -> Vec<String> {
    let name = |attribute: Attr| match attribute {
        Attr::Ident(name) => name.syntax().text().to_string(),
        Attr::Str(text) => match text.normalized_parts().as_slice() {
            [InterpolPart::Literal(text)] => text.clone(),
            _ => String::new(),
        },
        Attr::Dynamic(_) => String::new(),
    };
    path.attrs().map(name).collect()
}

/// An expression without the parentheses around it.
fn bare(expression: Expr) -> Expr {
    match &expression {
        Expr::Paren(paren) => match paren.expr() {
            Some(inner) => bare(inner),
            None => expression,
        },
        _ => expression,
    }
}

fn as_set(expression: Expr) -> Option<AttrSet> {
    match bare(expression) {
        Expr::AttrSet(set) => Some(set),
        _ => None,
    }
}

/// A Nix literal.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "\\${"))
}

#[cfg(test)]
mod unit {
    use super::*;

    const URL: &str = "git+file:///lre";

    fn completed(text: &str) -> Result<Option<String>, FlakeError> {
        with_flake(Some(text), Some(URL))
    }

    #[test]
    fn flake_in_each_way_to_write_it_grows_by_an_input_and_an_import_and_only_once() -> Result<(), FlakeError> {
        let cases = [
            (
                "{\n  inputs = {\n    # Why.\n    nixpkgs.url = \"n\";\n  };\n  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {\n    \
                 imports = [\n      ./a.nix\n    ];\n  };\n}\n",
                "{\n  inputs = {\n    # Why.\n    nixpkgs.url = \"n\";\n    local-remote-execution.url = \"git+file:///lre\";\n  };\n  \
                 outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {\n    imports = [\n      ./a.nix\n      \
                 inputs.local-remote-execution.flakeModule\n    ];\n  };\n}\n",
            ),
            (
                "{\n  inputs.a.url = \"a\"; # A.\n  inputs.\"b\".url = \"b\";\n\n  outputs = all@{ flake-parts, ... }:\n    flake-parts.lib.mkFlake \
                 { inputs = all; } ({ lib, ... }: {\n      systems = [ ];\n    });\n}\n",
                "{\n  inputs.a.url = \"a\"; # A.\n  inputs.\"b\".url = \"b\";\n  inputs.local-remote-execution.url = \
                 \"git+file:///lre\";\n\n  outputs = all@{ flake-parts, ... }:\n    flake-parts.lib.mkFlake { inputs = all; } ({ lib, ... }: {\n      \
                 imports = [ all.local-remote-execution.flakeModule ];\n      systems = [ ];\n    });\n}\n",
            ),
            (
                "{ inputs = { }; outputs = inputs: with inputs; mkFlake { inherit inputs; } { imports = [ ]; }; }",
                "{ inputs = { local-remote-execution.url = \"git+file:///lre\"; }; outputs = inputs: with inputs; mkFlake { inherit \
                 inputs; } { imports = [ inputs.local-remote-execution.flakeModule ]; }; }",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(completed(text)?.as_deref(), Some(expected));
            assert_eq!(with_flake(Some(expected), None)?, None);
        }
        Ok(())
    }

    #[test]
    fn what_is_there_in_other_words_stays() -> Result<(), FlakeError> {
        let new = with_flake(None, Some(URL))?.unwrap_or_default();
        assert!(new.contains("    local-remote-execution.url = \"git+file:///lre\";\n"), "{new}");
        assert_eq!(with_flake(Some(&new), None)?, None);
        Ok(())
    }

    #[test]
    fn flakes_that_leave_a_choice_are_refused_with_the_lines() {
        let reason = |text: &str| match completed(text) {
            Err(FlakeError::Unsafe { reason, lines }) => {
                assert!(lines.contains("git+file:///lre"));
                reason
            }
            other => panic!("{other:?}"),
        };
        let with = |outputs: &str| format!("{{ inputs = {{ }}; outputs = {outputs}; }}");
        assert_eq!(reason("x: x"), "it is no attribute set");
        assert_eq!(reason("{ inputs = import ./a; outputs = inputs: { }; }"), "`inputs` is no attribute set");
        assert_eq!(
            reason("{ inputs.a.url = \"a\"; inputs = { }; outputs = i: { }; }"),
            "`inputs` is written in several ways"
        );
        assert_eq!(reason(&with("import ./outputs.nix")), "`outputs` is no function");
        assert_eq!(reason(&with("inputs: { }")), "it has no call of flake-parts' `mkFlake`");
        assert_eq!(
            reason(&with("inputs: [ (mkFlake { } { }) (mkFlake { } { }) ]")),
            "it calls `mkFlake` several times"
        );
        assert_eq!(reason(&with("inputs: mkFlake { } ./m.nix")), "the module that `mkFlake` gets is no attribute set");
        assert_eq!(reason(&with("inputs: mkFlake { } { imports = a ++ b; }")), "`imports` is no list");
        assert!(reason(&with("{ self, ... }: mkFlake { } { }")).starts_with("`outputs` does not name all"));
        assert!(reason(&with("inputs@{ self }: mkFlake { } { }")).starts_with("`outputs` takes no other inputs"));
        assert!(matches!(completed("{"), Err(FlakeError::Parse(_))));
        assert_eq!(with_flake(Some("{ inputs = { }; outputs = i: { }; }"), None), Err(FlakeError::NoSource));
    }
}
