//! What a user has been told of already, in which format.
//!
//! Read by whoever may read the file; written in one short transaction, which waits for its turn
//! while a run records.

use super::{ChangeGroupRow, Store, StoreError};
use crate::model::RunNumber;

impl Store {
    /// The last run whose changes were told in a format.
    pub async fn report_mark(
        &self,
        user: i64,
        format: &str,
    ) -> Result<Option<RunNumber>, StoreError> {
        let run = sqlx::query_scalar!(
            "select run from report_mark where user = ?1 and format = ?2",
            user,
            format
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(run.map(RunNumber))
    }

    /// The newest run of a user to which nothing will be added any more. Only the newest run can
    /// still be under way, or be resumed after it was interrupted.
    pub async fn last_closed_run(&self, user: i64) -> Result<Option<RunNumber>, StoreError> {
        let run = sqlx::query_scalar!(
            r#"
            select max(id) as "id: i64" from run
            where user = ?1 and (
                status in ('finished', 'failed')
                or id < (select max(id) from run where user = ?1)
            )
            "#,
            user
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(run.map(RunNumber))
    }

    /// The changes that were told before their cause was known, and whose cause is known now.
    pub async fn explained_since(
        &self,
        user: i64,
        format: &str,
    ) -> Result<Vec<ChangeGroupRow>, StoreError> {
        sqlx::query_as!(
            ChangeGroupRow,
            r#"
            select p.kind as "kind!", p.name as "name!", b.json as "before?", n.json as "after?",
                w.cause as "cause!", l.performer as "performer?", l.comment as "comment?",
                json_group_array(a.wiki) as "wikis!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', min(seen.at), 'unixepoch')
                    as "happened_after!: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', max(found.at), 'unixepoch')
                    as "happened_by!: String"
            from report_open o
            join change c
                on c.run = o.run and c.account = o.account and c.property = o.property
            join account a on a.id = c.account
            join property p on p.id = c.property
            join cause w on w.id = c.cause
            join observations found on found.run = c.run and found.account = c.account
            join observations seen on seen.run = c.before_seen and seen.account = c.account
            left join property_value b on b.id = c.before
            left join property_value n on n.id = c.after
            left join log_event l on l.id = c.log_event
            where o.user = ?1 and o.format = ?2 and c.is_open = 0
                and (c.cause <> o.cause or c.log_event is not null)
            group by c.property, c.before, c.after, c.cause, l.performer, l.comment
            "#,
            user,
            format
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Remembers that everything up to a run has been told, and which of it had no cause yet. `told`
    /// is what was remembered before: what has been explained since then is forgotten.
    pub async fn remember_report(
        &self,
        user: i64,
        format: &str,
        told: RunNumber,
        run: RunNumber,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let remembered = async {
            let connection = &mut *transaction;
            // Written first: a transaction that begins by reading cannot wait for its turn.
            sqlx::query!(
                r#"
                insert into report_mark (user, format, run) values (?1, ?2, ?3)
                on conflict do update set run = max(run, excluded.run)
                "#,
                user,
                format,
                run.0
            )
            .execute(&mut *connection)
            .await?;
            sqlx::query!(
                r#"
                delete from report_open
                where user = ?1 and format = ?2 and coalesce(
                    (
                        select c.is_open from change c
                        where c.run = report_open.run and c.account = report_open.account
                            and c.property = report_open.property
                    ),
                    0
                ) = 0
                "#,
                user,
                format
            )
            .execute(&mut *connection)
            .await?;
            sqlx::query!(
                r#"
                insert into report_open (user, format, run, account, property, cause)
                select ?1, ?2, c.run, c.account, c.property, c.cause
                from change c join account a on a.id = c.account
                where c.is_open = 1 and a.user = ?1 and c.run > ?3 and c.run <= ?4
                on conflict do nothing
                "#,
                user,
                format,
                told.0,
                run.0
            )
            .execute(connection)
            .await
        };
        remembered.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await
    }
}
