//! The preferences after a run, of all accounts or one.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::SqliteConnection;

use super::{
    Filter, Store, StoreError,
    instants::{Instants, Wanted},
    numbers::{Account, NONE, Numbers, Pairs, Ranked, Text, accounts, entries, properties, texts},
};
use crate::model::{Kind, RunNumber};

/// A row of the view `preferences`.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct PreferenceRow<'a> {
    pub user: &'a Arc<str>,
    pub wiki: &'a Arc<str>,
    pub name: &'a Arc<str>,
    pub value: &'a Arc<str>,
    pub is_default: Option<bool>,
    pub valid_from: &'a Arc<str>,
    pub valid_to: Option<&'a Arc<str>>,
}

/// The preferences after a run. They are many, so they are kept as numbers, and put into words when they are
/// looked at.
pub struct Preferences {
    /// Kind and name.
    names: Pairs,
    accounts: Ranked<Account>,
    /// What each of the accounts held, in the order of the names.
    held: Vec<Vec<Held>>,
    texts: Ranked<Text>,
    instants: Instants,
}

/// One preference, in numbers: the rank of its name, and rows. [`NONE`] is no run.
#[derive(Clone, Copy)]
struct Held {
    name: u32,
    value: u32,
    /// The run that first observed it; none where it is held since the account's first.
    since: i64,
    /// The run that found it gone.
    until: i64,
}

impl Held {
    /// From the row of its property, `held.holds`, and the run that found it gone. None where it is not asked
    /// for.
    fn new(names: &Pairs, property: i64, holds: i64, until: i64) -> Option<Self> {
        let since = match holds >> 32 {
            0 => NONE,
            run => run,
        };
        Some(Self {
            name: u32::try_from(names.rank(property)?).ok()?,
            value: u32::try_from(holds & 0xffff_ffff).ok()?,
            since,
            until,
        })
    }
}

impl Preferences {
    /// Account by account in the order of users and wikis, by name.
    pub fn rows(&self) -> impl Iterator<Item = PreferenceRow<'_>> {
        let accounts = self.accounts.words().iter().zip(&self.held);
        accounts.flat_map(move |(account, held)| {
            let first = self.instants.at(account.first_run, account.ordinal);
            held.iter()
                .filter_map(move |held| self.row(account, first?, held))
        })
    }

    /// One of them. Without its observations it would be in no view either.
    fn row<'a>(
        &'a self,
        account: &'a Account,
        first_seen_at: &'a Arc<str>,
        held: &Held,
    ) -> Option<PreferenceRow<'a>> {
        let (_, name) = self.names.words().get(held.name as usize)?;
        let text = self.texts.word(held.value.into())?;
        let at = |run: i64| self.instants.at(run, account.ordinal);
        Some(PreferenceRow {
            user: &account.user,
            wiki: &account.wiki,
            name,
            value: &text.json,
            is_default: text.is_default,
            valid_from: match held.since {
                NONE => first_seen_at,
                run => at(run)?,
            },
            valid_to: match held.until {
                NONE => None,
                run => Some(at(run)?),
            },
        })
    }
}

impl Store {
    /// The preferences after a run.
    pub async fn preferences(
        &self,
        filter: &Filter,
        run: RunNumber,
    ) -> Result<Preferences, StoreError> {
        let asked = async {
            let mut look = self.pool.begin().await?;
            preferences(&mut look, filter, run).await
        };
        asked.await.map_err(|error| self.error(error))
    }
}

async fn preferences(
    connection: &mut SqliteConnection,
    filter: &Filter,
    run: RunNumber,
) -> sqlx::Result<Preferences> {
    let names = properties(&mut *connection, Some(Kind::Preference), filter).await?;
    let accounts = accounts(&mut *connection, filter).await?;
    let mut held = vec![Vec::new(); accounts.words().len()];
    let still = still_held(&mut *connection, filter, run, &names, &accounts, &mut held);
    still.await?;
    let gone = held_then(&mut *connection, filter, run, &names, &accounts, &mut held);
    gone.await?;
    let (mut values, mut wanted) = (Numbers::default(), Wanted::default());
    for (account, held) in accounts.words().iter().zip(&mut held) {
        held.shrink_to_fit();
        held.sort_by_key(|held| held.name);
        if !held.is_empty() {
            wanted.add(account.first_run, account.ordinal);
        }
        for held in held {
            values.add(held.value.into());
            for run in [held.since, held.until] {
                if run != NONE {
                    wanted.add(run, account.ordinal);
                }
            }
        }
    }
    Ok(Preferences {
        names,
        accounts,
        held,
        texts: texts(&mut *connection, &values).await?,
        instants: wanted.ask(connection).await?,
    })
}

