//! What happened in a time: changes summed up, accounts that came and went, and what was read at all.

use super::{Store, StoreError};

/// The same change, on however many wikis.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are those of the view `changes`")]
pub struct ChangeGroupRow {
    pub kind: String,
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub cause: String,
    pub performer: Option<String>,
    pub comment: Option<String>,
    /// Where, as a JSON list; a wiki on which it happened twice is in it twice.
    pub wikis: String,
    /// The last observation before the first of them.
    pub happened_after: String,
    /// The observation that found the last of them.
    pub happened_by: String,
}

/// An account that was attached or detached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are those of the view `accounts`")]
pub struct ArrivalRow {
    pub wiki: String,
    pub attached_at: Option<String>,
    pub attached_by: Option<String>,
    /// When the list of accounts first named it.
    pub first_seen_at: String,
    /// When the list left it out; `None`: it came.
    pub gone_at: Option<String>,
}

/// An account that was not read, or cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadRow {
    /// Where.
    pub wiki: String,
    /// Since when nothing is known of it: its last observation, or when the list first named it.
    pub since: String,
    /// Why the last try failed, if there was one.
    pub error: Option<String>,
}

/// Runs that did not end well, alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRunRow {
    /// `failed`, `interrupted` or `running`.
    pub status: String,
    /// Why.
    pub error: Option<String>,
    /// How many.
    pub runs: i64,
    /// When the first of them began.
    pub first_at: String,
    /// When the last of them began.
    pub last_at: String,
}

/// What was read at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageRow {
    /// Runs that ended.
    pub finished: i64,
    /// When the period begins: the end of the run before it.
    pub since: Option<String>,
    /// When its last run ended or, if it has not, began.
    pub until: Option<String>,
    /// Attached accounts.
    pub accounts: i64,
    /// Those of them that were read at least once.
    pub read: i64,
}

