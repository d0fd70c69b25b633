//! What users ask of the history: one function a question, rows of the public views out.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::SqliteExecutor;

use super::{Store, StoreError};
use crate::model::{Kind, Moment, RunNumber};

/// Narrows a question down. `None` means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The user's row.
    pub user: Option<i64>,
    /// The wiki.
    pub wiki: Option<String>,
    /// The kind of property.
    pub kind: Option<Kind>,
    /// The name of the property; `*` stands for any text.
    pub name: Option<String>,
}

/// A row of the view `runs`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct RunRow {
    pub run: i64,
    pub user: String,
    pub scope: String,
    pub trigger: String,
    pub status: String,
    pub started_at: String,
    pub finished_at: Option<String>,
    pub accounts: Option<i64>,
    pub unchanged: i64,
    pub changed: i64,
    pub first_seen: i64,
    pub failed: i64,
    pub requests: i64,
    pub error: Option<String>,
}

/// A row of the view `accounts`, with the groups and the edits of the moment asked for.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct AccountRow {
    pub user: String,
    pub central_user_id: Option<i64>,
    pub wiki: String,
    pub api_url: String,
    pub local_user_id: Option<i64>,
    pub attached_at: Option<String>,
    pub attached_by: Option<String>,
    pub registered_at: Option<String>,
    pub first_seen_at: String,
    pub last_seen_at: Option<String>,
    pub state: String,
    pub groups: Option<String>,
    pub edit_count: Option<i64>,
}

/// Where a user has an account.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct Place {
    pub user: String,
    pub wiki: String,
    pub api_url: String,
}

/// An account that cannot be read, since when, and why the last try failed.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are explained above")]
pub struct FailingRow {
    pub wiki: String,
    pub failing_since: String,
    pub error: Option<String>,
}

/// A row of the view `groups`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct GroupRow {
    pub user: String,
    pub wiki: String,
    pub group_name: String,
    pub expires_at: Option<String>,
    pub valid_from: String,
    pub valid_to: Option<String>,
}

/// A row of the view `history`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct HistoryRow {
    pub user: String,
    pub wiki: String,
    pub kind: String,
    pub name: String,
    pub value: String,
    pub is_default: Option<i64>,
    pub valid_from: String,
    pub seen_until: String,
    pub valid_to: Option<String>,
}

impl Filter {
    /// Whether one account of one user is meant. SQLite has to be told so: of `?1 is null or …` it makes a walk
    /// through every change of everybody.
    fn is_one_account(&self) -> bool {
        self.user.is_some() && self.wiki.is_some()
    }
}

/// The values held after a run, or all that have ever been, of the accounts of which this is so.
macro_rules! values_held {
    ($whose:tt, $filter:expr, $kind:expr, $pattern:expr, $run:expr) => {
        sqlx::query_as!(
            HistoryRow,
            r#"
            select user as "user!: String", wiki as "wiki!: String", kind as "kind!: String",
                name as "name!: String", value as "value!: String",
                is_default as "is_default: i64", valid_from as "valid_from!: String",
                seen_until as "seen_until!: String", valid_to as "valid_to: String"
            from spans
            where "# + $whose
                + r#"
                and (?3 is null or kind = ?3) and (?4 is null or name glob ?4)
                -- Ranges, also where no run is named: half of the changes need no look.
                and first_run <= coalesce(?5, 9223372036854775807) and gone_run > coalesce(?5, 0)
            order by user, wiki, kind, name, first_run
            "#,
            $filter.user,
            $filter.wiki,
            $kind,
            $pattern,
            $run
        )
    };
}

impl Store {
    /// The run that a moment means: the last one that had ended by then. Runs that observed nothing
    /// are passed over when counting back from the latest.
    pub async fn run_at(
        &self,
        user: Option<i64>,
        moment: Moment,
        now: DateTime<Utc>,
    ) -> Result<RunNumber, StoreError> {
        let found = match moment {
            Moment::Run(run) => self.run_of_number(user, run).await?,
            Moment::Latest(back) => self.run_before_latest(user, back).await?,
            Moment::At(instant) => self.run_ended_by(user, instant).await?,
            Moment::Ago(age) => self.run_ended_by(user, now - age).await?,
        };
        found.map(RunNumber).ok_or_else(|| {
            StoreError::NotFound(match moment {
                Moment::Run(run) => format!("there is no run {run}; `sultrail runs` lists them"),
                Moment::Latest(0) => {
                    "there is no run yet; take one with `sultrail snapshot`".to_owned()
                }
                Moment::Latest(back) => {
                    format!("there are not so many runs: latest~{back}; `sultrail runs` lists them")
                }
                Moment::At(_) | Moment::Ago(_) => {
                    "no run had ended by then; `sultrail runs` lists them".to_owned()
                }
            })
        })
    }

