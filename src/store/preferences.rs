//! The preferences after a run, of all accounts or one.

use std::sync::Arc;

use sqlx::SqliteConnection;

use super::{
    Filter, Store, StoreError,
    instants::{Instants, Wanted},
    numbers::{NONE, Numbers, Pairs, Ranked, Text, entries, properties, texts},
};
use crate::model::{Kind, RunNumber};

/// A row of the view `preferences`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct PreferenceRow {
    pub user: Arc<str>,
    pub wiki: Arc<str>,
    pub name: Arc<str>,
    pub value: Arc<str>,
    pub is_default: Option<bool>,
    pub valid_from: Arc<str>,
    pub valid_to: Option<Arc<str>>,
}

/// An account, and what it held as numbers in texts: what it holds now, and what has gone since. An
/// entry is `property | value << 18` where it is held since the account's first run. Otherwise it is
/// the property and `held.holds`, with the run that found it gone if it has.
struct Packed {
    id: i64,
    user: String,
    wiki: String,
    first_seen_at: i64,
    held: Option<String>,
    gone: Option<String>,
}

/// An account, and what it held.
struct Holder {
    id: i64,
    user: Arc<str>,
    wiki: Arc<str>,
    /// Since when most of its preferences are known.
    first_seen_at: i64,
    held: Box<[Held]>,
}

/// One preference, in numbers: the rank of its name, and rows. [`NONE`] is no run.
#[derive(Clone, Copy)]
struct Held {
    name: usize,
    value: i64,
    /// The run that first observed it; none where it is held since the account's first.
    since: i64,
    /// The run that found it gone.
    until: i64,
}

impl Packed {
    /// What is asked for of what it held after a run.
    fn unpack(self, names: &Pairs, run: RunNumber) -> Holder {
        let texts = [self.held, self.gone];
        let texts = texts.iter().flatten().map(String::as_str);
        let held = texts.flat_map(entries).filter_map(|entry| {
            let [number, holds, until] = entry;
            let (holds, since) = match holds {
                NONE => (number >> 18, NONE),
                _ => (holds, holds >> 32),
            };
            let name = names.rank(number & 0x3_ffff)?;
            let value = holds & 0xffff_ffff;
            let held = Held {
                name,
                value,
                since,
                until,
            };
            (since <= run.0).then_some(held)
        });
        Holder {
            id: self.id,
            held: held.collect(),
            user: self.user.into(),
            wiki: self.wiki.into(),
            first_seen_at: self.first_seen_at,
        }
    }
}

/// What was held, and what its numbers stand for.
struct Answer {
    /// Kind and name.
    names: Pairs,
    holders: Vec<Holder>,
    texts: Ranked<Text>,
    instants: Instants,
}

impl Store {
    /// Shows each preference after a run, account by account in the order of users and wikis, by name.
    /// They are many: their texts are shared.
    pub async fn for_each_preference(
        &self,
        filter: &Filter,
        run: RunNumber,
        mut show: impl FnMut(PreferenceRow),
    ) -> Result<(), StoreError> {
        let answer = async {
            let mut look = self.pool.begin().await?;
            answer(&mut look, filter, run).await
        };
        let mut answer = answer.await.map_err(|error| self.error(error))?;
        let instants = &mut answer.instants;
        let names = answer.names.words();
        let mut by_name: Vec<Option<Held>> = vec![None; names.len()];
        for holder in &answer.holders {
            for held in &holder.held {
                by_name[held.name] = Some(*held);
            }
            let first_seen_at = instants.text(holder.first_seen_at);
            for ((_, name), held) in names.iter().zip(&mut by_name) {
                let Some(held) = held.take() else { continue };
                let text = answer.texts.word(held.value);
                let since = match held.since {
                    NONE => Some(Arc::clone(&first_seen_at)),
                    run => instants.at(run, holder.id),
                };
                let until = match held.until {
                    NONE => Some(None),
                    run => instants.at(run, holder.id).map(Some),
                };
                // Without its observations it would be in no view either.
                let (Some(text), Some(valid_from), Some(valid_to)) = (text, since, until) else {
                    continue;
                };
                show(PreferenceRow {
                    user: Arc::clone(&holder.user),
                    wiki: Arc::clone(&holder.wiki),
                    name: Arc::clone(name),
                    value: Arc::clone(&text.json),
                    is_default: text.is_default,
                    valid_from,
                    valid_to,
                });
            }
        }
        Ok(())
    }
}

async fn answer(
    connection: &mut SqliteConnection,
    filter: &Filter,
    run: RunNumber,
) -> sqlx::Result<Answer> {
    let names = properties(&mut *connection, Some(Kind::Preference), filter).await?;
    let holders = packed(&mut *connection, filter, run).await?;
    let mut holders: Vec<Holder> = holders
        .into_iter()
        .map(|holder| holder.unpack(&names, run))
        .collect();
    holders.sort_by(|a, b| (&a.user, &a.wiki).cmp(&(&b.user, &b.wiki)));
    let (mut values, mut wanted) = (Numbers::default(), Wanted::default());
    for holder in &holders {
        for held in &holder.held {
            values.add(held.value);
            for run in [held.since, held.until] {
                if run != NONE {
                    wanted.add(run, holder.id);
                }
            }
        }
    }
    Ok(Answer {
        names,
        holders,
        texts: texts(&mut *connection, &values).await?,
        instants: wanted.ask(connection).await?,
    })
}

/// The accounts that had been observed by then, and what they held.
async fn packed(
    connection: &mut SqliteConnection,
    filter: &Filter,
    run: RunNumber,
) -> sqlx::Result<Vec<Packed>> {
    sqlx::query_as!(
        Packed,
        r#"
        select a.id as "id!", u.name as user, a.wiki,
            r.started_at + s.after_ms / 1000 as "first_seen_at!: i64",
            (
                select group_concat(
                    case when h.holds >= 4294967296 then (h.id & 262143) || ' ' || h.holds
                    else (h.id & 262143) | (h.holds << 18) end
                )
                from held h where h.id >= a.id << 18 and h.id < (a.id + 1) << 18
            ) as "held: String",
            (
                select group_concat(
                    c.property || ' ' || (c.before | (c.before_from << 32)) || ' ' || c.run
                )
                from change c
                where c.account = a.id and c.run > ?3 and c.before_from <= ?3
            ) as "gone: String"
        from account a
        join user u on u.id = a.user
        join snapshot s on s.run = a.first_run and s.account = a.id
        join run r on r.id = s.run
        where (?1 is null or a.user = ?1) and (?2 is null or a.wiki = ?2) and a.first_run <= ?3
        "#,
        filter.user,
        filter.wiki,
        run.0
    )
    .fetch_all(connection)
    .await
}
