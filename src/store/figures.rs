//! Figures for whoever watches from outside: counts and times, no names of people.

use super::{Store, StoreError};

/// How it stands with one user.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// How many runs ended how.
    pub runs: Vec<(String, i64)>,
    /// How many requests all runs took together.
    pub requests: i64,
    /// How many changes there were, by kind of property, counters included.
    pub changes: Vec<(String, i64)>,
    /// The groups that end, each at the earliest of its ends on any wiki, in Unix seconds.
    pub expiring_groups: Vec<(String, i64)>,
    /// The newest run that is over.
    pub last: Option<LastRun>,
    /// What the requests of that run were answered: the first digit of the status, 0 for no answer.
    pub last_requests: Vec<(i64, i64)>,
}

/// The newest run of a user that is over. Times in Unix seconds.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct LastRun {
    pub run: i64,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub unchanged: i64,
    pub changed: i64,
    pub first_seen: i64,
    pub failed: i64,
}

struct Counted {
    name: String,
    count: i64,
}

impl From<Counted> for (String, i64) {
    fn from(row: Counted) -> Self {
        (row.name, row.count)
    }
}

impl Store {
    /// The figures of a user.
    pub async fn figures(&self, user: i64) -> Result<Figures, StoreError> {
        self.read_figures(user)
            .await
            .map_err(|error| self.error(error))
    }

    async fn read_figures(&self, user: i64) -> sqlx::Result<Figures> {
        let runs = sqlx::query_as!(
            Counted,
            r#"
            select status as name, count(*) as "count!: i64" from run where user = ?1
            group by status order by status
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await?;
        let requests = sqlx::query_scalar!(
            r#"select coalesce(sum(requests), 0) as "requests!: i64" from run where user = ?1"#,
            user
        )
        .fetch_one(&self.pool)
        .await?;
        let last = self.last_run_that_is_over(user).await?;
        let last_requests = match &last {
            Some(last) => self.requests_by_class(last.run).await?,
            None => Vec::new(),
        };
        Ok(Figures {
            runs: runs.into_iter().map(Into::into).collect(),
            requests,
            changes: self.changes_by_kind(user).await?,
            expiring_groups: self.expiring_groups(user).await?,
            last,
            last_requests,
        })
    }

    async fn last_run_that_is_over(&self, user: i64) -> sqlx::Result<Option<LastRun>> {
        sqlx::query_as!(
            LastRun,
            r#"
            select id as "run!", started_at, finished_at,
                coalesce(unchanged, 0) as "unchanged!: i64",
                coalesce(changed, 0) as "changed!: i64",
                coalesce(first_seen, 0) as "first_seen!: i64",
                coalesce(failed, 0) as "failed!: i64"
            from run where user = ?1 and status <> 'running'
            order by id desc
            limit 1
            "#,
            user
        )
        .fetch_optional(&self.pool)
        .await
    }

    async fn requests_by_class(&self, run: i64) -> sqlx::Result<Vec<(i64, i64)>> {
        let rows = sqlx::query!(
            r#"
            select coalesce(status, 0) / 100 as "class!: i64", count(*) as "count!: i64"
            from requests where run = ?1
            group by 1 order by 1
            "#,
            run
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.class, row.count)).collect())
    }

    async fn changes_by_kind(&self, user: i64) -> sqlx::Result<Vec<(String, i64)>> {
        let rows = sqlx::query_as!(
            Counted,
            r#"
            select p.kind as name, count(*) as "count!: i64"
            from change c
            join account a on a.id = c.account
            join property p on p.id = c.property
            where a.user = ?1
            group by p.kind order by p.kind
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn expiring_groups(&self, user: i64) -> sqlx::Result<Vec<(String, i64)>> {
        let rows = sqlx::query_as!(
            Counted,
            r#"
            select group_name as "name!: String", min(unixepoch(expires_at)) as "count!: i64"
            from groups
            where user = (select name from user where id = ?1)
                and valid_to is null and unixepoch(expires_at) is not null
            group by group_name order by group_name
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
