//! Where the logs and what was observed say different things. Both are kept; neither is corrected.
//!
//! Only what a log says outright counts: an entry that lacks its details, as those before about 2012
//! do, says nothing, and neither does the absence of entries.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use super::{Filter, Store, StoreError};
use crate::model::{Subject, WikiId, utc_text};

/// What happened shortly before an observation may not have been in it yet.
const LAG: TimeDelta = TimeDelta::minutes(10);

/// One thing of which the log says that it holds and the latest observation that it does not, or the
/// other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisagreementRow {
    /// Whose account.
    pub user: String,
    /// Where; `global` for the global account.
    pub wiki: String,
    /// `group`, `global_group`, `block` or `lock`.
    pub kind: String,
    /// Which group; empty for a block.
    pub name: String,
    /// Whether it holds, by the log.
    pub by_log: bool,
    /// Whether it holds, by the latest observation.
    pub by_observation: bool,
    /// The wiki in whose log the entry stands.
    pub logged_on: String,
    /// The entry.
    pub log_id: i64,
    /// When it was made.
    pub logged_at: String,
    /// When the account was last observed.
    pub observed_at: String,
}

/// The newest entry of one kind about one account.
struct Told {
    user: i64,
    user_name: String,
    wiki: String,
    subject: Subject,
    logged_on: String,
    log_id: i64,
    logged_at: DateTime<Utc>,
    action: String,
    params: Json,
}

impl Store {
    /// Where the newest log entries and the latest observations say different things.
    pub async fn disagreements(&self, filter: &Filter) -> Result<Vec<DisagreementRow>, StoreError> {
        let mut found = Vec::new();
        for told in self.newest_entries(filter).await? {
            let Some(observed) = self.observed(&told).await? else {
                continue;
            };
            if told.logged_at > observed.at - LAG {
                continue;
            }
            for (name, by_log) in says(&told, observed.at, &observed.names) {
                let by_observation = match told.subject {
                    Subject::Blocks => !observed.names.is_empty(),
                    _ => observed.names.contains(&name),
                };
                if by_log == by_observation {
                    continue;
                }
                found.push(DisagreementRow {
                    user: told.user_name.clone(),
                    wiki: told.wiki.clone(),
                    kind: kind(told.subject).to_owned(),
                    name,
                    by_log,
                    by_observation,
                    logged_on: told.logged_on.clone(),
                    log_id: told.log_id,
                    logged_at: utc_text(told.logged_at),
                    observed_at: utc_text(observed.at),
                });
            }
        }
        Ok(found)
    }

    /// Of each log about each account the newest entry. Two of one second on different wikis have no
    /// order, and say nothing.
    async fn newest_entries(&self, filter: &Filter) -> Result<Vec<Told>, StoreError> {
        let rows = sqlx::query!(
            r#"
            select l.user as "user!", u.name as "user_name!", l.wiki as "wiki!", l.type as "type!",
                l.logged_on as "logged_on!", l.log_id as "log_id!", l.logged_at as "logged_at!",
                l.action as "action!", l.params as "params!"
            from log_event l join user u on u.id = l.user
            where l.type in ('rights', 'gblrights', 'block', 'globalauth')
                and (?1 is null or l.user = ?1) and (?2 is null or l.wiki = ?2)
            order by l.user, l.wiki, l.logged_at, l.log_id
            "#,
            filter.user,
            filter.wiki
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let mut newest: BTreeMap<(i64, String, Subject), Option<Told>> = BTreeMap::new();
        for row in rows {
            let subject = match row.r#type.as_str() {
                "rights" => Subject::Groups,
                "gblrights" => Subject::GlobalGroups,
                "block" => Subject::Blocks,
                _ => Subject::Lock,
            };
            let told = Told {
                user: row.user,
                user_name: row.user_name,
                wiki: row.wiki,
                subject,
                logged_on: row.logged_on,
                log_id: row.log_id,
                logged_at: DateTime::from_timestamp(row.logged_at, 0).unwrap_or_default(),
                action: row.action,
                params: serde_json::from_str(&row.params).unwrap_or_default(),
            };
            let key = (told.user, told.wiki.clone(), subject);
            let before = newest.insert(key.clone(), None).flatten();
            let is_tie = before.is_some_and(|before| {
                before.logged_at == told.logged_at && before.logged_on != told.logged_on
            });
            newest.insert(key, (!is_tie).then_some(told));
        }
        Ok(newest.into_values().flatten().collect())
    }

