//! The changes of some runs.

use std::{collections::HashMap, sync::Arc};

use sqlx::SqliteConnection;

use super::{
    Filter, Store, StoreError,
    instants::Wanted,
    numbers::{
        Account, NONE, Numbers, Pairs, Ranked, accounts, entries, instant, properties, texts,
    },
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
    accounts: Ranked<Account>,
    /// Kind and name.
    properties: Pairs,
    causes: Ranked<Arc<str>>,
}

/// The changes that a run found, as numbers in texts of which each has an entry for every change.
struct Packed {
    run: i64,
    finished_at: Option<i64>,
    /// The run of this user before it: there most accounts were last seen.
    previous: Option<i64>,
    /// `account << 22` plus `property << 4` plus `cause`; then `before_seen` where it is not `previous` or
    /// there is a log event, and that.
    keys: String,
    /// `before << 32` plus `after`; [`NO_VALUE`] where there is none.
    values: String,
}

/// No row of `property_value`. So many would not fit into a database.
const NO_VALUE: i64 = 0x7fff_ffff;

/// A change, in numbers: rows, and the ranks of its account and its property.
struct Found {
    account: usize,
    property: usize,
    run: i64,
    before: Option<i64>,
    after: Option<i64>,
    seen: i64,
    /// When the run asked, where that is not when the account answered.
    asked_at: Option<Arc<str>>,
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
            changes.sort_by_cached_key(|change| (change.account, change.property, change.run));
            rows(&mut look, &words, changes).await
        };
        asked.await.map_err(|error| self.error(error))
    }
}

async fn words(connection: &mut SqliteConnection, filter: &Filter) -> sqlx::Result<Words> {
    let accounts = accounts(&mut *connection, filter).await?;
    let properties = properties(&mut *connection, filter.kind, filter).await?;
    let causes = sqlx::query!("select id, cause from cause")
        .fetch_all(connection)
        .await?;
    let causes = causes.into_iter();
    Ok(Words {
        accounts,
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
        select r.id as "run!", r.finished_at, p.id as "previous?: i64",
            group_concat(
                case when c.log_event is not null
                then (c.account * 4194304 + c.property * 16 + c.cause) || ' ' || c.before_seen
                    || ' ' || c.log_event
                when c.before_seen is not p.id
                then (c.account * 4194304 + c.property * 16 + c.cause) || ' ' || c.before_seen
                else c.account * 4194304 + c.property * 16 + c.cause end
            ) as "keys!: String",
            group_concat(
                coalesce(c.before, 2147483647) * 4294967296 + coalesce(c.after, 2147483647)
            ) as "values!: String"
        from run r
        left join run p on p.id = (select max(id) from run where user = r.user and id < r.id)
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
        let finished_at = run.finished_at.map(|at| instant(at).into());
        let all = entries(&run.keys).zip(entries(&run.values));
        let found = all.filter_map(|(key, [values])| {
            let seen = run.previous.unwrap_or(NONE);
            change(run.run, finished_at.as_ref(), seen, key, values, words)
        });
        changes.extend(found);
    }
    Ok(changes)
}

/// One change of a run, if it is asked for; before, the account was seen in the run `previous` unless the
/// entry names another.
fn change(
    run: i64,
    finished_at: Option<&Arc<str>>,
    previous: i64,
    [key, seen, log_event]: [i64; 3],
    values: i64,
    words: &Words,
) -> Option<Found> {
    let property = words.properties.rank((key >> 4) & 0x3_ffff)?;
    let (kind, _) = words.properties.words().get(property)?;
    let value = |number: i64| (number != NO_VALUE).then_some(number);
    // Global preferences are asked at the end of a run.
    let is_asked_at_the_end = **kind == *Kind::GlobalPreference.as_str();
    Some(Found {
        account: words.accounts.rank(key >> 22)?,
        property,
        run,
        before: value(values >> 32),
        after: value(values & 0xffff_ffff),
        seen: if seen == NONE { previous } else { seen },
        asked_at: finished_at.filter(|_| is_asked_at_the_end).cloned(),
        cause: key & 0xf,
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
        let Some(account) = words.accounts.words().get(change.account) else {
            continue;
        };
        for run in [change.seen, change.run] {
            wanted.add(run, account.ordinal);
        }
        events.add(change.log_event);
    }
    let texts = texts(&mut *connection, &values).await?;
    let instants = wanted.ask(&mut *connection).await?;
    let events = log_events(connection, &events).await?;
    let text = |value: Option<i64>| Some(Arc::clone(&texts.word(value?)?.json));
    let rows = changes.into_iter().filter_map(|change| {
        let account = words.accounts.words().get(change.account)?;
        let (kind, name) = words.properties.words().get(change.property)?;
        let at = |run: i64| instants.at(run, account.ordinal).cloned();
        let happened_by = match change.asked_at {
            Some(asked_at) => asked_at,
            None => at(change.run)?,
        };
        let (performer, comment) = events.get(&change.log_event).cloned().unwrap_or_default();
        Some(ChangeRow {
            run: change.run,
            user: Arc::clone(&account.user),
            wiki: Arc::clone(&account.wiki),
            kind: Arc::clone(kind),
            name: Arc::clone(name),
            before: text(change.before),
            after: text(change.after),
            happened_after: at(change.seen)?,
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
