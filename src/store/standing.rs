//! What stands now, across all accounts: what ends, where preferences differ, since when rights are
//! held. Accounts that were detached hold nothing any more.

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

/// A stretch of time through which an account held one value of a group.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "the columns are those of the views `history` and `changes`"
)]
pub struct HeldRow {
    pub user: String,
    pub wiki: String,
    pub kind: String,
    pub name: String,
    /// The expiry.
    pub value: String,
    /// The runs that first and last observed it.
    pub from_run: i64,
    pub seen_run: i64,
    /// The run that found it gone.
    pub ended_run: Option<i64>,
    pub valid_from: String,
    pub seen_until: String,
    pub valid_to: Option<String>,
    /// The last observation before it began; `None`: it was there when the account was first seen.
    pub happened_after: Option<String>,
    /// When the log says that it was given, and how it says so.
    pub logged_at: Option<String>,
    pub params: Option<String>,
    pub performer: Option<String>,
    /// Observations of the account from the first to the last of this value.
    pub observations: i64,
    /// Observations of the account before them.
    pub observed_before: i64,
    /// When the account was taken for detached.
    pub detached_at: Option<String>,
}

/// A time through which full runs left out an account that had been observed and was again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapRow {
    /// Whose.
    pub user: String,
    /// Where.
    pub wiki: String,
    /// The first run that left it out, and when that began.
    pub first_run: i64,
    /// When that run began.
    pub first_at: String,
    /// The first run that observed it again, and when.
    pub back_run: i64,
    /// When it observed it.
    pub back_at: String,
    /// Observations of the account before the gap, and the last of them.
    pub observed_before: i64,
    /// When the last of them was.
    pub seen_at: String,
}

/// An entry of a log that names the groups before and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsLogRow {
    /// Whose rights.
    pub user: String,
    /// Where they hold.
    pub wiki: String,
    /// When.
    pub logged_at: String,
    /// The details, as JSON text.
    pub params: String,
    /// By whom; `None` if hidden.
    pub performer: Option<String>,
}

