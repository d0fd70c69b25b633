//! What a page of a user shows at a glance: each function reads what it needs and little more, so that
//! years of a thousand wikis take well under a second.

use super::{Store, StoreError};
use crate::model::{Cause, RunNumber};

/// A run, and how it went.
#[derive(Clone, Debug)]
pub struct RunOutline {
    /// Its number.
    pub run: i64,
    /// Its status.
    pub status: String,
    /// When it began, in Unix seconds.
    pub started_at: i64,
    /// How many accounts could not be read; null in a run that did not end.
    pub failed: Option<i64>,
}

/// How many changes a run found, counters apart.
#[derive(Clone, Debug)]
pub struct ChangeCounts {
    /// The run.
    pub run: i64,
    /// Of the account itself: identity, locks, blocks.
    pub account: i64,
    /// Of groups and what they have as effect.
    pub rights: i64,
    /// Of preferences, but those of the next field.
    pub preferences: i64,
    /// Of preferences that came with the software or a wiki's default.
    pub defaults: i64,
}

/// A value that a membership of a group, local or global, has had. Times are Unix seconds.
#[derive(Clone, Debug)]
pub struct GroupSpell {
    /// The wiki, or `global`.
    pub wiki: String,
    /// The group.
    pub group_name: String,
    /// The expiry as JSON.
    pub value: String,
    /// When it was first seen.
    pub found_at: i64,
    /// When it was seen to be gone or another; null while it holds.
    pub gone_at: Option<i64>,
    /// Since when the account is gone, or its groups are out of sight.
    pub unknown_from: Option<i64>,
    /// When the account was first looked at.
    pub first_at: Option<i64>,
}

/// An account that was asked in vain in a span of runs.
#[derive(Clone, Debug)]
pub struct UnreadSpan {
    /// The wiki, or `global`.
    pub wiki: String,
    /// Which of the spans asked for.
    pub span: i64,
}

impl Store {
    /// The runs of a user, the oldest first.
    pub async fn run_outlines(&self, user: i64) -> Result<Vec<RunOutline>, StoreError> {
        sqlx::query_as!(
            RunOutline,
            r#"
            select id as "run!", status, started_at, failed
            from run where user = ?1 order by id
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// How many changes each run of a user found.
    pub async fn change_counts(&self, user: i64) -> Result<Vec<ChangeCounts>, StoreError> {
        let (by_default, by_software) = (Cause::WikiDefault as i64, Cause::Software as i64);
        sqlx::query_as!(
            ChangeCounts,
            r#"
            with found as (
                select c.run, count(*) as changes, sum(c.cause in (?2, ?3)) as defaults
                from run r cross join change c on c.run = r.id
                where r.user = ?1 group by r.id
            ),
            others as (
                -- Few: each account is searched for them, instead of looking up what each change is of.
                select c.run, count(*) as changes,
                    sum(p.kind in ('identity', 'block', 'lock')) as account,
                    sum(p.kind in ('group', 'implicit_group', 'global_group', 'rights')) as rights
                from account a
                cross join property p
                cross join change c on c.account = a.id and c.property = p.id
                where a.user = ?1 and p.kind not in ('preference', 'global_preference')
                group by c.run
            )
            select found.run as "run!", coalesce(others.account, 0) as "account!: i64",
                coalesce(others.rights, 0) as "rights!: i64",
                found.changes - found.defaults - coalesce(others.changes, 0)
                    as "preferences!: i64",
                found.defaults as "defaults!: i64"
            from found left join others on others.run = found.run
            "#,
            user,
            by_default,
            by_software
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Every value that a group membership of a user has had, the oldest first.
    pub async fn group_spells(&self, user: i64) -> Result<Vec<GroupSpell>, StoreError> {
        // A search by key for each pair of account and group: there are few groups.
        sqlx::query_as!(
            GroupSpell,
            r#"
            with spell as (
                select a.id as account, p.id as property, h.value,
                    coalesce(h.from_run, a.first_run) as from_run,
                    null as ended_run,
                    coalesce(
                        (
                            select r.started_at from out_of_sight o join run r on r.id = o.seen_run
                            where o.account = a.id and o.subject = p.subject
                        ),
                        a.listed_until
                    ) as unknown_from
                from account a
                cross join property p
                cross join held h on h.id = (a.id << 18) | p.id
                where a.user = ?1 and p.kind in ('group', 'global_group')
                union all
                select a.id, p.id, c.before, c.before_from, c.run, null
                from account a
                cross join property p
                cross join change c on c.account = a.id and c.property = p.id
                where a.user = ?1 and p.kind in ('group', 'global_group') and c.before is not null
            )
            select a.wiki as "wiki!", p.name as "group_name!", v.json as "value!",
                r.started_at + s.after_ms / 1000 as "found_at!: i64",
                gr.started_at + gs.after_ms / 1000 as "gone_at: i64",
                spell.unknown_from as "unknown_from: i64",
                fr.started_at + fs.after_ms / 1000 as "first_at: i64"
            from spell
            cross join account a on a.id = spell.account
            cross join property p on p.id = spell.property
            cross join property_value v on v.id = spell.value
            cross join run r on r.id = spell.from_run
            cross join snapshot s on s.id = (r.id << 15) | a.ordinal
            left join run gr on gr.id = spell.ended_run
            left join snapshot gs on gs.id = (gr.id << 15) | a.ordinal
            left join run fr on fr.id = a.first_run
            left join snapshot fs on fs.id = (fr.id << 15) | a.ordinal
            order by r.started_at, a.wiki, p.name
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The accounts that could not be read in a span of runs, where no other run of the span read them.
    /// The first and the last run belong to a span.
    pub async fn unread_spans(
        &self,
        user: i64,
        spans: &[(RunNumber, RunNumber)],
    ) -> Result<Vec<UnreadSpan>, StoreError> {
        let spans = spans.iter().enumerate();
        let spans: serde_json::Value = spans
            .map(|(span, (from, to))| serde_json::json!([span, from.0, to.0]))
            .collect();
        let spans = spans.to_string();
        sqlx::query_as!(
            UnreadSpan,
            r#"
            with span as (
                select j.value ->> 0 as number, j.value ->> 1 as from_run, j.value ->> 2 as to_run
                from json_each(?2) j
            ),
            failing as (
                select distinct f.account, span.number, span.from_run, span.to_run
                from span cross join failure f on f.run between span.from_run and span.to_run
            )
            select a.wiki as "wiki!", failing.number as "span!: i64"
            from failing
            join account a on a.id = failing.account
            where a.user = ?1
                and not exists (
                    select 1 from run r
                    cross join snapshot s on s.id = (r.id << 15) | a.ordinal
                    where r.user = ?1 and r.id between failing.from_run and failing.to_run
                )
            "#,
            user,
            spans
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// On how many wikis a user has an account.
    pub async fn count_listed(&self, user: i64) -> Result<i64, StoreError> {
        sqlx::query_scalar!(
            r#"
            select count(*) as "count!: i64" from account
            where user = ?1 and wiki <> 'global' and listed_until is null
            "#,
            user
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }
}
