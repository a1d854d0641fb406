//! Reads a log as a stream, whichever of the three formats it has.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use std::str::Utf8Error;

use super::compact::{Entries, Parts};
use super::inflate::with_inflated;
use super::json::add_object;
use super::message::SpawnExec;
use super::pool::{FileId, Pool, Text};
use super::spawn::add_spawn;
use super::{Chunked, Format, Log};
use crate::system_error::describe_system_error;

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
    #[error("{}", describe_system_error(.0))]
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
    /// The same: a field ends beyond its message, or is of another kind.
    #[error("its bytes are no entry of a log")]
    Malformed,
    /// A text that is none.
    #[error("{0}")]
    Utf8(#[from] Utf8Error),
    /// Text that is no JSON of the expected shape.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A reference to an entry that is not there, or of another kind.
    #[error("it refers to entry {0}, which it does not have")]
    UnknownId(u32),
    /// It takes more memory than is allowed.
    #[error("it takes more memory than it may")]
    Memory,
}

/// Reads a log. Of each broken log it says where; a log that ends early is broken. `limit` is in bytes, for all that is
/// in the pool, the spawns of earlier logs too.
///
/// # Errors
/// See [`ReadProblem`].
pub fn read_log(reader: impl Read + Send, pool: &mut Pool, limit: usize) -> Result<Log, ReadError> {
    read(reader, pool, limit, Parts::All)
}

/// The same without what only a comparison with another log asks for: in a compact log, command lines, environments,
/// platforms and inputs are passed over and left empty, and of outputs the paths alone are read.
///
/// # Errors
/// See [`ReadProblem`].
pub fn read_outcomes(reader: impl Read + Send, pool: &mut Pool, limit: usize) -> Result<Log, ReadError> {
    read(reader, pool, limit, Parts::Outcomes)
}

fn read(reader: impl Read + Send, pool: &mut Pool, limit: usize, parts: Parts) -> Result<Log, ReadError> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut start = Vec::new();
    let begin = |problem| ReadError { offset: 0, inflated: false, problem };
    // A short read is no end: what tells the formats apart may come later.
    Read::by_ref(&mut reader).take(256).read_to_end(&mut start).map_err(|error| begin(error.into()))?;
    let format = format_of(&start);
    let whole = io::Cursor::new(start).chain(reader);
    let budget = Budget { limit };
    pool.rewind();
    let mut log = Log { format, hash_function: None, spawns: Chunked::default() };
    let mut outputs = 0;
    match format {
        Format::Compact => {
            let mut entries = Entries::new(parts, budget.longest(1));
            with_inflated(whole, |blocks| {
                read_messages(blocks, true, budget, |entry| {
                    let spawns = log.spawns.len();
                    entries.add(entry, pool, &mut log)?;
                    outputs += log.spawns.get(spawns).map_or(0, |spawn| spawn.outputs.len());
                    budget.check(entries.bytes(), outputs, pool, &log)
                })
            })?;
        }
        Format::Binary => read_messages(whole, false, budget, |message| {
            add_spawn(message, pool, &mut log)?;
            outputs += log.spawns.last().map_or(0, |spawn| spawn.outputs.len());
            budget.check(0, outputs, pool, &log)
        })?,
        Format::Json => read_objects(whole, budget, |exec| {
            add_object(&exec, pool, &mut log);
            outputs += log.spawns.last().map_or(0, |spawn| spawn.outputs.len());
            budget.check(0, outputs, pool, &log)
        })?,
    }
    pool.count_spawns(bytes_of(&log, outputs));
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

/// How much memory a log may take, in bytes.
#[derive(Clone, Copy)]
struct Budget {
    limit: usize,
}

impl Budget {
    /// `ids` is in bytes.
    fn check(self, ids: usize, outputs: usize, pool: &Pool, log: &Log) -> Result<(), ReadProblem> {
        self.check_bytes(pool.bytes() + bytes_of(log, outputs) + ids)
    }

    fn check_bytes(self, bytes: usize) -> Result<(), ReadProblem> {
        if bytes > self.limit { Err(ReadProblem::Memory) } else { Ok(()) }
    }

