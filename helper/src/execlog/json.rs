//! Spawns of a JSON log.

use super::message::{Pair, SpawnExec};
use super::pool::{Digest, FileId, ListId, Pool, Text};
use super::read::hash_function;
use super::spawn::join_outputs;
use super::{Log, Spawn, message};

/// Takes the next spawn.
pub(super) fn add_object(exec: &SpawnExec, pool: &mut Pool, log: &mut Log) {
    let digests = exec.digest.iter().chain(exec.inputs.iter().filter_map(|file| file.digest.as_ref()));
    if log.hash_function.is_none() {
        let mut names = digests.map(|digest| &digest.hash_function_name);
        log.hash_function = names.find_map(|name| hash_function(name));
    }
    let inputs: Vec<FileId> = exec.inputs.iter().map(|file| intern_file(file, pool)).collect();
    let actual: Vec<FileId> = exec.actual_outputs.iter().map(|file| intern_file(file, pool)).collect();
    let listed: Vec<Text> = exec.listed_outputs.iter().map(|path| pool.intern(path)).collect();
    let arguments: Vec<Text> = exec.command_args.iter().map(|word| pool.intern(word)).collect();
    let properties = exec.platform.as_ref().map_or(&[][..], |platform| &platform.properties);
    log.spawns.push(Spawn {
        arguments: pool.intern_list(&arguments),
        environment: intern_pairs(&exec.environment_variables, pool),
        platform: intern_pairs(properties, pool),
        inputs: pool.set(&inputs, &[]),
        outputs: join_outputs(&listed, &actual, pool).into(),
        label: pool.intern(&exec.target_label),
        mnemonic: pool.intern(&exec.mnemonic),
        runner: pool.intern(&exec.runner),
        status: pool.intern(&exec.status),
        exit_code: exec.exit_code,
        cache_hit: exec.cache_hit,
        remotable: exec.remotable,
        cacheable: exec.cacheable,
        remote_cacheable: exec.remote_cacheable,
        digest: exec.digest.as_ref().map(|digest| intern_digest(&digest.hash, pool)),
    });
}

fn intern_file(file: &message::File, pool: &mut Pool) -> FileId {
    let path = pool.intern(&file.path);
    let digest = match (&file.digest, file.symlink_target_path.as_str()) {
        (_, target) if !target.is_empty() => intern_digest(&format!("-> {target}"), pool),
        (digest, _) => intern_digest(digest.as_ref().map_or("", |digest| &digest.hash), pool),
    };
    pool.file(path, digest)
}

fn intern_digest(text: &str, pool: &mut Pool) -> Digest {
    pool.digest(text.as_bytes()).expect("a `str` is UTF-8")
}

fn intern_pairs(pairs: &[Pair], pool: &mut Pool) -> ListId {
    let texts: Vec<Text> = pairs.iter().flat_map(|pair| [pool.intern(&pair.name), pool.intern(&pair.value)]).collect();
    pool.intern_list(&texts)
}
