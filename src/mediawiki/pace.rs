//! How fast: one budget for the whole account over all wikis, as the servers count it.
//!
//! Numbers: mw:Wikimedia APIs/Rate limits (policy of May 2026) for the classes and the requests in
//! flight, wikitech:Robot policy (2026-03-16) for the rates a second and the pause after a slow
//! answer. The pace waits by its clock and has no other I/O.

use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex as TurnMutex, Semaphore, SemaphorePermit};

use super::{
    Failure,
    error::RetryAfter,
    tempo::{Moment, Tempo},
};
use crate::clock::Clock;

/// How fast an account may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceOptions {
    /// Requests a minute.
    pub rate: Rate,
    /// Requests under way at the same time. `Auto` never has more than 3; without login it is 1.
    pub max_in_flight: u32,
    /// The class limit that `Auto` takes for granted until the server names a class.
    pub assumed_per_minute: u32,
}

impl Default for PaceOptions {
    fn default() -> Self {
        Self {
            rate: Rate::Auto,
            max_in_flight: 3,
            assumed_per_minute: 200,
        }
    }
}

/// Requests a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// A share of the class limit that the server names, at most 10 a second (under 5 without
    /// login), and a pause of 5 s after an answer that took more than 1 s.
    Auto,
    /// This many, whatever class the server names; no pauses after slow answers.
    PerMinute(NonZeroU32),
}

/// What a run has asked, for its summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaceSummary {
    /// HTTP requests sent.
    pub requests: u32,
    /// Of these, repetitions after a pause.
    pub retries: u32,
    /// What all requests waited for the pace and for pauses, added up.
    pub waited: Duration,
    /// Answers that asked to be left alone: 429, 503 and the like.
    pub throttled: u32,
    /// The highest number of requests in any 60 seconds.
    pub highest_in_any_minute: u32,
    /// The highest number of requests under way at the same time.
    pub most_in_flight: u32,
}

/// The pace of one account.
#[derive(Debug)]
pub struct Pace {
    clock: Clock,
    slots: Semaphore,
    /// Held by the one request that waits for the next moment; the others wait for their turn.
    turn: TurnMutex<()>,
    tempo: Mutex<Tempo>,
}

/// The right to send one request now. Dropping it says that the answer was read.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    pace: &'a Pace,
    granted_at: Duration,
    _slot: SemaphorePermit<'a>,
}

impl Pace {
    pub(super) fn new(options: PaceOptions, logged_in: bool, clock: Clock) -> Self {
        let in_flight = match (logged_in, options.rate) {
            (false, _) => 1,
            (true, Rate::Auto) => options.max_in_flight.clamp(1, 3),
            (true, Rate::PerMinute(_)) => options.max_in_flight.clamp(1, 1000),
        };
        Self {
            slots: Semaphore::new(in_flight as usize),
            turn: TurnMutex::new(()),
            tempo: Mutex::new(Tempo::new(options, logged_in, clock.clone())),
            clock,
        }
    }

    /// Starts counting anew: the summary, the budget of repetitions, the troubles in a row.
    pub fn begin_run(&self) {
        self.tempo().begin_run();
    }

    /// What was asked since the run began.
    pub fn summary(&self) -> PaceSummary {
        self.tempo().summary()
    }

    /// Requests a minute at present.
    pub fn per_minute(&self) -> f64 {
        self.tempo().per_minute()
    }

    /// The limit of the class that the server has named, in requests a minute.
    pub fn class_limit(&self) -> Option<u32> {
        self.tempo().class_limit()
    }

    /// Until when the servers want to be left alone. Keep it: the pause counts after a restart too.
    pub fn paused_until(&self) -> Option<DateTime<Utc>> {
        let left = TimeDelta::from_std(self.tempo().pause_left()?).ok()?;
        Some(self.clock.now() + left)
    }

    /// Sends nothing before this instant, which is at most a day away. Never shortens a pause.
    pub fn pause_until(&self, until: DateTime<Utc>) {
        if let Ok(left) = (until - self.clock.now()).to_std() {
            self.tempo().pause(left);
        }
    }

    /// Waits for the moment of the next request.
    pub(super) async fn permit(&self) -> Result<Permit<'_>, Failure> {
        let asked_at = self.clock.elapsed();
        // It is never closed.
        let Ok(slot) = self.slots.acquire().await else {
            return Err(Failure::Stopped);
        };
        let _turn = self.turn.lock().await;
        loop {
            // After each wait all is looked at anew: meanwhile there may have been a 429.
            let moment = self.tempo().next();
            let wait = match moment {
                Moment::Now => break,
                Moment::In(wait) => wait,
                Moment::NotInThisRun(reason) => {
                    let until = self.paused_until().unwrap_or_else(|| self.clock.now());
                    return Err(Failure::Deferred { until, reason });
                }
            };
            self.clock.sleep(wait).await;
        }
        let granted_at = self.clock.elapsed();
        let waited = granted_at.saturating_sub(asked_at);
        self.tempo().sent(granted_at, waited);
        Ok(Permit {
            pace: self,
            granted_at,
            _slot: slot,
        })
    }

    /// Whether one more repetition is within the budget of the run; counts it.
    pub(super) fn take_retry(&self) -> bool {
        self.tempo().take_retry()
    }

    /// An answer came, whatever it says.
    pub(super) fn answered(&self, class: Option<&str>, took: Duration) {
        self.tempo().answered(class, took);
    }

    /// It was a good one.
    pub(super) fn good(&self) {
        self.tempo().good();
    }

    /// There was none, or the server says that it is broken.
    pub(super) fn broken(&self) {
        self.tempo().broken();
    }

    /// The server asks to be left alone.
    pub(super) fn unavailable(&self, after: RetryAfter) {
        self.tempo().throttled(after);
    }

    /// The server asks to be left alone, because it was asked too often.
    pub(super) fn throttled(&self, permit: &Permit<'_>, after: RetryAfter) {
        let mut tempo = self.tempo();
        tempo.throttled(after);
        tempo.halve(permit.granted_at);
    }

    fn tempo(&self) -> MutexGuard<'_, Tempo> {
        self.tempo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pace.tempo().done();
    }
}

#[cfg(test)]
mod tests;
