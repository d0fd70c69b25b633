//! The changes of some runs.

use std::{collections::HashMap, sync::Arc};

use sqlx::{SqliteConnection, types::Json};

use super::{
    Filter, Store, StoreError,
    numbers::{Numbers, Ranked, each_entry, instant, pair, properties, texts},
};
use crate::model::{Kind, RunNumber, change_sign};

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
        change_sign(self.before.as_ref(), self.after.as_ref())
    }
}

/// What the numbers of a change stand for, but for its values.
struct Words {
    /// User and wiki.
    accounts: Ranked<(Arc<str>, Arc<str>)>,
    /// Kind and name.
    properties: Ranked<(Arc<str>, Arc<str>)>,
    causes: Ranked<Arc<str>>,
}

/// A change, in numbers: accounts and properties by their ranks, instants in Unix seconds.
struct Found {
    account: usize,
    property: usize,
    run: i64,
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
            let mut changes = numbers(&mut look, filter, from, to, &words).await?;
            changes.sort_unstable_by_key(|change| (change.account, change.property, change.run));
            rows(&mut look, &words, changes).await
        };
        asked.await.map_err(|error| self.error(error))
    }
}

async fn words(connection: &mut SqliteConnection, filter: &Filter) -> sqlx::Result<Words> {
    let accounts = sqlx::query_scalar!(
        r#"
        select json_group_array(json_array(a.id, u.name, a.wiki) order by u.name, a.wiki)
            as "accounts!: Json<Vec<(i64, String, String)>>"
        from account a
        join user u on u.id = a.user
        where (?1 is null or a.user = ?1) and (?2 is null or a.wiki = ?2)
        "#,
        filter.user,
        filter.wiki
    )
    .fetch_one(&mut *connection)
    .await?;
    let properties = properties(&mut *connection, filter.kind, filter).await?;
    let causes = sqlx::query!("select id, cause from cause")
        .fetch_all(connection)
        .await?;
    let causes = causes.into_iter();
    Ok(Words {
        accounts: accounts.0.into_iter().map(pair).collect(),
        properties,
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
) -> sqlx::Result<Vec<Found>> {
    // A range of the primary key: all accounts, or one.
    let Some((first, last)) = words.accounts.bounds() else {
        return Ok(Vec::new());
    };
    let runs = sqlx::query!(
        r#"
        with told as materialized (
            select r.id, r.finished_at, (
                select group_concat(
                    format(
                        '%d %d %d %d %d %d %d %d',
                        c.account, c.property, coalesce(c.before, -1), coalesce(c.after, -1), c.cause,
                        coalesce(c.log_event, -1), sr.started_at + ss.after_ms / 1000,
                        r.started_at + fs.after_ms / 1000
                    )
                )
                from change c
                cross join snapshot fs on fs.run = c.run and fs.account = c.account
                cross join snapshot ss on ss.run = c.before_seen and ss.account = c.account
                cross join run sr on sr.id = c.before_seen
                where c.run = r.id and c.account >= ?4 and c.account <= ?5
            ) as changes
            from run r
            where r.id > ?1 and r.id <= ?2 and (?3 is null or r.user = ?3)
        )
        select id as "id!", finished_at, changes as "changes!: String"
        from told
        where changes is not null
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
        each_entry(Some(&run.changes), |entry| {
            changes.extend(change(entry, run.id, run.finished_at, words));
        });
    }
    Ok(changes)
}

/// One change, if it is asked for. Rows that it has none of have the number -1.
fn change(
    [
        account,
        property,
        before,
        after,
        cause,
        log_event,
        seen,
        found,
    ]: [i64; 8],
    run: i64,
    finished_at: Option<i64>,
    words: &Words,
) -> Option<Found> {
    let property = words.properties.rank(property)?;
    let (kind, _) = words.properties.words().get(property)?;
    let row = |number: i64| (number >= 0).then_some(number);
    // Global preferences are asked at the end of a run.
    let asked_at = finished_at.filter(|_| **kind == *Kind::GlobalPreference.as_str());
    Some(Found {
        account: words.accounts.rank(account)?,
        property,
        run,
        before: row(before),
        after: row(after),
        happened_after: seen,
        happened_by: asked_at.unwrap_or(found),
        cause,
        log_event: row(log_event),
    })
}

async fn rows(
    connection: &mut SqliteConnection,
    words: &Words,
    changes: Vec<Found>,
) -> sqlx::Result<Vec<ChangeRow>> {
    let mut values = Numbers::default();
    for change in &changes {
        for value in [change.before, change.after].into_iter().flatten() {
            values.add(value);
        }
    }
    let texts = texts(&mut *connection, &values).await?;
    let text = |value: Option<i64>| Some(Arc::clone(&texts.word(value?)?.json));
    let events = events(connection, &changes).await?;
    let rows = changes.into_iter().filter_map(|change| {
        let (user, wiki) = words.accounts.words().get(change.account)?;
        let (kind, name) = words.properties.words().get(change.property)?;
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
            cause: Arc::clone(words.causes.word(change.cause)?),
            performer,
            comment,
        })
    });
    Ok(rows.collect())
}

/// Who did it, and why they said they did.
async fn events(
    connection: &mut SqliteConnection,
    changes: &[Found],
) -> sqlx::Result<HashMap<i64, (Option<String>, Option<String>)>> {
    let mut events = Numbers::default();
    for event in changes.iter().filter_map(|change| change.log_event) {
        events.add(event);
    }
    let events = events.json();
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
