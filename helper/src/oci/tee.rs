//! A reader that digests and counts what passes through it.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::digest::Digest;

/// What has passed so far. Shared, because decoders own the reader that they read from.
#[derive(Clone, Default)]
pub(super) struct Tally(Rc<RefCell<(Sha256, u64)>>);

impl Tally {
    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.0.borrow().1
    }

    /// The digest of the bytes so far.
    pub(super) fn digest(&self) -> Digest {
        Digest::new(self.0.borrow().0.clone().finalize().into())
    }

    pub(super) fn add(&self, bytes: &[u8]) {
        let (hash, count) = &mut *self.0.borrow_mut();
        hash.update(bytes);
        *count += bytes.len() as u64;
    }
}

/// The reader.
pub(super) struct Tee<R> {
    inner: R,
    tally: Tally,
}

impl<R: Read> Tee<R> {
    pub(super) fn new(inner: R, tally: Tally) -> Self {
        Self { inner, tally }
    }
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.tally.add(&buffer[..length]);
        Ok(length)
    }
}
