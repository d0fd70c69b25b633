//! One page of a list, and where it goes on.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::user_info::Parameters;
use crate::model::same_name;

/// Where to begin reading a list, oldest entries first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Start<'a> {
    /// Not before this instant.
    pub since: Option<&'a str>,
    /// What the wiki wants to be sent to go on; its own words.
    pub go_on: Option<&'a str>,
}

impl<'a> Start<'a> {
    pub(super) fn add_to(
        self,
        parameters: &mut Parameters<'a>,
        since: &'static str,
        go_on: &'static str,
    ) {
        let values = [(since, self.since), (go_on, self.go_on)];
        let given = values.into_iter();
        parameters.extend(given.filter_map(|(name, value)| Some((name, value?.into()))));
    }
}

/// The entries of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Oldest first.
    pub entries: Vec<T>,
    /// When the newest entry happened, those that are not kept among them.
    pub read_until: Option<DateTime<Utc>>,
    /// What to send to get the next page; `None`: it was the last.
    pub go_on: Option<String>,
}

impl<T> Page<T> {
    pub(super) fn new(go_on: Option<String>) -> Self {
        Self {
            entries: Vec::new(),
            read_until: None,
            go_on,
        }
    }

    /// Adds an entry, or only notes that there was one.
    pub(super) fn add(&mut self, at: DateTime<Utc>, entry: Option<T>) {
        self.read_until = self.read_until.max(Some(at));
        self.entries.extend(entry);
    }
}

/// The keys that a wiki wants to be sent back, one for each list.
#[derive(Deserialize)]
pub(super) struct Continue {
    pub(super) lecontinue: Option<String>,
    pub(super) uccontinue: Option<String>,
}

/// Whether two titles name the same page. Titles come back with the namespace in the language of the
/// wiki, and in the gender of the user: `Benutzerin:Alice Example`.
pub(super) fn same_page(a: &str, b: &str) -> bool {
    let name = |title| str::split_once(title, ':').map_or(title, |(_, name)| name);
    same_name(name(a), name(b))
}
