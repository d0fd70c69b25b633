//! Whose turn it is. Pure: what time it is by both clocks goes in, decisions come out.
//!
//! Ticks are found by the wall clock, by asking at each look which ticks lie between the last look
//! and now. All waiting is by the clock that never jumps. So a jump forwards (or a suspended machine)
//! is one look over many ticks, and gives one run; a jump backwards only moves the last look back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Due, Job,
    jitter::Jitter,
    note::{Note, Why},
};

/// Looks are a minute apart: a tick noticed later than this was missed.
const LATE: TimeDelta = TimeDelta::minutes(5);

const FIRST_RETRY: Duration = Duration::from_mins(5);
const LAST_RETRY: Duration = Duration::from_hours(1);

/// What time it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// By the wall clock, which may jump.
    pub(super) wall: DateTime<Utc>,
    /// By the one that never does, but stands still while the machine sleeps.
    pub(super) elapsed: Duration,
}

/// All jobs, and how they stand.
pub(super) struct Agenda {
    entries: Vec<Entry>,
    jitter: Jitter,
    catch_up: bool,
    began_at: DateTime<Utc>,
    looked_at: DateTime<Utc>,
}

struct Entry {
    job: Job,
    /// The ticks up to here have been decided on.
    seen: DateTime<Utc>,
    /// The first tick after that.
    next: Option<DateTime<Utc>>,
    waiting: Option<Waiting>,
    begun: Option<Begun>,
}

/// A tick whose run has not begun.
#[derive(Clone, Copy)]
struct Waiting {
    tick: DateTime<Utc>,
    is_made_up: bool,
    attempt: u32,
    /// Not before this much has elapsed.
    from: Duration,
}

/// The last tick whose run has begun, and when.
#[derive(Clone, Copy)]
struct Begun {
    tick: DateTime<Utc>,
    elapsed: Duration,
}

impl Agenda {
    pub(super) fn new(jobs: Vec<Job>, jitter: Jitter, catch_up: bool, now: Now) -> Self {
        let entry = |job: Job| {
            // A good run in the future says only that the clock was wrong, then or now.
            let seen = job.last_good_at.map_or(now.wall, |at| at.min(now.wall));
            Entry::new(job, seen)
        };
        Self {
            entries: jobs.into_iter().map(entry).collect(),
            jitter,
            catch_up,
            began_at: now.wall,
            looked_at: now.wall,
        }
    }

    /// Decides on the ticks since the last look. `running` is the run that is under way.
    pub(super) fn look(&mut self, now: Now, running: Option<&Due>, note: &mut impl FnMut(&Note)) {
        let back = self.looked_at - now.wall;
        if back > TimeDelta::seconds(1) {
            note(&Note::ClockWentBack { by: back });
        }
        self.looked_at = now.wall;
        for entry in &mut self.entries {
            if now.wall < entry.seen {
                entry.see(now.wall);
            }
            let Some(first) = entry.next.filter(|next| *next <= now.wall) else {
                continue;
            };
            let tick = entry.job.schedule.last_until(now.wall).unwrap_or(first);
            entry.see(now.wall);
            if entry.is_waiting_for(tick) {
                continue;
            }
            let is_late = now.wall - tick > LATE;
            let why = entry.why_not(tick, now, running);
            let why = why.or((is_late && !self.catch_up).then_some(Why::Missed));
            if let Some(why) = why {
                note(&entry.skipped(first, tick, why));
                continue;
            }
            if is_late || first < tick {
                note(&entry.made_up(first, tick));
            }
            if let Some(overtaken) = entry.waiting {
                note(&entry.skipped(overtaken.tick, overtaken.tick, Why::Overtaken));
            }
            let delay = self
                .jitter
                .delay(&entry.job, entry.next.map(|next| next - tick));
            entry.wait_for(tick, is_late, now.elapsed + delay);
        }
    }

