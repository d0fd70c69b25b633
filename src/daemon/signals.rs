//! What the outside says: end, or read the configuration again.

use std::{convert::Infallible, io};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

/// The signals a daemon lives with. From [`Signals::listen`] on, none of them ends the process.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to listen. Needs a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Passes on SIGTERM and SIGINT to `stop` and SIGHUP to `hangup`, for ever: to be polled beside
    /// [`super::Daemon::run`].
    pub async fn pass_on(mut self, stop: &CancellationToken, hangup: &Notify) -> Infallible {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => stop.cancel(),
                _ = self.interrupt.recv() => stop.cancel(),
                _ = self.hangup.recv() => hangup.notify_one(),
            }
        }
    }
}
