//! Why something changed: what the logs and the global preferences add to what was observed.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::{Store, StoreError};
use crate::model::{Cause, Hidden, Kind, Property, RunNumber};

/// A recorded change whose cause may still be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unexplained {
    /// The run that found it.
    pub run: RunNumber,
    /// The account's row.
    pub account: i64,
    /// Where it is; `global` for the global account.
    pub wiki: String,
    /// The property's row.
    pub property_id: i64,
    /// What changed.
    pub property: Property,
    /// The value before, as JSON text.
    pub before: Option<String>,
    /// The value after, as JSON text.
    pub after: Option<String>,
    /// It happened after this instant,
    pub happened_after: DateTime<Utc>,
    /// and by this one.
    pub happened_by: DateTime<Utc>,
}

/// A change of a preference that is set for all wikis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalPreferenceChange {
    /// Which one.
    pub name: String,
    /// The value before, as JSON text; `None` if there was none, or none was known.
    pub before: Option<String>,
    /// The value after, as JSON text.
    pub after: Option<String>,
    /// It happened after this instant,
    pub happened_after: DateTime<Utc>,
    /// and by this one.
    pub happened_by: DateTime<Utc>,
}

/// An entry of a log, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLogEvent<'a> {
    /// The wiki whose log it stands in.
    pub logged_on: &'a str,
    /// The wiki it is about.
    pub wiki: &'a str,
    /// Its number there.
    pub log_id: u64,
    /// Which log.
    pub log_type: &'a str,
    /// What was done.
    pub action: &'a str,
    /// When.
    pub logged_at: DateTime<Utc>,
    /// By whom; `None` if hidden.
    pub performer: Option<&'a str>,
    /// Why; `None` if hidden.
    pub comment: Option<&'a str>,
    /// The details, as JSON text.
    pub params: &'a str,
    /// What is hidden.
    pub hidden: Hidden,
}

