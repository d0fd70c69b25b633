//! One pass over the accounts.

use chrono::{DateTime, Utc};

/// Which accounts a run reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    Full,
    /// Only those that look different from the central wiki.
    Pulse,
    /// Those on the wikis named by the user.
    Wikis,
}

impl Scope {
    /// The name in the database and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Pulse => "pulse",
            Self::Wikis => "wikis",
        }
    }
}

/// What started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The daemon, at a tick.
    Schedule,
    /// Somebody on the command line.
    Command,
}

impl Trigger {
    /// The name in the database and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Command => "command",
        }
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// It has read what it could.
    Finished,
    /// It was stopped and can be resumed.
    Interrupted,
    /// It could not be done.
    Failed,
}

impl RunStatus {
    /// The name in the database and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// What became of one account in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Observed for the first time: a baseline, no changes.
    FirstSeen,
    /// Observed, and nothing differs but counters.
    Unchanged,
    /// Observed, and so many properties other than counters differ.
    Changed(u32),
    /// Not observed: unknown.
    Failed,
}

/// What became of all accounts of a run. The global account is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Accounts the run was to read.
    pub accounts: u32,
    /// Observed, nothing differs.
    pub unchanged: u32,
    /// Observed, something differs.
    pub changed: u32,
    /// Observed for the first time.
    pub first_seen: u32,
    /// Could not be read.
    pub failed: u32,
    /// Properties that differ, counters not counted, the global account included.
    pub changes: u32,
}

impl Tally {
    /// Counts one account.
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::FirstSeen => self.first_seen += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Changed(changes) => {
                self.changed += 1;
                self.changes += changes;
            }
            Outcome::Failed => self.failed += 1,
        }
    }
}

/// One HTTP request, as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// The host it was sent to.
    pub host: String,
    /// What it was for: the API module, or `login`.
    pub purpose: &'static str,
    /// The HTTP status; `None` where no answer came.
    pub status: Option<u16>,
    /// From sending it to the end of its answer.
    pub duration_ms: u64,
    /// Size of the answer's body, decoded.
    pub bytes: u64,
    /// The how-manieth try of one question it was, from 1.
    pub attempt: u32,
    /// How long it waited for its turn before it was sent.
    pub waited_ms: u64,
}

/// The number of a run in the database. Runs are ordered by it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunNumber(pub i64);
