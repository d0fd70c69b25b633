//! A simulated year, and what a user may expect of each tick.

mod reload;
mod turns;
mod year;

use std::{cell::RefCell, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Daemon, Due, Ended, Jitter, Job, Kind, Note, Systemd};
use crate::{clock::Clock, model::Zone, schedule::Schedule};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn job(user: &str, kind: Kind, schedule: &str) -> Job {
    Job {
        user: user.to_owned(),
        kind,
        schedule: Schedule::parse(schedule, Zone::UTC).expect("a schedule"),
        last_good_at: None,
    }
}

fn daemon(clock: &Clock) -> Daemon {
    Daemon {
        clock: clock.clone(),
        jitter: Jitter::NONE,
        catch_up: true,
        systemd: Systemd::none(),
        stop: CancellationToken::new(),
    }
}

/// What a daemon did: the runs it began, with the time by the wall clock, and what it noted.
#[derive(Debug, Default)]
struct Record {
    begun: RefCell<Vec<(DateTime<Utc>, Due)>>,
    notes: RefCell<Vec<Note>>,
}

impl Record {
    /// The runs as `Alice pulse 03:17`.
    fn lines(&self) -> Vec<String> {
        let begun = self.begun.borrow();
        let lines = begun.iter().map(|(at, due)| {
            let again = if due.attempt > 1 { " again" } else { "" };
            let made_up = if due.is_made_up { " made up" } else { "" };
            let (user, kind) = (&due.user, due.kind.as_str());
            format!("{} {user} {kind}{made_up}{again}", at.format("%d %H:%M"))
        });
        lines.collect()
    }

    /// The reasons for skipping, as `Alice pulse 04:00 UnderWay`.
    fn skipped(&self) -> Vec<String> {
        let notes = self.notes.borrow();
        let skipped = notes.iter().filter_map(|note| match note {
            Note::Skipped {
                user,
                kind,
                tick,
                why,
                ..
            } => {
                let (tick, kind) = (tick.format("%d %H:%M"), kind.as_str());
                Some(format!("{tick} {user} {kind} {why:?}"))
            }
            _ => None,
        });
        skipped.collect()
    }
}

/// Lets a daemon run until the wall clock shows this instant; each of its runs takes so long.
async fn run_until(daemon: &Daemon, jobs: Vec<Job>, run: Duration, end: DateTime<Utc>) -> Record {
    let record = Record::default();
    let act = async |due: Due| {
        record.begun.borrow_mut().push((daemon.clock.now(), due));
        // Naps are a minute; a little less, so that the last of them is the last.
        let run = run.saturating_sub(Duration::from_secs(2));
        let end = daemon.clock.elapsed() + run;
        while daemon.clock.elapsed() < end {
            tokio::task::yield_now().await;
        }
        Ended::<()>::Done
    };
    let hangup = Notify::new();
    let note = |note: &Note| record.notes.borrow_mut().push(note.clone());
    let reload = async || Err(String::new());
    tokio::select! {
        _ = daemon.run(jobs, act, reload, &hangup, note) => {}
        () = reaches(&daemon.clock, end) => {}
    }
    record
}

/// Waits, without letting time pass, until somebody else has slept until this instant.
async fn reaches(clock: &Clock, end: DateTime<Utc>) {
    while clock.now() < end {
        tokio::task::yield_now().await;
    }
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}
