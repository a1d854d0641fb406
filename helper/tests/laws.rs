//! Laws that hold for every value: what is written is read again as the same, and what is generated from a manifest is
//! the manifest's own folder.

use std::collections::BTreeMap;
use std::path::Path;

use lre::build_file::{Call, Value, load, parse, render_calls};
use lre::cc::probe::CcProbe;
use lre::environment::Environment;
use lre::java::probe::JavaProbe;
use lre::manifest::{FILE_NAME, FlakeInput, Image, Manifest, Origin};
use lre::store::StoreRoot;
use lre::store::hash::{BASE32_ALPHABET, nix_base32, sri_of_digest, sri_of_nix_hash};
use lre::toolchain::{Facts, Source};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Texts, most of them with what a literal has to escape.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z\"'\\\\ \n\r\t\u{0}\u{7}\u{7f}{}%$é\u{2028}]{0,20}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::String),
        vec(text(), 0..4).prop_map(Value::List),
        btree_map(text(), text(), 0..4).prop_map(Value::Dictionary),
        any::<bool>().prop_map(Value::Bool),
        any::<u32>().prop_map(Value::Number),
    ]
}

/// What the literals of an attribute are, in their order: value, attribute and key.
fn literals(attribute: &'static str, value: &Value) -> Vec<(String, Option<String>, Option<String>)> {
    let of = |text: &String, key: Option<&String>| (text.clone(), Some(attribute.to_owned()), key.cloned());
    match value {
        Value::String(text) => vec![of(text, None)],
        Value::List(items) => items.iter().map(|item| of(item, None)).collect(),
        Value::Dictionary(entries) => {
            entries.iter().flat_map(|(key, value)| [of(key, None), of(value, Some(key))]).collect()
        }
        Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn what_is_rendered_is_parsed_as_the_same_values(values in vec((value(), value()), 0..4), file in text()) {
        let call = |(a, b): &(Value, Value)| Call::new("r").attribute("a", a.clone()).attribute("b", b.clone());
        let calls: Vec<Call> = values.iter().map(call).collect();
        let text = format!("{}\n{}", load(&format!("//:{}", file.replace(['\\', '"'], "")), "r"), render_calls(&calls));
        let parsed = parse("BUILD", &text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let found: Vec<_> = parsed.literals.into_iter().map(|found| (found.value, found.attribute, found.key)).collect();
        let expected: Vec<_> = values.iter().flat_map(|(a, b)| [literals("a", a), literals("b", b)].concat()).collect();
        prop_assert_eq!(found, expected, "{}", text);
    }
}

/// The encoding as Nix's sources define it, digit by digit (`printHash32` in `libutil/hash.cc`).
fn base32_of_nix(bytes: &[u8]) -> String {
    let alphabet = BASE32_ALPHABET.as_bytes();
    let digits = (bytes.len() * 8).div_ceil(5);
    let digit = |place: usize| {
        let (byte, shift) = (place * 5 / 8, place * 5 % 8);
        let next = bytes.get(byte + 1).copied().unwrap_or_default();
        (u16::from_le_bytes([bytes[byte], next]) >> shift) & 0x1f
    };
    (0..digits).rev().map(|place| char::from(alphabet[usize::from(digit(place))])).collect()
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn base32_is_that_of_nix_and_is_read_back(bytes in vec(any::<u8>(), 1..40), digest in any::<[u8; 32]>()) {
        prop_assert_eq!(nix_base32(&bytes), base32_of_nix(&bytes));
        let printed = format!("sha256:{}\n", base32_of_nix(&digest));
        prop_assert_eq!(sri_of_nix_hash(&printed), Some(sri_of_digest(&digest)));
    }
}

/// Env and facts of a recorded compiler or JDK.
fn recorded(name: &str) -> (Vec<String>, Facts) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probes").join(name);
    let recorded: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("a recorded probe")).expect("JSON");
    let env = serde_json::from_value(recorded["env"].clone()).expect("an Env");
    let probe = recorded["probe"].clone();
    let facts = match name.starts_with("java") {
        true => Facts::Java(serde_json::from_value::<JavaProbe>(probe).expect("a JDK's facts")),
        false => Facts::Cc(Box::new(serde_json::from_value::<CcProbe>(probe).expect("a compiler's facts"))),
    };
    (env, facts)
}

fn flake_input() -> impl Strategy<Value = FlakeInput> {
    (proptest::option::of(text()), text(), text(), any::<u64>())
        .prop_map(|(url, rev, nar_hash, last_modified)| FlakeInput { url, rev, nar_hash, last_modified })
}

/// Files with what compilers and JDKs answered.
const PROBES: [&str; 5] = [
    "clang-21.json",
    "gcc-14.json",
    "aarch64-linux-cross-clang-19.json",
    "aarch64-darwin.written.json",
    "java-21.json",
];

/// A toolchain like a recorded one, with whatever a manifest may say beside its paths.
fn source() -> impl Strategy<Value = Source> {
    let image = (text(), btree_map(text(), text(), 0..4)).prop_map(|(reference, exec_properties)| Image {
        origin: Origin::Published,
        reference,
        exec_properties,
    });
    (
        proptest::sample::select(&PROBES[..]),
        "[a-z][a-z0-9_]{0,8}",
        btree_map("[A-Za-z_]{1,8}", "[ -~é\u{2028}]{0,20}", 0..4),
        text(),
        btree_map(text(), flake_input(), 0..3),
        proptest::option::of(image),
    )
        .prop_map(|(probe, name, more, version, pin, image)| {
            let (mut env, mut facts) = recorded(probe);
            env.extend(more.into_iter().map(|(key, value)| format!("LAW_{key}={value}")));
            match &mut facts {
                Facts::Cc(probe) => probe.version = version,
                Facts::Java(_) => {}
            }
            let environment = Environment::from_entries(&env).expect("an Env");
            Source { name, environment, facts, pin, image }
        })
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn a_folder_is_generated_from_its_manifest_as_it_is(source in source(), hash in proptest::option::of(text())) {
        // Not every root has a hash.
        let some = |root: &StoreRoot| hash.clone().filter(|_| root.name().len().is_multiple_of(2));
        let files = source.generate(some).map_err(|error| TestCaseError::fail(error.to_string()))?;
        for (name, text) in files.iter().filter(|(name, _)| *name != FILE_NAME) {
            parse(name, text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        }
        let manifest = Manifest::from_json(&files[FILE_NAME]).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&manifest.to_json().expect("JSON"), &files[FILE_NAME]);
        let again = Source::from_manifest(&manifest).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let known: BTreeMap<_, _> = manifest.store_roots.into_iter().map(|root| (root.path, root.nar_hash)).collect();
        let again = again.generate(|root| known[root].clone());
        prop_assert_eq!(again.map_err(|error| TestCaseError::fail(error.to_string()))?, files);
    }
}