    /// Takes the job whose turn it is off the list: the greatest kind, and of these who waits longest.
    pub(super) fn begin(&mut self, now: Now, note: &mut impl FnMut(&Note)) -> Option<Due> {
        let ready = |entry: &&Entry| {
            let waiting = entry.waiting;
            waiting.is_some_and(|waiting| waiting.from <= now.elapsed)
        };
        let first = self.entries.iter().filter(ready).min_by_key(|entry| {
            let from = entry.waiting.map(|waiting| waiting.from);
            (std::cmp::Reverse(entry.job.kind), from)
        })?;
        let (user, kind) = (first.job.user.clone(), first.job.kind);
        let began_at = self.began_at;
        // Only the newest run can be gone on with. A greater one that may have been cut short takes
        // the turn, lest all that it read is asked for again.
        let entry = self
            .entries
            .iter_mut()
            .filter(|entry| entry.job.user == user)
            .filter(|entry| entry.job.kind == kind || entry.may_go_on(began_at))
            .max_by_key(|entry| entry.job.kind)?;
        let waiting = entry.waiting.take()?;
        entry.begun = Some(Begun {
            tick: waiting.tick,
            elapsed: now.elapsed,
        });
        let due = Due {
            user: entry.job.user.clone(),
            kind: entry.job.kind,
            tick: waiting.tick,
            is_made_up: waiting.is_made_up,
            attempt: waiting.attempt,
        };
        for entry in &mut self.entries {
            if covers(&due, &entry.job)
                && let Some(waiting) = entry.waiting.take()
            {
                note(&entry.skipped(waiting.tick, waiting.tick, Why::Covered));
            }
        }
        Some(due)
    }

    /// Puts a job back on the list, unless it waits for a new tick already.
    pub(super) fn retry(&mut self, due: &Due, now: Now, note: &mut impl FnMut(&Note)) {
        let is_it = |entry: &&mut Entry| entry.job.user == due.user && entry.job.kind == due.kind;
        let Some(entry) = self.entries.iter_mut().find(is_it) else {
            return;
        };
        if entry.waiting.is_none() {
            let doubled = 1 << (due.attempt - 1).min(10);
            let pause = (FIRST_RETRY * doubled).min(LAST_RETRY);
            entry.waiting = Some(Waiting {
                tick: due.tick,
                is_made_up: due.is_made_up,
                attempt: due.attempt + 1,
                from: now.elapsed + pause,
            });
            let due = due.clone();
            note(&Note::TryAgain { due, pause });
        }
    }

    /// Takes over new jobs. Those whose schedule did not change stay as they are.
    pub(super) fn replace(&mut self, jobs: Vec<Job>, now: Now) {
        let mut old = std::mem::take(&mut self.entries);
        for job in jobs {
            let same = |entry: &Entry| entry.job.user == job.user && entry.job.kind == job.kind;
            let mut entry = match old.iter().position(same) {
                Some(index) => old.swap_remove(index),
                None => Entry::new(job.clone(), now.wall),
            };
            if entry.job.schedule != job.schedule {
                entry.job.schedule = job.schedule;
                entry.waiting = None;
                entry.see(now.wall);
            }
            self.entries.push(entry);
        }
    }

    /// How long nothing will have to be decided, if the wall clock is not set.
    pub(super) fn until_next(&self, now: Now, is_running: bool) -> Duration {
        let ticks = self.entries.iter().filter_map(|entry| entry.next);
        let ticks = ticks.map(|tick| (tick - now.wall).to_std().unwrap_or_default());
        let turns = self.entries.iter().filter_map(|entry| entry.waiting);
        let turns = turns.map(|waiting| waiting.from.saturating_sub(now.elapsed));
        // While something runs, nothing else gets its turn.
        let turns = turns.filter(|_| !is_running);
        ticks.chain(turns).min().unwrap_or(Duration::MAX)
    }

