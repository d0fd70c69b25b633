//! The changes of some runs.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use sqlx::SqliteConnection;

use super::{
    Filter, Store, StoreError,
    numbers::{entries, instant, texts},
    questions::glob,
};
use crate::model::{Kind, RunNumber};

/// A row of the view `changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct ChangeRow {
    pub run: i64,
    pub user: Arc<str>,
    pub wiki: Arc<str>,
    pub kind: Arc<str>,
    pub name: Arc<str>,
    pub before: Option<Arc<str>>,
    pub after: Option<Arc<str>>,
    pub happened_after: String,
    pub happened_by: String,
    pub cause: Arc<str>,
    pub performer: Option<String>,
    pub comment: Option<String>,
}

impl ChangeRow {
    /// The column `change`: whether it came, went or is another now.
    pub fn change(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "+",
            (_, None) => "-",
            _ => "~",
        }
    }
}

/// What the numbers of a change stand for, but for its values.
struct Words {
    /// User and wiki.
    accounts: HashMap<i64, (Arc<str>, Arc<str>)>,
    /// Kind and name.
    properties: HashMap<i64, (Arc<str>, Arc<str>)>,
    causes: HashMap<i64, Arc<str>>,
}

/// A change, in numbers. Instants are Unix seconds.
struct Numbers {
    run: i64,
    account: i64,
    property: i64,
    before: Option<i64>,
    after: Option<i64>,
    happened_after: i64,
    happened_by: i64,
    cause: i64,
    log_event: Option<i64>,
}

impl Store {
    /// The changes of the runs after `from` up to and with `to`, in the order of users, wikis, kinds and
    /// names, the runs of one property in order.
    pub async fn changes_between(
        &self,
        filter: &Filter,
        from: RunNumber,
        to: RunNumber,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        let asked = async {
            let mut look = self.pool.begin().await?;
            let words = words(&mut look, filter).await?;
            let changes = numbers(&mut look, filter, from, to, &words).await?;
            rows(&mut look, &words, changes).await
        };
        let mut rows = asked.await.map_err(|error| self.error(error))?;
        let key = |row: &ChangeRow| {
            let words = [&row.user, &row.wiki, &row.kind, &row.name];
            (words.map(Arc::clone), row.run)
        };
        rows.sort_by_cached_key(key);
        Ok(rows)
    }
}

async fn words(connection: &mut SqliteConnection, filter: &Filter) -> sqlx::Result<Words> {
    let accounts = sqlx::query!(
        r#"
        select a.id, u.name as user, a.wiki
        from account a
        join user u on u.id = a.user
        where (?1 is null or a.user = ?1) and (?2 is null or a.wiki = ?2)
        "#,
        filter.user,
        filter.wiki
    )
    .fetch_all(&mut *connection)
    .await?;
    let (kind, pattern) = (
        filter.kind.map(Kind::as_str),
        filter.name.as_deref().map(glob),
    );
    let properties = sqlx::query!(
        r#"
        select id, kind, name from property
        where (?1 is null or kind = ?1) and (?2 is null or name glob ?2)
        "#,
        kind,
        pattern
    )
    .fetch_all(&mut *connection)
    .await?;
    let causes = sqlx::query!("select id, cause from cause")
        .fetch_all(connection)
        .await?;
    let accounts = accounts.into_iter();
    let properties = properties.into_iter();
    let causes = causes.into_iter();
    Ok(Words {
        accounts: accounts
            .map(|row| (row.id, (row.user.into(), row.wiki.into())))
            .collect(),
        properties: properties
            .map(|row| (row.id, (row.kind.into(), row.name.into())))
            .collect(),
        causes: causes.map(|row| (row.id, row.cause.into())).collect(),
    })
}

