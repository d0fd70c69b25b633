//! The whole past: runs, observations, values with their intervals, changes, logs.

use std::collections::BTreeMap;

use super::{Reading, hand_over};
use crate::{
    model::{Coverage, Subject},
    store::{
        ChangeLine, CoverageLine, HistoryLine, OutOfSight, RequestLine, RunLine, SnapshotLine,
        StoreError,
    },
};

impl Reading {
    /// The runs up to then, the oldest first.
    pub async fn each_run<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(RunLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            RunLine,
            r#"
            select v.run as "run!", v.user, v.scope, v.trigger, v.status,
                v.started_at as "started_at!: String", v.finished_at as "finished_at: String",
                v.accounts, v.unchanged as "unchanged!: i64", v.changed as "changed!: i64",
                v.first_seen as "first_seen!: i64", v.failed as "failed!: i64",
                v.requests as "requests!: i64", v.error
            from run r
            join runs v on v.run = r.id
            where r.user = ?1 and r.id <= ?2
            order by r.id
            "#,
            self.user,
            self.run
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// What has been observed of each account, the global one too.
    pub async fn coverage(&mut self) -> Result<Vec<CoverageLine>, StoreError> {
        let user = self.user;
        let hidden = sqlx::query!(
            r#"
            select o.account, o.subject as "subject!: u32", o.seen_run
            from out_of_sight o join account a on a.id = o.account
            where a.user = ?1 order by o.account, o.subject
            "#,
            user
        )
        .fetch_all(self.connection())
        .await
        .map_err(|error| self.error(error))?;
        let mut out_of_sight: BTreeMap<i64, Vec<OutOfSight>> = BTreeMap::new();
        for row in hidden {
            let seen_run = row.seen_run;
            let subjects = subjects(row.subject).into_iter();
            let entries = subjects.map(|subject| OutOfSight { subject, seen_run });
            out_of_sight.entry(row.account).or_default().extend(entries);
        }
        let rows = sqlx::query!(
            r#"
            select a.id as "id!", u.name as user, a.wiki, a.api_url,
                strftime('%Y-%m-%dT%H:%M:%SZ', a.attached_at, 'unixepoch')
                    as "attached_at: String",
                a.attached_by,
                strftime('%Y-%m-%dT%H:%M:%SZ', a.listed_from, 'unixepoch')
                    as "listed_from!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', a.listed_until, 'unixepoch')
                    as "listed_until: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', a.detached_at, 'unixepoch')
                    as "detached_at: String",
                a.first_run, a.observed_run,
                strftime('%Y-%m-%dT%H:%M:%SZ', a.failing_since, 'unixepoch')
                    as "failing_since: String",
                a.coverage as "coverage!: u32"
            from account a
            join user u on u.id = a.user
            where a.user = ?1
            order by a.wiki
            "#,
            user
        )
        .fetch_all(self.connection())
        .await
        .map_err(|error| self.error(error))?;
        let lines = rows.into_iter().map(|row| CoverageLine {
            user: row.user,
            wiki: row.wiki,
            api_url: row.api_url,
            attached_at: row.attached_at,
            attached_by: row.attached_by,
            listed_from: row.listed_from,
            listed_until: row.listed_until,
            detached_at: row.detached_at,
            first_run: row.first_run,
            latest_run: row.observed_run,
            failing_since: row.failing_since,
            subjects: subjects(row.coverage),
            out_of_sight: out_of_sight.remove(&row.id).unwrap_or_default(),
        });
        Ok(lines.collect())
    }

    /// Every observation, and every one that failed.
    pub async fn each_snapshot<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(SnapshotLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            SnapshotLine,
            r#"
            with ours as (select id, started_at from run where user = ?1),
            seen as (
                select ours.id as run, x.id as account, s.after_ms, s.duration_ms,
                    x.answer_bytes + s.more_bytes as bytes, s.waited_ms, null as error,
                    (
                        select count(*) from change c join property p on p.id = c.property
                        where c.run = ours.id and c.account = x.id and p.kind <> 'counter'
                    ) as changes
                from ours
                cross join snapshot s on s.id >= ours.id << 15 and s.id < (ours.id + 1) << 15
                cross join account x on x.user = ?1 and x.ordinal = s.id & 32767
                union all
                select f.run, f.account, f.after_ms, null, null, null, f.error, 0
                from failure f where f.run in (select id from ours)
            )
            select seen.run as "run!", u.name as "user!", a.wiki as "wiki!",
                strftime(
                    '%Y-%m-%dT%H:%M:%SZ', ours.started_at + seen.after_ms / 1000, 'unixepoch'
                ) as "taken_at!: String",
                case
                    when seen.error is not null then 'failed'
                    when a.first_run = seen.run then 'first_seen'
                    when seen.changes > 0 then 'changed'
                    else 'unchanged'
                end as "outcome!: String",
                seen.changes as "changes!: i64", seen.error as "error?: String",
                seen.after_ms as "after_ms!", seen.duration_ms as "duration_ms?: i64",
                seen.bytes as "bytes?: i64", seen.waited_ms as "waited_ms?: i64"
            from seen
            cross join ours on ours.id = seen.run
            cross join account a on a.id = seen.account
            cross join user u on u.id = a.user
            where a.user = ?1
            order by seen.run, a.wiki, seen.error
            "#,
            self.user
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// Every request of a run that no snapshot tells of.
    pub async fn each_request<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(RequestLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            RequestLine,
            r#"
            select q.run as "run!", q.sent_ms as at_ms, q.host, q.purpose, q.status, q.duration_ms,
                q.bytes, q.attempt, q.waited_ms
            from run r
            join request q on q.run = r.id
            where r.user = ?1
            order by q.run, q.sent_ms, q.id
            "#,
            self.user
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// Every value that any property has had.
    pub async fn each_value<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(HistoryLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            HistoryLine,
            r#"
            select u.name as "user!", a.wiki as "wiki!", p.kind as "kind!", p.name as "name!",
                v.json as "value!", nullif(v.is_default, -1) as "is_default: bool",
                strftime('%Y-%m-%dT%H:%M:%SZ',
                    iif(p.kind = 'global_preference', found.by, found.at), 'unixepoch')
                    as "valid_from!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as "seen_until!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ',
                    iif(p.kind = 'global_preference' and gone_in.finished_at is not null,
                        gone_in.finished_at, gone_in.started_at + gone.after_ms / 1000), 'unixepoch')
                    as "valid_to: String",
                h.from_run as "from_run!: i64", h.seen_run as "seen_run!: i64",
                h.ended_run as "ended_run?: i64", w.id is not null as "withheld!: bool"
            from held_values h
            join account a on a.id = h.account
            join user u on u.id = a.user
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            join observations found on found.run = h.from_run and found.account = h.account
            join observations seen on seen.run = h.seen_run and seen.account = h.account
            left join run gone_in on gone_in.id = h.ended_run
            left join snapshot gone on gone.id = (gone_in.id << 15) | a.ordinal
            left join withheld w
                on h.ended_run is null and w.id = (h.account << 18) | h.property
            where a.user = ?1
            order by a.wiki, p.kind, p.name, h.from_run, h.ended_run is null, h.ended_run
            "#,
            self.user
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// Every change.
    pub async fn each_change<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(ChangeLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            ChangeLine,
            r#"
            select c.run as "run!", u.name as "user!", a.wiki as "wiki!", p.kind as "kind!",
                p.name as "name!",
                case when c.before is null then '+' when c.after is null then '-' else '~' end
                    as "change!: String",
                b.json as "before?", n.json as "after?",
                strftime('%Y-%m-%dT%H:%M:%SZ', seen.at, 'unixepoch') as "happened_after!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ',
                    iif(p.kind = 'global_preference', found.by, found.at), 'unixepoch')
                    as "happened_by!: String",
                w.cause as "cause!", l.performer, l.comment,
                nullif(b.is_default, -1) as "before_is_default: bool",
                nullif(n.is_default, -1) as "after_is_default: bool",
                c.before_from, c.before_seen as "before_seen!", l.logged_on as "logged_on?",
                l.log_id as "log_id?", c.is_open as "is_open!: bool"
            from change c
            join account a on a.id = c.account
            join user u on u.id = a.user
            join property p on p.id = c.property
            join cause w on w.id = c.cause
            join observations found on found.run = c.run and found.account = c.account
            join observations seen on seen.run = c.before_seen and seen.account = c.account
            left join property_value b on b.id = c.before
            left join property_value n on n.id = c.after
            left join log_event l on l.id = c.log_event
            where a.user = ?1
            order by c.run, a.wiki, p.kind, p.name
            "#,
            self.user
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }
}

/// The names of a set of subjects.
fn subjects(bits: u32) -> Vec<String> {
    let set = Coverage::from_bits(bits);
    let names = Subject::NAMES.into_iter();
    let covered = names.filter(|(subject, _)| set.covers(*subject));
    covered.map(|(_, name)| name.to_owned()).collect()
}