    async fn run_of_number(&self, user: Option<i64>, run: i64) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar!(
            r#"select id as "id!" from run where id = ?1 and (?2 is null or user = ?2)"#,
            run,
            user
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    async fn run_before_latest(
        &self,
        user: Option<i64>,
        back: u32,
    ) -> Result<Option<i64>, StoreError> {
        // A search by the primary key of `snapshot`. Not `exists`: SQLite 3.51 makes a join of it,
        // and `offset` then counts rows of `snapshot`.
        sqlx::query_scalar!(
            r#"
            select id as "id!" from run
            where (?1 is null or user = ?1)
                and (
                    select s.id from snapshot s
                    where s.id >= run.id << 15 and s.id < (run.id + 1) << 15 limit 1
                ) is not null
            order by id desc limit 1 offset ?2
            "#,
            user,
            back
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    async fn run_ended_by(
        &self,
        user: Option<i64>,
        instant: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let instant = instant.timestamp();
        sqlx::query_scalar!(
            r#"
            select max(id) as "id: i64" from run
            where (?1 is null or user = ?1)
                and coalesce(
                    finished_at, case status when 'running' then null else started_at end
                ) <= ?2
            "#,
            user,
            instant
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The first fault that SQLite finds in the file, if there is any.
    pub async fn integrity(&self) -> Result<Option<String>, StoreError> {
        let verdict: String = sqlx::query_scalar("pragma quick_check(1)")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.error(error))?;
        Ok((verdict != "ok").then_some(verdict))
    }

    /// The same, looking at indexes and references too.
    pub(super) async fn full_integrity(&self) -> Result<Option<String>, StoreError> {
        let wrong = |error| self.error(error);
        let verdict: String = sqlx::query_scalar("pragma integrity_check(1)")
            .fetch_one(&self.pool)
            .await
            .map_err(wrong)?;
        let dangling: Option<String> =
            sqlx::query_scalar(r#"select "table" from pragma_foreign_key_check limit 1"#)
                .fetch_optional(&self.pool)
                .await
                .map_err(wrong)?;
        let dangling = dangling.map(|table| format!("{table} refers to what is not there"));
        Ok((verdict != "ok").then_some(verdict).or(dangling))
    }

    /// The runs, newest first.
    pub async fn runs(&self, user: Option<i64>) -> Result<Vec<RunRow>, StoreError> {
        sqlx::query_as!(
            RunRow,
            r#"
            select run as "run!", user, scope, trigger, status, started_at as "started_at!: String",
                finished_at as "finished_at: String", accounts, unchanged as "unchanged!: i64",
                changed as "changed!: i64", first_seen as "first_seen!: i64",
                failed as "failed!: i64", requests as "requests!: i64", error
            from runs
            where ?1 is null or user = (select name from user where id = ?1)
            order by run desc
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The newest run of a user.
    pub async fn last_run(&self, user: i64) -> Result<Option<RunRow>, StoreError> {
        sqlx::query_as!(
            RunRow,
            r#"
            select run as "run!", user, scope, trigger, status, started_at as "started_at!: String",
                finished_at as "finished_at: String", accounts, unchanged as "unchanged!: i64",
                changed as "changed!: i64", first_seen as "first_seen!: i64",
                failed as "failed!: i64", requests as "requests!: i64", error
            from runs
            where run = (select max(id) from run where user = ?1)
            "#,
            user
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// The attached accounts as they were after a run.
    pub async fn accounts(
        &self,
        user: Option<i64>,
        run: RunNumber,
    ) -> Result<Vec<AccountRow>, StoreError> {
        accounts_after(&self.pool, user, run.0)
            .await
            .map_err(|error| self.error(error))
    }

    /// Whether there ever was an account on this wiki; `global` always is one.
    pub async fn has_account_on(&self, user: Option<i64>, wiki: &str) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            r#"
            select ?2 = 'global' or exists (
                select 1 from account where wiki = ?2 and (?1 is null or user = ?1)
            ) as "has!: bool"
            "#,
            user,
            wiki
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Every place where somebody has an account, or had one.
    pub async fn places(&self) -> Result<Vec<Place>, StoreError> {
        sqlx::query_as!(
            Place,
            r#"
            select u.name as user, a.wiki, a.api_url
            from account a
            join user u on u.id = a.user
            where a.wiki <> 'global'
            "#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Fails where `open` would be content with reading: on a file or a disk that is read-only.
    pub async fn prove_writable(&self) -> Result<(), StoreError> {
        let transaction = self
            .pool
            .begin_with("begin immediate")
            .await
            .map_err(|error| self.error(error))?;
        transaction
            .rollback()
            .await
            .map_err(|error| self.error(error))
    }

    /// The accounts of a user that could not be read the last time.
    pub async fn failing_accounts(&self, user: i64) -> Result<Vec<FailingRow>, StoreError> {
        sqlx::query_as!(
            FailingRow,
            r#"
            select a.wiki as "wiki!",
                strftime('%Y-%m-%dT%H:%M:%SZ', a.failing_since, 'unixepoch')
                    as "failing_since!: String",
                (
                    select f.error from failure f where f.account = a.id order by f.run desc limit 1
                ) as "error: String"
            from account a
            where a.user = ?1 and a.failing_since is not null and a.listed_until is null
            order by a.failing_since, a.wiki
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Group memberships, local and global, after a run.
    pub async fn groups(
        &self,
        filter: &Filter,
        run: RunNumber,
    ) -> Result<Vec<GroupRow>, StoreError> {
        let mut rows = Vec::new();
        for kind in [Kind::GlobalGroup, Kind::Group] {
            let filter = Filter {
                kind: Some(kind),
                ..filter.clone()
            };
            rows.extend(self.state(&filter, Some(run)).await?);
        }
        rows.sort_by(|a, b| (&a.user, &a.wiki).cmp(&(&b.user, &b.wiki)));
        let groups = rows.into_iter().map(|row| GroupRow {
            user: row.user,
            wiki: row.wiki,
            group_name: row.name,
            expires_at: serde_json::from_str::<String>(&row.value)
                .ok()
                .filter(|expiry| expiry != "infinity"),
            valid_from: row.valid_from,
            valid_to: row.valid_to,
        });
        Ok(groups.collect())
    }

    /// Every value a property has had, the oldest first.
    pub async fn history(&self, filter: &Filter) -> Result<Vec<HistoryRow>, StoreError> {
        self.state(filter, None).await
    }

    /// The values held after a run, or all that have ever been.
    async fn state(
        &self,
        filter: &Filter,
        run: Option<RunNumber>,
    ) -> Result<Vec<HistoryRow>, StoreError> {
        let kind = filter.kind.map(Kind::as_str);
        let run = run.map(|run| run.0);
        let pattern = filter.name.as_deref().map(glob);
        let rows = if filter.is_one_account() {
            values_held!("user_id = ?1 and wiki = ?2", filter, kind, pattern, run)
                .fetch_all(&self.pool)
                .await
        } else {
            values_held!(
                "(?1 is null or user_id = ?1) and (?2 is null or wiki = ?2)",
                filter,
                kind,
                pattern,
                run
            )
            .fetch_all(&self.pool)
            .await
        };
        rows.map_err(|error| self.error(error))
    }
}

/// The attached accounts as they were after a run, whoever asks.
pub(super) async fn accounts_after(
    executor: impl SqliteExecutor<'_>,
    user: Option<i64>,
    run: i64,
) -> sqlx::Result<Vec<AccountRow>> {
    sqlx::query_as!(
        AccountRow,
        r#"
        with moment as (
            -- A run that never ended holds until the next one.
            select coalesce(
                r.finished_at,
                (
                    select n.started_at from run n
                    where n.user = r.user and n.id > r.id order by n.id limit 1
                ),
                9223372036854775807
            ) as at
            from run r where r.id = ?2
        ),
        facts as (
            select account,
                json_group_array(name order by name) filter (where kind = 'group') as groups,
                max(json_extract(value, '$')) filter (where kind = 'counter') as edit_count,
                max(json_extract(value, '$')) filter (where name = 'local_user_id')
                    as local_user_id,
                max(json_extract(value, '$')) filter (where name = 'registered_at')
                    as registered_at
            from spans
            where (
                    kind = 'group' or (kind = 'counter' and name = 'edit_count')
                    or (kind = 'identity' and name in ('local_user_id', 'registered_at'))
                )
                and first_run <= ?2 and gone_run > ?2
            group by account
        ),
        missed as (
            select account, max(run) as run from failure where run <= ?2 group by account
        )
        select u.name as "user!", u.central_user_id, a.wiki as "wiki!", a.api_url as "api_url!",
            f.local_user_id as "local_user_id: i64",
            strftime('%Y-%m-%dT%H:%M:%SZ', a.attached_at, 'unixepoch')
                as "attached_at: String",
            a.attached_by, f.registered_at as "registered_at: String",
            strftime('%Y-%m-%dT%H:%M:%SZ', a.listed_from, 'unixepoch')
                as "first_seen_at!: String",
            strftime(
                '%Y-%m-%dT%H:%M:%SZ',
                min(coalesce(a.listed_until, u.listed_at), moment.at),
                'unixepoch'
            ) as "last_seen_at: String",
            case
                when a.detached_at <= moment.at then 'detached'
                -- It failed, and was not read since; up to then.
                when missed.run is not null and (
                    select s.id from run r
                    join snapshot s on s.id = (r.id << 15) | a.ordinal
                    where r.user = a.user and r.id > missed.run and r.id <= ?2
                    limit 1
                ) is null then 'unreachable'
                else 'attached'
            end as "state!: String",
            f.groups as "groups: String", f.edit_count as "edit_count: i64"
        from moment
        join account a on a.listed_from <= moment.at
        join user u on u.id = a.user
        left join facts f on f.account = a.id
        left join missed on missed.account = a.id
        where (?1 is null or a.user = ?1) and a.wiki <> 'global'
        order by u.name, a.wiki
        "#,
        user,
        run
    )
    .fetch_all(executor)
    .await
}

/// A pattern of ours as SQLite's `glob` reads it: brackets mean nothing special to us.
pub(super) fn glob(pattern: &str) -> String {
    pattern.replace('[', "[[]")
}