impl Store {
    /// The changes that a log or the global preferences may explain and have not yet: those of this
    /// run, and those of earlier runs of the user whose questions went unanswered.
    pub async fn unexplained(&self, run: RunNumber) -> Result<Vec<Unexplained>, StoreError> {
        let rows = sqlx::query!(
            r#"
            select c.run as "run!", c.account as "account!", a.wiki as "wiki!",
                c.property as "property!", p.kind as "kind!", p.name as "name!",
                b.json as "before?", n.json as "after?", seen.at as "seen_at!: i64", found.at as "found_at!: i64"
            from change c
            join account a on a.id = c.account
            join property p on p.id = c.property
            join observations seen on seen.run = c.before_seen and seen.account = c.account
            join observations found on found.run = c.run and found.account = c.account
            left join property_value b on b.id = c.before
            left join property_value n on n.id = c.after
            where c.is_open = 1 and a.user = (select user from run where id = ?1)
                and c.run in (
                    select id from run
                    where started_at >= (select started_at from run where id = ?1) - 7 * 86400
                )
            order by c.run, a.wiki, p.kind, p.name
            "#,
            run.0
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let rows = rows.into_iter().filter_map(|row| {
            let kind: Kind = row.kind.parse().ok()?;
            Some(Unexplained {
                run: RunNumber(row.run),
                account: row.account,
                wiki: row.wiki,
                property_id: row.property,
                property: Property::new(kind, row.name),
                before: row.before,
                after: row.after,
                happened_after: instant(row.seen_at),
                happened_by: instant(row.found_at),
            })
        });
        Ok(rows.collect())
    }

    /// How the preferences for all wikis have changed. Those that were there when they were first
    /// looked for count as set some time before.
    pub async fn global_preference_changes(
        &self,
        account: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<GlobalPreferenceChange>, StoreError> {
        let now = now.timestamp();
        let rows = sqlx::query!(
            r#"
            select p.name as "name!", b.json as "before?", n.json as "after?",
                seen.at as "seen_at!: i64", coalesce(r.finished_at, ?2) as "found_at!: i64"
            from change c
            join property p on p.id = c.property
            join observations seen on seen.run = c.before_seen and seen.account = c.account
            join run r on r.id = c.run
            left join property_value b on b.id = c.before
            left join property_value n on n.id = c.after
            where c.account = ?1 and p.kind = 'global_preference'
            union all
            select p.name, null, v.json, 0, coalesce(r.finished_at, ?2)
            from held_values h
            join property p on p.id = h.property
            join property_value v on v.id = h.value
            join run r on r.id = h.from_run
            left join change c
                on c.run = h.from_run and c.account = h.account and c.property = h.property
            where h.account = ?1 and p.kind = 'global_preference' and c.run is null
            "#,
            account,
            now
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let rows = rows.into_iter().map(|row| GlobalPreferenceChange {
            name: row.name,
            before: row.before,
            after: row.after,
            happened_after: instant(row.seen_at),
            happened_by: instant(row.found_at),
        });
        Ok(rows.collect())
    }

    /// Whether an account keeps its own value of a preference that is set for all wikis.
    pub async fn holds_local_exception(
        &self,
        account: i64,
        name: &str,
    ) -> Result<bool, StoreError> {
        let exception = format!("{name}-local-exception");
        let held = sqlx::query_scalar!(
            r#"
            select h.id as "id!" from property p join held h on h.id = (?1 << 18) | p.id
            where p.kind = 'preference' and p.name = ?2
            "#,
            account,
            exception
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(held.is_some())
    }

    /// The names that the user had before the current one, as far as they were in use since then.
    pub async fn former_names(
        &self,
        user: i64,
        since: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        let since = since.timestamp();
        sqlx::query_scalar!(
            r#"
            select json_extract(b.json, '$') as "name!: String"
            from change c
            join account a on a.id = c.account
            join property p on p.id = c.property
            join observations found on found.run = c.run and found.account = c.account
            join property_value b on b.id = c.before
            where a.user = ?1 and a.wiki = 'global' and p.kind = 'identity' and p.name = 'name'
                and found.at >= ?2
            order by c.run desc
            "#,
            user,
            since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }

    /// Keeps an entry of a log, once, and returns its row.
    pub async fn record_log_event(
        &self,
        user: i64,
        event: &NewLogEvent<'_>,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.begin().await?;
        let (id, _) = insert_log_event(&mut transaction, user, event)
            .await
            .map_err(|error| self.error(error))?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Notes the cause of a recorded change.
    pub async fn record_cause(
        &self,
        change: &Unexplained,
        cause: Cause,
        log_event: Option<i64>,
    ) -> Result<(), StoreError> {
        let cause = cause as u8;
        sqlx::query!(
            r#"
            update change set cause = ?4, log_event = ?5, is_open = 0
            where run = ?1 and account = ?2 and property = ?3
            "#,
            change.run.0,
            change.account,
            change.property_id,
            cause,
            log_event
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Notes that whoever could explain a change has been asked, and could not.
    pub async fn record_no_cause(&self, change: &Unexplained) -> Result<(), StoreError> {
        sqlx::query!(
            r#"
            update change set is_open = 0 where run = ?1 and account = ?2 and property = ?3
            "#,
            change.run.0,
            change.account,
            change.property_id
        )
        .execute(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        Ok(())
    }
}

/// Keeps an entry, once; its row, and whether it is new. What was read when it was not hidden yet
/// stays; what was hidden and is not any more is added.
pub(super) async fn insert_log_event(
    connection: &mut SqliteConnection,
    user: i64,
    event: &NewLogEvent<'_>,
) -> sqlx::Result<(i64, bool)> {
    let log_id = event.log_id.cast_signed();
    let logged_at = event.logged_at.timestamp();
    let hidden = event.hidden.bits();
    let known = sqlx::query_scalar!(
        r#"
        update log_event set
            performer = coalesce(performer, ?4), comment = coalesce(comment, ?5),
            params = iif(params = '{}', ?6, params), hidden = ?7
        where user = ?1 and logged_on = ?2 and log_id = ?3
        returning id as "id!"
        "#,
        user,
        event.logged_on,
        log_id,
        event.performer,
        event.comment,
        event.params,
        hidden
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(id) = known {
        return Ok((id, false));
    }
    let id = sqlx::query!(
        r#"
        insert into log_event
            (user, logged_on, wiki, log_id, type, action, logged_at, performer, comment, params,
            hidden)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        "#,
        user,
        event.logged_on,
        event.wiki,
        log_id,
        event.log_type,
        event.action,
        logged_at,
        event.performer,
        event.comment,
        event.params,
        hidden
    )
    .execute(connection)
    .await?
    .last_insert_rowid();
    Ok((id, true))
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}
