//! Waits for the tick or the signal, then acts; tells systemd.
//!
//! This room knows *when*. *What* is done is a closure it is handed, one call at a time, because runs
//! share one database. Which job's turn it is decides `agenda`, which is pure; here is the loop.
//!
//! There is one nap of at most a minute after another, not one long sleep: only so is it seen soon
//! that the wall clock was set or the machine slept.

mod agenda;
mod exporter;
mod jitter;
mod note;
mod signals;
mod systemd;
#[cfg(test)]
mod tests;

use std::{pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, schedule::Schedule};
use agenda::{Agenda, Now};
pub use exporter::serve_figures;
pub use jitter::Jitter;
pub use note::{Note, Why, log};
pub use signals::Signals;
pub use systemd::Systemd;

/// The longest nap.
const NAP: Duration = Duration::from_mins(1);

/// How long a run may take to come to a good place to stop: less than the ten seconds we promise.
const PATIENCE_SECONDS: u32 = 9;

/// Something to be done again and again. There is at most one job of a kind for a user.
#[derive(Clone, Debug)]
pub struct Job {
    /// Whose accounts.
    pub user: String,
    /// How much of them.
    pub kind: Kind,
    /// When.
    pub schedule: Schedule,
    /// When the last good run began that was of this kind or covers it. Of the ticks since, one is
    /// made up for. `None`: there was none, and so nothing was missed.
    pub last_good_at: Option<DateTime<Utc>>,
}

/// How much a run reads. The greater covers the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What looks different from the central wiki.
    Pulse,
    /// Everything.
    Full,
}

impl Kind {
    /// As it is called in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pulse => "pulse",
            Self::Full => "full run",
        }
    }
}

/// A job whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose accounts.
    pub user: String,
    /// How much of them.
    pub kind: Kind,
    /// The tick it is for. The run begins later, at least by the jitter.
    pub tick: DateTime<Utc>,
    /// Whether the tick was missed.
    pub is_made_up: bool,
    /// The how-manieth try it is for this tick, from 1.
    pub attempt: u32,
}

/// How an act ended, as far as the daemon behaves differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<B> {
    /// Well or not, it needs no other try: wait for the next tick.
    Done,
    /// It could not take place, but may soon: nobody answers, the database is locked, the disk is
    /// full. It is tried again after 5 minutes, 10, 20, 40, then hourly, until its next tick.
    TryAgain,
    /// The daemon is to end, with this.
    Stop(B),
}

/// What the loop needs. The fields are public because there is nothing to keep consistent.
#[derive(Debug)]
pub struct Daemon {
    /// What time it is.
    pub clock: Clock,
    /// How long after its tick a run begins.
    pub jitter: Jitter,
    /// Whether a missed tick is made up for.
    pub catch_up: bool,
    /// Who is told how things stand.
    pub systemd: Systemd,
    /// Ends the loop, and is for the act to look at, too.
    pub stop: CancellationToken,
}

impl Daemon {
    /// Acts at each tick until it is stopped (`None`) or an act says so.
    ///
    /// After each permit of `hangup`, `reload` is asked for the new jobs; they replace the old ones
    /// unless it answers with an error. `note` hears of everything that is not plain routine; give it
    /// [`log`], or something that calls it.
    pub async fn run<B>(
        &self,
        jobs: Vec<Job>,
        act: impl AsyncFn(Due) -> Ended<B>,
        mut reload: impl AsyncFnMut() -> Result<Vec<Job>, String>,
        hangup: &Notify,
        mut note: impl FnMut(&Note),
    ) -> Option<B> {
        let mut agenda = Agenda::new(jobs, self.jitter, self.catch_up, self.now());
        let mut running: Option<Running<_>> = None;
        self.systemd.ready();
        loop {
            let now = self.now();
            let current = running.as_ref().map(|running| &running.due);
            agenda.look(now, current, &mut note);
            if running.is_none()
                && let Some(due) = agenda.begin(now, &mut note)
            {
                self.systemd
                    .status(&format!("A {} is under way", due.kind.as_str()));
                let future = Box::pin(act(due.clone()));
                running = Some(Running { due, future });
            }
            if running.is_none() {
                self.systemd.status(&agenda.summary(now));
            }
            self.systemd.alive();
            let nap = agenda.until_next(now, running.is_some());
            let nap = nap.min(self.systemd.interval().unwrap_or(NAP)).min(NAP);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = hangup.notified() => {
                    self.systemd.reloading();
                    match reload().await {
                        Ok(jobs) => {
                            note(&Note::Reloaded { jobs: jobs.len() });
                            agenda.replace(jobs, self.now());
                        }
                        Err(reason) => note(&Note::NotReloaded { reason }),
                    }
                    self.systemd.ready();
                }
                ended = end_of(&mut running) => {
                    let due = running.take().map(|running| running.due);
                    match (ended, due) {
                        (Ended::Stop(reason), _) => return Some(reason),
                        (Ended::TryAgain, Some(due)) => agenda.retry(&due, self.now(), &mut note),
                        _ => {}
                    }
                }
                () = self.clock.sleep(nap) => {}
            }
        }
        self.systemd.stopping();
        self.let_end(running, &mut note).await
    }

    /// Waits for the run that is under way to stop where it can be resumed, but not for long.
    async fn let_end<B, F: Future<Output = Ended<B>>>(
        &self,
        mut running: Option<Running<F>>,
        note: &mut impl FnMut(&Note),
    ) -> Option<B> {
        let due = running.as_ref()?.due.clone();
        let out_of_patience = async {
            for _ in 0..PATIENCE_SECONDS {
                self.clock.sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            biased;
            ended = end_of(&mut running) => match ended {
                Ended::Stop(reason) => Some(reason),
                Ended::Done | Ended::TryAgain => None,
            },
            () = out_of_patience => {
                note(&Note::Abandoned { due });
                None
            }
        }
    }

    fn now(&self) -> Now {
        Now {
            wall: self.clock.now(),
            elapsed: self.clock.elapsed(),
        }
    }
}

struct Running<F> {
    due: Due,
    future: Pin<Box<F>>,
}

/// How the run that is under way ends; never, if there is none.
async fn end_of<B, F: Future<Output = Ended<B>>>(running: &mut Option<Running<F>>) -> Ended<B> {
    match running {
        Some(running) => running.future.as_mut().await,
        None => std::future::pending().await,
    }
}
