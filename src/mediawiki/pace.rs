//! How fast: one budget for the whole account over all wikis, as the servers count it.
//!
//! Numbers: mw:Wikimedia APIs/Rate limits (policy of May 2026) for the classes and the requests in
//! flight, wikitech:Robot policy (2026-03-16) for the rates a second and the pause after a slow
//! answer. The pace waits by its clock and has no other I/O.

use std::{
    collections::VecDeque,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::sync::{Mutex as TurnMutex, Semaphore, SemaphorePermit};

use super::{
    Failure, Reason,
    error::RetryAfter,
    retry::{LONGEST_WAIT, retries_allowed},
};
use crate::clock::Clock;

/// What is taken of the class limit: the bucket is shared with the user's other tools.
const SHARE: f64 = 0.8;
/// Robot policy: at most 10 requests a second when logged in.
const FASTEST: f64 = 600.0;
/// Robot policy: fewer than 5 requests a second when not logged in.
const FASTEST_ANONYMOUS: f64 = 290.0;
/// Robot policy: after an answer that took longer …
const SLOW_ANSWER: Duration = Duration::from_secs(1);
/// … so long a pause.
const SLOW_PAUSE: Duration = Duration::from_secs(5);
/// Each wiki has its own cookie and so may name its own class: the lower one counts, until so many
/// answers in a row have named a higher one.
const ANSWERS_TO_RAISE: u32 = 20;
/// After a 429 the pace is halved, and gets a tenth of itself back after so many good answers.
const ANSWERS_TO_RECOVER: u32 = 20;
const RECOVERY: f64 = 0.1;
const SLOWEST_FACTOR: f64 = 1.0 / 16.0;
/// So many bad answers (429, 5xx, none) in a row, and it is not about one wiki any more.
const TROUBLES_TO_DEFER: u32 = 30;
/// The longest pause believed: nobody is locked out for ever by one odd header.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
const MINUTE: Duration = Duration::from_mins(1);

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
    /// This many, whatever the server names; no pauses after slow answers.
    PerMinute(NonZeroU32),
}

/// The pace of one account.
#[derive(Debug)]
pub struct Pace {
    options: PaceOptions,
    logged_in: bool,
    clock: Clock,
    slots: Semaphore,
    /// Held by the one request that waits for the next moment; the others wait for their turn.
    turn: TurnMutex<()>,
    state: Mutex<State>,
}