impl Store {
    /// Every membership and block that is to end, of all attached accounts.
    pub async fn endings(&self, user: Option<i64>) -> Result<Vec<EndingRow>, StoreError> {
        sqlx::query_as!(
            EndingRow,
            r#"
            select u.name as "user!", coalesce(u.central_user_id, -u.id) as "user_number!: i64",
                a.wiki as "wiki!", p.kind as "kind!", p.name as "name!", v.json as "value!",
                strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as "seen_until!: String"
            from account a
            cross join property p
            join held h on h.id = (a.id << 18) | p.id
            join property_value v on v.id = h.value
            join user u on u.id = a.user
            left join out_of_sight o on o.account = a.id and o.subject = p.subject
            join observations seen
                on seen.run = coalesce(o.seen_run, a.observed_run) and seen.account = a.id
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
            from account a
            cross join property p
            join held h on h.id = (a.id << 18) | p.id
            join property_value v on v.id = h.value and v.json not in ('0', 'null', '""')
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
}

/// Since when.
impl Store {
    /// Every stretch of time through which a group was held, those of one membership in order.
    pub async fn held_groups(
        &self,
        user: Option<i64>,
        group: Option<&str>,
    ) -> Result<Vec<HeldRow>, StoreError> {
        let pattern = group.map(glob);
        sqlx::query_as!(
            HeldRow,
            r#"
            select u.name as "user!", a.wiki as "wiki!", p.kind as "kind!", p.name as "name!",
                v.json as "value!", h.from_run as "from_run!: i64", h.seen_run as "seen_run!: i64",
                h.ended_run as "ended_run: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', found.at, 'unixepoch') as "valid_from!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as "seen_until!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', gone.at, 'unixepoch') as "valid_to: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', earlier.at, 'unixepoch')
                    as "happened_after: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', l.logged_at, 'unixepoch') as "logged_at: String",
                l.params as "params?", l.performer as "performer?",
                (
                    select count(*) from run r
                    cross join snapshot s on s.run = r.id and s.account = a.id
                    where r.user = a.user and r.id between h.from_run and h.seen_run
                ) as "observations!: i64",
                (
                    select count(*) from run r
                    cross join snapshot s on s.run = r.id and s.account = a.id
                    where r.user = a.user and r.id < h.from_run
                ) as "observed_before!: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', a.detached_at, 'unixepoch') as "detached_at: String"
            from held_values h
            join account a on a.id = h.account
            join user u on u.id = a.user
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            join observations found on found.run = h.from_run and found.account = h.account
            join observations seen on seen.run = h.seen_run and seen.account = h.account
            left join observations gone on gone.run = h.ended_run and gone.account = h.account
            left join change c
                on c.run = h.from_run and c.account = h.account and c.property = h.property
            left join observations earlier
                on earlier.run = c.before_seen and earlier.account = h.account
            left join log_event l on l.id = c.log_event
            where p.kind in ('group', 'global_group') and (?1 is null or a.user = ?1)
                and (?2 is null or p.name glob ?2)
            order by u.name, a.wiki, p.kind, p.name, h.from_run
            "#,
            user,
            pattern
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The times through which an account that has held a group was not attached: full runs left it
    /// out for six hours or more. The days after a rename do not count: it takes accounts off the
    /// list and puts them back.
    pub async fn gaps(&self, user: Option<i64>) -> Result<Vec<GapRow>, StoreError> {
        sqlx::query_as!(
            GapRow,
            r#"
            with holder as (
                select distinct a.id, a.user, a.wiki, a.first_run, a.observed_run
                from held_values h
                join property p on p.id = h.property and p.kind = 'group'
                join account a on a.id = h.account
                where ?1 is null or a.user = ?1
            ),
            absence as (
                select a.id as account, a.user, a.wiki, r.id as run, r.started_at as at,
                    (
                        select n.id from run n
                        cross join snapshot s on s.run = n.id and s.account = a.id
                        where n.id > r.id and n.user = a.user order by n.id limit 1
                    ) as back_run
                from holder a
                cross join run r
                    on r.user = a.user and r.id > a.first_run and r.id < a.observed_run
                where r.scope = 'full' and r.status = 'finished'
                    and not exists (
                        select 1 from snapshot s where s.run = r.id and s.account = a.id
                    )
                    and not exists (
                        select 1 from failure f where f.run = r.id and f.account = a.id
                    )
                    and not exists (
                        select 1 from account g
                        join property p on p.kind = 'identity' and p.name = 'name'
                        join change c
                            on c.account = g.id and c.property = p.id and c.run <= r.id
                        join run n on n.id = c.run and n.started_at >= r.started_at - 3 * 86400
                        where g.user = a.user and g.wiki = 'global'
                    )
            ),
            gap as (
                select account, user, wiki, min(run) as first_run, min(at) as first_at, back_run
                from absence
                group by account, back_run
                having max(at) - min(at) >= 6 * 3600
            )
            select u.name as "user!", g.wiki as "wiki!", g.first_run as "first_run!: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', g.first_at, 'unixepoch') as "first_at!: String",
                g.back_run as "back_run!: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', back.at, 'unixepoch') as "back_at!: String",
                count(*) as "observed_before!: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', max(seen.at), 'unixepoch') as "seen_at!: String"
            from gap g
            join user u on u.id = g.user
            join observations back on back.run = g.back_run and back.account = g.account
            cross join run r on r.user = g.user and r.id < g.first_run
            cross join observations seen on seen.run = r.id and seen.account = g.account
            group by g.account, g.first_run
            order by g.account, g.first_run
            "#,
            user
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

    /// What the logs tell of groups that were given and taken, the oldest first.
    pub async fn rights_log(&self, user: Option<i64>) -> Result<Vec<RightsLogRow>, StoreError> {
        sqlx::query_as!(
            RightsLogRow,
            r#"
            select u.name as "user!", l.wiki as "wiki!",
                strftime('%Y-%m-%dT%H:%M:%SZ', l.logged_at, 'unixepoch') as "logged_at!: String",
                l.params as "params!", l.performer
            from log_event l
            join user u on u.id = l.user
            where l.type in ('rights', 'gblrights') and (?1 is null or l.user = ?1)
            order by l.logged_at, l.id
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }
}
