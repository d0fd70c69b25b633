//! What the daemon has to say about its decisions.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Due, Kind};

/// A decision that is not plain routine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// No run takes place for a tick.
    Skipped {
        /// Whose accounts.
        user: String,
        /// How much of them.
        kind: Kind,
        /// The first tick that this is about, usually the only one.
        first: DateTime<Utc>,
        /// The last one.
        tick: DateTime<Utc>,
        /// Why.
        why: Why,
    },
    /// One run is for this tick and for all before it, from the first on.
    MadeUp {
        /// Whose accounts.
        user: String,
        /// How much of them.
        kind: Kind,
        /// The first tick that is made up for.
        first: DateTime<Utc>,
        /// The last one, which the run is for.
        tick: DateTime<Utc>,
    },
    /// The run could not take place and is tried again.
    TryAgain {
        /// Which.
        due: Due,
        /// After so long.
        pause: Duration,
    },
    /// The wall clock was put back.
    ClockWentBack {
        /// By so much at least.
        by: TimeDelta,
    },
    /// The new configuration is in force.
    Reloaded {
        /// How many jobs it has.
        jobs: usize,
    },
    /// The old configuration stays in force.
    NotReloaded {
        /// What is wrong with the new one.
        reason: String,
    },
    /// The daemon was told to stop, and the run did not end in time.
    Abandoned {
        /// Which.
        due: Due,
    },
}

/// Why no run takes place for a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A run of the same user that reads as much is under way.
    UnderWay,
    /// A run that reads more begins now.
    Covered,
    /// The next tick came before its turn did.
    Overtaken,
    /// There was a run for it before the clock was set.
    Repeated,
    /// It was missed, and missed ticks are not to be made up for.
    Missed,
}

impl Why {
    fn text(self) -> &'static str {
        match self {
            Self::UnderWay => "a run is still under way",
            Self::Covered => "the full run that begins now covers it",
            Self::Overtaken => "the next tick came before its turn did",
            Self::Repeated => "there was a run for it before the clock was set",
            Self::Missed => "it was missed, and catch_up is off",
        }
    }
}

/// Writes a note to the log.
pub fn log(note: &Note) {
    match note {
        Note::Skipped {
            user,
            kind,
            first,
            tick,
            why,
        } => {
            let since = if first < tick {
                format!(" and all since {first}")
            } else {
                String::new()
            };
            let kind = kind.as_str();
            let why = why.text();
            tracing::warn!(
                user,
                kind,
                "{user}: the {kind} of {tick}{since} is skipped: {why}"
            );
        }
        Note::MadeUp {
            user,
            kind,
            first,
            tick,
        } => tracing::info!(
            user,
            kind = kind.as_str(),
            "{user}: one {} makes up for what was missed since {first} (last tick: {tick})",
            kind.as_str()
        ),
        Note::TryAgain { due, pause } => tracing::warn!(
            user = due.user,
            kind = due.kind.as_str(),
            "{}: the {} of {} is tried again in {} minutes",
            due.user,
            due.kind.as_str(),
            due.tick,
            pause.as_secs() / 60
        ),
        Note::ClockWentBack { by } => {
            tracing::warn!("the clock was put back by {} seconds", by.num_seconds());
        }
        Note::Reloaded { jobs } => {
            tracing::info!("the configuration is reloaded; jobs: {jobs}");
        }
        Note::NotReloaded { reason } => {
            tracing::error!("the configuration is not reloaded, the old one stays: {reason}");
        }
        Note::Abandoned { due } => tracing::warn!(
            user = due.user,
            kind = due.kind.as_str(),
            "{}: the {} did not stop in time and is abandoned; what it has read is kept",
            due.user,
            due.kind.as_str()
        ),
    }
}
