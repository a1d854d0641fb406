//! `MODULE.bazel` and the segments that it includes: the calls that say where a module comes from.

use std::ops::Range;
use std::path::{Component, Path};

use super::MODULE;
use super::disagreement::Disagreement;
use super::files::{Files, Text};
use super::place::{Located, Place};
use super::starlark::{Call, Expression, find_calls};
use crate::build_file::with_module;

/// More than any module has. Bazel has no limit; each file may include others twice.
const MAX_SEGMENTS: usize = 256;

/// The calls that replace where Bazel takes a module from.
const OVERRIDES: [&str; 5] =
    ["archive_override", "git_override", "local_path_override", "multiple_version_override", "single_version_override"];

type Failure = Box<Disagreement>;

/// A call with the file that it stands in.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) call: Call,
    pub(super) text: std::sync::Arc<Text>,
}

impl Statement {
    pub(crate) fn place(&self) -> Place {
        self.text.place(self.call.span.clone())
    }

    /// An argument, if it is given.
    pub(crate) fn argument(&self, name: &str) -> Option<Argument<'_>> {
        let expression = self.call.arguments.iter().find(|(known, _)| known.as_deref() == Some(name));
        expression.map(|(_, expression)| Argument { expression, text: &self.text })
    }
}

/// An argument of a call.
pub(crate) struct Argument<'a> {
    pub(super) expression: &'a Expression,
    text: &'a Text,
}

impl Argument<'_> {
    pub(crate) fn place(&self) -> Place {
        self.text.place(self.expression.span())
    }

    /// Its texts: one of a string, any number of a list. `Err` is the place of what is no literal.
    pub(super) fn texts(&self) -> Result<Vec<Words<'_>>, Place> {
        let items = match self.expression {
            Expression::List(items, _) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let words = |item: &_| match item {
            Expression::Text { value, pieces, span } => {
                Ok(Words { value: value.clone(), pieces: pieces.clone(), text: self.text, span: span.clone() })
            }
            other => Err(self.text.place(other.span())),
        };
        items.iter().map(words).collect()
    }

    /// Its only text.
    pub(crate) fn one(&self) -> Result<Words<'_>, Place> {
        match self.texts()?.as_slice() {
            [one] => Ok(one.clone()),
            _ => Err(self.place()),
        }
    }
}

/// A string of literals, and where they stand.
#[derive(Clone)]
pub(crate) struct Words<'a> {
    pub(crate) value: String,
    /// The value of each literal, and its bytes with quotes.
    pieces: Vec<(String, Range<usize>)>,
    text: &'a Text,
    span: Range<usize>,
}

impl Words<'_> {
    /// Where it is used. The literal may be bound to a name elsewhere.
    pub(crate) fn place(&self) -> Place {
        self.text.place(match self.pieces.as_slice() {
            [(_, span)] => span.clone(),
            _ => self.span.clone(),
        })
    }

    /// The bytes of a part of the value, if one literal spells that part as it is.
    pub(super) fn part(&self, part: Range<usize>) -> Option<Located<String>> {
        let mut begin = 0;
        for (value, span) in &self.pieces {
            let range = begin..begin + value.len();
            begin = range.end;
            if range.start <= part.start && part.end <= range.end {
                let wanted = &value[part.start - range.start..part.end - range.start];
                let source = &self.text.text[span.clone()];
                let nth = value.match_indices(wanted).position(|(at, _)| at == part.start - range.start)?;
                // Escapes may spell some of them otherwise, and then it is not known which is which.
                if value.matches(wanted).count() != source.matches(wanted).count() {
                    return None;
                }
                let (at, _) = source.match_indices(wanted).nth(nth)?;
                return Some(self.text.located(span.start + at..span.start + at + wanted.len()));
            }
        }
        None
    }
}

/// What `MODULE.bazel` says.
pub(crate) struct ModuleFile {
    /// The name of the root module.
    pub(crate) name: Option<String>,
    /// Every `bazel_dep`, override and `use_extension`, and every tag that may be a toolchain's, in their order.
    pub(crate) statements: Vec<Statement>,
}

/// Reads the file and the segments that it includes; `None` if it is absent.
pub(crate) fn read_module_file(files: &mut Files<'_>, name: &str) -> Result<Option<ModuleFile>, Failure> {
    let Some(text) = files.read(name)? else { return Ok(None) };
    let mut reader = Reader { files, segments: 0, open: vec![name.to_owned()], statements: Vec::new() };
    reader.read(text)?;
    let statements = reader.statements;
    let module = statements.iter().find(|statement| statement.call.function == "module");
    let name = module.and_then(|module| module.argument("name")?.one().ok().map(|name| name.value));
    Ok(Some(ModuleFile { name, statements }))
}

impl ModuleFile {
    /// The dependencies on a module.
    pub(crate) fn dependencies<'a>(&'a self, module: &'a str) -> impl Iterator<Item = &'a Statement> {
        self.naming(module, "name", |function| function == "bazel_dep")
    }

    /// The overrides of a module.
    pub(crate) fn overrides<'a>(&'a self, module: &'a str) -> impl Iterator<Item = &'a Statement> {
        self.naming(module, "module_name", |function| OVERRIDES.contains(&function))
    }