/// Adds what accounts hold now and held after the run.
///
/// An entry of the texts is `holds << 18` plus the property, or where that is too much for 64 bits the
/// property and `holds`. Before those of an account is one of its row, made negative.
async fn still_held(
    connection: &mut SqliteConnection,
    filter: &Filter,
    run: RunNumber,
    names: &Pairs,
    accounts: &Ranked<Account>,
    held: &mut [Vec<Held>],
) -> sqlx::Result<()> {
    // Many accounts in a row: to hand one over takes as long as to read a hundred values. Runs of up to
    // 13 bits have room behind a value of 32; SQLite is quicker at a product than at moving bits.
    let mut texts = sqlx::query_scalar!(
        r#"
        select group_concat(-a.id || ',' ||
            case when (select max(id) from run) < 8192 then (
                select group_concat(h.holds * 262144 + (h.id & 262143))
                from held h where h.id >= a.id << 18 and h.id < (a.id + 1) << 18
            ) else (
                select group_concat(
                    case when h.holds < 4294967296 then h.holds * 262144 + (h.id & 262143)
                    else (h.id & 262143) || ' ' || h.holds end
                )
                from held h where h.id >= a.id << 18 and h.id < (a.id + 1) << 18
            ) end
        ) as "held: String"
        from account a
        where (?1 is null or a.user = ?1) and (?2 is null or a.wiki = ?2) and a.first_run <= ?3
        group by a.id >> 6
        "#,
        filter.user,
        filter.wiki,
        run.0
    )
    .fetch(connection);
    while let Some(text) = texts.try_next().await? {
        let mut of_account = None;
        for [number, holds] in entries(text.as_deref().unwrap_or_default()) {
            if number < 0 {
                of_account = accounts.rank(-number);
                continue;
            }
            let (property, holds) = match holds {
                NONE => (number & 0x3_ffff, number >> 18),
                holds => (number, holds),
            };
            let now = Held::new(names, property, holds, NONE);
            if let (Some(now), Some(account)) = (now, of_account)
                && now.since <= run.0
            {
                held[account].push(now);
            }
        }
    }
    Ok(())
}

/// Adds what accounts held after the run, and do not hold any more.
///
/// An entry of the texts, of which each run that found some of it gone has one, is
/// `account << 18` plus the property, and as `held.holds` would be.
async fn held_then(
    connection: &mut SqliteConnection,
    filter: &Filter,
    run: RunNumber,
    names: &Pairs,
    accounts: &Ranked<Account>,
    held: &mut [Vec<Held>],
) -> sqlx::Result<()> {
    // A range of the primary key: all accounts, or one.
    let Some((first, last)) = accounts.bounds() else {
        return Ok(());
    };
    let runs = sqlx::query!(
        r#"
        select r.id as "run!", group_concat(
            (c.account * 262144 + c.property) || ' ' || (c.before_from * 4294967296 + c.before)
        ) as "gone!: String"
        from run r
        cross join change c on c.run = r.id and c.account between ?3 and ?4
        where (?1 is null or r.user = ?1) and r.id > ?2 and c.before_from <= ?2
        group by r.id
        "#,
        filter.user,
        run.0,
        first,
        last
    )
    .fetch_all(connection)
    .await?;
    for found in runs {
        for [key, holds] in entries(&found.gone) {
            let then = Held::new(names, key & 0x3_ffff, holds, found.run);
            if let (Some(then), Some(account)) = (then, accounts.rank(key >> 18)) {
                held[account].push(then);
            }
        }
    }
    Ok(())
}
