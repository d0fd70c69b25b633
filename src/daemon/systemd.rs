//! Tells systemd how things stand, as `sd_notify(3)` describes it. Without systemd, tells nobody.

use std::{
    fmt::Write,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    sync::Arc,
    time::Duration,
};

use sd_notify::NotifyState;

/// The line to the service manager. A handle: clones are the same line.
#[derive(Clone, Debug, Default)]
pub struct Systemd {
    socket: Option<Arc<UnixDatagram>>,
    watchdog: Option<Duration>,
}

impl Systemd {
    /// Nobody to tell.
    pub fn none() -> Self {
        Self::default()
    }

    /// Takes what systemd puts into `$NOTIFY_SOCKET` and `$WATCHDOG_USEC`. The crate would read the
    /// environment by itself, which is for the front door only: we send, it words the messages.
    pub fn connect(notify_socket: Option<&str>, watchdog_usec: Option<&str>) -> io::Result<Self> {
        let Some(path) = notify_socket.filter(|path| !path.is_empty()) else {
            return Ok(Self::none());
        };
        let address = match path.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(path)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // Rather lose a message than wait for systemd.
        socket.set_nonblocking(true)?;
        let watchdog = watchdog_usec.and_then(|usec| usec.parse().ok());
        Ok(Self {
            socket: Some(Arc::new(socket)),
            watchdog: watchdog.filter(|usec| *usec > 0).map(Duration::from_micros),
        })
    }

    /// One line that `systemctl status` shows: progress, or what comes next. All users of the machine
    /// can read it.
    pub fn status(&self, text: &str) {
        let line = text.replace(char::is_control, " ");
        self.send(&[NotifyState::Status(&line)]);
    }

    /// How often to say that we live: half of the time after which we would be killed.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| watchdog / 2)
    }

    /// The start or the reload is over.
    pub(super) fn ready(&self) {
        self.send(&[NotifyState::Ready]);
    }

    /// The loop goes round.
    pub(super) fn alive(&self) {
        if self.watchdog.is_some() {
            self.send(&[NotifyState::Watchdog]);
        }
    }

    pub(super) fn reloading(&self) {
        // Newer versions of systemd want to know when, by their clock.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            Err(_) => self.send(&[NotifyState::Reloading]),
        }
    }

    pub(super) fn stopping(&self) {
        let status = NotifyState::Status("Stopping");
        self.send(&[NotifyState::Stopping, status]);
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        let Some(socket) = &self.socket else {
            return;
        };
        let mut message = String::new();
        for state in states {
            // Writing to a string does not fail.
            let _ = writeln!(message, "{state}");
        }
        if let Err(error) = socket.send(message.as_bytes()) {
            tracing::debug!("systemd could not be told: {error}");
        }
    }
}
