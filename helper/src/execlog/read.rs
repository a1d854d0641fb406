//! Reads a log as a stream, whichever of the three formats it has.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use prost::Message;

use super::compact::{Entries, file_of};
use super::message::{Entry, Pair, SpawnExec};
use super::pool::{Pool, Text};
use super::{Format, Log, Spawn};

/// No spawn of a real build takes that many bytes: a length beyond it is no length, and an object without end is none.
const LONGEST: u64 = 256 << 20;

/// Every zstd frame starts with it (RFC 8878, section 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Why a log cannot be read, and where.
#[derive(Debug, thiserror::Error)]
#[error("{problem}, in the entry at byte {offset}{}", if *.inflated { " of the decompressed log" } else { "" })]
pub struct ReadError {
    /// Where the broken entry starts, in bytes.
    pub offset: u64,
    /// Whether the offset counts decompressed bytes.
    pub inflated: bool,
    /// What is wrong.
    pub problem: ReadProblem,
}

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum ReadProblem {
    /// The file cannot be read, or its compressed bytes are broken.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It ends in the middle.
    #[error("it is cut off")]
    Truncated,
    /// A length that no message has.
    #[error("an entry claims to have {0} bytes")]
    Length(u64),
    /// Bytes that are no message.
    #[error("{0}")]
    Message(#[from] prost::DecodeError),
    /// Text that is no JSON of the expected shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A reference to an entry that is not there, or of another kind.
    #[error("it refers to entry {0}, which it does not have")]
    UnknownId(u32),
    /// It takes more memory than is allowed.
    #[error("it takes more than {0} MiB of memory")]
    Memory(usize),
}

/// Reads a log. Of each broken log it says where; a log that ends early is broken. `limit` is in bytes, for all that is
/// in the pool.
///
/// # Errors
/// See [`ReadProblem`].
pub fn read_log(reader: impl Read, pool: &mut Pool, limit: usize) -> Result<Log, ReadError> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut start = Vec::new();
    let begin = |problem| ReadError { offset: 0, inflated: false, problem };
    // A short read is no end: what tells the formats apart may come later.
    Read::by_ref(&mut reader).take(256).read_to_end(&mut start).map_err(|error| begin(error.into()))?;
    let format = format_of(&start);
    let whole = io::Cursor::new(start).chain(reader);
    let mut budget = Budget { limit, spawns: 0 };
    let mut log = Log { format, hash_function: None, spawns: Vec::new() };
    match format {
        Format::Compact => {
            let decoder = zstd::Decoder::with_buffer(whole).map_err(|error| begin(error.into()))?;
            let mut entries = Entries::default();
            read_messages(BufReader::new(decoder), true, |entry: Entry| {
                entries.add(entry, pool, &mut log)?;
                budget.check(pool, &log)
            })?;
        }
        Format::Binary => read_messages(whole, false, |exec: SpawnExec| {
            add(exec, pool, &mut log);
            budget.check(pool, &log)
        })?,
        Format::Json => read_objects(whole, |exec| {
            add(exec, pool, &mut log);
            budget.check(pool, &log)
        })?,
    }
    Ok(log)
}

/// `{`, a key and a colon are JSON: in a binary log, after a length of 123 (`{`), text would have to say so.
fn format_of(start: &[u8]) -> Format {
    if start.starts_with(&ZSTD) {
        return Format::Compact;
    }
    let text = start.trim_ascii_start();
    let Some(inside) = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else {
        // An empty log, which only the formats without a header have.
        return if text.is_empty() { Format::Json } else { Format::Binary };
    };
    let is_key = inside.strip_prefix(b"\"").is_some_and(|key| {
        let end = key.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(key.len());
        let rest = &key[end..];
        rest.is_empty() || rest.strip_prefix(b"\"").is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    });
    if is_key || inside.starts_with(b"}") || inside.is_empty() { Format::Json } else { Format::Binary }
}

/// How much memory is left.
struct Budget {
    limit: usize,
    /// What the spawns themselves take, in bytes.
    spawns: usize,
}

impl Budget {
    fn check(&mut self, pool: &Pool, log: &Log) -> Result<(), ReadProblem> {
        if let Some(spawn) = log.spawns.last() {
            let pairs = spawn.arguments.len() + 2 * (spawn.environment.len() + spawn.platform.len());
            self.spawns += size_of::<Spawn>() + size_of::<Text>() * (pairs + 3 * spawn.outputs.len());
        }
        let used = pool.bytes() + self.spawns;
        if used > self.limit { Err(ReadProblem::Memory(self.limit >> 20)) } else { Ok(()) }
    }
}

