//! What stands now, across all accounts: what ends, where preferences differ. Accounts that were
//! detached hold nothing any more.
//!
//! `cross join` keeps the order of the tables: few properties first, then each account's row by its key.

use std::collections::BTreeMap;

use super::{Store, StoreError, questions::glob};

/// A membership or a block that is to end.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are those of the view `history`")]
pub struct EndingRow {
    pub user: String,
    /// What survives renames: the central user ID, once it is known.
    pub user_number: i64,
    pub wiki: String,
    pub kind: String,
    pub name: String,
    /// The expiry, or the fields of a block.
    pub value: String,
    pub seen_until: String,
}

/// How many wikis hold a value of a preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// The preference.
    pub name: String,
    /// Its value, as JSON text.
    pub value: String,
    /// Attached wikis that hold it.
    pub wikis: i64,
    /// Those of them whose default it is.
    pub defaults: i64,
}

/// A preference on one wiki.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WikiValueRow {
    /// Where.
    pub wiki: String,
    /// The preference.
    pub name: String,
    /// Its value, as JSON text; `None` if the wiki does not know the preference.
    pub value: Option<String>,
    /// Whether it is the wiki's default; `None` where that means nothing.
    pub is_default: Option<i64>,
}

impl Store {
    /// Every membership and block that is to end, of all attached accounts.
    pub async fn endings(&self, user: Option<i64>) -> Result<Vec<EndingRow>, StoreError> {
        sqlx::query_as!(
            EndingRow,
            r#"
            select u.name as "user!", coalesce(u.central_user_id, -u.id) as "user_number!: i64",
                a.wiki as "wiki!", p.kind as "kind!", p.name as "name!", v.json as "value!",
                strftime('%Y-%m-%dT%H:%M:%SZ', r.started_at + s.after_ms / 1000, 'unixepoch')
                    as "seen_until!: String"
            from property p
            cross join account a
            cross join held h on h.id = (a.id << 18) | p.id
            cross join property_value v on v.id = h.value
            cross join user u on u.id = a.user
            left join out_of_sight o on o.account = a.id and o.subject = p.subject
            cross join run r on r.id = coalesce(o.seen_run, a.observed_run)
            cross join snapshot s on s.id = (r.id << 15) | a.ordinal
            where p.kind in ('group', 'global_group', 'block') and (?1 is null or a.user = ?1)
                and a.detached_at is null and (v.json like '"2%' or p.kind = 'block')
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// How many of a user's attached wikis hold which value of which preference.
    pub async fn preference_values(
        &self,
        user: i64,
        name: Option<&str>,
    ) -> Result<Vec<ValueRow>, StoreError> {
        let pattern = name.map(glob);
        sqlx::query_as!(
            ValueRow,
            r#"
            with counted as (
                select h.property, h.value, count(*) as wikis
                from account a
                cross join held h on h.id >= a.id << 18 and h.id < (a.id + 1) << 18
                where a.user = ?1 and a.wiki <> 'global' and a.detached_at is null
                group by h.property, h.value
            )
            select p.name as "name!", v.json as "value!", sum(c.wikis) as "wikis!: i64",
                coalesce(sum(c.wikis) filter (where v.is_default = 1), 0) as "defaults!: i64"
            from counted c
            join property p on p.id = c.property
            join property_value v on v.id = c.value
            where p.kind = 'preference' and (?2 is null or p.name glob ?2)
            group by p.name, v.json
            order by p.name, v.json
            "#,
            user,
            pattern
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Where attached accounts keep a value of their own although there is one for all wikis, and
    /// what they keep.
    pub async fn local_exceptions(&self, user: i64) -> Result<Vec<WikiValueRow>, StoreError> {
        sqlx::query_as!(
            WikiValueRow,
            r#"
            select a.wiki as "wiki!",
                substr(p.name, 1, length(p.name) - length('-local-exception')) as "name!: String",
                own.json as "value?", nullif(own.is_default, -1) as "is_default?: i64"
            from property p
            cross join account a
            cross join held h on h.id = (a.id << 18) | p.id
            cross join property_value v on v.id = h.value and v.json not in ('0', 'null', '""')
            left join property kept on kept.kind = 'preference'
                and kept.name = substr(p.name, 1, length(p.name) - length('-local-exception'))
            left join held k on k.id = (a.id << 18) | kept.id
            left join property_value own on own.id = k.value
            where a.user = ?1 and a.wiki <> 'global' and a.detached_at is null
                and p.kind = 'preference' and p.name glob '*-local-exception'
            order by 2, 1
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// What is set for all wikis, by name; `None` if nobody has looked yet.
    pub async fn global_preferences(
        &self,
        user: i64,
    ) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        let looked = sqlx::query_scalar!(
            r#"
            select id as "id!" from account
            where user = ?1 and wiki = 'global' and coverage & 16 <> 0
            "#,
            user
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let Some(account) = looked else {
            return Ok(None);
        };
        let rows = sqlx::query!(
            r#"
            select p.name, v.json
            from property p
            join held h on h.id = (?1 << 18) | p.id
            join property_value v on v.id = h.value
            where p.kind = 'global_preference'
            "#,
            account
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(Some(
            rows.into_iter().map(|row| (row.name, row.json)).collect(),
        ))
    }

    /// The attached wikis where one of these preferences has another value than the one beside it.
    /// `usual` holds pairs of name and value.
    pub async fn deviating_wikis(
        &self,
        user: i64,
        usual: &[(&str, &str)],
    ) -> Result<Vec<WikiValueRow>, StoreError> {
        let usual = serde_json::json!(usual).to_string();
        sqlx::query_as!(
            WikiValueRow,
            r#"
            select a.wiki as "wiki!", p.name as "name!", v.json as "value?",
                nullif(v.is_default, -1) as "is_default?: i64"
            from json_each(?2) j
            cross join property p on p.kind = 'preference' and p.name = j.value ->> 0
            cross join account a
            cross join held h on h.id = (a.id << 18) | p.id
            cross join property_value v on v.id = h.value and v.json <> j.value ->> 1
            where a.user = ?1 and a.wiki <> 'global' and a.detached_at is null
            order by p.name, a.wiki
            "#,
            user,
            usual
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The kinds and names of everything an account on a wiki has ever held.
    pub async fn property_names(
        &self,
        user: i64,
        wiki: &str,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query!(
            r#"
            select p.kind, p.name from property p
            where p.id in (
                select h.property from held_values h join account a on a.id = h.account
                where a.user = ?1 and a.wiki = ?2
            )
            order by p.kind, p.name
            "#,
            user,
            wiki
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(rows.into_iter().map(|row| (row.kind, row.name)).collect())
    }
}
