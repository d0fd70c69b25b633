//! The user's accounts: the global one and those attached to it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::WikiId;

/// The number of a global account. It survives renames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CentralUserId(pub u64);

/// The user's one account across the farm, as the central wiki tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalAccount {
    /// Its number.
    pub id: CentralUserId,
    /// Its current name.
    pub name: String,
    /// Where it started; the servers may answer another wiki at another time.
    pub home_wiki: Option<WikiId>,
    /// When it was created.
    pub registered_at: Option<DateTime<Utc>>,
    /// Whether nobody can log in to it any more.
    pub locked: bool,
    /// Whether its name is hidden (told only to those who may see it).
    pub hidden: bool,
    /// Edits on all wikis together, as the central wiki counts them.
    pub edit_count: Option<u64>,
    /// Its global groups, if the answer told them, each with its expiry: `"infinity"` is none,
    /// `None` that it was not told.
    pub groups: Option<BTreeMap<String, Option<String>>>,
}

/// A local account that belongs to the global one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedAccount {
    /// Where it is.
    pub wiki: WikiId,
    /// Scheme and host of the wiki as the central wiki names it, such as `https://en.wikipedia.org`.
    pub url: String,
    /// When it was attached.
    pub attached_at: Option<DateTime<Utc>>,
    /// How it was attached: `primary`, `login`, `password`, …
    pub attached_by: Option<String>,
    /// Its edits, as the central wiki counts them.
    pub edit_count: u64,
    /// Its local groups without the implicit ones, and without their expiry.
    pub groups: BTreeSet<String>,
    /// Expiry and reason of a block, as one text to compare; a partial block looks like a full one.
    pub block: Option<String>,
}

/// The answer to one enumeration: the global account and everything attached to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// The global account.
    pub account: GlobalAccount,
    /// Its attached accounts, each wiki once.
    pub attached: Vec<AttachedAccount>,
    /// Wikis with an account of the same name that does not belong to it. Never asked.
    pub unattached: Vec<WikiId>,
}

/// MediaWiki takes a space and an underscore for the same, and the case of the first letter too.
pub fn same_name(a: &str, b: &str) -> bool {
    let normal = |name: &str| {
        let name = name.trim().replace('_', " ");
        let mut chars = name.chars();
        let first = chars.next().map(|c| c.to_uppercase().to_string());
        first.unwrap_or_default() + chars.as_str()
    };
    normal(a) == normal(b)
}
