//! A user erased: every row of theirs, and every row that refers to one.
//!
//! The tables are found by their foreign keys, so that one which a later migration adds is not
//! overlooked. Rows of other users stay as they are, whoever they name.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{RunLock, Store, StoreError, User};

/// Tables whose rows belong to nobody: what several users may hold. (Lists of tags name software.)
const SHARED: [&str; 3] = ["property", "property_value", "action_kind"];

/// What the database holds of some users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Accounts, the global one not counted.
    pub accounts: i64,
    /// Runs.
    pub runs: i64,
    /// Changes.
    pub changes: i64,
    /// Entries of logs.
    pub log_events: i64,
}

/// A foreign key.
#[derive(sqlx::FromRow)]
struct Reference {
    /// The table that refers,
    child: String,
    /// by this column,
    by: String,
    /// to this table, by its key.
    parent: String,
}

impl Store {
    /// The users who are called by a name. One name may mean a user on each of several farms.
    pub async fn users_called(&self, name: &str) -> Result<Vec<User>, StoreError> {
        let mut users = self.users().await?;
        users.retain(|user| user.is_called(name));
        Ok(users)
    }

    /// What there is of some users.
    pub async fn holdings(&self, users: &[i64]) -> Result<Holdings, StoreError> {
        let users = list(users);
        let row = sqlx::query!(
            r#"
            with his (id) as (select value from json_each(?1))
            select
                (select count(*) from account where user in his and wiki <> 'global')
                    as "accounts!: i64",
                (select count(*) from run where user in his) as "runs!: i64",
                (
                    select count(*) from change c join account a on a.id = c.account
                    where a.user in his
                ) as "changes!: i64",
                (select count(*) from log_event where user in his) as "log_events!: i64"
            "#,
            users
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(Holdings {
            accounts: row.accounts,
            runs: row.runs,
            changes: row.changes,
            log_events: row.log_events,
        })
    }

    /// Every name and e-mail address that the users have or had, as far as we were told.
    pub async fn names_of(&self, users: &[i64]) -> Result<BTreeSet<String>, StoreError> {
        let users = list(users);
        let names = sqlx::query_scalar!(
            r#"
            select name as "name!: String" from user where id in (select value from json_each(?1))
            union
            select asked_as from user where id in (select value from json_each(?1))
            union
            select json_extract(v.json, '$')
            from held_values h
            join account a on a.id = h.account
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            where a.user in (select value from json_each(?1))
                and p.kind = 'identity' and p.name in ('name', 'email')
                and json_type(v.json) = 'text'
            "#,
            users
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(names.into_iter().collect())
    }

    /// Deletes every row of some users, and names and values that nobody else has. What was deleted
    /// stays in the file until [`Store::erase_deleted`].
    pub async fn forget(&self, users: &[i64], _: &RunLock) -> Result<(), StoreError> {
        // SQLite would look through whole tables for each row that goes. It is asked once, at the end.
        self.pragma("pragma foreign_keys = off").await?;
        self.pragma("pragma secure_delete = on").await?;
        let forgotten = self.forget_at_once(users).await;
        self.pragma("pragma foreign_keys = on").await?;
        forgotten
    }

    async fn forget_at_once(&self, users: &[i64]) -> Result<(), StoreError> {
        let users = list(users);
        let mut transaction = self.begin().await?;
        let forgotten = async {
            let connection = &mut *transaction;
            sqlx::query!(
                "delete from user where id in (select value from json_each(?1))",
                users
            )
            .execute(&mut *connection)
            .await?;
            let references = references(connection).await?;
            while delete_dangling(connection, &references).await? > 0 {}
            for shared in SHARED {
                delete_unused(connection, &references, shared).await?;
            }
            // What `plan` and `check` asked was asked for somebody who was there.
            sqlx::query!(
                "delete from request where run is null and (select count(*) from user) = 0"
            )
            .execute(&mut *connection)
            .await?;
            // Samples of what the tables held.
            sqlx::query("pragma analysis_limit = 1000")
                .execute(&mut *connection)
                .await?;
            sqlx::query("analyze").execute(&mut *connection).await?;
            let dangling: Option<String> =
                sqlx::query_scalar(r#"select "table" from pragma_foreign_key_check limit 1"#)
                    .fetch_optional(connection)
                    .await?;
            match dangling {
                Some(table) => Err(sqlx::Error::Protocol(format!(
                    "{table} would refer to what is gone; nothing was erased"
                ))),
                None => Ok(()),
            }
        };
        forgotten.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await
    }

    /// Writes the file anew without what was deleted, and empties the log.
    pub async fn erase_deleted(&self, lock: &RunLock) -> Result<(), StoreError> {
        if self.rewrite(lock).await? {
            return Ok(());
        }
        Err(StoreError::InUse(self.path.clone()))
    }

    async fn pragma(&self, pragma: &'static str) -> Result<(), StoreError> {
        sqlx::query(pragma)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|error| self.error(error))
    }
}

async fn references(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Reference>> {
    sqlx::query_as(
        r#"
        select t.name as child, f."from" as by, f."table" as parent
        from pragma_table_list t, pragma_foreign_key_list(t.name) f
        where t.type = 'table' and t.schema = 'main'
        "#,
    )
    .fetch_all(connection)
    .await
}

/// Deletes the rows that refer to none. The names are those of our own tables.
async fn delete_dangling(
    connection: &mut SqliteConnection,
    references: &[Reference],
) -> sqlx::Result<u64> {
    let mut deleted = 0;
    for Reference { child, by, parent } in references {
        let sql = format!(
            r#"delete from "{child}" where "{by}" is not null and "{by}" not in (select id from "{parent}")"#
        );
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection);
        deleted += done.await?.rows_affected();
    }
    Ok(deleted)
}

/// Deletes the rows of a shared table that none refers to.
async fn delete_unused(
    connection: &mut SqliteConnection,
    references: &[Reference],
    shared: &str,
) -> sqlx::Result<()> {
    let of_it = references
        .iter()
        .filter(|reference| reference.parent == shared);
    let used: Vec<String> = of_it
        .map(|Reference { child, by, .. }| {
            format!(r#"select "{by}" from "{child}" where "{by}" is not null"#)
        })
        .collect();
    let sql = format!(
        r#"delete from "{shared}" where id not in ({})"#,
        used.join(" union ")
    );
    sqlx::query(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(drop)
}

fn list(users: &[i64]) -> String {
    serde_json::Value::from(users).to_string()
}
