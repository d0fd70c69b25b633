//! What is kept for a while only, and the space it took.

use std::fs;

use chrono::{DateTime, Utc};

use super::{RunLock, Store, StoreError};

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Requests that are not in the ledger any more.
    pub requests: u64,
}

impl Store {
    /// Forgets requests that were sent before an instant. What was observed stays.
    pub async fn forget_requests(&self, before: DateTime<Utc>) -> Result<Pruned, StoreError> {
        let before = before.timestamp();
        let own = sqlx::query!("delete from request where sent_ms < ?1 * 1000", before)
            .execute(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        let figures = sqlx::query!(
            r#"
            update snapshot set figures = null
            from (select id from run where started_at < ?1) old
            where snapshot.id >= old.id << 15 and snapshot.id < (old.id + 1) << 15
                and figures is not null
            "#,
            before
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let requests = own.rows_affected() + figures.rows_affected();
        Ok(Pruned { requests })
    }

    /// Lets SQLite look again at how the tables are filled, where that has changed much; it does so with
    /// a small sample.
    pub async fn optimize(&self) -> Result<(), StoreError> {
        sqlx::query("pragma optimize")
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|error| self.error(error))
    }

    /// The size of the file in bytes.
    pub fn size(&self) -> Result<u64, StoreError> {
        let metadata = fs::metadata(&self.path);
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| StoreError::io(&self.path, error))
    }

    /// Gives free pages back to the system where they are more than a tenth of the file; fewer are soon
    /// filled again. The caller holds the run lock: it takes a moment in which nobody can write.
    pub async fn return_space(&self, lock: &RunLock) -> Result<(), StoreError> {
        let (free, all): (i64, i64) = sqlx::query_as(
            "select (select freelist_count from pragma_freelist_count),
                (select page_count from pragma_page_count)",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        if free * 10 > all {
            self.rewrite(lock).await?;
        }
        Ok(())
    }

    /// Fills the pages after a run that first saw most accounts of the file. Answers come out of order,
    /// and what is written between two accounts splits a page: a sixth of `held` stays empty (measured).
    pub async fn pack_after(&self, first_seen: u32, lock: &RunLock) -> Result<(), StoreError> {
        let accounts: i64 = sqlx::query_scalar("select count(*) from account")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        if i64::from(first_seen) * 2 > accounts {
            self.rewrite(lock).await?;
        }
        Ok(())
    }

    /// Writes the whole file anew, without anything that was deleted, and empties the log. `false`: a
    /// reader keeps the log from being emptied.
    pub(super) async fn rewrite(&self, _: &RunLock) -> Result<bool, StoreError> {
        sqlx::query("vacuum")
            .execute(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        // A question takes no longer; what takes longer is a shell that was left open.
        sqlx::query("pragma busy_timeout = 5000")
            .execute(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(truncate)")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        Ok(busy == 0)
    }
}
