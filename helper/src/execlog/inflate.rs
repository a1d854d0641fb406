//! Decompresses a log on a thread of its own, while what is there already is read.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// How many decompressed bytes go from one thread to the other at once.
const BLOCK: usize = 1 << 20;

/// How many blocks may wait to be read.
const WAITING: usize = 4;

type Block = io::Result<Vec<u8>>;

/// Lets `read` have the decompressed bytes. What is not read is not decompressed.
pub(super) fn with_inflated<T>(compressed: impl BufRead + Send, read: impl FnOnce(Blocks) -> T) -> T {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        scope.spawn(move || {
            if let Err(error) = inflate(compressed, &sender) {
                // Nobody reads any longer otherwise.
                let _ = sender.send(Err(error));
            }
        });
        read(Blocks { receiver, block: Vec::new(), at: 0 })
    })
}

fn inflate(compressed: impl BufRead, sender: &SyncSender<Block>) -> io::Result<()> {
    let mut decoder = zstd::Decoder::with_buffer(compressed)?;
    loop {
        let mut block = Vec::with_capacity(BLOCK);
        let read = Read::by_ref(&mut decoder).take(BLOCK as u64).read_to_end(&mut block);
        // What came before the error is sent first, and read.
        let is_last = block.len() < BLOCK;
        if sender.send(Ok(block)).is_err() {
            return Ok(());
        }
        read?;
        if is_last {
            return Ok(());
        }
    }
}

/// Decompressed bytes.
pub(super) struct Blocks {
    receiver: Receiver<Block>,
    block: Vec<u8>,
    at: usize,
}

impl BufRead for Blocks {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.block.len() {
            match self.receiver.recv() {
                Ok(block) => (self.block, self.at) = (block?, 0),
                Err(_) => return Ok(&[]),
            }
        }
        Ok(&self.block[self.at..])
    }

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