impl Store {
    /// The changes of the runs after `from` up to and with `to`, the same ones together.
    pub async fn grouped_changes(
        &self,
        user: i64,
        from: i64,
        to: i64,
        with_counters: bool,
    ) -> Result<Vec<ChangeGroupRow>, StoreError> {
        sqlx::query_as!(
            ChangeGroupRow,
            r#"
            select p.kind as "kind!", p.name as "name!", b.json as "before?", n.json as "after?",
                w.cause as "cause!", l.performer as "performer?", l.comment as "comment?",
                json_group_array(a.wiki) as "wikis!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', min(seen.at), 'unixepoch')
                    as "happened_after!: String",
                strftime(
                    '%Y-%m-%dT%H:%M:%SZ',
                    max(iif(p.kind = 'global_preference', found.by, found.at)),
                    'unixepoch'
                ) as "happened_by!: String"
            from change c
            cross join account a on a.id = c.account
            cross join property p on p.id = c.property
            cross join cause w on w.id = c.cause
            cross join observations found on found.run = c.run and found.account = c.account
            cross join observations seen on seen.run = c.before_seen and seen.account = c.account
            left join property_value b on b.id = c.before
            left join property_value n on n.id = c.after
            left join log_event l on l.id = c.log_event
            where c.run > ?2 and c.run <= ?3 and a.user = ?1 and (?4 or p.kind <> 'counter')
            group by c.property, c.before, c.after, c.cause, l.performer, l.comment
            -- Not by their numbers: those come in the order in which the wikis happened to answer.
            order by p.kind, p.name, b.json, n.json, w.cause, l.performer, l.comment
            "#,
            user,
            from,
            to,
            with_counters
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The accounts that came with the runs after `from` up to and with `to`, or were taken for
    /// detached in that time. Those that the first list named did not come.
    pub async fn arrivals(
        &self,
        user: i64,
        from: i64,
        to: i64,
    ) -> Result<Vec<ArrivalRow>, StoreError> {
        sqlx::query_as!(
            ArrivalRow,
            r#"
            select wiki as "wiki!",
                strftime('%Y-%m-%dT%H:%M:%SZ', attached_at, 'unixepoch') as "attached_at: String",
                attached_by,
                strftime('%Y-%m-%dT%H:%M:%SZ', listed_from, 'unixepoch')
                    as "first_seen_at!: String",
                case when detached_at is not null
                    then strftime('%Y-%m-%dT%H:%M:%SZ', listed_until, 'unixepoch')
                end as "gone_at: String"
            from account
            where user = ?1 and wiki <> 'global' and (
                (
                    first_run > ?2 and first_run <= ?3
                    and listed_from > (select min(listed_from) from account where user = ?1)
                )
                or detached_at between
                    (select min(started_at) from run where user = ?1 and id > ?2)
                    and coalesce(
                        (select r.finished_at from run r where r.id = ?3), 9223372036854775807
                    )
            )
            order by wiki
            "#,
            user,
            from,
            to
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// What the runs after `from` up to and with `to` read at all.
    pub async fn coverage(&self, user: i64, from: i64, to: i64) -> Result<CoverageRow, StoreError> {
        sqlx::query_as!(
            CoverageRow,
            r#"
            select
                (
                    select count(*) from run
                    where user = ?1 and id > ?2 and id <= ?3 and status = 'finished'
                ) as "finished!: i64",
                (
                    select strftime(
                        '%Y-%m-%dT%H:%M:%SZ', coalesce(finished_at, started_at), 'unixepoch'
                    )
                    from run where id = ?2
                ) as "since: String",
                (
                    select strftime(
                        '%Y-%m-%dT%H:%M:%SZ', coalesce(finished_at, started_at), 'unixepoch'
                    )
                    from run where user = ?1 and id <= ?3 order by id desc limit 1
                ) as "until: String",
                (
                    select count(*) from account
                    where user = ?1 and wiki <> 'global' and detached_at is null
                ) as "accounts!: i64",
                (
                    select count(*) from account
                    where user = ?1 and wiki <> 'global' and detached_at is null
                        and observed_run > ?2 and (
                            observed_run <= ?3
                            or (
                                select s.run from run r
                                cross join snapshot s on s.id = (r.id << 15) | account.ordinal
                                where r.user = ?1 and r.id > ?2 and r.id <= ?3 limit 1
                            ) is not null
                        )
                ) as "read!: i64"
            "#,
            user,
            from,
            to
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The attached accounts that no run after `from` has read, and those that cannot be read now.
    pub async fn unread_accounts(
        &self,
        user: i64,
        from: i64,
    ) -> Result<Vec<UnreadRow>, StoreError> {
        sqlx::query_as!(
            UnreadRow,
            r#"
            select a.wiki as "wiki!",
                strftime(
                    '%Y-%m-%dT%H:%M:%SZ',
                    coalesce(r.started_at + seen.after_ms / 1000, a.listed_from),
                    'unixepoch'
                ) as "since!: String",
                case when a.failing_since is not null then (
                    select f.error from run r
                    cross join failure f on f.run = r.id and f.account = a.id
                    where r.user = a.user order by r.id desc limit 1
                ) end as "error: String"
            from account a
            left join run r on r.id = a.observed_run
            left join snapshot seen on seen.id = (r.id << 15) | a.ordinal
            where a.user = ?1 and a.wiki <> 'global' and a.detached_at is null
                and (a.failing_since is not null or coalesce(a.observed_run, 0) <= ?2)
            order by 2, a.wiki
            "#,
            user,
            from
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The runs after `from` that did not end well, those alike together.
    pub async fn bad_runs(&self, user: i64, from: i64) -> Result<Vec<BadRunRow>, StoreError> {
        sqlx::query_as!(
            BadRunRow,
            r#"
            select status as "status!", error, count(*) as "runs!: i64",
                strftime('%Y-%m-%dT%H:%M:%SZ', min(started_at), 'unixepoch')
                    as "first_at!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', max(started_at), 'unixepoch') as "last_at!: String"
            from run
            where user = ?1 and id > ?2 and status <> 'finished'
            group by status, error
            order by max(id) desc
            "#,
            user,
            from
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }
}
