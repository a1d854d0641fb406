//! Logs that nobody wrote in good faith: they neither crash the reader nor take more memory or time than they may.

use prost::Message;

use super::message::Digest;
use super::message::*;
use super::synthetic::{Build, write_synthetic_log};
use super::*;
use crate::explain::html::render_html;
use crate::explain::human::render_human;
use crate::explain::{NO_LIMITS, explain};

const MEBIBYTE: usize = 1 << 20;

fn error(log: &[u8], limit: usize) -> String {
    let mut pool = Pool::default();
    let error = read_log(log, &mut pool, limit).expect_err("a broken log").to_string();
    // What was read before counts as well.
    assert!(pool.bytes() <= 2 * limit, "{} bytes", pool.bytes());
    error
}

fn compact(entries: &[Entry]) -> Vec<u8> {
    let bytes: Vec<u8> = entries.iter().flat_map(Message::encode_length_delimited_to_vec).collect();
    zstd::encode_all(bytes.as_slice(), 1).expect("compressed bytes")
}

fn entry(id: u32, payload: Payload) -> Entry {
    Entry { id, payload: Some(payload) }
}

fn set(id: u32, transitive_set_ids: Vec<u32>) -> Entry {
    entry(id, Payload::InputSet(InputSet { transitive_set_ids, input_ids: Vec::new() }))
}

/// `length` zeros behind what a message of so many bytes starts with.
fn bomb(length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(length as u64, &mut bytes);
    bytes.resize(bytes.len() + length, 0);
    zstd::encode_all(bytes.as_slice(), 1).expect("compressed bytes")
}

#[test]
fn a_bomb_is_refused_before_it_takes_the_memory() {
    let bomb = bomb(200 * MEBIBYTE);
    assert!(bomb.len() < MEBIBYTE / 10, "{} bytes", bomb.len());
    let said = error(&bomb, 64 * MEBIBYTE);
    assert_eq!(said, "it takes more memory than it may, in the entry at byte 0 of the decompressed log");
    let object = [b"{\"commandArgs\": [\"".to_vec(), vec![b'x'; 2 * MEBIBYTE]].concat();
    assert_eq!(error(&object, 64 * MEBIBYTE), "it takes more memory than it may, in the entry at byte 0");
}

#[test]
fn ids_of_entries_that_are_not_there_or_come_later_are_told() {
    let unknown = |id: u32| format!("it refers to entry {id}, which it does not have");
    for entries in [vec![set(1, vec![1])], vec![set(1, vec![2]), set(2, vec![1])], vec![set(7, vec![u32::MAX])]] {
        let Some(Payload::InputSet(first)) = &entries[0].payload else { panic!("a set") };
        let said = error(&compact(&entries), MEBIBYTE);
        assert!(said.starts_with(&unknown(first.transitive_set_ids[0])), "{said}");
    }
    let outputs = vec![Output { kind: Some(OutputKind::Id(1)) }];
    let spawn = Payload::Spawn(CompactSpawn { outputs, ..CompactSpawn::default() });
    let said = error(&compact(&[set(1, Vec::new()), entry(0, spawn)]), MEBIBYTE);
    assert!(said.starts_with(&unknown(1)), "a set is no output: {said}");
}

#[test]
fn sets_of_any_depth_that_hold_each_other_twice_end() {
    let log = |digest: &str| {
        let digest = Some(Digest { hash: digest.to_owned(), ..Digest::default() });
        let file = File { path: "a".to_owned(), digest, ..File::default() };
        let mut entries = vec![entry(1, Payload::File(file))];
        let leaf = InputSet { input_ids: vec![1], transitive_set_ids: Vec::new() };
        entries.push(entry(2, Payload::InputSet(leaf)));
        for id in 3..50_000 {
            entries.push(set(id, vec![id - 1, id - 1]));
            // An id may be used again, for a set that holds the earlier one.
            entries.push(set(id, vec![id, id - 1]));
        }
        let outputs = vec![Output { kind: Some(OutputKind::InvalidPath("b".to_owned())) }];
        let spawn = CompactSpawn { input_set_id: 49_999, outputs, cacheable: true, ..CompactSpawn::default() };
        entries.push(entry(0, Payload::Spawn(spawn)));
        compact(&entries)
    };
    let mut pool = Pool::default();
    let [first, second] = ["1", "2"].map(|digest| {
        let log = log(digest);
        read_log(log.as_slice(), &mut pool, 256 * MEBIBYTE).expect("a log")
    });
    let report = explain(&pool, &first, &second, NO_LIMITS).expect("memory");
    let causes: Vec<String> = report.causes.iter().map(|root| root.cause.describe()).collect();
    assert_eq!(causes, ["the action may not be cached remotely"]);
    let set = pool.files_of(second.spawns[0].inputs);
    assert_eq!(set.len(), 1);
}

