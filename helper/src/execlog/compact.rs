//! Entries of a compact log (`tools.protos.ExecLogEntry`), each of which may refer to earlier ones.

use super::node::{Node, Nodes};
use super::pool::{FileId, Pool, SetId, Text};
use super::read::{ReadProblem, hash_function};
use super::row::Row;
use super::spawn::{Digest, File, Outputs, add_pair, add_properties, blank};
use super::wire::{Fields, Value};
use super::{Log, Spawn};

/// What is read of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// Everything.
    All,
    /// What became of each spawn: neither command line, environment and inputs, nor what is in the outputs. Equal paths may
    /// have unequal numbers.
    Outcomes,
}

/// The entries so far.
pub(super) struct Entries {
    parts: Parts,
    /// In bytes, of what one entry may stand for beyond its own bytes.
    longest: u64,
    nodes: Nodes,
    /// Of the entry that is read, kept for their memory alone.
    ids: Vec<u32>,
    files: Vec<FileId>,
    sets: Vec<SetId>,
    outputs: Outputs,
    arguments: Row,
    environment: Row,
    properties: Row,
}

impl Entries {
    pub(super) fn new(parts: Parts, longest: u64) -> Self {
        Self {
            parts,
            longest,
            nodes: Nodes::default(),
            ids: Vec::new(),
            files: Vec::new(),
            sets: Vec::new(),
            outputs: Outputs::new(),
            arguments: Row::default(),
            environment: Row::default(),
            properties: Row::default(),
        }
    }

    /// Takes the next entry of a log.
    pub(super) fn add(&mut self, entry: &[u8], pool: &mut Pool, log: &mut Log) -> Result<(), ReadProblem> {
        let (mut id, mut payload) = (0, None);
        for field in Fields::of(entry) {
            match field? {
                (1, value) => id = value.id()?,
                (tag @ (2..=7 | 9 | 10), value) => payload = Some((tag, value.bytes()?)),
                // A newer Bazel's, or an action that runs no program.
                _ => {}
            }
        }
        let Some((tag, message)) = payload else { return Ok(()) };
        let node = match tag {
            2 => {
                log.hash_function = invocation(message)?;
                return Ok(());
            }
            7 => {
                let spawn = self.spawn(message, pool)?;
                log.spawns.push(spawn);
                return Ok(());
            }
            6 | 9 | 10 if self.parts == Parts::Outcomes => return Ok(()),
            3 | 5 if self.parts == Parts::Outcomes => Node::Path(path(message, pool)?),
            3 => Node::File(File::read(message)?.intern(pool)?),
            4 => self.folder(message, pool)?,
            5 => Node::File(link(message)?.intern(pool)?),
            6 => self.input_set(message, pool)?,
            9 => self.link_set(message, pool)?,
            _ => self.runfiles(message, pool)?,
        };
        if id != 0 {
            self.nodes.insert(id, node);
        }
        Ok(())
    }

