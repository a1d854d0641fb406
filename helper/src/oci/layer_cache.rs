//! Layers that were made before, by what they consist of: `$XDG_CACHE_HOME/lre/layers`.
//!
//! A layer is two files, its bytes and a record of their digests. The bytes are digested again before they are used; what
//! is not as recorded is made again. Writers put files there under their final names in one step, so that several may work
//! at once.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempDir};

use super::compression::Compression;
use super::digest::Digest;
use super::pipeline::{Blob, Chunks, compress};
use super::store_layer::HashedRoot;
use crate::system_error::describe_system_error;
use crate::temporary_folder::temporary_folder;

/// Other rules for the bytes of layers need another number.
const RULES: u32 = 1;

/// The cache.
#[derive(Debug)]
pub struct LayerCache {
    folder: PathBuf,
    /// Where there is no place for a lasting one.
    _temporary: Option<TempDir>,
}

/// A layer in the cache.
#[derive(Clone, Debug)]
pub struct CachedLayer {
    /// Its compressed bytes.
    pub file: PathBuf,
    /// What they are.
    pub blob: Blob,
}

/// A layer whose bytes may be others by now.
#[derive(Debug)]
pub struct RecordedLayer(CachedLayer);

impl RecordedLayer {
    /// Of its compressed bytes, as recorded.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.blob.size
    }

    /// The layer, if its bytes are there and as recorded.
    #[must_use]
    pub fn verify(&self) -> Option<CachedLayer> {
        let CachedLayer { file, blob } = &self.0;
        (digest_file(file).ok()? == (blob.digest, blob.size)).then(|| self.0.clone())
    }
}

/// Names a layer by what decides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerKey(String);

impl LayerKey {
    /// The layer of some store roots.
    #[must_use]
    pub fn of(roots: &[HashedRoot], compression: Compression) -> Self {
        let mut hash = Sha256::new();
        for HashedRoot { root, nar_hash, .. } in roots {
            hash.update(format!("{root} {nar_hash}\n"));
        }
        let digest = Digest::new(hash.finalize().into());
        Self(format!("{}-{compression}-{RULES}", digest.hex()))
    }
}

impl LayerCache {
    /// Finds or makes it. Without `XDG_CACHE_HOME` and `HOME`, it lasts as long as this value.
    ///
    /// # Errors
    /// If the folder cannot be made; the error names it.
    pub fn open() -> io::Result<Self> {
        let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        match home {
            Some(home) => Self::at(&home.join("lre/layers")),
            None => {
                let temporary = temporary_folder("lre-layers-", None)?;
                Ok(Self { folder: temporary.path().to_owned(), _temporary: Some(temporary) })
            }
        }
    }

    fn at(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder).map_err(|error| {
            let reason = describe_system_error(&error);
            io::Error::new(error.kind(), format!("cannot make the cache `{}`: {reason}", folder.display()))
        })?;
        Ok(Self { folder: folder.to_owned(), _temporary: None })
    }

    /// What the cache has a record of, which is still to be verified.
    #[must_use]
    pub fn recorded(&self, key: &LayerKey) -> Option<RecordedLayer> {
        let blob = serde_json::from_slice(&fs::read(self.record(key)).ok()?).ok()?;
        Some(RecordedLayer(CachedLayer { file: self.file(key), blob }))
    }

    /// Makes a layer from what `produce` writes, and keeps it.
    ///
    /// # Errors
    /// What `produce` says, or that the files cannot be written. Nothing is kept then.
    pub fn add<E: From<io::Error>>(
        &self,
        key: &LayerKey,
        compression: Compression,
        produce: impl FnOnce(&mut Chunks) -> Result<(), E>,
    ) -> Result<CachedLayer, E> {
        let (new, blob) = self.write(compression, produce)?;
        let record = self.new_file()?;
        serde_json::to_writer(record.as_file(), &blob).map_err(io::Error::from)?;
        let file = self.file(key);
        new.persist(&file).map_err(|error| error.error)?;
        record.persist(self.record(key)).map_err(|error| error.error)?;
        Ok(CachedLayer { file, blob })
    }

    /// Makes a layer that is not kept: its file goes away with the value.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub fn write<E: From<io::Error>>(
        &self,
        compression: Compression,
        produce: impl FnOnce(&mut Chunks) -> Result<(), E>,
    ) -> Result<(NamedTempFile, Blob), E> {
        let new = self.new_file()?;
        let ((), blob) = compress(compression, new.as_file(), produce)?;
        // Private until it is whole. Outputs are links to it, and others may read those.
        new.as_file().set_permissions(Permissions::from_mode(0o644))?;
        Ok((new, blob))
    }

    fn new_file(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix("new-").tempfile_in(&self.folder)
    }

    fn file(&self, key: &LayerKey) -> PathBuf {
        self.folder.join(format!("{}.layer", key.0))
    }

    fn record(&self, key: &LayerKey) -> PathBuf {
        self.folder.join(format!("{}.json", key.0))
    }
}

fn digest_file(file: &Path) -> io::Result<(Digest, u64)> {
    let mut hash = Sha256::new();
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let length = io::Read::read(&mut file, &mut buffer)?;
        if length == 0 {
            return Ok((Digest::new(hash.finalize().into()), size));
        }
        hash.update(&buffer[..length]);
        size += length as u64;
    }
}

#[cfg(test)]
mod unit {
    use std::io::Write as _;

    use super::*;
    use crate::store::StoreRoot;

    fn roots(nar_hash: &str) -> anyhow::Result<Vec<HashedRoot>> {
        let root = StoreRoot::try_from("/nix/store/asqa3kfq3maclk7cqqhrjvp7vriw6ahy-a".to_owned())?;
        Ok(vec![HashedRoot { root, nar_hash: nar_hash.to_owned(), nar_size: 0 }])
    }

    fn find(cache: &LayerCache, key: &LayerKey) -> Option<CachedLayer> {
        cache.recorded(key)?.verify()
    }

    #[test]
    fn layers_are_found_by_their_roots_and_only_as_they_were_written() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = LayerCache::at(&folder.path().join("layers"))?;
        let key = LayerKey::of(&roots("sha256-1")?, Compression::Zstd);
        assert!(find(&cache, &key).is_none());
        let write = |chunks: &mut Chunks| chunks.write_all(b"some bytes");
        let layer = cache.add(&key, Compression::Zstd, write)?;
        let found = find(&cache, &key).map(|found| (found.file, found.blob));
        assert_eq!(found, Some((layer.file.clone(), layer.blob)));
        for (nar_hash, compression) in [("sha256-2", Compression::Zstd), ("sha256-1", Compression::Gzip)] {
            assert!(find(&cache, &LayerKey::of(&roots(nar_hash)?, compression)).is_none());
        }
        let mut bytes = fs::read(&layer.file)?;
        bytes[5] ^= 1;
        fs::write(&layer.file, &bytes)?;
        assert!(find(&cache, &key).is_none());
        cache.add(&key, Compression::Zstd, write)?;
        assert!(find(&cache, &key).is_some());
        Ok(())
    }

    #[test]
    fn nothing_is_kept_of_a_layer_that_fails() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = LayerCache::at(folder.path())?;
        let key = LayerKey::of(&roots("sha256-1")?, Compression::Zstd);
        let fail = |chunks: &mut Chunks| {
            chunks.write_all(b"some bytes")?;
            Err(io::Error::other("unreadable"))
        };
        assert!(cache.add(&key, Compression::Zstd, fail).is_err());
        assert_eq!(fs::read_dir(folder.path())?.count(), 0);
        Ok(())
    }
}
