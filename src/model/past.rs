//! What an account did, and what of it is hidden from everybody.

use chrono::{DateTime, Utc};

/// Which parts of an entry are hidden from those who may not see them, as MediaWiki says.
///
/// The numbers are bits kept in the database; never reuse one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden(u8);

impl Hidden {
    /// What was done; for an edit, its text.
    pub const WHAT: Self = Self(1);
    /// By whom.
    pub const USER: Self = Self(2);
    /// Why.
    pub const COMMENT: Self = Self(4);
    /// From administrators too.
    pub const SUPPRESSED: Self = Self(8);

    /// The parts of which `holds` says so: what was done, by whom, why, from administrators too.
    pub fn of(holds: [bool; 4]) -> Self {
        let parts = [Self::WHAT, Self::USER, Self::COMMENT, Self::SUPPRESSED];
        let held = parts.into_iter().zip(holds).filter(|(_, holds)| *holds);
        Self(held.fold(0, |bits, (part, _)| bits | part.0))
    }

    /// Whether all parts of another are among these.
    pub fn has(self, part: Self) -> bool {
        self.0 & part.0 == part.0
    }

    /// The parts as a number, to be kept in the database.
    pub fn bits(self) -> u8 {
        self.0
    }
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The number of the revision.
    pub rev_id: u64,
    /// The revision before it; 0 if it made the page.
    pub parent_id: Option<u64>,
    /// The number of the page.
    pub page_id: Option<u64>,
    /// The number of the page's namespace.
    pub namespace: i64,
    /// The page's title as it is now.
    pub title: Option<String>,
    /// When.
    pub made_at: DateTime<Utc>,
    /// Bytes of the page after it.
    pub size: Option<u64>,
    /// Bytes that it added or, below 0, removed.
    pub size_diff: Option<i64>,
    /// Whether it made the page.
    pub is_new: bool,
    /// Whether it was marked as minor.
    pub is_minor: bool,
    /// Why; `None` if that is hidden.
    pub comment: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What is hidden.
    pub hidden: Hidden,
}

/// One action that a wiki logged: a move, an upload, a block, …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAction {
    /// Its number in that wiki's log.
    pub log_id: u64,
    /// Which log.
    pub log_type: String,
    /// What was done.
    pub action: String,
    /// The namespace of the page it was done to; `None` if hidden.
    pub namespace: Option<i64>,
    /// The page it was done to; `None` if hidden.
    pub title: Option<String>,
    /// When.
    pub done_at: DateTime<Utc>,
    /// Why; `None` if that is hidden.
    pub comment: Option<String>,
    /// The details, as JSON text.
    pub params: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What is hidden.
    pub hidden: Hidden,
}
