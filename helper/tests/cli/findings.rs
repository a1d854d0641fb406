//! `docs/findings.md` and `docs/findings.schema.json` say what `lre` really prints.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the tests of the command line expect, by file.
fn snapshots() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder().join("tests/cli/snapshots")).expect("the snapshots");
    let read = |entry: fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).expect("a snapshot"))
    };
    entries.map(|entry| read(entry.expect("an entry"))).collect()
}

fn document() -> String {
    fs::read_to_string(folder().join("../docs/findings.md")).expect("the document of findings")
}

#[test]
fn every_code_is_explained() {
    let document = document();
    let headings: Vec<&str> = document.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let kinds = lre::diagnostic::Kind::ALL.iter();
    let wanted: Vec<String> = kinds.map(|kind| format!("{}: {}", kind.code(), kind.title())).collect();
    assert_eq!(headings, wanted);
}

#[test]
fn every_code_has_cause_example_and_fix_and_every_example_was_printed() {
    let snapshots = snapshots();
    let document = document();
    for section in document.split("\n## ").skip(1) {
        let (heading, body) = section.split_once('\n').expect("a section");
        let code = heading.split(':').next().expect("a code");
        for part in ["\n**Cause.** ", "\n**Fix.** "] {
            assert!(body.contains(part), "{heading} lacks `{}`", part.trim());
        }
        let example = body.split_once("```text\n").and_then(|(_, rest)| rest.split_once("```")).expect(heading).0;
        let headline = example.lines().next().expect("an example");
        assert!(headline.contains(code), "{heading}: {headline}");
        assert!(snapshots.values().any(|text| text.contains(example)), "no test prints the example of {heading}");
    }
}

#[test]
fn example_in_the_document_of_pins_was_printed() {
    let document = fs::read_to_string(folder().join("../docs/pins.md")).expect("the document of pins");
    let example = document.split_once("```text\n").and_then(|(_, rest)| rest.split_once("```")).expect("an example").0;
    assert!(snapshots().values().any(|text| text.contains(example)), "{example}");
}

#[test]
fn every_printed_report_follows_the_schema() {
    let schema = fs::read_to_string(folder().join("../docs/findings.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("a schema");
    let mut reports = 0;
    for (name, text) in snapshots() {
        let stdout = text.split_once("--- stdout\n").map_or("", |(_, rest)| rest);
        let Some((report, _)) = stdout.split_once("--- stderr").filter(|(report, _)| report.starts_with('{')) else {
            continue;
        };
        let report: Value = serde_json::from_str(report).expect(&name);
        if report.get("findings").is_some() {
            reports += 1;
            assert_eq!(crate::schema::violations_of(&schema, &report), Vec::<String>::new(), "{name}");
        }
    }
    assert!(reports > 5, "{reports} reports");
}

#[test]
fn schema_names_every_code_and_kind_in_order() {
    let schema = fs::read_to_string(folder().join("../docs/findings.schema.json")).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("a schema");
    let kinds = lre::diagnostic::Kind::ALL;
    let codes: Vec<Value> = kinds.iter().map(|kind| kind.code().into()).collect();
    let names: Vec<Value> = kinds.iter().map(|kind| serde_json::to_value(kind).expect("a name")).collect();
    assert_eq!(schema.pointer("/$defs/finding/properties/code/enum"), Some(&codes.into()));
    assert_eq!(schema.pointer("/$defs/finding/properties/kind/enum"), Some(&names.into()));
}

#[test]
fn document_of_the_doctor_lists_every_check_that_it_shows() {
    let document = fs::read_to_string(folder().join("../docs/doctor.md")).expect("the document of the doctor");
    let (_, table) = document.split_once("## The checks\n").expect("the checks");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: Vec<&str> = rows.map(|(name, _)| name).collect();
    let screens = snapshots().into_iter().filter(|(name, _)| name.starts_with("cli__doctor__")).map(|(_, text)| text);
    let mut shown = std::collections::BTreeSet::new();
    for screen in screens.chain([document.clone()]) {
        for line in screen.lines() {
            let line = ["  ✓ ", "  ✗ ", "  – "].iter().find_map(|sign| line.strip_prefix(sign));
            shown.extend(line.map(|line| line.split("  ").next().unwrap_or_default().to_owned()));
        }
    }
    assert!(shown.len() > 20, "{shown:?}");
    let sorted: std::collections::BTreeSet<String> = listed.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(sorted, shown);
}
