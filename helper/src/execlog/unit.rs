//! The three formats of the same builds, and broken logs.

use prost::Message;

use super::message::*;
use super::*;

const OBJECT: &str = r#"{
  "commandArgs": ["/bin/cc", "-c", "a.cc"],
  "environmentVariables": [{"name": "PATH", "value": "/bin"}],
  "platform": {"properties": [{"name": "OSFamily", "value": "linux"}]},
  "inputs": [
    {"path": "a.cc", "digest": {"hash": "aa", "sizeBytes": "3", "hashFunctionName": "SHA-256"}, "isTool": false},
    {"path": "empty", "symlinkTargetPath": ""},
    {"path": "link", "symlinkTargetPath": "a.cc"}
  ],
  "listedOutputs": ["a.d", "a.o"],
  "remotable": true,
  "cacheable": true,
  "timeoutMillis": "0",
  "mnemonic": "CppCompile",
  "actualOutputs": [{"path": "a.o", "digest": {"hash": "bb", "sizeBytes": "9"}}],
  "runner": "linux-sandbox",
  "exitCode": 0,
  "remoteCacheable": true,
  "targetLabel": "//:a",
  "digest": {"hash": "cc", "sizeBytes": "142", "hashFunctionName": "SHA-256"}
}
"#;

fn read(bytes: &[u8], pool: &mut Pool) -> Result<Log, String> {
    read_log(bytes, pool, 1 << 30).map_err(|error| error.to_string())
}

fn exec() -> SpawnExec {
    serde_json::from_str(OBJECT).expect("a spawn")
}

fn delimited(messages: &[impl Message]) -> Vec<u8> {
    messages.iter().flat_map(Message::encode_length_delimited_to_vec).collect()
}

fn compact(entries: &[Entry]) -> Vec<u8> {
    zstd::encode_all(delimited(entries).as_slice(), 1).expect("compressed bytes")
}

fn entry(id: u32, payload: Payload) -> Entry {
    Entry { id, payload: Some(payload) }
}

/// The same spawn as `OBJECT`, with its inputs in two sets.
fn entries() -> Vec<Entry> {
    let exec = exec();
    let files = exec.inputs.iter().chain(&exec.actual_outputs);
    let files = files.zip(11..).map(|(file, id)| match file.symlink_target_path.as_str() {
        "" => entry(id, Payload::File(file.clone())),
        target => {
            let link = UnresolvedSymlink { path: file.path.clone(), target_path: target.to_owned() };
            entry(id, Payload::Link(link))
        }
    });
    let invocation = Invocation { hash_function_name: "SHA-256".to_owned() };
    let sets = [
        InputSet { transitive_set_ids: vec![], input_ids: vec![11, 12] },
        InputSet { transitive_set_ids: vec![2], input_ids: vec![13] },
    ];
    let sets = sets.into_iter().zip(2..).map(|(set, id)| entry(id, Payload::InputSet(set)));
    let outputs = [OutputKind::InvalidPath("a.d".to_owned()), OutputKind::Id(14)];
    let spawn = CompactSpawn {
        args: exec.command_args.clone(),
        env_vars: exec.environment_variables.clone(),
        platform: exec.platform.clone(),
        input_set_id: 3,
        outputs: outputs.map(|kind| Output { kind: Some(kind) }).into(),
        target_label: exec.target_label.clone(),
        mnemonic: exec.mnemonic.clone(),
        runner: exec.runner.clone(),
        remotable: true,
        cacheable: true,
        remote_cacheable: true,
        digest: exec.digest.clone(),
        ..CompactSpawn::default()
    };
    let first = std::iter::once(entry(0, Payload::Invocation(invocation)));
    first.chain(files).chain(sets).chain([entry(0, Payload::Spawn(spawn))]).collect()
}

#[test]
fn the_three_formats_are_told_apart_by_content_and_mean_the_same() {
    let mut pool = Pool::default();
    let json = read(OBJECT.repeat(2).as_bytes(), &mut pool).expect("JSON");
    let binary = read(&delimited(&[exec(), exec()]), &mut pool).expect("binary");
    let mut twice = entries();
    twice.extend(twice.last().cloned());
    let compact = read(&compact(&twice), &mut pool).expect("compact");
    assert_eq!(json.format, Format::Json);
    assert_eq!(Log { format: Format::Json, ..binary.clone() }, json);
    assert_eq!(binary.format, Format::Binary);
    assert_eq!(compact.format, Format::Compact);
    assert_eq!(compact.hash_function, json.hash_function);
    for (mine, theirs) in compact.spawns.iter().zip(&json.spawns) {
        assert_eq!(pool.files_of(mine.inputs), pool.files_of(theirs.inputs));
        assert_eq!(Spawn { inputs: theirs.inputs, ..mine.clone() }, *theirs);
    }
    assert_eq!((json.spawns.len(), compact.spawns.len()), (2, 2));
}

