//! What an account is, and what became of it in a run: each in one transaction, looks that found nothing
//! new together in one.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::SqliteConnection;

use super::{Store, StoreError, answers::insert_answer, runs::insert_request};
use crate::model::{
    Cause, Change, Coverage, Difference, KeptAnswer, Kind, Outcome, Property, Request, RunNumber,
    Snapshot, Value,
};

/// An answer about an account, and the requests that were made for it.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The run.
    pub run: RunNumber,
    /// The account's row.
    pub account: i64,
    /// When the answer came.
    pub at: DateTime<Utc>,
    /// Every request made for it; the last one brought the answer, if one came.
    pub requests: &'a [Request],
    /// The answer, where it is to be kept.
    pub answer: Option<&'a KeptAnswer>,
}

impl Store {
    /// What is known of an account: the newest value of everything ever observed. `None` before the
    /// first observation.
    pub async fn latest_snapshot(&self, account: i64) -> Result<Option<Snapshot>, StoreError> {
        let coverage = sqlx::query_scalar!(
            r#"select coverage as "coverage!: u32" from account where id = ?1 and first_run is not null"#,
            account
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let Some(coverage) = coverage else {
            return Ok(None);
        };
        let (first, last) = (account << 18, (account + 1) << 18);
        let rows = sqlx::query!(
            r#"
            select p.kind, p.name, v.json, v.is_default, w.id is not null as "is_withheld!: bool"
            from held h
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            left join withheld w on w.id = h.id
            where h.id >= ?1 and h.id < ?2
            "#,
            first,
            last
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let mut snapshot = Snapshot {
            coverage: Coverage::from_bits(coverage),
            ..Snapshot::default()
        };
        for row in rows {
            let Ok(kind) = row.kind.parse() else { continue };
            let is_default = (row.is_default >= 0).then_some(row.is_default == 1);
            let value = Value::from_json_text(row.json)
                .with_default(is_default)
                .with_withheld(row.is_withheld);
            snapshot
                .properties
                .insert(Property::new(kind, row.name), value);
        }
        Ok(Some(snapshot))
    }

    /// Records the first observation of an account.
    pub async fn record_baseline(
        &self,
        observed: Observed<'_>,
        fingerprint: [u8; 16],
        snapshot: &Snapshot,
    ) -> Result<Outcome, StoreError> {
        let mut transaction = self.begin().await?;
        let recorded = async {
            let connection = &mut *transaction;
            let rows = snapshot.properties.iter();
            hold(connection, &observed, rows).await?;
            note_length(connection, &observed).await?;
            note_coverage(connection, &observed, snapshot.coverage).await?;
            note_observations(connection, &[observed]).await?;
            note_fingerprint(connection, observed.account, fingerprint).await
        };
        recorded.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await?;
        Ok(Outcome::FirstSeen)
    }

    /// Records an observation, and how it differs from what was known.
    pub async fn record_snapshot(
        &self,
        observed: Observed<'_>,
        fingerprint: [u8; 16],
        snapshot: &Snapshot,
        difference: &Difference,
    ) -> Result<Outcome, StoreError> {
        let mut transaction = self.begin().await?;
        let recorded = async {
            let connection = &mut *transaction;
            record_difference(connection, &observed, difference).await?;
            note_coverage(connection, &observed, snapshot.coverage).await?;
            note_observations(connection, &[observed]).await?;
            note_fingerprint(connection, observed.account, fingerprint).await
        };
        recorded.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await?;
        let differs = |change: &&Change| change.property.kind != Kind::Counter;
        let changes = difference.changes.iter().filter(differs).count();
        Ok(match u32::try_from(changes).unwrap_or(u32::MAX) {
            0 => Outcome::Unchanged,
            changes => Outcome::Changed(changes),
        })
    }

    /// Records observations whose answers told the same as the ones before.
    pub async fn record_unchanged(&self, observed: &[Observed<'_>]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        note_observations(&mut transaction, observed)
            .await
            .map_err(|error| self.error(error))?;
        self.commit(transaction).await
    }

    /// Adds to an observation of the same run what another request told of the same account.
    pub async fn add_to_snapshot(
        &self,
        observed: Observed<'_>,
        coverage: Coverage,
        difference: &Difference,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let recorded = async {
            let connection = &mut *transaction;
            record_difference(connection, &observed, difference).await?;
            come_in_sight(connection, &observed, coverage).await?;
            if let Some(answer) = observed.answer {
                insert_answer(connection, observed.run, observed.account, answer).await?;
            }
            // The next answer has to be compared, so that what this one told goes out of sight.
            sqlx::query!(
                "update account set fingerprint = null where id = ?1",
                observed.account
            )
            .execute(connection)
            .await
        };
        recorded.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await
    }

    /// Records that an account could not be read. Nothing else is known, so nothing else changes.
    pub async fn record_failure(
        &self,
        observed: Observed<'_>,
        error: &str,
    ) -> Result<Outcome, StoreError> {
        let mut transaction = self.begin().await?;
        let at_ms = observed.at.timestamp_millis();
        let at = observed.at.timestamp();
        let recorded = async {
            let connection = &mut *transaction;
            for request in observed.requests {
                insert_request(connection, Some(observed.run), request).await?;
            }
            sqlx::query!(
                r#"
                insert into failure (run, account, after_ms, error)
                select id, ?2, ?3 - started_at * 1000, ?4 from run where id = ?1
                on conflict do update set after_ms = excluded.after_ms, error = excluded.error
                "#,
                observed.run.0,
                observed.account,
                at_ms,
                error
            )
            .execute(&mut *connection)
            .await?;
            sqlx::query!(
                "update account set failing_since = coalesce(failing_since, ?2) where id = ?1",
                observed.account,
                at
            )
            .execute(connection)
            .await
        };
        recorded.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await?;
        Ok(Outcome::Failed)
    }
}

/// Writes what the account holds from this run on. One statement for all rows: an account that is
/// first seen brings some three hundred.
async fn hold<'a>(
    connection: &mut SqliteConnection,
    observed: &Observed<'_>,
    properties: impl Iterator<Item = (&'a Property, &'a Value)>,
) -> sqlx::Result<()> {
    let rows: Vec<serde_json::Value> = properties
        .map(|(property, value)| {
            let subject = property.subject() as u32;
            let kind = property.kind.as_str();
            json!([
                kind,
                property.name,
                subject,
                value.json(),
                default_number(value)
            ])
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::Value::from(rows).to_string();
    intern(connection, &rows).await?;
    sqlx::query!(
        r#"
        insert into held (id, holds)
        select (a.id << 18) | p.id, v.id | (iif(coalesce(a.first_run, ?3) = ?3, 0, ?3) << 32)
        from account a
        cross join json_each(?1) j
        join property p on p.kind = j.value ->> 0 and p.name = j.value ->> 1
        join property_value v on v.json = j.value ->> 3 and v.is_default = j.value ->> 4
        where a.id = ?2
        order by p.id
        "#,
        rows,
        observed.account,
        observed.run.0
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Gives numbers to properties and values that have none yet. `rows` is a JSON list of
/// `[kind, name, subject, value, is_default]`.
pub(super) async fn intern(connection: &mut SqliteConnection, rows: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into property (kind, name, subject)
        select j.value ->> 0, j.value ->> 1, j.value ->> 2 from json_each(?1) j
        where true
        on conflict do nothing
        "#,
        rows
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"
        insert into property_value (json, is_default)
        select j.value ->> 3, j.value ->> 4 from json_each(?1) j
        where true
        on conflict do nothing
        "#,
        rows
    )
    .execute(connection)
    .await
    .map(drop)
}

async fn record_difference(
    connection: &mut SqliteConnection,
    observed: &Observed<'_>,
    difference: &Difference,
) -> sqlx::Result<()> {
    for change in &difference.changes {
        record_change(connection, observed, change).await?;
    }
    let first_seen = difference.first_seen.iter();
    hold(
        connection,
        observed,
        first_seen.map(|(property, value)| (property, value)),
    )
    .await?;
    for (property, value) in &difference.restated {
        restate(connection, observed, property, value).await?;
    }
    Ok(())
}

async fn record_change(
    connection: &mut SqliteConnection,
    observed: &Observed<'_>,
    change: &Change,
) -> sqlx::Result<()> {
    let (property, after) = number(connection, &change.property, change.after.as_ref()).await?;
    let key = (observed.account << 18) | property;
    let subject = change.property.subject() as u32;
    let cause = change.cause as u8;
    let is_open = may_be_explained(change);
    if after.is_none() {
        // In a run that was resumed: what came in it has gone in it, and nothing has changed.
        let undone = sqlx::query!(
            r#"
            delete from change
            where run = ?1 and account = ?2 and property = ?3 and before is null
            "#,
            observed.run.0,
            observed.account,
            property
        )
        .execute(&mut *connection)
        .await?;
        if undone.rows_affected() > 0 {
            return let_go(connection, key).await;
        }
    }
    sqlx::query!(
        r#"
        insert into change
            (run, account, property, before, after, before_from, before_seen, cause, is_open)
        select ?1, a.id, ?3, h.value, ?4, iif(h.id is null, null, coalesce(h.from_run, a.first_run)),
            coalesce(o.seen_run, a.observed_run), ?5, ?8
        from account a
        left join held h on h.id = ?6
        left join out_of_sight o on o.account = a.id and o.subject = ?7
        where a.id = ?2
        on conflict (run, account, property) do update set
            after = excluded.after, cause = excluded.cause, is_open = excluded.is_open
        "#,
        observed.run.0,
        observed.account,
        property,
        after,
        cause,
        key,
        subject,
        is_open
    )
    .execute(&mut *connection)
    .await?;
    match after {
        Some(after) => sqlx::query!(
            r#"
            insert into held (id, holds) values (?1, ?2 | (?3 << 32))
            on conflict do update set holds = excluded.holds
            "#,
            key,
            after,
            observed.run.0
        )
        .execute(connection)
        .await
        .map(drop),
        None => let_go(connection, key).await,
    }
}

async fn let_go(connection: &mut SqliteConnection, key: i64) -> sqlx::Result<()> {
    sqlx::query!("delete from held where id = ?1", key)
        .execute(connection)
        .await
        .map(drop)
}

/// Whether somebody can be asked why it happened: a log, or the global preferences. What was to end
/// may have been ended before.
fn may_be_explained(change: &Change) -> bool {
    let property = &change.property;
    match property.kind {
        Kind::Group | Kind::GlobalGroup | Kind::Block => {
            matches!(change.cause, Cause::Unknown | Cause::Expiry)
        }
        Kind::Lock => change.cause == Cause::Unknown,
        Kind::Identity => property.name == "name",
        Kind::Preference => change.cause == Cause::User,
        _ => false,
    }
}

/// The same value, said differently: what the account holds goes on.
async fn restate(
    connection: &mut SqliteConnection,
    observed: &Observed<'_>,
    property: &Property,
    value: &Value,
) -> sqlx::Result<()> {
    let (property, value) = number(connection, property, Some(value)).await?;
    let key = (observed.account << 18) | property;
    sqlx::query!(
        "update held set holds = (holds >> 32 << 32) | ?2 where id = ?1",
        key,
        value
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The numbers of a property and of a value.
async fn number(
    connection: &mut SqliteConnection,
    property: &Property,
    value: Option<&Value>,
) -> sqlx::Result<(i64, Option<i64>)> {
    let kind = property.kind.as_str();
    let subject = property.subject() as u32;
    let id = sqlx::query_scalar!(
        r#"
        insert into property (kind, name, subject) values (?1, ?2, ?3)
        on conflict do update set subject = subject
        returning id as "id!"
        "#,
        kind,
        property.name,
        subject
    )
    .fetch_one(&mut *connection)
    .await?;
    let Some(value) = value else {
        return Ok((id, None));
    };
    let json = value.json();
    let is_default = default_number(value);
    let value = sqlx::query_scalar!(
        r#"
        insert into property_value (json, is_default) values (?1, ?2)
        on conflict do update set json = json
        returning id as "id!"
        "#,
        json,
        is_default
    )
    .fetch_one(connection)
    .await?;
    Ok((id, Some(value)))
}

/// What the answer could not tell of what earlier ones told goes out of sight; what it tells comes
/// back.
async fn note_coverage(
    connection: &mut SqliteConnection,
    observed: &Observed<'_>,
    coverage: Coverage,
) -> sqlx::Result<()> {
    let bits = coverage.bits();
    // Subjects are single bits, so their list can be counted up: 1, 2, 4, …
    sqlx::query!(
        r#"
        insert into out_of_sight (account, subject, seen_run)
        with recursive bit (subject) as (
            select 1 union all select subject << 1 from bit where subject < 1 << 30
        )
        select a.id, bit.subject, a.observed_run
        from account a, bit
        where a.id = ?1 and a.observed_run is not null
            and a.coverage & bit.subject <> 0 and ?2 & bit.subject = 0
            and a.coverage & ~?2 <> 0
        on conflict do nothing
        "#,
        observed.account,
        bits
    )
    .execute(&mut *connection)
    .await?;
    come_in_sight(connection, observed, coverage).await
}

/// What the answer tells is in sight, and has been observed once.
async fn come_in_sight(
    connection: &mut SqliteConnection,
    observed: &Observed<'_>,
    coverage: Coverage,
) -> sqlx::Result<()> {
    let bits = coverage.bits();
    sqlx::query!(
        "delete from out_of_sight where account = ?1 and subject & ?2 <> 0",
        observed.account,
        bits
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update account set coverage = coverage | ?2 where id = ?1 and coverage <> coverage | ?2",
        observed.account,
        bits
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Writes the rows of snapshots, each with the figures of the request that brought it, and the other
/// requests into the ledger.
async fn note_observations(
    connection: &mut SqliteConnection,
    observed: &[Observed<'_>],
) -> sqlx::Result<()> {
    let mut rows = Vec::with_capacity(observed.len());
    for one in observed {
        // Only a first try on which everything is as the view assumes shares the snapshot's row.
        let brought = match one.requests {
            [only] if only.attempt == 1 && only.status == Some(200) && has_room(only) => Some(only),
            more => {
                for request in more {
                    insert_request(connection, Some(one.run), request).await?;
                }
                None
            }
        };
        if let Some(answer) = one.answer {
            insert_answer(connection, one.run, one.account, answer).await?;
        }
        rows.push((
            one.run.0,
            one.account,
            one.at.timestamp_millis(),
            brought.map(|request| {
                let times = [request.duration_ms, request.waited_ms];
                figures(times.map(u64::cast_signed))
            }),
            brought.map(|request| request.bytes),
        ));
    }
    let rows = json!(rows).to_string();
    sqlx::query!(
        r#"
        insert into snapshot (id, after_ms, figures)
        select (r.id << 15) | a.ordinal, (j.value ->> 2) - r.started_at * 1000,
            (j.value ->> 3) | (((j.value ->> 4) - a.answer_bytes) << 36)
        from json_each(?1) j
        join run r on r.id = j.value ->> 0
        join account a on a.id = j.value ->> 1
        "#,
        rows
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"
        delete from failure
        where (run, account) in (select j.value ->> 0, j.value ->> 1 from json_each(?1) j)
        "#,
        rows
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"
        update account set
            first_run = coalesce(first_run, j.value ->> 0), observed_run = j.value ->> 0,
            failing_since = null
        from json_each(?1) j
        where account.id = j.value ->> 1
        "#,
        rows
    )
    .execute(connection)
    .await
    .map(drop)
}

async fn note_fingerprint(
    connection: &mut SqliteConnection,
    account: i64,
    fingerprint: [u8; 16],
) -> sqlx::Result<()> {
    let fingerprint = fingerprint.as_slice();
    sqlx::query!(
        "update account set fingerprint = ?2 where id = ?1",
        account,
        fingerprint
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Whether the figures of a request fit into those of `snapshot`.
fn has_room(request: &Request) -> bool {
    request.duration_ms < 1 << 16 && request.waited_ms < 1 << 20 && request.bytes < 1 << 26
}

/// Duration and wait as `snapshot.figures` has them, below how many more bytes came (`migrations/0007_looks.sql`).
pub(super) fn figures([duration_ms, waited_ms]: [i64; 2]) -> i64 {
    let usual = (duration_ms & 0x3ff) | ((waited_ms & 0x1fff) << 10);
    usual | ((duration_ms >> 10) << 23) | ((waited_ms >> 13) << 29)
}

/// The figures of later answers are told from the length of the first.
async fn note_length(
    connection: &mut SqliteConnection,
    observed: &Observed<'_>,
) -> sqlx::Result<()> {
    let Some(brought) = observed.requests.last().filter(|request| has_room(request)) else {
        return Ok(());
    };
    let bytes = brought.bytes.cast_signed();
    sqlx::query!(
        "update account set answer_bytes = ?2 where id = ?1",
        observed.account,
        bytes
    )
    .execute(connection)
    .await
    .map(drop)
}

fn default_number(value: &Value) -> i8 {
    value.is_default().map_or(-1, i8::from)
}