/// The changes of these accounts and properties.
async fn numbers(
    connection: &mut SqliteConnection,
    filter: &Filter,
    from: RunNumber,
    to: RunNumber,
    words: &Words,
) -> sqlx::Result<Vec<Numbers>> {
    // A range of the primary key: all accounts, or one.
    let first = words.accounts.keys().min().copied();
    let last = words.accounts.keys().max().copied();
    let runs = sqlx::query!(
        r#"
        select r.id, r.started_at, r.finished_at,
            (
                select group_concat(
                    c.account || ' ' || c.property || ' ' || coalesce(c.before, '') || ' '
                    || coalesce(c.after, '') || ' ' || c.cause || ' ' || coalesce(c.log_event, '')
                    || ' ' || (sr.started_at + ss.after_ms / 1000) || ' '
                    || (r.started_at + fs.after_ms / 1000)
                )
                from change c
                cross join snapshot fs on fs.run = c.run and fs.account = c.account
                cross join snapshot ss on ss.run = c.before_seen and ss.account = c.account
                cross join run sr on sr.id = c.before_seen
                where c.run = r.id and c.account >= ?4 and c.account <= ?5
            ) as "changes: String"
        from run r
        where r.id > ?1 and r.id <= ?2 and (?3 is null or r.user = ?3)
        "#,
        from.0,
        to.0,
        filter.user,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let mut changes = Vec::new();
    for run in runs {
        for entry in entries(run.changes.as_deref()) {
            let [
                account,
                property,
                before,
                after,
                cause,
                log_event,
                seen,
                found,
            ] = entry;
            let (Some(account), Some(property)) = (account, property) else {
                continue;
            };
            let Some((kind, _)) = words.properties.get(&property) else {
                continue;
            };
            let (Some(cause), Some(seen), Some(found)) = (cause, seen, found) else {
                continue;
            };
            // Global preferences are asked at the end of a run.
            let asked_at_the_end = run
                .finished_at
                .filter(|_| **kind == *Kind::GlobalPreference.as_str());
            changes.push(Numbers {
                run: run.id,
                account,
                property,
                before,
                after,
                happened_after: seen,
                happened_by: asked_at_the_end.unwrap_or(found),
                cause,
                log_event,
            });
        }
    }
    Ok(changes)
}

async fn rows(
    connection: &mut SqliteConnection,
    words: &Words,
    changes: Vec<Numbers>,
) -> sqlx::Result<Vec<ChangeRow>> {
    let values: BTreeSet<i64> = changes
        .iter()
        .flat_map(|change| [change.before, change.after])
        .flatten()
        .collect();
    let texts = texts(&mut *connection, &values).await?;
    let text = |number: Option<i64>| {
        let text = texts.get(&number?)?;
        Some(Arc::clone(&text.json))
    };
    let events = events(connection, &changes).await?;
    let rows = changes.into_iter().filter_map(|change| {
        let (user, wiki) = words.accounts.get(&change.account)?;
        let (kind, name) = words.properties.get(&change.property)?;
        let event = change.log_event.and_then(|event| events.get(&event));
        let (performer, comment) = event.cloned().unwrap_or_default();
        Some(ChangeRow {
            run: change.run,
            user: Arc::clone(user),
            wiki: Arc::clone(wiki),
            kind: Arc::clone(kind),
            name: Arc::clone(name),
            before: text(change.before),
            after: text(change.after),
            happened_after: instant(change.happened_after),
            happened_by: instant(change.happened_by),
            cause: Arc::clone(words.causes.get(&change.cause)?),
            performer,
            comment,
        })
    });
    Ok(rows.collect())
}

/// Who did it, and why they said they did.
async fn events(
    connection: &mut SqliteConnection,
    changes: &[Numbers],
) -> sqlx::Result<HashMap<i64, (Option<String>, Option<String>)>> {
    let events: BTreeSet<i64> = changes
        .iter()
        .filter_map(|change| change.log_event)
        .collect();
    let events = serde_json::json!(events).to_string();
    let rows = sqlx::query!(
        r#"
        select id, performer, comment from log_event
        where id in (select value from json_each(?1))
        "#,
        events
    )
    .fetch_all(connection)
    .await?;
    let events = rows.into_iter();
    Ok(events
        .map(|row| (row.id, (row.performer, row.comment)))
        .collect())
}
