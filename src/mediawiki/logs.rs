//! `list=logevents`: who did it, and why.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    php_json::List,
    user_info::{Parameters, Unusable, expiry, not_as_promised},
};

/// One entry of a log, as far as it is not hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// Its number in that wiki's log.
    pub log_id: u64,
    /// Which log: `rights`, `block`, `gblrights`, …
    pub log_type: String,
    /// What was done.
    pub action: String,
    /// When.
    pub logged_at: DateTime<Utc>,
    /// By whom; `None` if that is hidden.
    pub performer: Option<String>,
    /// Why; `None` if that is hidden.
    pub comment: Option<String>,
    /// The details, as JSON text.
    pub params: String,
    /// The groups before and after, where the log tells.
    pub groups: Option<GroupChange>,
}

impl LogEvent {
    /// Until when a group was held before and after this entry, where a local rights log tells.
    pub fn expiries(&self, group: &str) -> (Option<String>, Option<String>) {
        let params: serde_json::Value = serde_json::from_str(&self.params).unwrap_or_default();
        let of = |name: &str| {
            let memberships = params.get(name)?.as_array()?;
            let membership = memberships
                .iter()
                .find(|one| one.get("group").and_then(|name| name.as_str()) == Some(group))?;
            let until = membership.get("expiry").and_then(|text| text.as_str());
            Some(expiry(until).to_owned())
        };
        (of("oldmetadata"), of("newmetadata"))
    }
}

/// What an entry of a rights log changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// Groups held before.
    pub old: Vec<String>,
    /// Groups held after.
    pub new: Vec<String>,
}

/// Asks for the newest entries of one log about one user; `title` is the user's page, with
/// `@wiki` behind it for what stewards do from the central wiki.
pub fn question<'a>(log_type: &'a str, title: &'a str, since: &'a str) -> Parameters<'a> {
    vec![
        ("list", "logevents".into()),
        ("letype", log_type.into()),
        ("letitle", title.into()),
        (
            "leprop",
            "ids|title|type|user|timestamp|comment|details".into(),
        ),
        // Newest first, back to `since`.
        ("leend", since.into()),
        ("lelimit", "50".into()),
    ]
}

/// Reads the answer to [`question`]. Entries of which too much is hidden are left out.
pub fn events(body: &[u8]) -> Result<Vec<LogEvent>, Unusable> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    let events = envelope
        .query
        .and_then(|query| query.logevents)
        .ok_or_else(|| Unusable::Malformed("the answer holds no logevents".into()))?;
    Ok(events.0.into_iter().filter_map(Entry::into_event).collect())
}

#[derive(Deserialize)]
struct Envelope {
    query: Option<Query>,
}

#[derive(Deserialize)]
struct Query {
    logevents: Option<List<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    logid: Option<u64>,
    #[serde(rename = "type")]
    log_type: Option<String>,
    action: Option<String>,
    timestamp: Option<String>,
    user: Option<String>,
    comment: Option<String>,
    params: Option<serde_json::Value>,
}

impl Entry {
    fn into_event(self) -> Option<LogEvent> {
        let params = self.params.unwrap_or_else(|| serde_json::json!({}));
        Some(LogEvent {
            log_id: self.logid?,
            log_type: self.log_type?,
            action: self.action?,
            logged_at: self.timestamp?.parse().ok()?,
            performer: self.user,
            comment: self.comment,
            groups: group_change(&params),
            params: params.to_string(),
        })
    }
}

/// The global rights log spells its details in camel case.
fn group_change(params: &serde_json::Value) -> Option<GroupChange> {
    let groups = |names: [&str; 2]| {
        let value = names.into_iter().find_map(|name| params.get(name))?;
        serde_json::from_value::<List<String>>(value.clone()).ok()
    };
    Some(GroupChange {
        old: groups(["oldgroups", "oldGroups"])?.0,
        new: groups(["newgroups", "newGroups"])?.0,
    })
}
