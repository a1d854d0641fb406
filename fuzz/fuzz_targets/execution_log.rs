//! Bazel's execution logs in all three formats: read, explained against another log, and printed.

#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use lre::execlog::{Pool, read_log, read_outcomes};
use lre::explain::html::render_html;
use lre::explain::human::render_human;
use lre::explain::json::render_json;
use lre::explain::{Limits, Report, explain, explain_one};
use lre_fuzz::{expand, messages_of_text};

/// Bytes that a log may take.
const LIMIT: usize = 32 << 20;

/// What every log is compared with.
const OTHER: &[u8] = include_bytes!("../seeds/execution_log/json");

// Behind a line `#binary` or `#compact` stands the text of messages, behind `#zstd` what is compressed as it is; anything
// else is a log.
fuzz_target!(|data: &[u8]| {
    let data = expand(data);
    let compressed = |bytes: &[u8]| zstd::encode_all(bytes, 1).expect("memory takes all bytes");
    let log: Cow<'_, [u8]> = if let Some(text) = data.strip_prefix(b"#binary\n") {
        messages_of_text(text).into()
    } else if let Some(text) = data.strip_prefix(b"#compact\n") {
        compressed(&messages_of_text(text)).into()
    } else if let Some(bytes) = data.strip_prefix(b"#zstd\n") {
        compressed(bytes).into()
    } else {
        data
    };
    let mut pool = Pool::default();
    let other = read_log(OTHER, &mut pool, LIMIT).expect("a log");
    let read = read_log(&*log, &mut pool, LIMIT);
    // What is read before the limit is noticed counts as well.
    assert!(pool.bytes() <= 2 * LIMIT, "{} bytes", pool.bytes());
    let read = match read {
        Ok(log) => log,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    // The command says that such a log is of no use.
    if read.spawns.is_empty() {
        return;
    }
    let limits = Limits { memory: 4 * LIMIT, named: 10 };
    for (first, second) in [(&other, &read), (&read, &other), (&read, &read)] {
        match explain(&pool, first, second, limits) {
            Ok(report) => print(&report, &pool),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let mut pool = Pool::default();
    let alone = read_outcomes(&*log, &mut pool, LIMIT).expect("what is read whole is read in parts");
    assert_eq!(alone.spawns.len(), read.spawns.len());
    if let Ok(report) = explain_one(&pool, &alone, limits) {
        print(&report, &pool);
    }
});

/// Whatever a log says, a report is printed as text, as a page and as JSON.
fn print(report: &Report<'_>, pool: &Pool) {
    let text = render_human(report, None);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    let page = render_html(report, pool, None);
    assert!(page.ends_with("</html>\n") && page.matches("<script").count() == 1, "{page}");
    let json = render_json(report, None).expect("JSON");
    serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
    let percent = report.total().percent();
    assert!((0.0..=100.0).contains(&percent), "{percent}");
}