/// What a run has asked, for its summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaceSummary {
    /// HTTP requests sent.
    pub requests: u32,
    /// Of these, repetitions.
    pub retries: u32,
    /// What all requests waited for the pace and for pauses, added up.
    pub waited: Duration,
    /// Answers 429 and 503.
    pub throttled: u32,
    /// The highest number of requests in any 60 seconds.
    pub highest_in_any_minute: u32,
    /// The highest number of requests under way at the same time.
    pub most_in_flight: u32,
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
            (true, Rate::PerMinute(_)) => options.max_in_flight.max(1),
        };
        let slots = usize::try_from(in_flight)
            .unwrap_or(1)
            .min(Semaphore::MAX_PERMITS);
        let per_minute = per_minute(options, logged_in, None, 1.0);
        Self {
            options,
            logged_in,
            slots: Semaphore::new(slots),
            turn: TurnMutex::new(()),
            state: Mutex::new(State::new(per_minute, &clock)),
            clock,
        }
    }

    /// Starts counting anew: the summary, the budget of retries, the troubles in a row.
    pub fn begin_run(&self) {
        let mut state = self.state();
        let in_flight = state.in_flight;
        state.troubles = 0;
        state.summary = PaceSummary {
            most_in_flight: in_flight,
            ..PaceSummary::default()
        };
    }

    /// What was asked since the run began.
    pub fn summary(&self) -> PaceSummary {
        self.state().summary
    }

    /// Requests a minute at present.
    pub fn per_minute(&self) -> f64 {
        self.state().per_minute
    }

    /// The limit of the class that the server has named, in requests a minute.
    pub fn class_limit(&self) -> Option<u32> {
        self.state().class_limit
    }

    /// Until when the servers want to be left alone. Keep it: the pause counts after a restart too.
    pub fn paused_until(&self) -> Option<DateTime<Utc>> {
        let left = self.state().pause_left(self.clock.elapsed())?;
        Some(self.clock.now() + TimeDelta::from_std(left).unwrap_or(TimeDelta::MAX))
    }

    /// Sends nothing before this instant. Never shortens a pause.
    pub fn pause_until(&self, until: DateTime<Utc>) {
        if let Ok(left) = (until - self.clock.now()).to_std() {
            self.state().pause(self.clock.elapsed(), left);
        }
    }

    /// Waits for the moment of the next request. The second value says how long that took.
    pub(super) async fn permit(&self) -> Result<(Permit<'_>, Duration), Failure> {
        let asked_at = self.clock.elapsed();
        // Neither semaphore nor mutex is ever closed.
        let Ok(slot) = self.slots.acquire().await else {
            return Err(Failure::Stopped);
        };
        let _turn = self.turn.lock().await;
        loop {
            let wait = match self.state().next(&self.clock) {
                Moment::Now => break,
                Moment::In(wait) => wait,
                Moment::NotInThisRun(reason) => return Err(self.deferred(reason)),
            };
            self.clock.sleep(wait).await;
        }
        let granted_at = self.clock.elapsed();
        let waited = granted_at.saturating_sub(asked_at);
        self.state().sent(granted_at, waited);
        let permit = Permit {
            pace: self,
            granted_at,
            _slot: slot,
        };
        Ok((permit, waited))
    }

    /// Whether one more repetition is within the budget of the run, and counts it.
    pub(super) fn take_retry(&self) -> bool {
        let mut state = self.state();
        let allowed = state.summary.retries < retries_allowed(state.summary.requests);
        if allowed {
            state.summary.retries += 1;
        }
        allowed
    }

    /// An answer came, whatever it says.
    pub(super) fn answered(&self, class: Option<&str>, took: Duration) {
        let mut state = self.state();
        if let Some(class) = class {
            state.named_class(class_limit(class));
            self.adjust(&mut state);
        }
        if took > SLOW_ANSWER && self.options.rate == Rate::Auto {
            state.pause(self.clock.elapsed(), SLOW_PAUSE);
        }
    }

    /// It was a good one.
    pub(super) fn good(&self) {
        let mut state = self.state();
        state.good();
        self.adjust(&mut state);
    }

    /// There was none, or the server said that it is broken.
    pub(super) fn broken(&self) {
        self.state().troubles += 1;
    }

    /// The server wants to be left alone. Too many requests (unlike an outage) also slow the pace.
    pub(super) fn throttled(&self, permit: &Permit<'_>, after: RetryAfter, too_many: bool) {
        let now = self.clock.elapsed();
        let mut state = self.state();
        state.troubles += 1;
        state.summary.throttled += 1;
        let (RetryAfter::Wait(pause) | RetryAfter::Defer(pause)) = after;
        state.pause(now, pause);
        if too_many {
            state.halve(permit.granted_at, now);
            self.adjust(&mut state);
        }
    }

    fn adjust(&self, state: &mut State) {
        let per_minute = per_minute(
            self.options,
            self.logged_in,
            state.class_limit,
            state.factor,
        );
        state.set_rate(per_minute, &self.clock);
    }

    fn deferred(&self, reason: Reason) -> Failure {
        let until = self.paused_until().unwrap_or_else(|| self.clock.now());
        Failure::Deferred { until, reason }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pace.state().in_flight -= 1;
    }
}

/// Requests a minute of a class (`x-wmf-ratelimit-class`). Unknown ones are taken for the usual.
fn class_limit(class: &str) -> u32 {
    match class {
        "anon" => 10,
        "anon-mediawiki" => 100,
        "anon-app" => 400,
        "established-user" => 2000,
        "anon-cgnat" => 4000,
        "highlimits-user" | "approved-bot" | "known-client" | "known-network" => 999_999,
        // authed-user, unauthed-bot, unauthed-mediawiki, anon-browser and what is still to come
        _ => 200,
    }
}

fn per_minute(options: PaceOptions, logged_in: bool, class: Option<u32>, factor: f64) -> f64 {
    let full = match options.rate {
        Rate::PerMinute(number) => f64::from(number.get()),
        Rate::Auto => {
            let limit = class.unwrap_or(options.assumed_per_minute).max(1);
            let fastest = if logged_in {
                FASTEST
            } else {
                FASTEST_ANONYMOUS
            };
            (f64::from(limit) * SHARE).min(fastest)
        }
    };
    full * factor
}

enum Moment {
    Now,
    In(Duration),
    NotInThisRun(Reason),
}

#[derive(Debug)]
struct State {
    limiter: Limiter,
    per_minute: f64,
    class_limit: Option<u32>,
    /// Answers in a row that named a higher class, and the lowest of them.
    higher: (u32, u32),
    /// What is left of the pace after 429s.
    factor: f64,
    halved_at: Option<Duration>,
    good: u32,
    troubles: u32,
    /// By the clock's `elapsed`, so that a jump of the wall clock neither ends nor extends it.
    paused_until: Duration,
    in_flight: u32,
    /// When the requests of the last minute were sent.
    last_minute: VecDeque<Duration>,
    summary: PaceSummary,
}

