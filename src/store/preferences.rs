//! The preferences after a run, of all accounts or one.

use std::sync::Arc;

use sqlx::SqliteConnection;

use super::{
    Filter, Store, StoreError,
    numbers::{NONE, Numbers, Ranked, each_entry, instant, properties, texts},
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

/// An account, and what it held: in a text for what it holds now, and one for what has gone since. An
/// entry is `property | value << 18`, then since when and until when where that has to be said.
struct Holder {
    user: String,
    wiki: String,
    /// Since when most of its preferences are known.
    first_seen_at: i64,
    held: Option<String>,
    gone: Option<String>,
}

/// One preference, in numbers. Instants are Unix seconds, or [`NONE`].
struct Held {
    value: i64,
    since: i64,
    until: i64,
}

impl Holder {
    /// Hands over the ranks of the names that are asked for, and what was held.
    fn each(&self, names: &Ranked<(Arc<str>, Arc<str>)>, mut each: impl FnMut(usize, Held)) {
        for text in [&self.held, &self.gone] {
            each_entry(text.as_deref(), |[number, since, until]| {
                let value = number >> 18;
                if let Some(rank) = names.rank(number & 0x3_ffff) {
                    each(
                        rank,
                        Held {
                            value,
                            since,
                            until,
                        },
                    );
                }
            });
        }
    }
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
        let asked = async {
            let mut look = self.pool.begin().await?;
            let names = properties(&mut look, Some(Kind::Preference), filter).await?;
            let holders = holders(&mut look, filter, run).await?;
            let mut values = Numbers::default();
            for holder in &holders {
                holder.each(&names, |_, held| values.add(held.value));
            }
            let texts = texts(&mut look, &values).await?;
            sqlx::Result::Ok((names, holders, texts))
        };
        let (names, holders, texts) = asked.await.map_err(|error| self.error(error))?;
        let mut all_held: Vec<Option<Held>> = names.words().iter().map(|_| None).collect();
        for holder in holders {
            holder.each(&names, |rank, held| all_held[rank] = Some(held));
            let (user, wiki): (Arc<str>, Arc<str>) = (holder.user.into(), holder.wiki.into());
            let first_seen_at: Arc<str> = instant(holder.first_seen_at).into();
            for ((_, name), held) in names.words().iter().zip(&mut all_held) {
                let Some(held) = held.take() else { continue };
                let Some(text) = texts.word(held.value) else {
                    continue;
                };
                let since = (held.since != NONE).then(|| instant(held.since).into());
                let until = (held.until != NONE).then(|| instant(held.until).into());
                show(PreferenceRow {
                    user: Arc::clone(&user),
                    wiki: Arc::clone(&wiki),
                    name: Arc::clone(name),
                    value: Arc::clone(&text.json),
                    is_default: text.is_default,
                    valid_from: since.unwrap_or_else(|| Arc::clone(&first_seen_at)),
                    valid_to: until,
                });
            }
        }
        Ok(())
    }
}

/// The accounts that had been observed by then, in order, and what they held.
async fn holders(
    connection: &mut SqliteConnection,
    filter: &Filter,
    run: RunNumber,
) -> sqlx::Result<Vec<Holder>> {
    let mut holders = sqlx::query_as!(
        Holder,
        r#"
        select u.name as user, a.wiki, r.started_at + s.after_ms / 1000 as "first_seen_at!: i64",
            (
                select group_concat(
                    case
                        when h.holds < 4294967296 then (h.id & 262143) | (h.holds << 18)
                        when h.holds >> 32 <= ?3 then
                            ((h.id & 262143) | ((h.holds & 4294967295) << 18)) || ' ' || (
                                select fr.started_at + fs.after_ms / 1000
                                from snapshot fs join run fr on fr.id = fs.run
                                where fs.run = h.holds >> 32 and fs.account = a.id
                            )
                    end
                )
                from held h where h.id >= a.id << 18 and h.id < (a.id + 1) << 18
            ) as "held: String",
            (
                select group_concat(
                    (c.property | (c.before << 18)) || ' ' || (fr.started_at + fs.after_ms / 1000)
                    || ' ' || (gr.started_at + gs.after_ms / 1000)
                )
                from change c
                cross join snapshot fs on fs.run = c.before_from and fs.account = a.id
                cross join run fr on fr.id = c.before_from
                cross join snapshot gs on gs.run = c.run and gs.account = a.id
                cross join run gr on gr.id = c.run
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
    .await?;
    holders.sort_by(|a, b| (&a.user, &a.wiki).cmp(&(&b.user, &b.wiki)));
    Ok(holders)
}
