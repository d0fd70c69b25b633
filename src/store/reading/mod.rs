//! One consistent look at one user's history, a line at a time: what runs meanwhile is not seen.

mod deeds;
mod past;
mod state;
mod views;

use std::{fmt, path::PathBuf};

use futures_util::{TryStreamExt, stream::BoxStream};
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{AccountRow, AsOf, Owner, Store, StoreError, Unreadable, questions};
use crate::model::RunNumber;

pub use views::{ColumnType, VIEWS, ViewColumn, ViewValue};

/// A look at one user as of one run. While it is held, the store answers nobody else.
pub struct Reading {
    pub(super) transaction: Transaction<'static, Sqlite>,
    pub(super) path: PathBuf,
    pub(super) user: i64,
    pub(super) run: i64,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, run) = (self.user, self.run);
        write!(f, "Reading {{ user: {user}, run: {run} }}")
    }
}

impl Store {
    /// Begins a look at a user as of a run.
    pub async fn read(&self, user: i64, run: RunNumber) -> Result<Reading, StoreError> {
        Ok(Reading {
            transaction: self.begin().await?,
            path: self.path.clone(),
            user,
            run: run.0,
        })
    }
}

impl Reading {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// The user as a whole.
    pub async fn owner(&mut self) -> Result<Owner, StoreError> {
        let user = self.user;
        let found = sqlx::query_as!(
            Owner,
            r#"
            select name, asked_as, central_api, central_user_id,
                strftime('%Y-%m-%dT%H:%M:%SZ', listed_at, 'unixepoch') as "listed_at: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', paused_until, 'unixepoch') as "paused_until: String"
            from user where id = ?1
            "#,
            user
        )
        .fetch_one(self.connection())
        .await;
        found.map_err(|error| self.error(error))
    }

    /// As of when the look is.
    pub async fn as_of(&mut self) -> Result<AsOf, StoreError> {
        let run = self.run;
        let found = sqlx::query_as!(
            AsOf,
            r#"
            select id as "run!", strftime(
                '%Y-%m-%dT%H:%M:%SZ', coalesce(finished_at, started_at), 'unixepoch'
            ) as "at!: String"
            from run where id = ?1
            "#,
            run
        )
        .fetch_one(self.connection())
        .await;
        found.map_err(|error| self.error(error))
    }

    /// Until when: the end of the run, unless it is the newest one.
    async fn until(&mut self) -> Result<Option<i64>, StoreError> {
        let (user, run) = (self.user, self.run);
        let until = sqlx::query_scalar!(
            r#"
            select coalesce(finished_at, started_at) as "until!: i64" from run
            where id = ?2 and id < (select max(id) from run where user = ?1)
            "#,
            user,
            run
        )
        .fetch_optional(self.connection())
        .await;
        until.map_err(|error| self.error(error))
    }

    /// Whether the database knows other users too: then its hash key is not the user's alone.
    pub async fn is_shared(&mut self) -> Result<bool, StoreError> {
        let users = sqlx::query_scalar!(r#"select count(*) as "users!" from user"#)
            .fetch_one(self.connection())
            .await;
        Ok(users.map_err(|error| self.error(error))? > 1)
    }

    /// The key of the hashes that stand for redacted values.
    pub async fn hash_key(&mut self) -> Result<Vec<u8>, StoreError> {
        let key = sqlx::query_scalar!("select key from hash_key")
            .fetch_one(self.connection())
            .await;
        key.map_err(|error| self.error(error))
    }

    /// The number of the newest migration.
    pub async fn schema_version(&mut self) -> Result<i64, StoreError> {
        let version: sqlx::Result<i64> =
            sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations")
                .fetch_one(self.connection())
                .await;
        version.map_err(|error| self.error(error))
    }

    /// The attached accounts as they were then.
    pub async fn accounts(&mut self) -> Result<Vec<AccountRow>, StoreError> {
        let (user, run) = (Some(self.user), self.run);
        let found = questions::accounts_after(self.connection(), user, run).await;
        found.map_err(|error| self.error(error))
    }

    /// The accounts that could not be read when they were last asked for, or have not been asked for
    /// yet.
    pub async fn unreadable(&mut self) -> Result<Vec<Unreadable>, StoreError> {
        let (user, run) = (self.user, self.run);
        let found = sqlx::query_as!(
            Unreadable,
            r#"
            with moment as (
                select coalesce(max(finished_at), 9223372036854775807) as at
                from run where id = ?2
            )
            select a.wiki as "wiki!",
                strftime('%Y-%m-%dT%H:%M:%SZ', a.failing_since, 'unixepoch') as "since: String",
                (
                    select f.error from failure f where f.account = a.id and f.run <= ?2
                    order by f.run desc limit 1
                ) as "error: String"
            from moment
            join account a on a.listed_from <= moment.at
            where a.user = ?1 and a.wiki <> 'global' and a.detached_at is null
                and (a.failing_since <= moment.at or a.first_run is null or a.first_run > ?2)
            order by a.wiki
            "#,
            user,
            run
        )
        .fetch_all(self.connection())
        .await;
        found.map_err(|error| self.error(error))
    }

    pub(super) fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::from_sqlx(&self.path, error)
    }
}

/// Hands over a line after the other, so that no more than a few are held at a time.
async fn hand_over<T, E: From<StoreError>>(
    path: &std::path::Path,
    mut lines: BoxStream<'_, sqlx::Result<T>>,
    mut each: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let broken = |error| StoreError::from_sqlx(path, error);
    while let Some(line) = lines.try_next().await.map_err(broken)? {
        each(line)?;
    }
    Ok(())
}
