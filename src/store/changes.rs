//! The changes of some runs.

use std::{collections::HashMap, sync::Arc};

use sqlx::{SqliteConnection, types::Json};

use super::{
    Filter, Store, StoreError,
    instants::Wanted,
    numbers::{Numbers, Pairs, Ranked, entries, properties, texts},
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
    pub happened_after: Arc<str>,
    pub happened_by: Arc<str>,
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
    accounts: Pairs,
    /// Kind and name.
    properties: Pairs,
    causes: Ranked<Arc<str>>,
}

/// The changes that a run found, as numbers in texts of which each has an entry for every change.
struct Packed {
    run: i64,
    finished_at: Option<i64>,
    /// `account << 18 | property`.
    keys: String,
    /// `before << 32 | after`; [`NO_VALUE`] where there is none.
    values: String,
    /// `before_seen << 16 | cause`, and the log event if there is one.
    causes: String,
}

/// No row of `property_value`.
const NO_VALUE: i64 = 0xffff_ffff;

/// A change, in numbers: rows, and the ranks of its account and its property.
struct Found {
    account: usize,
    account_row: i64,
    property: usize,
    run: i64,
    before: Option<i64>,
    after: Option<i64>,
    seen: i64,
    /// When the run asked, where that is not when the account answered.
    asked_at: Option<i64>,
    cause: i64,
    log_event: i64,
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
            let mut changes = found(&mut look, filter, from, to, &words).await?;
            changes.sort_unstable_by_key(|change| (change.account, change.property, change.run));
            rows(&mut look, &words, changes).await
        };
        asked.await.map_err(|error| self.error(error))
    }
}

async fn words(connection: &mut SqliteConnection, filter: &Filter) -> sqlx::Result<Words> {
    let accounts = sqlx::query_scalar!(
        r#"
        select json_group_array(json_array(a.id, u.name, a.wiki))
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
        accounts: Pairs::sorted(accounts.0),
        properties,
        causes: causes.map(|row| (row.id, row.cause.into())).collect(),
    })
}

/// The changes of these accounts and properties.
async fn found(
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
    let runs = sqlx::query_as!(
        Packed,
        r#"
        select r.id as "run!", r.finished_at,
            group_concat((c.account << 18) | c.property) as "keys!: String",
            group_concat(
                (coalesce(c.before, 4294967295) << 32) | coalesce(c.after, 4294967295)
            ) as "values!: String",
            group_concat(
                case when c.log_event is null then (c.before_seen << 16) | c.cause
                else ((c.before_seen << 16) | c.cause) || ' ' || c.log_event end
            ) as "causes!: String"
        from run r
        cross join change c on c.run = r.id and c.account between ?4 and ?5
        where r.id > ?1 and r.id <= ?2 and (?3 is null or r.user = ?3)
        group by r.id
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
    for run in &runs {
        let values = entries(&run.values);
        let causes = entries(&run.causes);
        let all = entries(&run.keys).zip(values).zip(causes);
        let found =
            all.filter_map(|(([key], [values]), cause)| change(run, key, values, cause, words));
        changes.extend(found);
    }
    Ok(changes)
}

/// One change, if it is asked for.
fn change(
    run: &Packed,
    key: i64,
    values: i64,
    [cause, log_event]: [i64; 2],
    words: &Words,
) -> Option<Found> {
    let property = words.properties.rank(key & 0x3_ffff)?;
    let (kind, _) = words.properties.words().get(property)?;
    let value = |number: i64| (number & NO_VALUE != NO_VALUE).then_some(number & NO_VALUE);
    // Global preferences are asked at the end of a run.
    let is_asked_at_the_end = **kind == *Kind::GlobalPreference.as_str();
    Some(Found {
        account: words.accounts.rank(key >> 18)?,
        account_row: key >> 18,
        property,
        run: run.run,
        before: value(values >> 32),
        after: value(values),
        seen: cause >> 16,
        asked_at: run.finished_at.filter(|_| is_asked_at_the_end),
        cause: cause & 0xffff,
        log_event,
    })
}

async fn rows(
    connection: &mut SqliteConnection,
    words: &Words,
    changes: Vec<Found>,
) -> sqlx::Result<Vec<ChangeRow>> {
    let (mut values, mut events) = (Numbers::default(), Numbers::default());
    let mut wanted = Wanted::default();
    for change in &changes {
        for value in [change.before, change.after].into_iter().flatten() {
            values.add(value);
        }
        for run in [change.seen, change.run] {
            wanted.add(run, change.account_row);
        }
        events.add(change.log_event);
    }
    let texts = texts(&mut *connection, &values).await?;
    let mut instants = wanted.ask(&mut *connection).await?;
    let events = log_events(connection, &events).await?;
    let text = |value: Option<i64>| Some(Arc::clone(&texts.word(value?)?.json));
    let rows = changes.into_iter().filter_map(|change| {
        let (user, wiki) = words.accounts.words().get(change.account)?;
        let (kind, name) = words.properties.words().get(change.property)?;
        let happened_by = match change.asked_at {
            Some(asked_at) => instants.text(asked_at),
            None => instants.at(change.run, change.account_row)?,
        };
        let (performer, comment) = events.get(&change.log_event).cloned().unwrap_or_default();
        Some(ChangeRow {
            run: change.run,
            user: Arc::clone(user),
            wiki: Arc::clone(wiki),
            kind: Arc::clone(kind),
            name: Arc::clone(name),
            before: text(change.before),
            after: text(change.after),
            happened_after: instants.at(change.seen, change.account_row)?,
            happened_by,
            cause: Arc::clone(words.causes.word(change.cause)?),
            performer,
            comment,
        })
    });
    Ok(rows.collect())
}

/// Who did it, and why they said they did.
async fn log_events(
    connection: &mut SqliteConnection,
    events: &Numbers,
) -> sqlx::Result<HashMap<i64, (Option<String>, Option<String>)>> {
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
