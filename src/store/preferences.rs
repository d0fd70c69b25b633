//! The preferences after a run, of all accounts or one.

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
use crate::model::RunNumber;

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

/// An account, and what it held.
struct Holder {
    user: Arc<str>,
    wiki: Arc<str>,
    /// Since when most of its preferences are known.
    first_seen_at: Arc<str>,
    held: Vec<Held>,
}

/// A preference, in numbers.
struct Held {
    /// The place of the name in alphabetical order.
    name: usize,
    value: i64,
    /// Since when and until when, in Unix seconds, where it is not from the first look until now.
    span: Option<Box<(i64, Option<i64>)>>,
}

impl Store {
    /// Shows each preference after a run, in the order of users, wikis and names. They are many: their
    /// texts are shared.
    pub async fn for_each_preference(
        &self,
        filter: &Filter,
        run: RunNumber,
        mut show: impl FnMut(PreferenceRow),
    ) -> Result<(), StoreError> {
        let asked = async {
            let mut look = self.pool.begin().await?;
            let (names, places) = names(&mut look, filter).await?;
            let holders = holders(&mut look, filter, run, &places).await?;
            let held = holders.iter().flat_map(|holder| &holder.held);
            let values: BTreeSet<i64> = held.map(|held| held.value).collect();
            let texts = texts(&mut look, &values).await?;
            sqlx::Result::Ok((names, holders, texts))
        };
        let (names, holders, texts) = asked.await.map_err(|error| self.error(error))?;
        for holder in holders {
            for held in holder.held {
                let (Some(name), Some(text)) = (names.get(held.name), texts.get(&held.value))
                else {
                    continue;
                };
                let since = held.span.as_ref().map(|span| instant(span.0).into());
                let until = held.span.and_then(|span| span.1);
                show(PreferenceRow {
                    user: Arc::clone(&holder.user),
                    wiki: Arc::clone(&holder.wiki),
                    name: Arc::clone(name),
                    value: Arc::clone(&text.json),
                    is_default: text.is_default,
                    valid_from: since.unwrap_or_else(|| Arc::clone(&holder.first_seen_at)),
                    valid_to: until.map(|until| instant(until).into()),
                });
            }
        }
        Ok(())
    }
}

/// The names in alphabetical order, and the place of each property among them.
async fn names(
    connection: &mut SqliteConnection,
    filter: &Filter,
) -> sqlx::Result<(Vec<Arc<str>>, HashMap<i64, usize>)> {
    let pattern = filter.name.as_deref().map(glob);
    let rows = sqlx::query!(
        r#"
        select id, name from property
        where kind = 'preference' and (?1 is null or name glob ?1)
        order by name
        "#,
        pattern
    )
    .fetch_all(connection)
    .await?;
    let places = rows.iter().enumerate();
    let places = places.map(|(place, row)| (row.id, place)).collect();
    Ok((
        rows.into_iter().map(|row| row.name.into()).collect(),
        places,
    ))
}

/// The accounts that had been observed by then, in order, and what they held.
///
/// An entry is `property | value << 18`, then since when and until when where that has to be said.
async fn holders(
    connection: &mut SqliteConnection,
    filter: &Filter,
    run: RunNumber,
    places: &HashMap<i64, usize>,
) -> sqlx::Result<Vec<Holder>> {
    let mut rows = sqlx::query!(
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
    rows.sort_by(|a, b| (&a.user, &a.wiki).cmp(&(&b.user, &b.wiki)));
    let mut user: Arc<str> = "".into();
    let holders = rows.into_iter().map(|row| {
        if *user != *row.user {
            user = row.user.into();
        }
        let told = entries(row.held.as_deref()).chain(entries(row.gone.as_deref()));
        let mut held: Vec<Held> = told.filter_map(|entry| held(entry, places)).collect();
        held.sort_unstable_by_key(|held| held.name);
        Holder {
            user: Arc::clone(&user),
            wiki: row.wiki.into(),
            first_seen_at: instant(row.first_seen_at).into(),
            held,
        }
    });
    Ok(holders.collect())
}

fn held([number, since, until]: [Option<i64>; 3], places: &HashMap<i64, usize>) -> Option<Held> {
    let number = number?;
    Some(Held {
        name: *places.get(&(number & 0x3_ffff))?,
        value: number >> 18,
        span: since.map(|since| Box::new((since, until))),
    })
}