    /// What the account holds of that kind, and when that was last observed.
    async fn observed(&self, told: &Told) -> Result<Option<Observed>, StoreError> {
        let (kind, subject) = (kind(told.subject), told.subject as u32);
        let rows = sqlx::query!(
            r#"
            select o.at as "at!: i64", p.name as "name?"
            from account a
            join observations o on o.account = a.id and o.run = a.observed_run
            left join out_of_sight s on s.account = a.id and s.subject = ?4
            left join property p on p.kind = ?3
                and p.id in (select h.property from held h where h.id = (a.id << 18) | p.id)
            where a.user = ?1 and a.wiki = ?2 and a.coverage & ?4 <> 0 and s.account is null
            "#,
            told.user,
            told.wiki,
            kind,
            subject
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(Observed {
            at: DateTime::from_timestamp(first.at, 0).unwrap_or_default(),
            names: rows.into_iter().filter_map(|row| row.name).collect(),
        }))
    }
}

struct Observed {
    at: DateTime<Utc>,
    names: BTreeSet<String>,
}

fn kind(subject: Subject) -> &'static str {
    match subject {
        Subject::Groups => "group",
        Subject::GlobalGroups => "global_group",
        Subject::Blocks => "block",
        _ => "lock",
    }
}

/// What an entry says to hold or not at an instant. Of groups that it does not name it says that they
/// are not held: it names all.
fn says(told: &Told, at: DateTime<Utc>, observed: &BTreeSet<String>) -> Vec<(String, bool)> {
    let params = &told.params;
    match told.subject {
        Subject::Groups | Subject::GlobalGroups => {
            let (groups, memberships) = if told.wiki == WikiId::GLOBAL {
                ("newGroups", "newMetadata")
            } else {
                ("newgroups", "newmetadata")
            };
            let Some(groups) = texts(params, groups) else {
                return Vec::new();
            };
            let ended = ended(params.get(memberships), at);
            let held = groups.iter().filter(|group| !ended.contains(*group));
            let held = held.map(|group| (group.clone(), true));
            let not_held = observed.iter().filter(|group| !groups.contains(*group));
            held.chain(not_held.map(|group| (group.clone(), false)))
                .collect()
        }
        Subject::Lock => {
            let (Some(added), Some(removed)) = (texts(params, "added"), texts(params, "removed"))
            else {
                return Vec::new();
            };
            let added = added.into_iter().map(|name| (name, true));
            let removed = removed.into_iter().map(|name| (name, false));
            let known = |(name, _): &(String, bool)| name == "locked";
            added.chain(removed).filter(known).collect()
        }
        _ => says_of_block(told, at).into_iter().collect(),
    }
}

/// Where an account can have several blocks, an entry tells of one of them.
fn says_of_block(told: &Told, at: DateTime<Utc>) -> Option<(String, bool)> {
    if told.params.get("blockId").is_some() {
        return None;
    }
    let is_blocked = match told.action.as_str() {
        "unblock" => false,
        "block" | "reblock" => {
            let text = |name: &str| told.params.get(name).and_then(Json::as_str);
            match (
                text("expiry").map(str::parse::<DateTime<Utc>>),
                text("duration"),
            ) {
                // It has ended by itself, and nothing is logged then.
                (Some(Ok(expiry)), _) if expiry <= at => return None,
                (Some(Ok(_)), _) | (_, Some("infinity" | "infinite" | "indefinite")) => true,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some((String::new(), is_blocked))
}

/// A list of texts; `None` if it is anything else.
fn texts(params: &Json, name: &str) -> Option<Vec<String>> {
    let list = params.get(name)?.as_array()?;
    list.iter()
        .map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// The groups whose time was over.
fn ended(memberships: Option<&Json>, at: DateTime<Utc>) -> BTreeSet<String> {
    let memberships = memberships.and_then(Json::as_array);
    let ended = |membership: &Json| {
        let expiry: DateTime<Utc> = membership.get("expiry")?.as_str()?.parse().ok()?;
        let group = membership.get("group")?.as_str()?;
        (expiry <= at).then(|| group.to_owned())
    };
    memberships
        .into_iter()
        .flatten()
        .filter_map(ended)
        .collect()
}
