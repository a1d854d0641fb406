//! Compresses a layer on all cores while it is read, with a bounded number of chunks in memory.
//!
//! The caller's thread makes the layer's bytes, a thread on each core compresses chunks, and one writes them in their order
//! and digests both sides.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::compression::{CHUNK, Compression};
use super::digest::Digest;

/// Chunks in memory beside those that are being compressed: enough for no thread to wait for another.
const AHEAD: usize = 2;

/// What a layer turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Blob {
    /// Of the compressed bytes.
    pub digest: Digest,
    /// Compressed, in bytes.
    pub size: u64,
    /// Of the uncompressed bytes.
    pub diff_id: Digest,
    /// Uncompressed, in bytes.
    pub plain_size: u64,
}

/// A chunk, and where to send what it becomes.
struct Job {
    chunk: Vec<u8>,
    done: Sender<Packed>,
}

/// A chunk and its compressed form.
type Packed = io::Result<(Vec<u8>, Vec<u8>)>;

/// Writes the compressed form of what `produce` writes.
///
/// # Errors
/// What `produce` says, or that the compressed bytes cannot be written.
pub(super) fn compress<T, E: From<io::Error>>(
    compression: Compression,
    target: impl Write + Send,
    produce: impl FnOnce(&mut Chunks) -> Result<T, E>,
) -> Result<(T, Blob), E> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (jobs, next_job) = sync_channel::<Job>(AHEAD);
    let (order, in_order) = sync_channel::<Receiver<Packed>>(threads + AHEAD);
    let next_job = Mutex::new(next_job);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(compression, &next_job));
        }
        let writer = scope.spawn(move || write(target, &in_order));
        let mut chunks = Chunks { chunk: Vec::with_capacity(CHUNK), is_first: true, jobs, order };
        let produced = produce(&mut chunks).and_then(|value| {
            chunks.finish()?;
            Ok(value)
        });
        drop(chunks);
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes it panicked")));
        // The writer's failure is why the producer could not go on.
        let blob = written?;
        Ok((produced?, blob))
    })
}

/// Compresses chunks until there are no more.
fn work(compression: Compression, jobs: &Mutex<Receiver<Job>>) {
    let mut encoder = compression.encoder();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { chunk, done }) = job else { return };
        let packed = match &mut encoder {
            Ok(encoder) => encoder.compress(&chunk),
            Err(error) => Err(io::Error::other(error.to_string())),
        };
        // Nobody waits for it after a failure.
        let _ = done.send(packed.map(|packed| (chunk, packed)));
    }
}

fn write(mut target: impl Write, in_order: &Receiver<Receiver<Packed>>) -> io::Result<Blob> {
    let (mut plain, mut packed) = (Sha256::new(), Sha256::new());
    let (mut plain_size, mut size) = (0, 0);
    while let Ok(chunk) = in_order.recv() {
        let done = chunk.recv().unwrap_or_else(|_| Err(io::Error::other("a thread that compresses it panicked")));
        let (before, after) = done?;
        target.write_all(&after)?;
        plain.update(&before);
        packed.update(&after);
        plain_size += before.len() as u64;
        size += after.len() as u64;
    }
    target.flush()?;
    let digest = |hash: Sha256| Digest::new(hash.finalize().into());
    Ok(Blob { digest: digest(packed), size, diff_id: digest(plain), plain_size })
}

/// Takes a layer's bytes.
pub struct Chunks {
    chunk: Vec<u8>,
    is_first: bool,
    jobs: SyncSender<Job>,
    order: SyncSender<Receiver<Packed>>,
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let (done, result) = channel();
        let stopped = |_| io::Error::other("it cannot be written");
        self.is_first = false;
        self.order.send(result).map_err(|_| stopped(()))?;
        self.jobs.send(Job { chunk, done }).map_err(|_| stopped(()))
    }

    /// An empty layer has one empty chunk: no bytes at all are neither gzip nor zstd.
    fn finish(&mut self) -> io::Result<()> {
        if self.is_first || !self.chunk.is_empty() { self.send() } else { Ok(()) }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..length]);
        if self.chunk.len() == CHUNK {
            self.send()?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod unit {
    use std::io::Read as _;

    use super::*;

    /// More than two chunks of bytes that are neither all equal nor noise.
    fn bytes() -> Vec<u8> {
        (0..CHUNK * 5 / 2).map(|index| (index / 7 % 251) as u8 ^ (index % 13) as u8).collect()
    }

    fn unpacked(compression: Compression, packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match compression {
            Compression::Zstd => zstd::stream::read::Decoder::new(packed)?.read_to_end(&mut bytes)?,
            Compression::Gzip => flate2::read::MultiGzDecoder::new(packed).read_to_end(&mut bytes)?,
        };
        Ok(bytes)
    }

    #[test]
    fn layers_unpack_to_what_was_written_and_are_the_same_every_time() -> io::Result<()> {
        for compression in [Compression::Zstd, Compression::Gzip] {
            for bytes in [bytes(), Vec::new(), vec![7; CHUNK]] {
                let pack = || {
                    let mut packed = Vec::new();
                    compress::<(), io::Error>(compression, &mut packed, |chunks| chunks.write_all(&bytes))
                        .map(|((), blob)| (packed, blob))
                };
                let (packed, blob) = pack()?;
                assert!(unpacked(compression, &packed)? == bytes, "{compression}");
                assert_eq!(blob.diff_id, Digest::new(Sha256::digest(&bytes).into()));
                assert_eq!(blob.digest, Digest::new(Sha256::digest(&packed).into()));
                assert_eq!((blob.size, blob.plain_size), (packed.len() as u64, bytes.len() as u64));
                assert!(pack()? == (packed, blob), "{compression}");
            }
        }
        Ok(())
    }

    /// Takes a megabyte and no more.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("no space left"))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn failures_of_either_end_stop_the_work() {
        let endless = |chunks: &mut Chunks| -> io::Result<()> {
            let mut state = 1_u64;
            loop {
                let noise = std::iter::repeat_with(|| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                });
                chunks.write_all(&noise.take(CHUNK).collect::<Vec<u8>>())?;
            }
        };
        let error = compress(Compression::Zstd, Full(1 << 20), endless).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("no space left"));
        let broken = |_: &mut Chunks| -> io::Result<()> { Err(io::Error::other("unreadable")) };
        let error = compress(Compression::Zstd, io::sink(), broken).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("unreadable"));
    }
}
