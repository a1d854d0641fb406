//! Spawns with all their inputs (`tools.protos.SpawnExec`), and what compact logs share with them.

use hashbrown::{HashMap, HashSet};

use super::pool::{FileId, Pool, Text};
use super::read::{ReadProblem, hash_function};
use super::row::Row;
use super::wire::{Fields, Value};
use super::{Log, Spawn};

/// What a spawn wrote.
pub(super) type Outputs = Vec<(Text, Option<FileId>)>;

/// `Digest`.
#[derive(Clone, Copy, Default)]
pub(super) struct Digest<'a> {
    /// Lowercase hexadecimal text.
    pub(super) hash: &'a [u8],
    function: &'a [u8],
}

/// `File`: a link where it has a target; without a digest where it is empty.
#[derive(Clone, Copy, Default)]
pub(super) struct File<'a> {
    pub(super) path: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) digest: Digest<'a>,
}

impl<'a> Digest<'a> {
    pub(super) fn read(value: Value<'a>) -> Result<Self, ReadProblem> {
        let mut digest = Self::default();
        for field in value.fields()? {
            match field? {
                (1, value) => digest.hash = value.bytes()?,
                (3, value) => digest.function = value.bytes()?,
                _ => {}
            }
        }
        Ok(digest)
    }
}

impl<'a> File<'a> {
    pub(super) fn read(message: &'a [u8]) -> Result<Self, ReadProblem> {
        let mut file = Self::default();
        for field in Fields::of(message) {
            match field? {
                (1, value) => file.path = value.bytes()?,
                (2, value) => file.digest = Digest::read(value)?,
                (4, value) => file.target = value.bytes()?,
                _ => {}
            }
        }
        Ok(file)
    }

    /// Its number. The digest of a link is its target.
    pub(super) fn intern(&self, pool: &mut Pool) -> Result<FileId, ReadProblem> {
        let path = pool.intern_bytes(self.path)?;
        let digest = match self.target {
            b"" => pool.digest(self.digest.hash)?,
            target => pool.digest(&[b"-> ", target].concat())?,
        };
        Ok(pool.file(path, digest))
    }
}

/// A spawn of which nothing is known.
pub(super) fn blank() -> Spawn {
    let (text, list) = (Pool::NO_TEXT, Pool::NO_LIST);
    Spawn {
        arguments: list,
        environment: list,
        platform: list,
        inputs: Pool::NO_FILES,
        outputs: Box::default(),
        label: text,
        mnemonic: text,
        runner: text,
        status: text,
        exit_code: 0,
        cache_hit: false,
        remotable: false,
        cacheable: false,
        remote_cacheable: false,
        digest: None,
    }
}

/// Adds a name and its value.
pub(super) fn add_pair(value: Value<'_>, row: &mut Row, pool: &mut Pool) -> Result<(), ReadProblem> {
    let (mut name, mut text) = (&[][..], &[][..]);
    for field in value.fields()? {
        match field? {
            (1, value) => name = value.bytes()?,
            (2, value) => text = value.bytes()?,
            _ => {}
        }
    }
    row.push(name, pool)?;
    row.push(text, pool)
}

/// `Platform`.
pub(super) fn add_properties(value: Value<'_>, row: &mut Row, pool: &mut Pool) -> Result<(), ReadProblem> {
    for field in value.fields()? {
        if let (1, value) = field? {
            add_pair(value, row, pool)?;
        }
    }
    Ok(())
}

/// Takes the next spawn of a binary log.
pub(super) fn add_spawn(message: &[u8], pool: &mut Pool, log: &mut Log) -> Result<(), ReadProblem> {
    let mut spawn = blank();
    let (mut arguments, mut environment, mut properties) = (Row::default(), Row::default(), Row::default());
    let (mut inputs, mut listed, mut actual) = (Vec::new(), Vec::new(), Vec::new());
    let mut function = None;
    let mut note = |digest: Digest<'_>| -> Result<(), ReadProblem> {
        if function.is_none() {
            function = hash_function(std::str::from_utf8(digest.function)?);
        }
        Ok(())
    };
    for field in Fields::of(message) {
        let (tag, value) = field?;
        match tag {
            1 => arguments.push(value.bytes()?, pool)?,
            2 => add_pair(value, &mut environment, pool)?,
            3 => add_properties(value, &mut properties, pool)?,
            4 => {
                let file = File::read(value.bytes()?)?;
                note(file.digest)?;
                inputs.push(file.intern(pool)?);
            }
            5 => listed.push(pool.intern_bytes(value.bytes()?)?),
            6 => spawn.remotable = value.is_true()?,
            7 => spawn.cacheable = value.is_true()?,
            10 => spawn.mnemonic = pool.intern_bytes(value.bytes()?)?,
            11 => actual.push(File::read(value.bytes()?)?.intern(pool)?),
            12 => spawn.runner = pool.intern_bytes(value.bytes()?)?,
            13 => spawn.cache_hit = value.is_true()?,
            14 => spawn.status = pool.intern_bytes(value.bytes()?)?,
            15 => spawn.exit_code = value.signed()?,
            16 => spawn.remote_cacheable = value.is_true()?,
            18 => spawn.label = pool.intern_bytes(value.bytes()?)?,
            19 => {
                let digest = Digest::read(value)?;
                note(digest)?;
                spawn.digest = Some(pool.digest(digest.hash)?);
            }
            _ => {}
        }
    }
    spawn.arguments = arguments.intern(pool);
    spawn.environment = environment.intern(pool);
    spawn.platform = properties.intern(pool);
    spawn.inputs = pool.set(&inputs, &[]);
    spawn.outputs = join_outputs(&listed, &actual, pool).into();
    log.hash_function = log.hash_function.take().or(function);
    log.spawns.push(spawn);
    Ok(())
}

/// Listed outputs are sorted; a folder is listed, and its files are among the actual ones.
pub(super) fn join_outputs(listed: &[Text], actual: &[FileId], pool: &Pool) -> Outputs {
    let ranks: HashMap<Text, usize> = listed.iter().rev().copied().zip((0..listed.len()).rev()).collect();
    let mut outputs: Outputs = actual.iter().map(|file| (pool.path_of(*file), Some(*file))).collect();
    let there: HashSet<Text> = outputs.iter().map(|(path, _)| *path).collect();
    outputs.extend(listed.iter().filter(|path| !there.contains(*path)).map(|path| (*path, None)));
    outputs.sort_by_key(|(path, _)| ranks.get(path).copied().unwrap_or(listed.len()));
    outputs
}
