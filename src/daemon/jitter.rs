//! How long after its tick a run begins, so that not all installations ask at once.

use std::time::Duration;

use chrono::TimeDelta;

use super::Job;

/// A delay that is random among installations, but the same each night in one of them: the time
/// between two runs stays what the schedule says.
#[derive(Clone, Copy, Debug)]
pub struct Jitter {
    max: Duration,
    seed: u64,
}

impl Jitter {
    /// Delays from zero up to `max`. The seed is a number of this installation.
    pub fn new(max: Duration, seed: u64) -> Self {
        Self { max, seed }
    }

    /// No delay at all.
    pub const NONE: Self = Self {
        max: Duration::ZERO,
        seed: 0,
    };

    /// The delay of a job: at most half of the time to its next tick.
    pub(super) fn delay(&self, job: &Job, period: Option<TimeDelta>) -> Duration {
        let half = period.and_then(|period| (period / 2).to_std().ok());
        let max = half.map_or(self.max, |half| half.min(self.max));
        let bytes = job.user.bytes().chain(job.kind.as_str().bytes());
        let number = bytes.fold(mixed(self.seed), |hash, byte| mixed(hash ^ u64::from(byte)));
        let max_ms = u64::try_from(max.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(number % max_ms.saturating_add(1))
    }
}

/// Spreads neighbouring numbers all over (the last step of `SplitMix64`).
pub(super) fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
