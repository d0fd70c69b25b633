//! Since when rights are held: stretches of time, the gaps in them, and what the logs tell.
//!
//! `cross join` keeps the order of the tables: few groups first, then each account's rows by key. The
//! view `observations` stands in no left join: there SQLite would write all of it down first.

use super::{Store, StoreError, questions::glob};

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
            with stretch as (
                select a.id as account, p.id as property, h.value,
                    coalesce(h.from_run, a.first_run) as from_run,
                    coalesce(o.seen_run, a.observed_run) as seen_run, null as ended_run
                from property p
                cross join account a
                cross join held h on h.id = (a.id << 18) | p.id
                left join out_of_sight o on o.account = a.id and o.subject = p.subject
                where p.kind in ('group', 'global_group') and (?1 is null or a.user = ?1)
                    and (?2 is null or p.name glob ?2)
                union all
                select c.account, c.property, c.before, c.before_from, c.before_seen, c.run
                from property p
                cross join account a
                cross join change c on c.account = a.id and c.property = p.id
                where p.kind in ('group', 'global_group') and (?1 is null or a.user = ?1)
                    and (?2 is null or p.name glob ?2) and c.before is not null
            )
            select u.name as "user!", a.wiki as "wiki!", p.kind as "kind!", p.name as "name!",
                v.json as "value!", h.from_run as "from_run!: i64", h.seen_run as "seen_run!: i64",
                h.ended_run as "ended_run?: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', found.at, 'unixepoch') as "valid_from!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as "seen_until!: String",
                strftime(
                    '%Y-%m-%dT%H:%M:%SZ', gone_in.started_at + gone.after_ms / 1000, 'unixepoch'
                ) as "valid_to: String",
                strftime(
                    '%Y-%m-%dT%H:%M:%SZ', earlier_in.started_at + earlier.after_ms / 1000,
                    'unixepoch'
                ) as "happened_after: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', l.logged_at, 'unixepoch') as "logged_at: String",
                l.params as "params?", l.performer as "performer?",
                (
                    select count(*) from run r
                    cross join snapshot s on s.id = (r.id << 15) | a.ordinal
                    where r.user = a.user and r.id between h.from_run and h.seen_run
                ) as "observations!: i64",
                (
                    select count(*) from run r
                    cross join snapshot s on s.id = (r.id << 15) | a.ordinal
                    where r.user = a.user and r.id < h.from_run
                ) as "observed_before!: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', a.detached_at, 'unixepoch') as "detached_at: String"
            from stretch h
            cross join account a on a.id = h.account
            cross join user u on u.id = a.user
            cross join property p on p.id = h.property
            cross join property_value v on v.id = h.value
            cross join observations found on found.run = h.from_run and found.account = h.account
            cross join observations seen on seen.run = h.seen_run and seen.account = h.account
            left join run gone_in on gone_in.id = h.ended_run
            left join snapshot gone on gone.id = (gone_in.id << 15) | a.ordinal
            left join change c
                on c.run = h.from_run and c.account = h.account and c.property = h.property
            left join run earlier_in on earlier_in.id = c.before_seen
            left join snapshot earlier on earlier.id = (earlier_in.id << 15) | a.ordinal
            left join log_event l on l.id = c.log_event
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
                select a.id, a.user, a.ordinal, a.wiki, a.first_run, a.observed_run
                from account a
                where (?1 is null or a.user = ?1) and a.wiki <> 'global' and (
                    select 1 from property p
                    cross join held h on h.id = (a.id << 18) | p.id
                    where p.kind = 'group'
                    union all
                    select 1 from property p
                    cross join change c on c.account = a.id and c.property = p.id
                    where p.kind = 'group' limit 1
                ) is not null
            ),
            absence as (
                select a.id as account, a.user, a.wiki, r.id as run, r.started_at as at,
                    (
                        select n.id from run n
                        cross join snapshot s on s.id = (n.id << 15) | a.ordinal
                        where n.id > r.id and n.user = a.user order by n.id limit 1
                    ) as back_run
                from holder a
                cross join run r
                    on r.user = a.user and r.id > a.first_run and r.id < a.observed_run
                where r.scope = 'full' and r.status = 'finished'
                    and not exists (
                        select 1 from snapshot s where s.id = (r.id << 15) | a.ordinal
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
