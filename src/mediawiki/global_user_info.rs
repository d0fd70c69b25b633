//! `meta=globaluserinfo`: the global account and what is attached to it, in one request.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;

use super::{
    error::one_line,
    php_json::List,
    user_info::{GroupMembership, Parameters, Unusable, expiry, insert, not_as_promised},
};
use crate::model::{
    AttachedAccount, CentralUserId, Enumeration, GlobalAccount, Kind, Snapshot, Subject, WikiId,
};

/// Whose accounts are asked for: by number once that is known, since names change.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// The account of this number.
    Id(CentralUserId),
    /// The account of this name.
    Name(&'a str),
}

/// No list is longer: Wikimedia has about a thousand wikis, and a history has room for 32,767 accounts of a
/// user, with those that went (`migrations/0007_looks.sql`).
const MOST_ACCOUNTS: usize = 30_000;

/// Asks for the global account and its attached accounts.
pub fn question(whose: Whose<'_>) -> Parameters<'_> {
    let (by, who) = match whose {
        Whose::Id(id) => ("guiid", id.0.to_string().into()),
        Whose::Name(name) => ("guiuser", name.into()),
    };
    vec![
        ("meta", "globaluserinfo".into()),
        ("guiprop", "groups|merged|unattached|editcount".into()),
        (by, who),
    ]
}

/// Asks in the same request for the expiry of global groups, where the farm can tell it. A farm that
/// cannot answers with a warning and the rest.
pub fn with_expiry(mut question: Parameters<'_>, id: CentralUserId) -> Parameters<'_> {
    question.push(("list", "globalusers".into()));
    question.push(("guscentralids", id.0.to_string().into()));
    question.push(("gusprop", "groupmemberships".into()));
    question
}

/// What the central wiki says about the account that was asked for.
#[derive(Debug)]
pub enum Found {
    /// Its accounts, and what went unheard: wikis that were named in a way that cannot be used.
    Account(Box<Enumeration>, Vec<String>),
    /// There is none, or it is hidden from us: both look the same.
    Missing,
}

/// Reads the answer to [`question`], received at `now`.
pub fn enumeration(body: &[u8], now: DateTime<Utc>) -> Result<Found, Unusable> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    let query = envelope.query.unwrap_or_default();
    let globalusers = query.globalusers;
    let info = query
        .globaluserinfo
        .ok_or_else(|| Unusable::Malformed("the answer holds no globaluserinfo".into()))?;
    if info.missing {
        return Ok(Found::Missing);
    }
    let (Some(id), Some(name)) = (info.id, info.name) else {
        return Err(Unusable::Malformed(
            "the global account has no number or no name".into(),
        ));
    };
    let merged = info
        .merged
        .ok_or_else(|| Unusable::Malformed("the answer lists no attached accounts".into()))?;
    if merged.0.len() > MOST_ACCOUNTS {
        let count = merged.0.len();
        return Err(Unusable::Malformed(format!(
            "the answer lists {count} attached accounts; nobody has more than {MOST_ACCOUNTS}"
        )));
    }
    let (attached, unheard) = attached_accounts(merged, now);
    let account = GlobalAccount {
        id: CentralUserId(id),
        name,
        home_wiki: info.home.and_then(|wiki| wiki.parse().ok()),
        registered_at: instant(info.registration.as_deref(), now),
        locked: info.locked,
        hidden: info.hidden,
        // A sum over the attached accounts; in the middle of a rename there may be none.
        edit_count: info.editcount.filter(|_| !attached.is_empty()),
        groups: info
            .groups
            .map(|names| global_groups(names, globalusers.as_ref(), id)),
    };
    let unattached = info.unattached.unwrap_or_default().0;
    let unattached = unattached
        .iter()
        .filter_map(|other| other.wiki.parse().ok());
    let enumeration = Enumeration {
        account,
        attached,
        unattached: unattached.collect(),
    };
    Ok(Found::Account(Box::new(enumeration), unheard))
}

/// The state of the global account itself.
pub fn snapshot(account: &GlobalAccount) -> Snapshot {
    let mut snapshot = Snapshot::default();
    insert(&mut snapshot, Kind::Identity, "name", &json!(account.name));
    if let Some(at) = account.registered_at {
        let at = crate::model::utc_text(at);
        insert(&mut snapshot, Kind::Identity, "registered_at", &json!(at));
    }
    snapshot.coverage.add(Subject::HomeWiki);
    if let Some(home) = &account.home_wiki {
        insert(
            &mut snapshot,
            Kind::Identity,
            "home_wiki",
            &json!(home.as_str()),
        );
    }
    snapshot.coverage.add(Subject::Lock);
    for (name, is_set) in [("locked", account.locked), ("hidden", account.hidden)] {
        if is_set {
            insert(&mut snapshot, Kind::Lock, name, &json!(true));
        }
    }
    if account.groups.is_some() {
        snapshot.coverage.add(Subject::GlobalGroups);
    }
    for (group, expiry) in account.groups.iter().flatten() {
        let value = expiry.as_ref().map_or(json!(true), |expiry| json!(expiry));
        insert(&mut snapshot, Kind::GlobalGroup, group, &value);
    }
    if let Some(count) = account.edit_count {
        insert(&mut snapshot, Kind::Counter, "edit_count", &json!(count));
    }
    snapshot
}

/// The names come from `globaluserinfo`, the expiry from `globalusers` where that is there.
fn global_groups(
    names: List<String>,
    globalusers: Option<&List<GlobalUser>>,
    id: u64,
) -> BTreeMap<String, Option<String>> {
    let ours = |user: &&GlobalUser| user.centralid == Some(id);
    let memberships = globalusers
        .and_then(|users| users.0.iter().find(ours))
        .and_then(|user| user.groupmemberships.as_ref());
    let names = names.0.into_iter();
    let with_expiry = names.map(|name| {
        let membership = memberships.and_then(|memberships| {
            let is_it = |membership: &&GroupMembership| membership.group == name;
            memberships.0.iter().find(is_it)
        });
        let expiry = membership.map(|membership| expiry(membership.expiry.as_deref()).to_owned());
        (name, expiry)
    });
    with_expiry.collect()
}

/// Each wiki once: of two entries for one wiki neither is believed, since it is not told which holds.
fn attached_accounts(
    merged: List<Merged>,
    now: DateTime<Utc>,
) -> (Vec<AttachedAccount>, Vec<String>) {
    let mut unheard = Vec::new();
    let mut by_wiki: BTreeMap<WikiId, Vec<Merged>> = BTreeMap::new();
    for entry in merged.0 {
        match entry.wiki.parse::<WikiId>() {
            Ok(wiki) if !wiki.is_global() => by_wiki.entry(wiki).or_default().push(entry),
            _ => unheard.push(format!(
                "{:?} is not the ID of a wiki",
                one_line(&entry.wiki)
            )),
        }
    }
    let mut attached = Vec::with_capacity(by_wiki.len());
    for (wiki, mut entries) in by_wiki {
        if let (Some(entry), true) = (entries.pop(), entries.is_empty()) {
            attached.push(entry.into_account(wiki, now));
        } else {
            unheard.push(format!("{wiki} is listed twice"));
        }
    }
    (attached, unheard)
}

#[derive(Deserialize)]
struct Envelope {
    query: Option<Query>,
}

#[derive(Default, Deserialize)]
struct Query {
    globaluserinfo: Option<GlobalUserInfo>,
    globalusers: Option<List<GlobalUser>>,
}

/// `list=globalusers`, from MediaWiki 1.47 on.
#[derive(Deserialize)]
struct GlobalUser {
    centralid: Option<u64>,
    groupmemberships: Option<List<GroupMembership>>,
}

#[derive(Deserialize)]
struct GlobalUserInfo {
    home: Option<String>,
    id: Option<u64>,
    registration: Option<String>,
    name: Option<String>,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    missing: bool,
    editcount: Option<u64>,
    groups: Option<List<String>>,
    merged: Option<List<Merged>>,
    unattached: Option<List<Unattached>>,
}

#[derive(Deserialize)]
struct Unattached {
    wiki: String,
}

#[derive(Deserialize)]
struct Merged {
    wiki: String,
    url: String,
    timestamp: Option<String>,
    method: Option<String>,
    #[serde(default)]
    editcount: u64,
    groups: Option<List<String>>,
    blocked: Option<Blocked>,
}

#[derive(Deserialize)]
struct Blocked {
    expiry: Option<String>,
    reason: Option<String>,
}

impl Merged {
    fn into_account(self, wiki: WikiId, now: DateTime<Utc>) -> AttachedAccount {
        let block = self.blocked.map(|blocked| {
            let reason = blocked.reason.unwrap_or_default();
            format!("{} {reason}", expiry(blocked.expiry.as_deref()))
        });
        AttachedAccount {
            wiki,
            url: self.url,
            attached_at: instant(self.timestamp.as_deref(), now),
            attached_by: self.method,
            edit_count: self.editcount,
            groups: self.groups.unwrap_or_default().0.into_iter().collect(),
            block,
        }
    }
}

/// An instant. CentralAuth prints the present time where it knows none, so "now" means unknown; the
/// minute covers clocks that differ.
fn instant(text: Option<&str>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    text.and_then(|text| text.parse::<DateTime<Utc>>().ok())
        .filter(|instant| (*instant - now).abs() > TimeDelta::minutes(1))
}