    /// The longest message or object that may be looked at. `growth` is what a byte of it may become before its parts are
    /// in the pool.
    fn longest(self, growth: usize) -> u64 {
        LONGEST.min((self.limit / growth) as u64)
    }
}

/// What a log's spawns take, in bytes.
fn bytes_of(log: &Log, outputs: usize) -> usize {
    log.spawns.bytes() + outputs * size_of::<(Text, Option<FileId>)>()
}

/// What a byte of a message may become: a number of one byte refers to an entry, and is kept in three lists of its kind.
const MESSAGE_GROWTH: usize = 32;

/// What a byte of JSON may become: `{},` is a whole file.
const OBJECT_GROWTH: usize = 128;

fn read_messages(
    mut reader: impl BufRead,
    inflated: bool,
    budget: Budget,
    mut take: impl FnMut(&[u8]) -> Result<(), ReadProblem>,
) -> Result<(), ReadError> {
    let mut offset = 0;
    let mut bytes = Vec::new();
    loop {
        let at = |problem| ReadError { offset, inflated, problem };
        let Some((length, prefix)) = read_length(&mut reader).map_err(at)? else { return Ok(()) };
        let longest = budget.longest(MESSAGE_GROWTH);
        let there = reader.fill_buf().map_err(|error| at(error.into()))?;
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if let Some(message) = there.get(..size).filter(|_| length <= longest) {
            take(message).map_err(at)?;
            reader.consume(size);
        } else {
            bytes.clear();
            let wanted = length.min(longest);
            let read = Read::by_ref(&mut reader).take(wanted).read_to_end(&mut bytes);
            if (read.map_err(|error| at(error.into()))? as u64) < wanted {
                return Err(at(ReadProblem::Truncated));
            }
            if wanted < length {
                return Err(at(ReadProblem::Memory));
            }
            take(&bytes).map_err(at)?;
        }
        offset += prefix + length;
    }
}

/// A length and how many bytes it took; `None` at the end.
fn read_length(reader: &mut impl BufRead) -> Result<Option<(u64, u64)>, ReadProblem> {
    // Nearly every length is one or two bytes, which lie together.
    if let Some((length, prefix)) = short_length(reader.fill_buf()?) {
        reader.consume(prefix);
        return Ok(Some((length, prefix as u64)));
    }
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

fn short_length(bytes: &[u8]) -> Option<(u64, usize)> {
    match *bytes {
        [one @ ..0x80, ..] => Some((one.into(), 1)),
        [low, high @ ..0x80, ..] => Some((u64::from(low & 0x7F) | u64::from(high) << 7, 2)),
        _ => None,
    }
}

fn read_objects(
    reader: impl Read,
    budget: Budget,
    mut take: impl FnMut(SpawnExec) -> Result<(), ReadProblem>,
) -> Result<(), ReadError> {
    let longest = budget.longest(OBJECT_GROWTH);
    let left = Rc::new(Cell::new(Some(longest)));
    let reader = Bounded { reader, left: Rc::clone(&left) };
    let mut objects = serde_json::Deserializer::from_reader(BufReader::new(reader)).into_iter::<SpawnExec>();
    loop {
        let offset = objects.byte_offset() as u64;
        let at = |problem| ReadError { offset, inflated: false, problem };
        let Some(object) = objects.next() else { return Ok(()) };
        let object: Result<SpawnExec, ReadError> = object.map_err(|error| match left.get() {
            None if longest == LONGEST => at(ReadProblem::Length(longest)),
            None => at(ReadProblem::Memory),
            Some(_) => at(error.into()),
        });
        let object = object?;
        if object == SpawnExec::default() {
            return Err(at(ReadProblem::Malformed));
        }
        take(object).map_err(at)?;
        left.set(Some(longest));
    }
}

/// Fails where one object takes too many bytes.
struct Bounded<R> {
    reader: R,
    /// How many it may still take; `None` once it took more.
    left: Rc<Cell<Option<u64>>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.left.set(self.left.get().and_then(|left| left.checked_sub(count as u64)));
        if self.left.get().is_none() { Err(io::Error::other("an object without end")) } else { Ok(count) }
    }
}

/// A hash function's name. Of one function, actions' digests name `SHA256`, files' digests `SHA-256`.
pub(super) fn hash_function(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.replace('-', ""))
}