impl State {
    fn new(per_minute: f64, clock: &Clock) -> Self {
        Self {
            limiter: limiter(per_minute, clock),
            per_minute,
            class_limit: None,
            higher: (0, u32::MAX),
            factor: 1.0,
            halved_at: None,
            good: 0,
            troubles: 0,
            paused_until: Duration::ZERO,
            in_flight: 0,
            last_minute: VecDeque::new(),
            summary: PaceSummary::default(),
        }
    }

    fn next(&mut self, clock: &Clock) -> Moment {
        if let Some(left) = self.pause_left(clock.elapsed()) {
            if left > LONGEST_WAIT {
                let minutes = left.as_secs().div_ceil(60);
                return Moment::NotInThisRun(Reason::new(format!(
                    "the servers want to be left alone for {minutes} more minutes, \
                     which is longer than a run waits; the next run asks again"
                )));
            }
            return Moment::In(left);
        }
        if self.troubles >= TROUBLES_TO_DEFER {
            return Moment::NotInThisRun(Reason::new(format!(
                "the last {TROUBLES_TO_DEFER} requests failed, so it is not about one wiki: the \
                 servers or this machine's network are down; the next run asks again"
            )));
        }
        match self.limiter.check() {
            Ok(()) => Moment::Now,
            Err(not_until) => Moment::In(not_until.wait_time_from(clock.elapsed())),
        }
    }

    fn sent(&mut self, now: Duration, waited: Duration) {
        self.in_flight += 1;
        while self
            .last_minute
            .front()
            .is_some_and(|sent| *sent + MINUTE <= now)
        {
            self.last_minute.pop_front();
        }
        self.last_minute.push_back(now);
        let in_last_minute = u32::try_from(self.last_minute.len()).unwrap_or(u32::MAX);
        let summary = &mut self.summary;
        summary.requests += 1;
        summary.waited += waited;
        summary.most_in_flight = summary.most_in_flight.max(self.in_flight);
        summary.highest_in_any_minute = summary.highest_in_any_minute.max(in_last_minute);
    }

    fn pause_left(&self, now: Duration) -> Option<Duration> {
        self.paused_until
            .checked_sub(now)
            .filter(|left| !left.is_zero())
    }

    fn pause(&mut self, now: Duration, pause: Duration) {
        self.paused_until = self.paused_until.max(now + pause.min(LONGEST_PAUSE));
    }

    fn named_class(&mut self, limit: u32) {
        match self.class_limit {
            Some(known) if limit > known => {
                self.higher = (self.higher.0 + 1, self.higher.1.min(limit));
                if self.higher.0 < ANSWERS_TO_RAISE {
                    return;
                }
                self.class_limit = Some(self.higher.1);
            }
            _ => self.class_limit = Some(limit),
        }
        self.higher = (0, u32::MAX);
    }

    fn good(&mut self) {
        self.troubles = 0;
        self.good += 1;
        if self.good >= ANSWERS_TO_RECOVER {
            self.good = 0;
            self.factor = (self.factor + RECOVERY).min(1.0);
        }
    }

    /// Halves the pace once for all requests that were under way together.
    fn halve(&mut self, sent_at: Duration, now: Duration) {
        self.good = 0;
        if self.halved_at.is_none_or(|halved| sent_at > halved) {
            self.factor = (self.factor / 2.0).max(SLOWEST_FACTOR);
            self.halved_at = Some(now);
        }
    }

    /// A limiter's quota is fixed, so a new pace is a new limiter, which starts with a request
    /// taken: the next one comes a whole interval of the new pace from now.
    fn set_rate(&mut self, per_minute: f64, clock: &Clock) {
        if (self.per_minute - per_minute).abs() > f64::EPSILON {
            self.per_minute = per_minute;
            self.limiter = limiter(per_minute, clock);
            let _taken = self.limiter.check();
        }
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, PaceClock, NoOpMiddleware<Duration>>;

/// Evenly spaced: a burst of one.
fn limiter(per_minute: f64, clock: &Clock) -> Limiter {
    let interval = Duration::from_secs_f64(60.0 / per_minute).max(Duration::from_nanos(1));
    let quota = Quota::with_period(interval).unwrap_or_else(|| Quota::per_minute(NonZeroU32::MIN));
    RateLimiter::direct_with_clock(quota, PaceClock(clock.clone()))
}

/// Our clock, as governor reads it.
#[derive(Clone, Debug)]
struct PaceClock(Clock);

impl GovernorClock for PaceClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