#[test]
fn few_bytes_that_stand_for_many_are_refused() {
    let inner = |count: usize| (0..count).map(|n| File { path: n.to_string(), ..File::default() }).collect();
    let wide = Directory { path: "d".repeat(1000), files: inner(20_000) };
    let said = error(&compact(&[entry(1, Payload::Directory(wide))]), 16 * MEBIBYTE);
    assert_eq!(said, "an entry claims to have 20000000 bytes, in the entry at byte 0 of the decompressed log");
    let folder = entry(1, Payload::Directory(Directory { path: "d".to_owned(), files: inner(1000) }));
    let outputs = vec![Output { kind: Some(OutputKind::Id(1)) }; 10_000];
    let spawn = entry(0, Payload::Spawn(CompactSpawn { outputs, ..CompactSpawn::default() }));
    let said = error(&compact(&[folder, spawn]), 16 * MEBIBYTE);
    assert!(said.starts_with("an entry claims to have 167"), "{said}");
}

#[test]
fn endless_nesting_of_json_is_an_error() {
    for open in ["[", "{\"x\":", "{\"inputs\":[", "{\"platform\":"] {
        let said = error(open.repeat(50_000).as_bytes(), 256 * MEBIBYTE);
        assert!(said.contains("at line 1 column") || said.contains("no entry of a log"), "{open}: {said}");
    }
}

#[test]
fn fields_that_end_beyond_their_message_or_are_of_another_kind_are_errors() {
    let whole = |message: &[u8]| [&[u8::try_from(message.len()).expect("a short one")][..], message].concat();
    for message in
        [&b"\x0a\x7fx"[..], b"\x09\x00", b"\x0b", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x38\x80"]
    {
        let said = error(&whole(message), MEBIBYTE);
        assert!(said.ends_with("in the entry at byte 0"), "{said}");
    }
    assert!(error(&whole(b"\x32\x01\x00"), MEBIBYTE).starts_with("its bytes are no entry of a log"));
    assert!(error(&whole(b"\x0a\x01\xff"), MEBIBYTE).starts_with("invalid utf-8 sequence"));
}

/// The same numbers each time (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).map_or(0, |number| number % limit)
    }

    /// Some bytes changed, removed, doubled or moved.
    fn mutate(&mut self, log: &[u8]) -> Vec<u8> {
        let mut bytes = log.to_vec();
        for _ in 0..=self.below(4) {
            let (from, to) = (self.below(bytes.len()), self.below(bytes.len()));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
            match self.below(4) {
                0 => bytes[from] = u8::try_from(self.below(256)).expect("a byte"),
                1 => bytes[from] = bytes[from].wrapping_add(1),
                2 => drop(bytes.drain(from..to)),
                _ => {
                    let part = bytes[from..to].to_vec();
                    let place = self.below(bytes.len());
                    bytes.splice(place..place, part);
                }
            }
            if bytes.is_empty() {
                return log.to_vec();
            }
        }
        bytes
    }
}

#[test]
fn no_mutation_of_a_real_log_makes_anything_panic() {
    let json = include_bytes!("../../tests/execution_logs/base.json");
    let spawns = serde_json::Deserializer::from_slice(json).into_iter::<SpawnExec>();
    let binary: Vec<u8> = spawns.flat_map(|spawn| spawn.expect("a spawn").encode_length_delimited_to_vec()).collect();
    let mut compressed = Vec::new();
    write_synthetic_log(&mut compressed, Build::First, 60).expect("a log");
    // Mutations of compressed bytes hardly get past the decompression.
    let entries = zstd::decode_all(compressed.as_slice()).expect("a log");
    let mut random = Random(88_172_645_463_325_252);
    let mut read = [0, 0, 0];
    for round in 0..240 {
        let format = round % 3;
        let log = match format {
            0 => random.mutate(json),
            1 => random.mutate(&binary),
            _ => zstd::encode_all(random.mutate(&entries).as_slice(), 1).expect("compressed bytes"),
        };
        let base: &[u8] = [json.as_slice(), &binary, &compressed][format];
        let mut pool = Pool::default();
        let first = read_log(base, &mut pool, 256 * MEBIBYTE).expect("a log");
        let Ok(second) = read_log(log.as_slice(), &mut pool, 256 * MEBIBYTE) else { continue };
        read[format] += 1;
        for (first, second) in [(&first, &second), (&second, &first)] {
            let report = explain(&pool, first, second, NO_LIMITS).expect("memory");
            let text = render_human(&report, None);
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
            assert!(render_html(&report, &pool, None).ends_with("</html>\n"));
        }
    }
    assert!(read.iter().all(|count| *count > 5), "hardly any mutation could be read: {read:?}");
}
