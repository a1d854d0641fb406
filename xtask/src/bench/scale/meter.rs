//! Stands between Bazel and an engine, and counts the bytes that go to the engine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};

/// A listening meter; dropping it ends it.
pub(super) struct Meter {
    address: SocketAddr,
    bytes: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Meter {
    /// Listens on a port of the loopback interface for an engine at `target`.
    pub(super) fn start(target: &str) -> Result<Self> {
        let target: SocketAddr = target.parse().with_context(|| format!("`{target}` is no address"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot bind a port on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let (bytes, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counter, over) = (Arc::clone(&bytes), Arc::clone(&is_over));
        let listener = thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // A client whose engine is gone sees its connection end.
                let _ = join(client, target, &counter);
            }
        });
        Ok(Self { address, bytes, is_over, listener: Some(listener) })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

/// Hands on both directions until either end closes.
fn join(client: TcpStream, target: SocketAddr, counter: &Arc<AtomicU64>) -> Result<()> {
    let engine = TcpStream::connect(target)?;
    let (answers, back) = (engine.try_clone()?, client.try_clone()?);
    let counter = Arc::clone(counter);
    thread::spawn(move || hand_on(client, engine, &counter));
    thread::spawn(move || hand_on(answers, back, &AtomicU64::new(0)));
    Ok(())
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, counter: &AtomicU64) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        counter.fetch_add(count as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // The other end may already be gone.
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_to_the_engine_are_counted_and_answers_are_not() -> Result<()> {
        let engine = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let meter = Meter::start(&engine.local_addr()?.to_string())?;
        let mut client = TcpStream::connect(meter.address())?;
        client.write_all(b"question")?;
        let (mut connection, _) = engine.accept()?;
        let mut question = [0; 8];
        connection.read_exact(&mut question)?;
        connection.write_all(b"a longer answer")?;
        let mut answer = [0; 15];
        client.read_exact(&mut answer)?;
        assert_eq!((&question, &answer, meter.bytes()), (b"question", b"a longer answer", 8));
        Ok(())
    }
}
