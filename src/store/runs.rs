//! Runs: begun, resumed, ended.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Store, StoreError};
use crate::model::{Request, RunNumber, RunStatus, Scope, Tally, Trigger};

impl Store {
    /// Begins a run. Whatever run of the user was left running has been interrupted, since the lock
    /// is ours.
    pub async fn begin_run(
        &self,
        user: i64,
        scope: Scope,
        trigger: Trigger,
        now: DateTime<Utc>,
    ) -> Result<RunNumber, StoreError> {
        sqlx::query!(
            "update run set status = 'interrupted' where user = ?1 and status = 'running'",
            user
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let (scope, trigger, now) = (scope.as_str(), trigger.as_str(), now.timestamp());
        let id = sqlx::query!(
            r#"
            insert into run (user, scope, trigger, status, started_at)
            values (?1, ?2, ?3, 'running', ?4)
            "#,
            user,
            scope,
            trigger,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?
        .last_insert_rowid();
        Ok(RunNumber(id))
    }

    /// The newest full run of a user, if it was cut short after `since`: it goes on from now on. The
    /// run lock is ours, so a run that is still marked as running has been interrupted.
    pub async fn resume_run(
        &self,
        user: i64,
        since: DateTime<Utc>,
    ) -> Result<Option<RunNumber>, StoreError> {
        let since = since.timestamp();
        let run = sqlx::query_scalar!(
            r#"
            update run set status = 'running', finished_at = null, error = null
            where id = (select max(id) from run where user = ?1)
                and scope = 'full' and status in ('running', 'interrupted') and started_at >= ?2
            returning id as "id!"
            "#,
            user,
            since
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(run.map(RunNumber))
    }

    /// The accounts that a run has observed.
    pub async fn observed_accounts(&self, run: RunNumber) -> Result<BTreeSet<i64>, StoreError> {
        let accounts = sqlx::query_scalar!(
            r#"
            select a.id as "id!"
            from run r
            cross join snapshot s on s.id >= r.id << 15 and s.id < (r.id + 1) << 15
            cross join account a on a.user = r.user and a.ordinal = s.id & 32767
            where r.id = ?1
            "#,
            run.0
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(accounts.into_iter().collect())
    }

    /// Notes how many accounts the run is to read.
    pub async fn set_run_size(&self, run: RunNumber, accounts: u32) -> Result<(), StoreError> {
        sqlx::query!(
            "update run set accounts = ?2 where id = ?1",
            run.0,
            accounts
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Writes requests into the ledger that no snapshot tells of.
    pub async fn record_requests(
        &self,
        run: Option<RunNumber>,
        requests: &[Request],
    ) -> Result<(), StoreError> {
        if requests.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for request in requests {
            insert_request(&mut transaction, run, request)
                .await
                .map_err(|error| self.error(error))?;
        }
        self.commit(transaction).await
    }

    /// When a run began.
    pub async fn run_start(&self, run: RunNumber) -> Result<DateTime<Utc>, StoreError> {
        let start = sqlx::query_scalar!("select started_at from run where id = ?1", run.0)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        Ok(DateTime::from_timestamp(start, 0).unwrap_or_default())
    }

    /// When a run ended, or began if it has not ended.
    pub async fn run_end(&self, run: RunNumber) -> Result<DateTime<Utc>, StoreError> {
        let end = sqlx::query_scalar!(
            r#"select coalesce(finished_at, started_at) as "end!: i64" from run where id = ?1"#,
            run.0
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(DateTime::from_timestamp(end, 0).unwrap_or_default())
    }

    /// Ends a run and writes its tally.
    pub async fn finish_run(
        &self,
        run: RunNumber,
        status: RunStatus,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Tally, StoreError> {
        let row = sqlx::query!(
            r#"
            select coalesce(accounts, 0) as "accounts!: u32",
                unchanged as "unchanged!: u32", changed as "changed!: u32",
                first_seen as "first_seen!: u32", failed as "failed!: u32",
                requests as "requests!: u32"
            from runs where run = ?1
            "#,
            run.0
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let changes = sqlx::query_scalar!(
            r#"
            select count(*) as "changes!: u32"
            from change c join property p on p.id = c.property
            where c.run = ?1 and p.kind <> 'counter'
            "#,
            run.0
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let (status, now) = (status.as_str(), now.timestamp());
        sqlx::query!(
            r#"
            update run set status = ?2, error = ?3, finished_at = ?4,
                unchanged = ?5, changed = ?6, first_seen = ?7, failed = ?8, requests = ?9
            where id = ?1
            "#,
            run.0,
            status,
            error,
            now,
            row.unchanged,
            row.changed,
            row.first_seen,
            row.failed,
            row.requests
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(Tally {
            accounts: row.accounts,
            unchanged: row.unchanged,
            changed: row.changed,
            first_seen: row.first_seen,
            failed: row.failed,
            changes,
        })
    }
}

pub(super) async fn insert_request(
    connection: &mut sqlx::SqliteConnection,
    run: Option<RunNumber>,
    request: &Request,
) -> sqlx::Result<()> {
    let run = run.map(|run| run.0);
    let sent_ms = request.sent_at.timestamp_millis();
    let duration_ms = request.duration_ms.cast_signed();
    let bytes = request.bytes.cast_signed();
    let waited_ms = request.waited_ms.cast_signed();
    sqlx::query!(
        r#"
        insert into request
            (run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        "#,
        run,
        sent_ms,
        request.host,
        request.purpose,
        request.status,
        duration_ms,
        bytes,
        request.attempt,
        waited_ms
    )
    .execute(connection)
    .await
    .map(drop)
}