    /// About how many bytes of memory the ids take.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.bytes()
    }

    /// One set of all that some ids stand for.
    fn join(&mut self, ids: &[u32], more: Option<FileId>, pool: &mut Pool) -> Result<SetId, ReadProblem> {
        self.files.clear();
        self.sets.clear();
        for id in ids {
            match self.nodes.get(*id)? {
                Node::File(file) => self.files.push(file),
                // Where there are such, no set is read.
                Node::Path(_) => return Err(ReadProblem::UnknownId(*id)),
                Node::Folder(_, set) | Node::Set(set) => self.sets.push(set),
            }
        }
        self.files.extend(more);
        Ok(pool.set(&self.files, &self.sets))
    }

    /// A folder; the paths of its files are relative to it.
    fn folder(&self, message: &[u8], pool: &mut Pool) -> Result<Node, ReadProblem> {
        let (mut path, mut files) = (&[][..], Vec::new());
        for field in Fields::of(message) {
            match field? {
                (1, value) => path = value.bytes()?,
                (2, value) => files.push(value.bytes()?),
                _ => {}
            }
        }
        self.check((path.len() as u64).saturating_mul(files.len() as u64))?;
        let mut ids = Vec::with_capacity(files.len());
        for file in files {
            let file = File::read(file)?;
            let path = [path, b"/", file.path].concat();
            ids.push(File { path: &path, ..file }.intern(pool)?);
        }
        Ok(Node::Folder(pool.intern_bytes(path)?, pool.set(&ids, &[])))
    }

    /// A few bytes may name one folder with many files, or many files in one folder with a long path.
    fn check(&self, bytes: u64) -> Result<(), ReadProblem> {
        if bytes > self.longest { Err(ReadProblem::Length(bytes)) } else { Ok(()) }
    }

    fn input_set(&mut self, message: &[u8], pool: &mut Pool) -> Result<Node, ReadProblem> {
        let mut ids = std::mem::take(&mut self.ids);
        ids.clear();
        for field in Fields::of(message) {
            if let (4 | 5, value) = field? {
                value.add_ids(&mut ids)?;
            }
        }
        let set = self.join(&ids, None, pool)?;
        self.ids = ids;
        Ok(Node::Set(set))
    }

    /// Links of a runfiles tree, as the files that they lead to.
    fn link_set(&mut self, message: &[u8], pool: &mut Pool) -> Result<Node, ReadProblem> {
        let mut ids = Vec::new();
        for field in Fields::of(message) {
            match field? {
                (1, value) => {
                    for field in value.fields()? {
                        if let (2, value) = field? {
                            ids.push(value.id()?);
                        }
                    }
                }
                (2, value) => value.add_ids(&mut ids)?,
                _ => {}
            }
        }
        self.join(&ids, None, pool).map(Node::Set)
    }

    fn runfiles(&mut self, message: &[u8], pool: &mut Pool) -> Result<Node, ReadProblem> {
        let (mut path, mut mapping, mut ids) = (&[][..], None, Vec::new());
        for field in Fields::of(message) {
            match field? {
                (1, value) => path = value.bytes()?,
                (2..=4, value) => ids.extend(Some(value.id()?).filter(|id| *id != 0)),
                (6, value) => mapping = Some(File::read(value.bytes()?)?),
                _ => {}
            }
        }
        let mapping = mapping.map(|file| {
            let path = [path, b"/_repo_mapping"].concat();
            File { path: &path, ..file }.intern(pool)
        });
        let mapping = mapping.transpose()?;
        self.join(&ids, mapping, pool).map(Node::Set)
    }

    fn spawn(&mut self, message: &[u8], pool: &mut Pool) -> Result<Spawn, ReadProblem> {
        let mut spawn = blank();
        for row in [&mut self.arguments, &mut self.environment, &mut self.properties] {
            row.start();
        }
        self.outputs.clear();
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1..=4 if self.parts == Parts::Outcomes => {}
                1 => self.arguments.push(value.bytes()?, pool)?,
                2 => add_pair(value, &mut self.environment, pool)?,
                3 => add_properties(value, &mut self.properties, pool)?,
                4 => {
                    spawn.inputs = match value.id()? {
                        0 => Pool::NO_FILES,
                        id => self.join(&[id], None, pool)?,
                    };
                }
                6 => self.output(value, pool)?,
                7 => spawn.label = pool.intern_bytes(value.bytes()?)?,
                8 => spawn.mnemonic = pool.intern_bytes(value.bytes()?)?,
                9 => spawn.exit_code = value.signed()?,
                10 => spawn.status = pool.intern_bytes(value.bytes()?)?,
                11 => spawn.runner = pool.intern_bytes(value.bytes()?)?,
                12 => spawn.cache_hit = value.is_true()?,
                13 => spawn.remotable = value.is_true()?,
                14 => spawn.cacheable = value.is_true()?,
                15 => spawn.remote_cacheable = value.is_true()?,
                16 => spawn.digest = Some(pool.digest(Digest::read(value)?.hash)?),
                _ => {}
            }
        }
        spawn.arguments = self.arguments.intern(pool);
        spawn.environment = self.environment.intern(pool);
        spawn.platform = self.properties.intern(pool);
        spawn.outputs = self.outputs.as_slice().into();
        Ok(spawn)
    }

    fn output(&mut self, value: Value<'_>, pool: &mut Pool) -> Result<(), ReadProblem> {
        for field in value.fields()? {
            match field? {
                (4, path) => self.outputs.push((pool.intern_bytes(path.bytes()?)?, None)),
                (5, id) => match self.nodes.get(id.id()?)? {
                    Node::File(file) => self.outputs.push((pool.path_of(file), Some(file))),
                    Node::Path(path) => self.outputs.push((path, None)),
                    Node::Folder(path, set) => {
                        self.outputs.push((path, None));
                        self.outputs.extend(pool.files_in(set).map(|file| (pool.path_of(file), Some(file))));
                        self.check((self.outputs.len() * size_of::<(Text, Option<FileId>)>()) as u64)?;
                    }
                    Node::Set(_) => return Err(ReadProblem::UnknownId(id.id()?)),
                },
                _ => {}
            }
        }
        Ok(())
    }
}

fn invocation(message: &[u8]) -> Result<Option<String>, ReadProblem> {
    let mut name = &[][..];
    for field in Fields::of(message) {
        if let (1, value) = field? {
            name = value.bytes()?;
        }
    }
    Ok(hash_function(std::str::from_utf8(name)?))
}

/// The path of a `File` or `UnresolvedSymlink`, which takes no look-up.
fn path(message: &[u8], pool: &mut Pool) -> Result<Text, ReadProblem> {
    let mut path = &[][..];
    for field in Fields::of(message) {
        if let (1, value) = field? {
            path = value.bytes()?;
        }
    }
    Ok(pool.add_text(path)?)
}

/// `UnresolvedSymlink`.
fn link(message: &[u8]) -> Result<File<'_>, ReadProblem> {
    let mut link = File::default();
    for field in Fields::of(message) {
        match field? {
            (1, value) => link.path = value.bytes()?,
            (2, value) => link.target = value.bytes()?,
            _ => {}
        }
    }
    Ok(link)
}