fn read_messages<M: Message + Default>(
    mut reader: impl BufRead,
    inflated: bool,
    mut take: impl FnMut(M) -> Result<(), ReadProblem>,
) -> Result<(), ReadError> {
    let mut offset = 0;
    let mut bytes = Vec::new();
    loop {
        let at = |problem| ReadError { offset, inflated, problem };
        let Some((length, prefix)) = read_length(&mut reader).map_err(at)? else { return Ok(()) };
        bytes.clear();
        let read = Read::by_ref(&mut reader).take(length).read_to_end(&mut bytes).map_err(|error| at(error.into()))?;
        if (read as u64) < length {
            return Err(at(ReadProblem::Truncated));
        }
        let message = M::decode(bytes.as_slice()).map_err(|error| at(error.into()))?;
        take(message).map_err(at)?;
        offset += prefix + length;
    }
}

/// A length and how many bytes it took; `None` at the end.
fn read_length(reader: &mut impl BufRead) -> Result<Option<(u64, u64)>, ReadProblem> {
    let mut length = 0;
    for place in 0..10 {
        let Some(byte) = reader.fill_buf()?.first().copied() else {
            return if place == 0 { Ok(None) } else { Err(ReadProblem::Truncated) };
        };
        reader.consume(1);
        length |= u64::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            return if length > LONGEST { Err(ReadProblem::Length(length)) } else { Ok(Some((length, place + 1))) };
        }
    }
    Err(ReadProblem::Length(length))
}

fn read_objects(
    reader: impl Read,
    mut take: impl FnMut(SpawnExec) -> Result<(), ReadProblem>,
) -> Result<(), ReadError> {
    let left = Rc::new(Cell::new(LONGEST));
    let reader = Bounded { reader, left: Rc::clone(&left) };
    let mut objects = serde_json::Deserializer::from_reader(BufReader::new(reader)).into_iter::<SpawnExec>();
    loop {
        let offset = objects.byte_offset() as u64;
        let at = |problem| ReadError { offset, inflated: false, problem };
        let Some(object) = objects.next() else { return Ok(()) };
        take(object.map_err(|error| at(error.into()))?).map_err(at)?;
        left.set(LONGEST);
    }
}

/// Fails where one object takes too many bytes.
struct Bounded<R> {
    reader: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let left = self.left.get().checked_sub(count as u64);
        self.left.set(left.ok_or_else(|| io::Error::other(format!("an object of more than {LONGEST} bytes")))?);
        Ok(count)
    }
}

fn add(exec: SpawnExec, pool: &mut Pool, log: &mut Log) {
    let digests = exec.digest.iter().chain(exec.inputs.iter().filter_map(|file| file.digest.as_ref()));
    if log.hash_function.is_none() {
        let mut names = digests.map(|digest| &digest.hash_function_name);
        log.hash_function = names.find_map(|name| hash_function(name));
    }
    let files = exec.inputs.iter().map(|file| file_of(file, pool)).collect();
    let inputs = pool.flat_set(files);
    let actual: Vec<_> = exec.actual_outputs.iter().map(|file| file_of(file, pool)).collect();
    let actual: Vec<(Text, Text)> = actual.into_iter().map(|file| pool.path_and_digest(file)).collect();
    // Listed outputs are sorted; a folder is listed, and its files are among the actual ones.
    let listed: Vec<Text> = exec.listed_outputs.iter().map(|path| pool.intern(path)).collect();
    let absent = listed.iter().filter(|path| actual.iter().all(|(there, _)| there != *path));
    let absent: Vec<(Text, Option<Text>)> = absent.map(|path| (*path, None)).collect();
    let mut outputs: Vec<_> = actual.into_iter().map(|(path, digest)| (path, Some(digest))).chain(absent).collect();
    let rank = |path: Text| listed.iter().position(|other| *other == path).unwrap_or(listed.len());
    outputs.sort_by_key(|(path, _)| rank(*path));
    log.spawns.push(Spawn {
        arguments: exec.command_args.iter().map(|word| pool.intern(word)).collect(),
        environment: pairs(&exec.environment_variables, pool),
        platform: pairs(&exec.platform.unwrap_or_default().properties, pool),
        inputs,
        outputs: outputs.into(),
        label: pool.intern(&exec.target_label),
        mnemonic: pool.intern(&exec.mnemonic),
        runner: pool.intern(&exec.runner),
        status: pool.intern(&exec.status),
        exit_code: exec.exit_code,
        cache_hit: exec.cache_hit,
        remotable: exec.remotable,
        cacheable: exec.cacheable,
        remote_cacheable: exec.remote_cacheable,
        digest: exec.digest.map(|digest| pool.intern(&digest.hash)),
    });
}

/// A hash function's name. Of one function, actions' digests name `SHA256`, files' digests `SHA-256`.
pub(super) fn hash_function(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.replace('-', ""))
}

/// Names and values.
pub(super) fn pairs(pairs: &[Pair], pool: &mut Pool) -> Box<[(Text, Text)]> {
    pairs.iter().map(|pair| (pool.intern(&pair.name), pool.intern(&pair.value))).collect()
}
