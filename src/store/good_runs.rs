//! Which run the answers rest on: the last good one, and the last one of all.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};
use crate::model::{RunNumber, Scope};

/// A run that is over, and how much of what it was to read it could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedRun {
    /// Its number.
    pub run: RunNumber,
    /// Which accounts it was to read: `full` or `pulse`.
    pub scope: String,
    /// `finished`, `interrupted` or `failed`.
    pub status: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How many accounts it was to read.
    pub accounts: i64,
    /// How many of them it could not read.
    pub failed: i64,
}

struct EndedRunRow {
    id: i64,
    scope: String,
    status: String,
    started_at: i64,
    accounts: i64,
    failed: i64,
}

impl From<EndedRunRow> for EndedRun {
    fn from(row: EndedRunRow) -> Self {
        Self {
            run: RunNumber(row.id),
            scope: row.scope,
            status: row.status,
            started_at: DateTime::from_timestamp(row.started_at, 0).unwrap_or_default(),
            accounts: row.accounts,
            failed: row.failed,
        }
    }
}

impl Store {
    /// When the newest good run of a user began, of the user whom the configuration calls so.
    pub async fn last_good_run(
        &self,
        central_api: &str,
        name: &str,
        scopes: &[Scope],
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(user) = self.user(central_api, name).await? else {
            return Ok(None);
        };
        let good = self.last_good_run_of(user.id, scopes).await?;
        Ok(good.map(|good| good.started_at))
    }

    /// The newest good run of a user, of runs of these scopes: one that ended, and read most of the
    /// accounts. A pulse goes to few accounts, those that keep failing among them; it is held
    /// against all that are listed. The newest is the one with the highest number, whatever the
    /// clock said.
    pub async fn last_good_run_of(
        &self,
        user: i64,
        scopes: &[Scope],
    ) -> Result<Option<EndedRun>, StoreError> {
        let scopes = as_json(scopes);
        let row = sqlx::query_as!(
            EndedRunRow,
            r#"
            select id as "id!", scope, status, started_at,
                coalesce(accounts, 0) as "accounts!: i64", coalesce(failed, 0) as "failed!: i64"
            from run
            where user = ?1 and status = 'finished'
                and scope in (select value from json_each(?2))
                and (
                    coalesce(accounts, 0) = 0
                    or failed * 2 < case scope
                        when 'pulse' then (
                            select count(*) from account a
                            where a.user = ?1 and a.wiki <> 'global' and a.listed_until is null
                        )
                        else accounts
                    end
                )
            order by id desc
            limit 1
            "#,
            user,
            scopes
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(row.map(EndedRun::from))
    }

    /// The newest run of a user that is over, good or not, of runs of these scopes.
    pub async fn last_ended_run_of(
        &self,
        user: i64,
        scopes: &[Scope],
    ) -> Result<Option<EndedRun>, StoreError> {
        let scopes = as_json(scopes);
        let row = sqlx::query_as!(
            EndedRunRow,
            r#"
            select id as "id!", scope, status, started_at,
                coalesce(accounts, 0) as "accounts!: i64", coalesce(failed, 0) as "failed!: i64"
            from run
            where user = ?1 and status <> 'running'
                and scope in (select value from json_each(?2))
            order by id desc
            limit 1
            "#,
            user,
            scopes
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(row.map(EndedRun::from))
    }
}

/// A list, as SQL takes it.
fn as_json(scopes: &[Scope]) -> String {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    serde_json::Value::from(scopes).to_string()
}
