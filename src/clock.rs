//! What time it is, and waiting for later. Everything that needs either is handed a clock; nothing
//! else reads it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// The clock of this machine, or a simulated one that the demo and the tests move on by themselves.
///
/// A handle: clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    started: Instant,
    simulation: Option<Arc<Simulation>>,
}

/// How far a simulated clock is ahead of the real one.
#[derive(Debug, Default)]
struct Simulation {
    /// What was slept without waiting.
    slept_ms: AtomicU64,
    /// What the wall clock alone was set forwards or backwards by.
    jumped_ms: AtomicI64,
}

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Self {
        Self {
            started: Instant::now(),
            simulation: None,
        }
    }

    /// A clock that shows this instant now, goes on from there, and on which sleeping takes no time.
    pub fn simulated(now: DateTime<Utc>) -> Self {
        let clock = Self {
            started: Instant::now(),
            simulation: Some(Arc::default()),
        };
        clock.set(now);
        clock
    }

    /// The present instant by the wall clock, which may jump.
    pub fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
        let now = Utc::now();
        let Some(simulation) = &self.simulation else {
            return now;
        };
        let slept = i64::try_from(simulation.slept_ms.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        let ahead = slept.saturating_add(simulation.jumped_ms.load(Ordering::SeqCst));
        now + TimeDelta::milliseconds(ahead)
    }

    /// Time since the clock was made. It never jumps and never goes back.
    pub fn elapsed(&self) -> Duration {
        let slept = self
            .simulation
            .as_ref()
            .map_or(0, |simulation| simulation.slept_ms.load(Ordering::SeqCst));
        self.started.elapsed() + Duration::from_millis(slept)
    }

    /// Waits. On a simulated clock the time passes at once.
    pub async fn sleep(&self, duration: Duration) {
        if self.simulation.is_some() {
            self.advance(duration);
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(duration).await;
        }
    }

    /// Lets time pass on a simulated clock. Does nothing to a real one.
    pub fn advance(&self, by: Duration) {
        if let Some(simulation) = &self.simulation {
            // Rounded up, so that whoever sleeps is never woken early.
            let by = u64::try_from(by.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            simulation.slept_ms.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Sets the wall clock of a simulated clock, forwards or backwards. Does nothing to a real one.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Some(simulation) = &self.simulation {
            let by = (now - self.now()).num_milliseconds();
            simulation.jumped_ms.fetch_add(by, Ordering::SeqCst);
        }
    }
}
