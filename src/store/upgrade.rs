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
        Connection, SqlStr, SqliteConnection,
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

    /// Two users in turn, and among their looks every figure at both ends of its bits, and none.
    const LOOKS: &str = "
        insert into user (id, name, asked_as, central_api) values (1, 'A', 'A', 'x'), (2, 'B', 'B', 'x');
        with recursive n (value) as (select 1 union all select value + 1 from n where value < 40)
        insert into run (id, user, scope, trigger, status, started_at)
        select value, 1 + value % 2, 'full', 'command', 'running', value * 86400 from n;
        insert into account (id, user, wiki, api_url, host, listed_from, first_run, answer_bytes)
        select value * 3, 1 + value % 2, 'w' || value, '', 'w' || value, 0, 2 - value % 2, 5000
        from json_each('[1,2,3,4,5,6]');
        with
            took (d) as (values (0), (1023), (1024), (65535)),
            waited (w) as (values (0), (8191), (8192), (1048575)),
            more (m) as (values (-4999), (0), (1), (67000000)),
            figures as (
                select row_number() over () as n, d | (w << 16) | (m << 36) as figures
                from took, waited, more
            ),
            looks as (
                select row_number() over () as n, r.id as run, a.id as account
                from run r join account a on a.user = r.user
            )
        insert into snapshot (run, account, after_ms, figures)
        select l.run, l.account, case l.n % 5 when 0 then -86400123 else l.n * 333 end, f.figures
        from looks l left join figures f on f.n = l.n;";

    /// What the contract tells of looks.
    async fn looks(connection: &mut SqliteConnection) -> Vec<String> {
        let sql = "select json_array(run, at_ms, host, duration_ms, bytes, waited_ms) from requests
            union all select json_array(run, user, wiki, taken_at, outcome, changes) from snapshots
            union all select json_array(run, requests, unchanged, first_seen) from runs order by 1";
        let rows = sqlx::query_scalar(sql).fetch_all(connection);
        rows.await.expect("rows")
    }

    #[tokio::test]
    async fn looks_are_told_as_they_were_before_their_key_was_one_number() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("sultrail.db");
        let options = SqliteConnectOptions::new().filename(&path);
        let options = options.create_if_missing(true);
        let file = SqliteConnection::connect_with(&options).await;
        let mut file = file.expect("a file");
        let earlier = MIGRATIONS.iter().filter(|migration| migration.version < 7);
        let earlier = Migrator::with_migrations(earlier.cloned().collect());
        earlier.run(&mut file).await.expect("the schema of then");
        let filled = sqlx::raw_sql(LOOKS).execute(&mut file).await;
        filled.expect("looks");
        let before = looks(&mut file).await;
        assert_eq!(before.len(), 64 + 120 + 40);
        file.close().await.expect("a file");

        let store = Store::open(&path).await.expect("the database of now");
        let mut connection = store.pool.acquire().await.expect("a connection");
        assert_eq!(looks(&mut connection).await, before);
        drop(connection);
        store.close().await;
    }
}
