//! The changes of some runs.

use std::{collections::HashMap, sync::Arc};

use sqlx::SqliteConnection;

use super::{
    Filter, Store, StoreError,
    instants::{Instants, Wanted},
    numbers::{
        Account, NONE, Numbers, Pairs, Ranked, Text, accounts, entries, instant, properties, texts,
    },
};
use crate::model::{Kind, RunNumber, change_sign};

/// A row of the view `changes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct ChangeRow<'a> {
    pub run: i64,
    pub user: &'a Arc<str>,
    pub wiki: &'a Arc<str>,
    pub kind: &'a Arc<str>,
    pub name: &'a Arc<str>,
    pub before: Option<&'a Arc<str>>,
    pub after: Option<&'a Arc<str>>,
    pub happened_after: &'a Arc<str>,
    pub happened_by: &'a Arc<str>,
    pub cause: &'a Arc<str>,
    pub performer: Option<&'a str>,
    pub comment: Option<&'a str>,
}

impl ChangeRow<'_> {
    /// The column `change`: whether it came, went or is another now.
    pub fn change(&self) -> &'static str {
        change_sign(self.before, self.after)
    }
}

/// The changes of some runs. They are many, so they are kept as numbers, and put into words when they are
/// looked at.
pub struct Changes {
    words: Words,
    found: Vec<Found>,
    texts: Ranked<Text>,
    instants: Instants,
    events: Ranked<Event>,
    /// When the runs ended: that is when they asked for global preferences.
    ended_at: HashMap<i64, Arc<str>>,
}

/// What the numbers of a change stand for, but for its values.
struct Words {
    accounts: Ranked<Account>,
    /// Kind and name.
    properties: Pairs,
    causes: Ranked<Arc<str>>,
}

/// Who did it, and why they said they did.
struct Event {
    performer: Option<String>,
    comment: Option<String>,
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
const NO_VALUE: u32 = 0x7fff_ffff;

/// A change, in numbers: rows, and the ranks of its account and its property.
struct Found {
    account: u32,
    property: u32,
    run: i64,
    seen: i64,
    before: u32,
    after: u32,
    cause: i64,
    log_event: i64,
}

impl Changes {
    /// In the order of users, wikis, kinds and names, the runs of one property in order.
    pub fn rows(&self) -> impl Iterator<Item = ChangeRow<'_>> {
        self.found.iter().filter_map(|change| self.row(change))
    }

    /// One of them. Without its observations it would be in no view either.
    fn row(&self, change: &Found) -> Option<ChangeRow<'_>> {
        let account = self.words.accounts.words().get(change.account as usize)?;
        let (kind, name) = self
            .words
            .properties
            .words()
            .get(change.property as usize)?;
        let text = |value: u32| match value {
            NO_VALUE => None,
            value => Some(&self.texts.word(value.into())?.json),
        };
        let at = |run: i64| self.instants.at(run, account.ordinal);
        let asked_at_the_end = if **kind == *Kind::GlobalPreference.as_str() {
            self.ended_at.get(&change.run)
        } else {
            None
        };
        let event = self.events.word(change.log_event);
        Some(ChangeRow {
            run: change.run,
            user: &account.user,
            wiki: &account.wiki,
            kind,
            name,
            before: text(change.before),
            after: text(change.after),
            happened_after: at(change.seen)?,
            happened_by: asked_at_the_end.or_else(|| at(change.run))?,
            cause: self.words.causes.word(change.cause)?,
            performer: event.and_then(|event| event.performer.as_deref()),
            comment: event.and_then(|event| event.comment.as_deref()),
        })
    }
}

impl Store {
    /// The changes of the runs after `from` up to and with `to`.
    pub async fn changes_between(
        &self,
        filter: &Filter,
        from: RunNumber,
        to: RunNumber,
    ) -> Result<Changes, StoreError> {
        let asked = async {
            let mut look = self.pool.begin().await?;
            changes(&mut look, filter, from, to).await
        };
        asked.await.map_err(|error| self.error(error))
    }
}

async fn changes(
    connection: &mut SqliteConnection,
    filter: &Filter,
    from: RunNumber,
    to: RunNumber,
) -> sqlx::Result<Changes> {
    let words = words(&mut *connection, filter).await?;
    let (mut found, ended_at) = find(&mut *connection, filter, from, to, &words).await?;
    let (mut values, mut events) = (Numbers::default(), Numbers::default());
    let mut wanted = Wanted::default();
    for change in &found {
        for value in [change.before, change.after] {
            if value != NO_VALUE {
                values.add(value.into());
            }
        }
        if let Some(account) = words.accounts.words().get(change.account as usize) {
            wanted.add(change.seen, account.ordinal);
            wanted.add(change.run, account.ordinal);
        }
        events.add(change.log_event);
    }
    // The runs of one property stay in order.
    found.sort_by_cached_key(|change| (change.account, change.property));
    Ok(Changes {
        words,
        found,
        texts: texts(&mut *connection, &values).await?,
        instants: wanted.ask(&mut *connection).await?,
        events: log_events(connection, &events).await?,
        ended_at,
    })
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

/// The changes of these accounts and properties, run by run, and when the runs ended.
async fn find(
    connection: &mut SqliteConnection,
    filter: &Filter,
    from: RunNumber,
    to: RunNumber,
    words: &Words,
) -> sqlx::Result<(Vec<Found>, HashMap<i64, Arc<str>>)> {
    // A range of the primary key: all accounts, or one.
    let Some((first, last)) = words.accounts.bounds() else {
        return Ok(Default::default());
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
        order by r.id
        "#,
        from.0,
        to.0,
        filter.user,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    let (mut found, mut ended_at) = (Vec::new(), HashMap::new());
    for run in runs {
        let changes = entries(&run.keys).zip(entries(&run.values));
        found.extend(changes.filter_map(|(key, [values])| Found::new(&run, key, values, words)));
        if let Some(at) = run.finished_at {
            ended_at.insert(run.run, instant(at).into());
        }
    }
    Ok((found, ended_at))
}

impl Found {
    /// From entries of both texts. None where it is not asked for, or tells of what cannot be.
    fn new(
        run: &Packed,
        [key, seen, log_event]: [i64; 3],
        values: i64,
        words: &Words,
    ) -> Option<Self> {
        Some(Self {
            account: u32::try_from(words.accounts.rank(key >> 22)?).ok()?,
            property: u32::try_from(words.properties.rank((key >> 4) & 0x3_ffff)?).ok()?,
            run: run.run,
            seen: match seen {
                NONE => run.previous?,
                seen => seen,
            },
            before: u32::try_from(values >> 32).ok()?,
            after: u32::try_from(values & 0xffff_ffff).ok()?,
            cause: key & 0xf,
            log_event,
        })
    }
}

async fn log_events(
    connection: &mut SqliteConnection,
    events: &Numbers,
) -> sqlx::Result<Ranked<Event>> {
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
    let events = rows.into_iter().map(|row| {
        let event = Event {
            performer: row.performer,
            comment: row.comment,
        };
        (row.id, event)
    });
    Ok(events.collect())
}
