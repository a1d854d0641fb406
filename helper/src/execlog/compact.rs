//! Entries of a compact log, each of which may refer to earlier ones.

use std::collections::HashMap;

use super::message::{CompactSpawn, Digest, Entry, File, OutputKind, Payload};
use super::pool::{FileId, Pool, SetId, Text};
use super::read::{ReadProblem, hash_function, pairs};
use super::{Log, Spawn};

/// What an id stands for.
#[derive(Clone, Copy)]
enum Node {
    File(FileId),
    /// A folder, as the set of the files in it.
    Folder(Text, SetId),
    Set(SetId),
}

/// The entries so far.
#[derive(Default)]
pub(super) struct Entries {
    nodes: HashMap<u32, Node>,
}

impl Entries {
    /// Takes the next entry of a log.
    pub(super) fn add(&mut self, entry: Entry, pool: &mut Pool, log: &mut Log) -> Result<(), ReadProblem> {
        let node = match entry.payload {
            Some(Payload::Invocation(invocation)) => {
                log.hash_function = hash_function(&invocation.hash_function_name);
                return Ok(());
            }
            Some(Payload::Spawn(spawn)) => {
                let spawn = self.spawn(spawn, pool)?;
                log.spawns.push(spawn);
                return Ok(());
            }
            // A newer Bazel's, or an action that runs no program.
            None => return Ok(()),
            Some(Payload::File(file)) => Node::File(file_of(&file, pool)),
            Some(Payload::Link(link)) => Node::File(file_of(
                &File { path: link.path, symlink_target_path: link.target_path, digest: None },
                pool,
            )),
            Some(Payload::Directory(folder)) => {
                let path = pool.intern(&folder.path);
                let inner = |file: File| File { path: format!("{}/{}", folder.path, file.path), ..file };
                let files = folder.files.into_iter().map(|file| file_of(&inner(file), pool)).collect();
                Node::Folder(path, pool.flat_set(files))
            }
            Some(Payload::InputSet(set)) => {
                let nodes = set.transitive_set_ids.iter().chain(&set.input_ids);
                let nodes = nodes.map(|id| self.node(*id)).collect::<Result<Vec<_>, _>>()?;
                Node::Set(join(&nodes, pool))
            }
            Some(Payload::LinkSet(set)) => {
                let nodes = set.transitive_set_ids.iter().chain(set.direct_entries.values());
                let nodes = nodes.map(|id| self.node(*id)).collect::<Result<Vec<_>, _>>()?;
                Node::Set(join(&nodes, pool))
            }
            Some(Payload::Runfiles(tree)) => {
                let ids = [tree.input_set_id, tree.symlinks_id, tree.root_symlinks_id];
                let ids = ids.into_iter().filter(|id| *id != 0);
                let mut nodes = ids.map(|id| self.node(id)).collect::<Result<Vec<_>, _>>()?;
                if let Some(mapping) = tree.repo_mapping_manifest {
                    let file = File { path: format!("{}/_repo_mapping", tree.path), ..mapping };
                    nodes.push(Node::File(file_of(&file, pool)));
                }
                Node::Set(join(&nodes, pool))
            }
        };
        if entry.id != 0 {
            self.nodes.insert(entry.id, node);
        }
        Ok(())
    }

    fn node(&self, id: u32) -> Result<Node, ReadProblem> {
        self.nodes.get(&id).copied().ok_or(ReadProblem::UnknownId(id))
    }

    fn spawn(&self, spawn: CompactSpawn, pool: &mut Pool) -> Result<Spawn, ReadProblem> {
        let inputs = match spawn.input_set_id {
            0 => Pool::NO_FILES,
            id => join(&[self.node(id)?], pool),
        };
        let mut outputs = Vec::with_capacity(spawn.outputs.len());
        for output in &spawn.outputs {
            match &output.kind {
                Some(OutputKind::InvalidPath(path)) => outputs.push((pool.intern(path), None)),
                Some(OutputKind::Id(id)) => match self.node(*id)? {
                    Node::File(file) => {
                        let (path, digest) = pool.path_and_digest(file);
                        outputs.push((path, Some(digest)));
                    }
                    Node::Folder(path, set) => {
                        outputs.push((path, None));
                        let files = pool.files_of(set).into_iter().map(|file| pool.path_and_digest(file));
                        outputs.extend(files.map(|(path, digest)| (path, Some(digest))));
                    }
                    Node::Set(_) => return Err(ReadProblem::UnknownId(*id)),
                },
                None => {}
            }
        }
        Ok(Spawn {
            arguments: spawn.args.iter().map(|word| pool.intern(word)).collect(),
            environment: pairs(&spawn.env_vars, pool),
            platform: pairs(&spawn.platform.unwrap_or_default().properties, pool),
            inputs,
            outputs: outputs.into(),
            label: pool.intern(&spawn.target_label),
            mnemonic: pool.intern(&spawn.mnemonic),
            runner: pool.intern(&spawn.runner),
            status: pool.intern(&spawn.status),
            exit_code: spawn.exit_code,
            cache_hit: spawn.cache_hit,
            remotable: spawn.remotable,
            cacheable: spawn.cacheable,
            remote_cacheable: spawn.remote_cacheable,
            digest: spawn.digest.map(|digest| pool.intern(&digest.hash)),
        })
    }
}

/// One set of what is in all nodes; no new set for a single one.
fn join(nodes: &[Node], pool: &mut Pool) -> SetId {
    if let [Node::Folder(_, set) | Node::Set(set)] = nodes {
        return *set;
    }
    let files = nodes.iter().filter_map(|node| match node {
        Node::File(file) => Some(*file),
        _ => None,
    });
    let sets = nodes.iter().filter_map(|node| match node {
        Node::Folder(_, set) | Node::Set(set) => Some(*set),
        Node::File(_) => None,
    });
    let (files, sets): (Box<[FileId]>, Box<[SetId]>) = (files.collect(), sets.collect());
    if sets.is_empty() { pool.flat_set(files) } else { pool.set(files, sets) }
}

/// A file's number. An empty file may have no digest; a link has its target instead.
pub(super) fn file_of(file: &File, pool: &mut Pool) -> FileId {
    let path = pool.intern(&file.path);
    let digest = match (&file.digest, file.symlink_target_path.as_str()) {
        (_, target) if !target.is_empty() => pool.intern(&format!("-> {target}")),
        (Some(Digest { hash, .. }), _) => pool.intern(hash),
        (None, _) => pool.intern(""),
    };
    pool.file(path, digest)
}
