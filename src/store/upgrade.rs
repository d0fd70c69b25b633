//! From the schema of an earlier program to ours: in place by whoever writes, on a copy in memory by
//! whoever only reads.
//!
//! Each migration is one transaction. An upgrade that is cut short leaves the schema it began with, or
//! one between, with all that was recorded; the next program that writes goes on from there.

use sqlx::{
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteOwnedBuf},
};

use super::{Store, StoreError, open};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Two bytes of the header of the file, whether it is written by way of a log: 2 if it is.
const JOURNAL: std::ops::Range<usize> = 18..20;

impl Store {
    /// The schema the file has, as long as this program knows it.
    pub(super) async fn schema(&self) -> Result<i64, StoreError> {
        let found = sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        let known = newest();
        if found > known {
            let path = self.path.clone();
            return Err(StoreError::Newer { path, found, known });
        }
        Ok(found)
    }

    /// Whether the next program that writes will bring the schema up to date.
    pub async fn is_of_earlier_program(&self) -> Result<bool, StoreError> {
        Ok(self.schema().await? < newest())
    }

    /// Brings the schema up to date, though never under a run of an earlier program.
    pub(super) async fn upgrade(&self) -> Result<(), StoreError> {
        let (found, known) = (self.schema().await?, newest());
        let _lock = if found < known {
            let lock = self.lock_runs()?;
            tracing::warn!(
                "{} is brought from schema {found} to {known}; an earlier sultrail will not read it any more",
                self.path.display()
            );
            Some(lock)
        } else {
            None
        };
        self.migrate(&MIGRATIONS).await
    }

    /// Creates the tables of a new file.
    pub(super) async fn write_schema(&self) -> Result<(), StoreError> {
        self.migrate(&MIGRATIONS).await
    }

    async fn migrate(&self, migrations: &Migrator) -> Result<(), StoreError> {
        migrations
            .run(&self.pool)
            .await
            .map_err(|error| self.error(error.into()))
    }

    /// The same content with our schema, for somebody who only reads: the file stays as it is.
    pub(super) async fn copy_up_to_date(self) -> Result<Self, StoreError> {
        let Self {
            pool, path, opened, ..
        } = self;
        let wrong = |error| StoreError::from_sqlx(&path, error);
        let mut file = pool.acquire().await.map_err(wrong)?;
        let mut bytes = file.serialize(None).await.map_err(wrong)?.to_vec();
        drop(file);
        pool.close().await;
        // There is no log in memory.
        bytes[JOURNAL].fill(1);
        let bytes = SqliteOwnedBuf::try_from(&bytes[..]).map_err(wrong)?;
        let memory = open::pool(SqliteConnectOptions::new().in_memory(true));
        let memory = memory.await.map_err(wrong)?;
        let mut connection = memory.acquire().await.map_err(wrong)?;
        let copied = connection.deserialize(None, bytes, false).await;
        copied.map_err(wrong)?;
        drop(connection);
        let store = Self {
            pool: memory,
            path: path.clone(),
            files: None,
            opened,
        };
        store.migrate(&MIGRATIONS).await?;
        Ok(store)
    }
}

/// The newest schema this program knows.
fn newest() -> i64 {
    let versions = MIGRATIONS.iter().map(|migration| migration.version);
    versions.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sqlx::{
        SqlStr,
        migrate::{Migration, MigrationType},
    };

    use super::*;

    /// Ours, and one more that changes what is there and then cannot go on.
    fn and_one_that_fails() -> Migrator {
        let mut migrations: Vec<Migration> = MIGRATIONS.iter().cloned().collect();
        migrations.push(Migration::new(
            newest() + 1,
            Cow::Borrowed("half way"),
            MigrationType::Simple,
            SqlStr::from_static(
                "drop view changes; delete from editor_flag; create table more (id integer) strict;
                 insert into more select value from generate_series(1, 100000);
                 insert into nowhere values (1);",
            ),
            false,
        ));
        Migrator::with_migrations(migrations)
    }

    async fn count(store: &Store, what: &str) -> i64 {
        let sql = format!("select count(*) from {what}");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
        count.fetch_one(&store.pool).await.expect(what)
    }

    #[tokio::test]
    async fn an_upgrade_that_fails_half_way_leaves_what_there_was() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("sultrail.db");
        let store = Store::open(&path).await.expect("a database");
        let flags = count(&store, "editor_flag").await;
        assert!(flags > 0);
        let failed = store.migrate(&and_one_that_fails()).await;
        assert!(failed.is_err());
        store.close().await;
        for store in [Store::open_to_read(&path).await, Store::open(&path).await] {
            let store = store.expect("the database as it was");
            assert_eq!(store.schema().await.expect("a schema"), newest());
            assert_eq!(count(&store, "editor_flag").await, flags);
            assert_eq!(count(&store, "changes").await, 0);
            let left = "sqlite_schema where name = 'more'";
            assert_eq!(count(&store, left).await, 0);
            assert_eq!(store.integrity().await.expect("an answer"), None);
            store.close().await;
        }
    }

    #[tokio::test]
    async fn a_copy_in_memory_tells_the_same_and_the_file_stays_as_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("sultrail.db");
        let store = Store::open(&path).await.expect("a database");
        // In the log, and not in the file yet.
        let added = "insert into user (name, asked_as, central_api) values ('A', 'A', 'x')";
        sqlx::query(added)
            .execute(&store.pool)
            .await
            .expect("a row");
        let bytes = std::fs::read(&path).expect("it");
        let reader = Store::open_to_copy(&path).await.expect("a reader");
        let copy = reader.copy_up_to_date().await.expect("a copy");
        assert_eq!(count(&copy, "user").await, 1);
        sqlx::query("delete from user")
            .execute(&copy.pool)
            .await
            .expect("in the copy");
        assert_eq!(count(&copy, "user").await, 0);
        copy.close().await;
        assert_eq!(count(&store, "user").await, 1);
        assert!(std::fs::read(&path).expect("it") == bytes);
        store.close().await;
    }
}
