//! How far lists of the wikis have been read, and what the logs say about the user. A page and how far
//! it goes are written in one transaction: whoever is killed asks for that page again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::{NewLogEvent, Store, StoreError, runs::insert_request};
use crate::model::{Request, RunNumber};

/// Which list of a wiki.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListKey {
    /// The wiki that is asked.
    pub asked_on: String,
    /// What is read there.
    pub list: ListKind,
    /// The page a log is read about; empty for what the user did.
    pub about: String,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListKind {
    /// What a log says about a page.
    Log,
    /// Edits of the user.
    Edits,
    /// Logged actions of the user.
    Actions,
}

impl ListKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Edits => "edits",
            Self::Actions => "actions",
        }
    }
}

/// How far a list has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// The newest entry that was read.
    pub read_until: Option<DateTime<Utc>>,
    /// What the wiki wants to be sent to go on.
    pub go_on: Option<String>,
    /// When the end was last reached; `None` while it is read once more.
    pub finished_at: Option<DateTime<Utc>>,
    /// The number of edits that the central wiki told then.
    pub edit_count: Option<u64>,
}

/// Where a page of a list ended.
#[derive(Clone, Copy, Debug)]
pub struct PageEnd<'a> {
    /// Its newest entry.
    pub read_until: Option<DateTime<Utc>>,
    /// What to send to get the next page; `None`: it was the last.
    pub go_on: Option<&'a str>,
    /// When it came.
    pub at: DateTime<Utc>,
    /// The number of edits that the central wiki tells.
    pub edit_count: Option<u64>,
}

/// A rename.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The name before.
    pub from: String,
    /// The name after.
    pub to: Option<String>,
    /// When it happened, or was first observed.
    pub at: DateTime<Utc>,
}

/// The first edit of an account that can be seen.
#[derive(Clone, Copy, Debug)]
pub struct NewFirstEdit {
    /// The account's row.
    pub account: i64,
    /// The number of the revision.
    pub rev_id: u64,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

impl Store {
    /// How far each list about a user has been read.
    pub async fn list_states(&self, user: i64) -> Result<BTreeMap<ListKey, ListState>, StoreError> {
        let rows = sqlx::query!(
            r#"
            select asked_on, list, about, read_until, go_on, finished_at, edit_count
            from reading where user = ?1
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let instant = |seconds: Option<i64>| DateTime::from_timestamp(seconds?, 0);
        let rows = rows.into_iter().map(|row| {
            let list = match row.list.as_str() {
                "edits" => ListKind::Edits,
                "actions" => ListKind::Actions,
                _ => ListKind::Log,
            };
            let key = ListKey {
                asked_on: row.asked_on,
                list,
                about: row.about,
            };
            let state = ListState {
                read_until: instant(row.read_until),
                go_on: row.go_on,
                finished_at: instant(row.finished_at),
                edit_count: row.edit_count.map(i64::unsigned_abs),
            };
            (key, state)
        });
        Ok(rows.collect())
    }

    /// Lets lists be read on from where what is recorded ends, and not from where a wiki wanted to be
    /// asked to go on. None counts as read until its end is reached again.
    pub async fn begin_lists_again(&self, user: i64, keys: &[&ListKey]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for key in keys {
            let list = key.list.as_str();
            sqlx::query!(
                r#"
                update reading set go_on = null, finished_at = null
                where user = ?1 and asked_on = ?2 and list = ?3 and about = ?4
                "#,
                user,
                key.asked_on,
                list,
                key.about
            )
            .execute(&mut *transaction)
            .await
            .map_err(|error| self.error(error))?;
        }
        self.commit(transaction).await
    }

    /// The renames of a user: the old name, the new one where it is known, and by when. From logs that
    /// have been read, and from what was observed.
    pub async fn renames(&self, user: i64) -> Result<Vec<Rename>, StoreError> {
        let rows = sqlx::query!(
            r#"
            select params ->> 'olduser' as "from!: String", params ->> 'newuser' as "to: String",
                logged_at as "at!: i64"
            from log_event
            where user = ?1 and type in ('gblrename', 'renameuser')
                and json_type(params, '$.olduser') = 'text'
            union all
            select json_extract(b.json, '$'), json_extract(n.json, '$'), found.at
            from change c
            join account a on a.id = c.account
            join property p on p.id = c.property
            join observations found on found.run = c.run and found.account = c.account
            join property_value b on b.id = c.before
            left join property_value n on n.id = c.after
            where a.user = ?1 and a.wiki = 'global' and p.kind = 'identity' and p.name = 'name'
            order by 3
            "#,
            user
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))?;
        let rows = rows.into_iter().map(|row| Rename {
            from: row.from,
            to: row.to,
            at: DateTime::from_timestamp(row.at, 0).unwrap_or_default(),
        });
        Ok(rows.collect())
    }

    /// Keeps a page of what is logged about the user, the requests that brought it, and how far it
    /// goes. Entries that are known already are not written twice.
    pub async fn record_log_page(
        &self,
        user: i64,
        key: &ListKey,
        events: &[NewLogEvent<'_>],
        first_edit: Option<NewFirstEdit>,
        end: PageEnd<'_>,
        requests: &[Request],
    ) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let recorded = async {
            let connection = &mut *transaction;
            let mut new = 0;
            for event in events {
                new += u64::from(
                    super::causes::insert_log_event(connection, user, event)
                        .await?
                        .1,
                );
            }
            if let Some(first_edit) = first_edit {
                note_first_edit(connection, first_edit).await?;
            }
            note_place(connection, user, key, end).await?;
            for request in requests {
                insert_request(connection, None, request).await?;
            }
            sqlx::Result::Ok(new)
        };
        let new = recorded.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await?;
        Ok(new)
    }
}

async fn note_first_edit(
    connection: &mut SqliteConnection,
    first_edit: NewFirstEdit,
) -> sqlx::Result<()> {
    let revision = first_edit.rev_id.cast_signed();
    let made_at = first_edit.made_at.timestamp();
    sqlx::query!(
        r#"
        insert into first_edit (account, revision, made_at) values (?1, ?2, ?3)
        on conflict do update set revision = excluded.revision, made_at = excluded.made_at
        where excluded.made_at < made_at
        "#,
        first_edit.account,
        revision,
        made_at
    )
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn note_place(
    connection: &mut SqliteConnection,
    user: i64,
    key: &ListKey,
    end: PageEnd<'_>,
) -> sqlx::Result<()> {
    let list = key.list.as_str();
    let read_until = end.read_until.map(|at| at.timestamp());
    let finished_at = end.go_on.is_none().then(|| end.at.timestamp());
    let edit_count = end.edit_count.map(u64::cast_signed);
    sqlx::query!(
        r#"
        insert into reading
            (user, asked_on, list, about, read_until, go_on, finished_at, edit_count)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        on conflict (user, asked_on, list, about) do update set
            read_until = max(
                coalesce(read_until, excluded.read_until),
                coalesce(excluded.read_until, read_until)
            ),
            go_on = excluded.go_on,
            finished_at = coalesce(excluded.finished_at, finished_at),
            edit_count = coalesce(excluded.edit_count, edit_count)
        "#,
        user,
        key.asked_on,
        list,
        key.about,
        read_until,
        end.go_on,
        finished_at,
        edit_count
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Writes the requests of a run that brought a page.
pub(super) async fn note_requests(
    connection: &mut SqliteConnection,
    run: Option<RunNumber>,
    requests: &[Request],
) -> sqlx::Result<()> {
    for request in requests {
        insert_request(&mut *connection, run, request).await?;
    }
    Ok(())
}
