//! Whether and when to ask again. Pure.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Failure,
    error::{Decision, Renewal, RetryAfter, Trouble},
};

/// The longest that a run waits because a server says so; what is longer is for the next run.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// What a 429 or 503 without a readable `Retry-After` means: the gateway counts by the minute.
const USUAL_WAIT: Duration = Duration::from_mins(1);
/// Google SRE's rule: at most three attempts a request.
const ATTEMPTS: u32 = 3;
/// Repetitions of one question for a wiki that lags.
const LAG_RETRIES: u32 = 3;
/// "Nonce already used" (T106066) is transient.
const NEW_NONCES: u32 = 2;
/// API:Etiquette: without `Retry-After` wait at least 5 s, and longer each time.
const BACK_OFF: Duration = Duration::from_secs(5);

/// The tries of one question so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    failed: u32,
    lagged: u32,
    nonces: u32,
    cookies_dropped: bool,
}

/// What comes after a try that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Make this new and ask at once.
    Renew(Renewal),
    /// Ask after so long (and when the pace allows).
    AskAfter(Duration),
    /// No more.
    GiveUp(Failure),
}

impl Tries {
    /// Decides what to do. `random` lies between 0 and 1 and spreads the back-off; `take_retry`
    /// takes one repetition out of the run's budget, if there is one left.
    pub(super) fn next(
        &mut self,
        trouble: Trouble,
        now: DateTime<Utc>,
        random: f64,
        take_retry: impl FnOnce() -> bool,
    ) -> Next {
        let reason = trouble.reason;
        match trouble.decision {
            Decision::StopAccount => Next::GiveUp(Failure::StopAccount(reason)),
            Decision::StopRun => Next::GiveUp(Failure::StopRun(reason)),
            Decision::Renew(Renewal::Nonce) if self.nonces < NEW_NONCES => {
                self.nonces += 1;
                Next::Renew(Renewal::Nonce)
            }
            Decision::Renew(Renewal::Cookies) if !self.cookies_dropped => {
                self.cookies_dropped = true;
                Next::Renew(Renewal::Cookies)
            }
            // A login takes requests of its own, so whoever asked sees to it.
            Decision::SkipWiki | Decision::Renew(_) => Next::GiveUp(Failure::SkipWiki(reason)),
            Decision::Throttled(RetryAfter::Defer(after))
            | Decision::Unavailable(RetryAfter::Defer(after)) => {
                let until = later(now, after);
                Next::GiveUp(Failure::Deferred { until, reason })
            }
            Decision::Lagged(RetryAfter::Wait(after)) => {
                self.lagged += 1;
                if self.lagged <= LAG_RETRIES && take_retry() {
                    return Next::AskAfter(after.max(BACK_OFF));
                }
                Next::GiveUp(Failure::AskAgainLater(reason))
            }
            Decision::Lagged(RetryAfter::Defer(_)) => Next::GiveUp(Failure::AskAgainLater(reason)),
            Decision::Throttled(RetryAfter::Wait(after)) => {
                // All have waited for it. If many wikis go on like this, the pace ends the run.
                self.once_more(after, random, Failure::SkipWiki(reason), take_retry)
            }
            Decision::Unavailable(RetryAfter::Wait(after)) => {
                self.once_more(after, random, Failure::SkipWiki(reason), take_retry)
            }
            Decision::AskLater => {
                self.once_more(BACK_OFF, random, Failure::SkipWiki(reason), take_retry)
            }
        }
    }

    fn once_more(
        &mut self,
        after: Duration,
        random: f64,
        otherwise: Failure,
        take_retry: impl FnOnce() -> bool,
    ) -> Next {
        self.failed += 1;
        if self.failed < ATTEMPTS && take_retry() {
            Next::AskAfter(after + jitter(self.failed, random))
        } else {
            Next::GiveUp(otherwise)
        }
    }
}

/// How many repetitions a run may make after so many requests: a tenth, and a few to begin with.
pub(super) fn retries_allowed(requests: u32) -> u32 {
    requests / 10 + 10
}

/// Reads `Retry-After`: seconds or an HTTP date. Absent or unreadable it is a minute; what lies
/// outside 1 to 300 s is for the next run.
pub(super) fn retry_after(header: Option<&str>, now: DateTime<Utc>) -> RetryAfter {
    let header = header.map(str::trim).filter(|text| !text.is_empty());
    let wait = match header {
        Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
            Duration::from_secs(text.parse().unwrap_or(u64::MAX))
        }
        Some(text) => match httpdate::parse_http_date(text) {
            Ok(date) => until(date, now),
            Err(_) => USUAL_WAIT,
        },
        None => USUAL_WAIT,
    };
    if wait.is_zero() {
        RetryAfter::Defer(USUAL_WAIT)
    } else if wait > LONGEST_WAIT {
        RetryAfter::Defer(wait)
    } else {
        RetryAfter::Wait(wait.max(Duration::from_secs(1)))
    }
}

fn until(date: SystemTime, now: DateTime<Utc>) -> Duration {
    let date = DateTime::<Utc>::from(date);
    (date - now).to_std().unwrap_or(Duration::ZERO)
}

/// Full jitter over a span that doubles, so that clients that failed together do not come back
/// together.
fn jitter(failed: u32, random: f64) -> Duration {
    let span = BACK_OFF * 2_u32.pow(failed.clamp(1, 5) - 1);
    span.mul_f64(random.clamp(0.0, 1.0))
}

fn later(now: DateTime<Utc>, after: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(after)
        .ok()
        .and_then(|after| now.checked_add_signed(after))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