#[test]
fn outcomes_are_those_of_the_whole_log() {
    let log = compact(&entries());
    let mut pool = Pool::default();
    let whole = read_log(log.as_slice(), &mut pool, 1 << 30).expect("a log");
    let outcomes = read_outcomes(log.as_slice(), &mut pool, 1 << 30).expect("a log");
    let paths = |log: &Log| -> Vec<Vec<String>> {
        let paths = |spawn: &Spawn| spawn.outputs.iter().map(|(path, _)| pool.text(*path).to_owned()).collect();
        log.spawns.iter().map(paths).collect()
    };
    assert_eq!(paths(&outcomes), paths(&whole));
    for (outcome, spawn) in outcomes.spawns.iter().zip(&whole.spawns) {
        let (arguments, environment, platform) = (Pool::NO_LIST, Pool::NO_LIST, Pool::NO_LIST);
        let outputs = outcome.outputs.clone();
        let expected = Spawn { arguments, environment, platform, inputs: Pool::NO_FILES, outputs, ..spawn.clone() };
        assert_eq!(*outcome, expected);
    }
}

#[test]
fn a_binary_log_that_starts_as_json_does_is_told_apart() {
    // A length of 123 is `{`, the first field's tag a line feed, an argument's length of 34 a quote.
    let argument = "/".repeat(34);
    let mut exec = SpawnExec { command_args: vec![argument.clone()], ..SpawnExec::default() };
    exec.status = "s".repeat(123 - 36 - 2);
    let bytes = delimited(&[exec]);
    assert_eq!(bytes[..3], *b"{\n\"");
    let mut pool = Pool::default();
    let log = read(&bytes, &mut pool).expect("a binary log");
    assert_eq!(pool.text(pool.list(log.spawns[0].arguments)[0]), argument);
}

#[test]
fn folders_as_outputs_are_their_files() {
    let mut pool = Pool::default();
    let inner = File { path: "x".to_owned(), digest: exec().digest, ..File::default() };
    let folder = Directory { path: "out".to_owned(), files: vec![inner] };
    let outputs = vec![Output { kind: Some(OutputKind::Id(1)) }];
    let spawn = CompactSpawn { outputs, ..CompactSpawn::default() };
    let log = compact(&[entry(1, Payload::Directory(folder)), entry(0, Payload::Spawn(spawn))]);
    let log = read(&log, &mut pool).expect("a compact log");
    let outputs = log.spawns[0].outputs.iter();
    let outputs: Vec<_> =
        outputs.map(|(path, file)| (pool.text(*path), file.map(|f| pool.digest_text(pool.digest_of(f))))).collect();
    assert_eq!(outputs, [("out", None), ("out/x", Some("cc".to_owned()))]);
}

#[test]
fn broken_logs_are_errors_that_tell_where() {
    let mut pool = Pool::default();
    let mut error = |bytes: &[u8]| read(bytes, &mut pool).expect_err("a broken log");
    let one = delimited(&[exec()]);
    let (length, size) = (one.len(), OBJECT.trim_end().len());
    let two = [one.clone(), one[..length - 1].to_vec()].concat();
    assert_eq!(error(&two), format!("it is cut off, in the entry at byte {length}"));
    assert_eq!(error(&[one, vec![0x80]].concat()), format!("it is cut off, in the entry at byte {length}"));
    let endless = error(&[0xFF; 12]);
    assert_eq!(endless, format!("an entry claims to have {} bytes, in the entry at byte 0", u64::MAX));
    assert_eq!(error(&[0xFF, 0xFF, 0xFF, 0x7F]), "it is cut off, in the entry at byte 0");
    assert_eq!(
        error(&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
        format!("an entry claims to have {} bytes, in the entry at byte 0", 34359738367_u64)
    );
    let text = [OBJECT, "{\"commandArgs\": [1]}"].concat();
    let wrong = error(text.as_bytes());
    assert_eq!(
        wrong,
        format!("invalid type: integer `1`, expected a string at line 22 column 19, in the entry at byte {size}")
    );
    let cut = error(&OBJECT.as_bytes()[..size - 4]);
    assert!(cut.starts_with("EOF while parsing"), "{cut}");
    let absent = InputSet { input_ids: vec![7], ..InputSet::default() };
    let absent = error(&compact(&[entry(1, Payload::InputSet(absent))]));
    assert_eq!(absent, "it refers to entry 7, which it does not have, in the entry at byte 0 of the decompressed log");
    let whole = compact(&entries());
    let cut = error(&whole[..whole.len() - 6]);
    assert!(cut.contains("of the decompressed log"), "{cut}");
}

#[test]
fn no_prefix_and_no_flipped_bit_of_a_log_makes_the_reader_panic() {
    for whole in [OBJECT.as_bytes().to_vec(), delimited(&[exec()]), delimited(&entries()), compact(&entries())] {
        for place in 0..whole.len() {
            let _ = read(&whole[..place], &mut Pool::default());
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[place] ^= 1 << bit;
                let _ = read(&flipped, &mut Pool::default());
            }
        }
    }
}

#[test]
fn a_log_may_not_take_more_memory_than_is_allowed() {
    let text = OBJECT.repeat(1000);
    let error = read_log(text.as_bytes(), &mut Pool::default(), 64 << 10).expect_err("too large a log");
    assert!(matches!(error.problem, ReadProblem::Memory), "{error}");
}
