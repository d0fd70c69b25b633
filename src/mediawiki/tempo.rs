//! The arithmetic of the pace: what is counted, and when the next moment is.
//!
//! It waits for nothing and reads nothing but its clock, by `elapsed`, so that a jump of the wall
//! clock neither ends nor extends a pause.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use super::{
    PaceOptions, PaceSummary, Rate, Reason,
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
/// After a 429 the pace is halved, and gets a tenth of the whole back after so many good answers.
const ANSWERS_TO_RECOVER: u32 = 20;
const RECOVERY: f64 = 0.1;
const SLOWEST_FACTOR: f64 = 1.0 / 16.0;
/// So many bad answers (429, 5xx, none) in a row, and it is not about one wiki any more.
const TROUBLES_TO_DEFER: u32 = 30;
/// The longest pause believed: nobody is locked out for ever by one odd header.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
const MINUTE: Duration = Duration::from_mins(1);

/// The state of an account's pace.
#[derive(Debug)]
pub(super) struct Tempo {
    options: PaceOptions,
    logged_in: bool,
    clock: Clock,
    limiter: Limiter,
    per_minute: f64,
    class_limit: Option<u32>,
    /// Answers in a row that named a higher class, and the lowest of these.
    higher: (u32, u32),
    /// What is left of the pace after 429s.
    factor: f64,
    halved_at: Option<Duration>,
    good: u32,
    troubles: u32,
    trouble_at: Duration,
    paused_until: Duration,
    in_flight: u32,
    /// When the requests of the last minute were sent.
    last_minute: VecDeque<Duration>,
    summary: PaceSummary,
}

/// When the next request may be sent.
#[derive(Debug)]
pub(super) enum Moment {
    Now,
    In(Duration),
    NotInThisRun(Reason),
}

impl Tempo {
    pub(super) fn new(options: PaceOptions, logged_in: bool, clock: Clock) -> Self {
        let per_minute = per_minute(options, logged_in, None, 1.0);
        Self {
            limiter: limiter(per_minute, &clock),
            options,
            logged_in,
            clock,
            per_minute,
            class_limit: None,
            higher: (0, u32::MAX),
            factor: 1.0,
            halved_at: None,
            good: 0,
            troubles: 0,
            trouble_at: Duration::ZERO,
            paused_until: Duration::ZERO,
            in_flight: 0,
            last_minute: VecDeque::new(),
            summary: PaceSummary::default(),
        }
    }

    pub(super) fn begin_run(&mut self) {
        self.troubles = 0;
        self.summary = PaceSummary {
            most_in_flight: self.in_flight,
            ..PaceSummary::default()
        };
    }

    pub(super) fn summary(&self) -> PaceSummary {
        self.summary
    }

    pub(super) fn per_minute(&self) -> f64 {
        self.per_minute
    }

    pub(super) fn class_limit(&self) -> Option<u32> {
        self.class_limit
    }

    pub(super) fn pause_left(&self) -> Option<Duration> {
        self.paused_until
            .checked_sub(self.clock.elapsed())
            .filter(|left| !left.is_zero())
    }

    pub(super) fn pause(&mut self, pause: Duration) {
        let until = self.clock.elapsed() + pause.min(LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(until);
    }

    /// Takes the moment if it is now.
    pub(super) fn next(&mut self) -> Moment {
        if let Some(left) = self.pause_left() {
            if left > LONGEST_WAIT {
                let minutes = left.as_secs().div_ceil(60);
                return Moment::NotInThisRun(Reason::new(format!(
                    "the servers want to be left alone for {minutes} more minutes, which is \
                     longer than a run waits; a later run asks again"
                )));
            }
            return Moment::In(left);
        }
        let now = self.clock.elapsed();
        if self.troubles >= TROUBLES_TO_DEFER && now < self.trouble_at + LONGEST_WAIT {
            return Moment::NotInThisRun(Reason::new(format!(
                "the last {TROUBLES_TO_DEFER} requests failed, so it is not about one wiki: the \
                 servers or this machine's network are down; a later run asks again"
            )));
        }
        match self.limiter.check() {
            Ok(()) => Moment::Now,
            Err(not_until) => Moment::In(not_until.wait_time_from(self.clock.elapsed())),
        }
    }

    pub(super) fn sent(&mut self, now: Duration, waited: Duration) {
        self.in_flight += 1;
        let is_old = |sent: &Duration| *sent + MINUTE <= now;
        while self.last_minute.front().is_some_and(is_old) {
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

    pub(super) fn done(&mut self) {
        self.in_flight -= 1;
    }

    pub(super) fn take_retry(&mut self) -> bool {
        let allowed = self.summary.retries < retries_allowed(self.summary.requests);
        if allowed {
            self.summary.retries += 1;
        }
        allowed
    }

    pub(super) fn answered(&mut self, class: Option<&str>, took: Duration) {
        if let Some(class) = class {
            self.named_class(class_limit(class));
            self.adjust();
        }
        if took > SLOW_ANSWER && self.options.rate == Rate::Auto {
            self.pause(SLOW_PAUSE);
        }
    }

    pub(super) fn good(&mut self) {
        self.troubles = 0;
        self.good += 1;
        if self.good >= ANSWERS_TO_RECOVER {
            self.good = 0;
            self.factor = (self.factor + RECOVERY).min(1.0);
            self.adjust();
        }
    }

    pub(super) fn broken(&mut self) {
        self.troubles += 1;
        self.trouble_at = self.clock.elapsed();
    }

    pub(super) fn throttled(&mut self, after: RetryAfter) {
        self.broken();
        self.summary.throttled += 1;
        let (RetryAfter::Wait(pause) | RetryAfter::Defer(pause)) = after;
        self.pause(pause);
    }

    /// Halves the pace, once for all requests that were under way together.
    pub(super) fn halve(&mut self, sent_at: Duration) {
        self.good = 0;
        if self.halved_at.is_none_or(|halved| sent_at > halved) {
            self.factor = (self.factor / 2.0).max(SLOWEST_FACTOR);
            self.halved_at = Some(self.clock.elapsed());
            self.adjust();
        }
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

    /// A limiter's quota is fixed, so a new pace is a new limiter, which starts with a request
    /// taken: the next one comes a whole interval of the new pace from now.
    fn adjust(&mut self) {
        let new = per_minute(self.options, self.logged_in, self.class_limit, self.factor);
        if (self.per_minute - new).abs() > f64::EPSILON {
            self.per_minute = new;
            self.limiter = limiter(new, &self.clock);
            let _taken = self.limiter.check();
        }
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

type Limiter = RateLimiter<NotKeyed, InMemoryState, PaceClock, NoOpMiddleware<Duration>>;

/// Evenly spaced: a burst of one.
fn limiter(per_minute: f64, clock: &Clock) -> Limiter {
    let interval = Duration::from_secs_f64(60.0 / per_minute);
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