    /// What comes next, for those who look at the service. All users of the machine can read it, so it
    /// names nobody.
    pub(super) fn summary(&self, now: Now) -> String {
        let turn = |entry: &Entry| {
            let at = match entry.waiting {
                Some(waiting) => {
                    let wait = waiting.from.saturating_sub(now.elapsed);
                    now.wall + TimeDelta::from_std(wait).ok()?
                }
                None => entry.next?,
            };
            Some((at, entry.job.kind, entry.job.schedule.zone()))
        };
        match self
            .entries
            .iter()
            .filter_map(turn)
            .min_by_key(|turn| turn.0)
        {
            Some((at, kind, zone)) => {
                let at = at.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z");
                format!("Waiting; next is a {} at {at}", kind.as_str())
            }
            None => "Waiting; nothing is scheduled".to_owned(),
        }
    }
}

impl Entry {
    fn new(job: Job, seen: DateTime<Utc>) -> Self {
        Self {
            next: job.schedule.next_after(seen),
            job,
            seen,
            waiting: None,
            begun: None,
        }
    }

    fn see(&mut self, until: DateTime<Utc>) {
        self.seen = until;
        self.next = self.job.schedule.next_after(until);
    }

    /// Whether this tick came up before and its run is still to begin.
    fn is_waiting_for(&self, tick: DateTime<Utc>) -> bool {
        self.waiting
            .is_some_and(|waiting| waiting.tick >= tick && waiting.attempt == 1)
    }

    /// Whether the run that is waited for may have begun before: it was tried, or its tick was before
    /// the daemon began.
    fn may_go_on(&self, began_at: DateTime<Utc>) -> bool {
        self.waiting.is_some_and(|waiting| {
            waiting.is_made_up || waiting.attempt > 1 || waiting.tick <= began_at
        })
    }

    /// What speaks against a run for this tick.
    fn why_not(&self, tick: DateTime<Utc>, now: Now, running: Option<&Due>) -> Option<Why> {
        // The clock was wrong at the start: what it was put forward over is done.
        let is_done = |at: DateTime<Utc>| tick <= at && at <= now.wall;
        if self.job.last_good_at.is_some_and(is_done) {
            return Some(Why::Repeated);
        }
        // The clock was put back. If only a little, this is the tick it was before; if far, it is
        // another night, whatever the calendar says. Half of the way to the next tick divides them.
        if let Some(begun) = self.begun.filter(|begun| tick <= begun.tick) {
            let since_begun = TimeDelta::from_std(now.elapsed.saturating_sub(begun.elapsed));
            let from_begun_to_tick = since_begun.unwrap_or(TimeDelta::MAX) - (now.wall - tick);
            let period = self.next.map(|next| next - tick);
            if period.is_none_or(|period| from_begun_to_tick < period / 2) {
                return Some(Why::Repeated);
            }
        }
        running
            .filter(|due| due.user == self.job.user && due.kind >= self.job.kind)
            .map(|_| Why::UnderWay)
    }

    /// A tick that comes while an older one waits takes its place in the queue.
    fn wait_for(&mut self, tick: DateTime<Utc>, is_made_up: bool, from: Duration) {
        let from = self.waiting.map_or(from, |waiting| waiting.from.min(from));
        self.waiting = Some(Waiting {
            tick,
            is_made_up,
            attempt: 1,
            from,
        });
    }

    fn skipped(&self, first: DateTime<Utc>, tick: DateTime<Utc>, why: Why) -> Note {
        Note::Skipped {
            user: self.job.user.clone(),
            kind: self.job.kind,
            first,
            tick,
            why,
        }
    }

    fn made_up(&self, first: DateTime<Utc>, tick: DateTime<Utc>) -> Note {
        Note::MadeUp {
            user: self.job.user.clone(),
            kind: self.job.kind,
            first,
            tick,
        }
    }
}

/// Whether a run reads all that a job would: what the job still waits for is done with it.
fn covers(due: &Due, job: &Job) -> bool {
    due.user == job.user && due.kind > job.kind
}
