//! `list=logevents`: who did it, and why; and what the logs say about a user from the beginning on.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    list_page::{Continue, Page, Start, same_page},
    php_json::List,
    user_info::{Parameters, Unusable, expiry, not_as_promised},
};
use crate::model::Hidden;

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
    /// The details, as JSON text; `{}` if they are hidden.
    pub params: String,
    /// What is hidden.
    pub hidden: Hidden,
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

/// The logs that tell of an account itself; others that are filed under its page tell what was done to
/// the page, or who was thankful.
const ABOUT_ACCOUNTS: [&str; 8] = [
    "rights",
    "block",
    "newusers",
    "renameuser",
    "gblrights",
    "gblblock",
    "globalauth",
    "gblrename",
];

/// Entries a request asks for: as many as everybody may have.
pub const MOST: &str = "500";

/// The first edit that can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstEdit {
    /// The number of the revision.
    pub rev_id: u64,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// What one page of everything that is logged about a page tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The entries about accounts, oldest first.
    pub page: Page<LogEvent>,
    /// The first edit, where it was asked for and there is one.
    pub first_edit: Option<FirstEdit>,
}

/// Asks for everything that is logged about a page, oldest first, up to an instant if there is one.
/// All logs in one request: most accounts have a handful of entries on a wiki. With the name of
/// an account, asks for its first edit too.
pub fn about_question<'a>(
    title: &'a str,
    start: Start<'a>,
    until: Option<String>,
    first_edit_of: Option<&'a str>,
) -> Parameters<'a> {
    let lists = match first_edit_of {
        Some(_) => "logevents|usercontribs",
        None => "logevents",
    };
    let mut parameters: Parameters<'a> = vec![
        ("list", lists.into()),
        ("letitle", title.into()),
        (
            "leprop",
            "ids|title|type|user|timestamp|comment|details".into(),
        ),
        ("ledir", "newer".into()),
        ("lelimit", MOST.into()),
    ];
    start.add_to(&mut parameters, "lestart", "lecontinue");
    if let Some(until) = until {
        parameters.push(("leend", until.into()));
    }
    if let Some(name) = first_edit_of {
        parameters.push(("ucuser", name.into()));
        parameters.push(("ucdir", "newer".into()));
        parameters.push(("uclimit", "1".into()));
        parameters.push(("ucprop", "ids|timestamp".into()));
    }
    parameters
}

/// Reads the answer to [`about_question`]. It is used only if every entry is filed under that page.
pub fn about(body: &[u8], title: &str, name: &str) -> Result<About, Unusable> {
    let envelope: AboutEnvelope =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    let query = envelope
        .query
        .ok_or_else(|| Unusable::Malformed("the answer holds no query".into()))?;
    let entries = query
        .logevents
        .ok_or_else(|| Unusable::Malformed("the answer holds no logevents".into()))?;
    let go_on = envelope.continues.and_then(|keys| keys.lecontinue);
    let mut page = Page::new(go_on);
    for entry in entries.0 {
        entry.is_about(title)?;
        let event = entry.into_event().ok_or_else(|| {
            Unusable::Malformed("a log entry lacks its number or its time".into())
        })?;
        let is_kept = ABOUT_ACCOUNTS.contains(&event.log_type.as_str());
        page.add(event.logged_at, is_kept.then_some(event));
    }
    let edits = query.usercontribs.unwrap_or_default().0;
    let first_edit = edits.into_iter().next();
    if first_edit.as_ref().is_some_and(|edit| !edit.is_by(name)) {
        return Err(Unusable::SomebodyElse(
            "the wiki tells of another user's edits".into(),
        ));
    }
    Ok(About {
        page,
        first_edit: first_edit.and_then(FirstEditEntry::into_first_edit),
    })
}

#[derive(Deserialize)]
struct AboutEnvelope {
    query: Option<AboutQuery>,
    #[serde(rename = "continue")]
    continues: Option<Continue>,
}

#[derive(Deserialize)]
struct AboutQuery {
    logevents: Option<List<Entry>>,
    usercontribs: Option<List<FirstEditEntry>>,
}

#[derive(Deserialize)]
struct FirstEditEntry {
    user: Option<String>,
    revid: Option<u64>,
    timestamp: Option<String>,
}

impl FirstEditEntry {
    fn is_by(&self, name: &str) -> bool {
        let user = self.user.as_deref();
        user.is_none_or(|user| crate::model::same_name(user, name))
    }

    fn into_first_edit(self) -> Option<FirstEdit> {
        Some(FirstEdit {
            rev_id: self.revid?,
            made_at: self.timestamp?.parse().ok()?,
        })
    }
}

/// Reads the answer to [`question`]. It is used only if every entry is filed under that page; entries
/// of which too much is hidden are left out.
pub fn events(body: &[u8], title: &str) -> Result<Vec<LogEvent>, Unusable> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    let events = envelope
        .query
        .and_then(|query| query.logevents)
        .ok_or_else(|| Unusable::Malformed("the answer holds no logevents".into()))?;
    events
        .0
        .iter()
        .try_for_each(|entry| entry.is_about(title))?;
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
#[expect(clippy::struct_excessive_bools, reason = "the wire's own flags")]
struct Entry {
    logid: Option<u64>,
    #[serde(rename = "type")]
    log_type: Option<String>,
    action: Option<String>,
    timestamp: Option<String>,
    title: Option<String>,
    user: Option<String>,
    comment: Option<String>,
    params: Option<serde_json::Value>,
    #[serde(default)]
    actionhidden: bool,
    #[serde(default)]
    userhidden: bool,
    #[serde(default)]
    commenthidden: bool,
    #[serde(default)]
    suppressed: bool,
}

impl Entry {
    fn is_about(&self, title: &str) -> Result<(), Unusable> {
        let is_about_it = match &self.title {
            Some(other) => same_page(other, title),
            None => self.actionhidden,
        };
        if is_about_it {
            return Ok(());
        }
        Err(Unusable::SomebodyElse(
            "the wiki's log tells of another page than the one asked for".into(),
        ))
    }

    fn into_event(self) -> Option<LogEvent> {
        let params = self.params.unwrap_or_else(|| serde_json::json!({}));
        let hidden = Hidden::of([
            self.actionhidden,
            self.userhidden,
            self.commenthidden,
            self.suppressed,
        ]);
        Some(LogEvent {
            hidden,
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
