//! What differs between two snapshots.

use std::fmt;

use super::{Kind, Property, Value};

/// One property that differs between two observations of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What differs.
    pub property: Property,
    /// What it was; `None` if it was not there.
    pub before: Option<Value>,
    /// What it is; `None` if it is not there any more.
    pub after: Option<Value>,
    /// Why, as far as the answers tell.
    pub cause: Cause,
}

impl Change {
    /// Whether it makes a snapshot a changed one: counters change by use.
    pub fn counts(&self) -> bool {
        self.property.kind != Kind::Counter
    }
}

/// How an account differs from what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What changed.
    pub changes: Vec<Change>,
    /// What is known from now on because it was never looked for before: no changes.
    pub first_seen: Vec<(Property, Value)>,
    /// The same value, but whether it is the wiki's default has turned, or whether it is kept as a
    /// hash: no change for the user.
    pub restated: Vec<(Property, Value)>,
}

impl Difference {
    /// Whether nothing at all is to be stored.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.first_seen.is_empty() && self.restated.is_empty()
    }
}

/// Why a property changed. The names are those of the view `changes`; the numbers are kept in the
/// database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Cause {
    /// Nothing tells.
    Unknown = 0,
    /// The user set it.
    User = 1,
    /// The wiki changed its default, and the account follows the default.
    WikiDefault = 2,
    /// The preference came or went with the software.
    Software = 3,
    /// A preference for all wikis changed.
    GlobalPreference = 4,
    /// An entry of a log tells.
    RightsLog = 5,
    /// It ended at the time it was to end.
    Expiry = 6,
}

impl Cause {
    /// The name in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::User => "user",
            Self::WikiDefault => "wiki-default",
            Self::Software => "software",
            Self::GlobalPreference => "global-preference",
            Self::RightsLog => "rights-log",
            Self::Expiry => "expiry",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One character for a kind of change: `+` it came, `-` it went, `~` it is another.
pub fn change_sign<T>(before: Option<&T>, after: Option<&T>) -> &'static str {
    match (before, after) {
        (None, _) => "+",
        (_, None) => "-",
        _ => "~",
    }
}
