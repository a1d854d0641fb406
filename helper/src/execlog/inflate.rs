//! Decompresses a log on a thread of its own, while what is there already is read.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// How many decompressed bytes go from one thread to the other at once: several blocks fit into a core's cache.
const BLOCK: usize = 1 << 18;

/// How many blocks may wait to be read.
const WAITING: usize = 4;

/// Decompressed bytes, and how many there are.
type Block = (Vec<u8>, usize);

/// Lets `read` have the decompressed bytes. What is not read is not decompressed.
pub(super) fn with_inflated<T>(compressed: impl BufRead + Send, read: impl FnOnce(Blocks) -> T) -> T {
    thread::scope(|scope| {
        let (full, receiver) = sync_channel(WAITING);
        let (sender, spent) = channel();
        scope.spawn(move || {
            if let Err(error) = inflate(compressed, &full, &spent) {
                // Nobody reads any longer otherwise.
                let _ = full.send(Err(error));
            }
        });
        read(Blocks { receiver, spent: sender, bytes: Vec::new(), length: 0, at: 0 })
    })
}

fn inflate(
    compressed: impl BufRead,
    full: &SyncSender<io::Result<Block>>,
    spent: &Receiver<Vec<u8>>,
) -> io::Result<()> {
    let mut decoder = zstd::Decoder::with_buffer(compressed)?;
    loop {
        // New memory has to be cleared first; what was read already need not be.
        let mut bytes = spent.try_recv().unwrap_or_else(|_| vec![0; BLOCK]);
        let mut length = 0;
        let end = loop {
            match decoder.read(&mut bytes[length..]) {
                Ok(0) => break Some(Ok(())),
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(Err(error)),
            }
            if length == BLOCK {
                break None;
            }
        };
        // What came before an error is sent first, and read.
        if full.send(Ok((bytes, length))).is_err() {
            return Ok(());
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// Decompressed bytes.
pub(super) struct Blocks {
    receiver: Receiver<io::Result<Block>>,
    /// Where blocks go that were read.
    spent: Sender<Vec<u8>>,
    bytes: Vec<u8>,
    length: usize,
    at: usize,
}

impl BufRead for Blocks {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.length {
            let Ok(block) = self.receiver.recv() else { return Ok(&[]) };
            let (bytes, length) = block?;
            (self.length, self.at) = (length, 0);
            let spent = std::mem::replace(&mut self.bytes, bytes);
            if !spent.is_empty() {
                // All may be decompressed already.
                let _ = self.spent.send(spent);
            }
        }
        Ok(&self.bytes[self.at..self.length])
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Read for Blocks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