    /// Whether it has the extension of this module, by any name of its repository.
    pub(crate) fn uses_extension(&self) -> bool {
        let repository = |dependency: &Statement| Some(dependency.argument("repo_name")?.one().ok()?.value);
        let known: Vec<String> = match self.name.as_deref() {
            Some(MODULE) => vec![String::new()],
            _ => {
                self.dependencies(MODULE).map(|found| repository(found).unwrap_or_else(|| MODULE.to_owned())).collect()
            }
        };
        self.statements.iter().filter(|statement| statement.call.function == "use_extension").any(|statement| {
            let label = statement.call.arguments.first().map(|(_, label)| label);
            let Some(Expression::Text { value: label, .. }) = label else { return false };
            label
                .strip_suffix("//extensions:lre.bzl")
                .is_some_and(|repository| known.iter().any(|known| known == repository.trim_start_matches('@')))
        })
    }

    /// Dependencies and overrides of which it is not known what module they are about.
    pub(super) fn unnamed(&self) -> impl Iterator<Item = (&Statement, Place)> {
        self.statements.iter().filter_map(|statement| {
            let argument = match statement.call.function.as_str() {
                "bazel_dep" => "name",
                function if OVERRIDES.contains(&function) => "module_name",
                _ => return None,
            };
            let place = statement.argument(argument)?.one().err()?;
            Some((statement, place))
        })
    }

    fn naming<'a>(
        &'a self,
        module: &'a str,
        argument: &'a str,
        is_meant: impl Fn(&str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Statement> {
        self.statements.iter().filter(move |statement| {
            let name =
                statement.argument(argument).is_some_and(|name| name.one().is_ok_and(|name| name.value == module));
            is_meant(&statement.call.function) && name
        })
    }
}

struct Reader<'a, 'b> {
    files: &'a mut Files<'b>,
    segments: usize,
    /// The files that are being read, the innermost last.
    open: Vec<String>,
    statements: Vec<Statement>,
}

impl Reader<'_, '_> {
    fn read(&mut self, text: Text) -> Result<(), Failure> {
        let syntax = "mend it; Bazel cannot read it either";
        let calls = with_module(&text.file, &text.text, find_calls)
            .map_err(|error| Box::new(Disagreement::of_parse_error(error, syntax)))?;
        let text = std::sync::Arc::new(text);
        for call in calls {
            match call.function.as_str() {
                "include" => self.include(&text, &call)?,
                function
                    if matches!(function, "module" | "bazel_dep" | "use_extension")
                        || function.ends_with(".toolchain")
                        || OVERRIDES.contains(&function) =>
                {
                    self.statements.push(Statement { call, text: text.clone() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn include(&mut self, text: &Text, call: &Call) -> Result<(), Failure> {
        let refuse = |message: String, hint: &str| {
            let place = text.place(call.span.clone());
            Box::new(Disagreement::unreadable(format!("`{}`", text.file), place, message, hint))
        };
        let spelling = "write the label as one string such as `//bazel:deps.MODULE.bazel`";
        let argument = call.arguments.iter().find(|(name, _)| matches!(name.as_deref(), None | Some("label")));
        let Some((_, Expression::Text { value: label, .. })) = argument else {
            return Err(refuse("`include` names its file by no literal".to_owned(), spelling));
        };
        let Some(name) = segment_name(label) else {
            return Err(refuse(format!("`{label}` is no label of a segment in the root workspace"), spelling));
        };
        if self.open.contains(&name) {
            let shown = self.files.shown(&name);
            return Err(refuse(format!("`{shown}` includes itself in the end"), "remove one of the `include` calls"));
        }
        self.segments += 1;
        if self.segments > MAX_SEGMENTS {
            return Err(refuse(format!("more than {MAX_SEGMENTS} segments are included"), "include fewer"));
        }
        let Some(segment) = self.files.read(&name)? else {
            let shown = self.files.shown(&name);
            let message = format!("`{label}` is included, and there is no `{shown}`");
            return Err(refuse(message, "write the file, or remove the `include` call"));
        };
        self.open.push(name);
        self.read(segment)?;
        self.open.pop();
        Ok(())
    }
}

/// The path of a segment below the root workspace.
pub(crate) fn segment_name(label: &str) -> Option<String> {
    let rest = label.strip_prefix("//")?;
    let (package, name) = match rest.split_once(':') {
        Some(parts) => parts,
        None => (rest, rest.rsplit('/').next()?),
    };
    let path = if package.is_empty() { name.to_owned() } else { format!("{package}/{name}") };
    let is_below = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
    (is_below && name.ends_with(".MODULE.bazel")).then_some(path)
}

#[cfg(test)]
mod unit {
    use super::segment_name;

    #[test]
    fn labels_of_segments_are_paths_below_the_root_workspace() {
        assert_eq!(segment_name("//a/b:c.MODULE.bazel").as_deref(), Some("a/b/c.MODULE.bazel"));
        assert_eq!(segment_name("//:c.MODULE.bazel").as_deref(), Some("c.MODULE.bazel"));
        assert_eq!(segment_name("//a/c.MODULE.bazel").as_deref(), Some("a/c.MODULE.bazel/c.MODULE.bazel"));
        for label in
            [":c.MODULE.bazel", "@x//a:c.MODULE.bazel", "//a:c.bzl", "//a/..:c.MODULE.bazel", "///:c.MODULE.bazel"]
        {
            assert_eq!(segment_name(label), None, "{label}");
        }
    }
}
