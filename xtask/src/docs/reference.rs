//! `docs/extension.md` and `docs/rules.md`: what the docstrings of the Bazel side say, as pages.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::starlark::{Attribute, Bzl, Class, Macro};

/// The extension's file.
const EXTENSION: &str = "extensions/lre.bzl";
/// Where generated BUILD files lie.
const GENERATED: [&str; 4] = ["generated-cc/cc", "generated-cc/config", "generated-java/config", "generated-java/java"];
/// The file whose macro a workspace may call by itself.
const COMMAND: &str = "helper/command.bzl";

/// The pages with their names below `docs`.
pub(super) fn pages(root: &Path) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![("extension.md", extension_page(root)?), ("rules.md", rules_page(root)?)])
}

fn extension_page(root: &Path) -> Result<String> {
    let bzl = parse(root, EXTENSION)?;
    let (doc, classes) = bzl.extension("lre")?;
    let mut page = format!(
        "# The module extension\n\n{}\n\n```python\nlre = use_extension(\"@local-remote-execution//extensions:lre.bzl\", \"lre\")\n```\n\n{}\n\n{doc}\n",
        written_from(&[EXTENSION]),
        bzl.doc
    );
    for class in &classes {
        page += &class_section(class);
    }
    Ok(page)
}

fn class_section(class: &Class) -> String {
    let mut text = format!("\n## `lre.{}`\n\n{}\n", class.name, class.doc);
    // Those that have to be given come first.
    let (mandatory, optional): (Vec<_>, Vec<_>) = class.attributes.iter().partition(|attribute| attribute.is_mandatory);
    for attribute in mandatory.into_iter().chain(optional) {
        let _ = write!(text, "\n### `{}`\n\n{}\n\n{}\n", attribute.name, facts(attribute), attribute.doc);
    }
    text
}

/// Type, default and possible values, on one line.
fn facts(attribute: &Attribute) -> String {
    let mut facts = vec![attribute.kind.replace('_', " ")];
    if attribute.is_mandatory {
        facts.push("has to be given".to_owned());
    }
    facts.extend(attribute.default.as_ref().map(|default| format!("default `{default}`")));
    facts.extend(attribute.values.as_ref().map(|values| format!("one of `{values}`")));
    format!("*{}*", facts.join(", "))
}

fn rules_page(root: &Path) -> Result<String> {
    let loaded = loaded_files(root)?;
    let files: Vec<&str> = loaded.iter().map(String::as_str).chain([COMMAND]).collect();
    let mut page = format!(
        "# Macros\n\n{}\n\nGenerated BUILD files call the first ones; their own text is the best example. The last one is for \
         targets such as those of `@local-remote-execution//helper`.\n",
        written_from(&files)
    );
    for file in files {
        let bzl = parse(root, file)?;
        let (folder, name) = file.rsplit_once('/').context("a file has no folder")?;
        for made in &bzl.macros {
            page += &macro_section(made, &format!("@local-remote-execution//{folder}:{name}"));
        }
    }
    Ok(page)
}

fn macro_section(made: &Macro, label: &str) -> String {
    let parameters = made.parameters.iter().map(|parameter| match &parameter.default {
        Some(default) => format!("{} = {default}", parameter.name),
        None => parameter.name.clone(),
    });
    let signature = parameters.collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "\n## `{name}`\n\n```python\nload(\"{label}\", \"{name}\")\n\n{name}({signature})\n```\n\n{}\n\n| parameter | |\n|---|---|\n",
        made.doc,
        name = made.name
    );
    for parameter in &made.parameters {
        let _ = writeln!(text, "| `{}` | {} |", parameter.name, parameter.doc.replace('|', "\\|"));
    }
    text
}

/// The files that generated BUILD files load from this module.
fn loaded_files(root: &Path) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for folder in GENERATED {
        let text = read(root, &format!("{folder}/BUILD"))?;
        let loads =
            text.lines().filter_map(|line| line.strip_prefix("load(\"@local-remote-execution//")?.split('"').next());
        files.extend(loads.map(|label| label.replace(':', "/")));
    }
    if files.is_empty() {
        bail!("no generated BUILD file loads anything from this module");
    }
    Ok(files)
}

fn written_from(files: &[&str]) -> String {
    let files: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
    format!("Written by `cargo xtask docs` from {}; a test compares it.", files.join(", "))
}

fn parse(root: &Path, file: &str) -> Result<Bzl> {
    Bzl::parse(file, &read(root, file)?)
}

fn read(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("cannot read `{file}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_becomes_a_section_with_what_has_to_be_given_first() -> Result<()> {
        let text = r#""""Says."""
_t = tag_class(
    doc = "A tag.",
    attrs = {
        "a": attr.string(doc = "One.\n\nTwo.", default = "x", values = ["x", "y"]),
        "b": attr.label(doc = "B.", mandatory = True),
    },
)
lre = module_extension(doc = "E.", tag_classes = {"t": _t})
"#;
        let bzl = Bzl::parse("a.bzl", text)?;
        let (doc, classes) = bzl.extension("lre")?;
        assert_eq!((bzl.doc.as_str(), doc.as_str()), ("Says.", "E."));
        let sections: String = classes.iter().map(class_section).collect();
        let wanted = "\n## `lre.t`\n\nA tag.\n\n### `b`\n\n*label, has to be given*\n\nB.\n\n### `a`\n\n\
                      *string, default `\"x\"`, one of `[\"x\", \"y\"]`*\n\nOne.\n\nTwo.\n";
        assert_eq!(sections, wanted);
        Ok(())
    }

    #[test]
    fn macro_whose_docstring_names_other_parameters_is_refused() -> Result<()> {
        let said = |text: &str| Bzl::parse("a.bzl", text).err().map(|error| format!("{error:#}"));
        assert_eq!(said("def m(a):\n    \"\"\"M.\n\n    Args:\n      a: it.\n    \"\"\"\n"), None);
        let lacks = said("def m(a):\n    \"\"\"M.\"\"\"\n");
        assert_eq!(lacks.as_deref(), Some("`m` in `a.bzl`: its docstring does not name `a`"));
        let other = said("def m():\n    \"\"\"M.\n\n    Args:\n      a: it.\n    \"\"\"\n");
        assert_eq!(other.as_deref(), Some("`m` in `a.bzl`: its docstring names `a`, which is no parameter"));
        assert_eq!(said("def m():\n    pass\n").as_deref(), Some("`m` in `a.bzl`: it has no docstring"));
        assert_eq!(said("def _m():\n    pass\n"), None);
        Ok(())
    }
}
