//! Ctrl-C while an action waits for a worker: the action is cancelled first.

use std::cell::{Cell, RefCell};
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// Ctrl-C, and what asks a process to end.
pub(super) struct Interrupt {
    keyboard: Signal,
    request: Signal,
}

impl Interrupt {
    /// From now on, neither ends this process by itself.
    ///
    /// # Errors
    /// If the system does not let it.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self { keyboard: signal(SignalKind::interrupt())?, request: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.keyboard.recv() => {}
            _ = self.request.recv() => {}
        }
    }
}

/// An action that may be in the server's queue, and whether it is to be taken out.
#[derive(Default)]
pub(super) struct Queue {
    is_open: Cell<bool>,
    is_stopped: Cell<bool>,
    stop: Notify,
    failure: RefCell<Option<String>>,
}

impl Queue {
    /// From the request of an action to its end.
    pub(super) fn set_open(&self, is_open: bool) {
        self.is_open.set(is_open);
    }

    /// Whether there may be one.
    pub(super) fn is_open(&self) -> bool {
        self.is_open.get()
    }

    /// Asks for the action to be cancelled.
    pub(super) fn stop(&self) {
        self.is_stopped.set(true);
        self.stop.notify_one();
    }

    /// Whether somebody asked.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.get()
    }

    /// Waits until somebody asks.
    pub(super) async fn stopped(&self) {
        self.stop.notified().await;
    }

    /// Notes why an action could not be taken out, if so.
    pub(super) fn set_failure(&self, failure: Option<String>) {
        *self.failure.borrow_mut() = failure;
    }

    /// Why the last action could not be taken out.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }
}
