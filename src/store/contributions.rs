//! What the user did: edits and logged actions, in small rows.

use serde_json::{Value as Json, json};
use sqlx::SqliteConnection;

use super::{
    Filter, ListKey, PageEnd, Store, StoreError,
    lists::{note_place, note_requests},
};
use crate::model::{Edit, LoggedAction, Request, RunNumber};

/// A page of one or both lists of what the user did, and how far each goes.
#[derive(Clone, Copy, Debug)]
pub struct NewContributions<'a> {
    /// The user's row.
    pub user: i64,
    /// The account's row.
    pub account: i64,
    /// The run that asked.
    pub run: RunNumber,
    /// Edits.
    pub edits: Option<(&'a ListKey, &'a [Edit], PageEnd<'a>)>,
    /// Logged actions.
    pub actions: Option<(&'a ListKey, &'a [LoggedAction], PageEnd<'a>)>,
    /// Every request made for it.
    pub requests: &'a [Request],
}

/// A row of the view `contributions_by_month`, or a sum of several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct ContributionsRow {
    pub user: String,
    pub wiki: String,
    pub month: String,
    pub edits: i64,
    pub new_pages: i64,
    pub minor_edits: i64,
    pub size_diff: i64,
    pub actions: i64,
}

impl Store {
    /// Keeps a page. What is known already is not written twice. Returns how many edits and actions
    /// are new.
    pub async fn record_contributions(&self, new: NewContributions<'_>) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let recorded = async {
            let connection = &mut *transaction;
            let mut rows = 0;
            if let Some((key, edits, end)) = new.edits {
                rows += insert_edits(connection, new.account, edits).await?;
                note_place(connection, new.user, key, end).await?;
            }
            if let Some((key, actions, end)) = new.actions {
                rows += insert_actions(connection, new.account, actions).await?;
                note_place(connection, new.user, key, end).await?;
            }
            note_requests(connection, Some(new.run), new.requests).await?;
            sqlx::Result::Ok(rows)
        };
        let new = recorded.await.map_err(|error| self.error(error))?;
        self.commit(transaction).await?;
        Ok(new)
    }

    /// What the user did, by wiki and month.
    pub async fn contributions_by_month(
        &self,
        filter: &Filter,
    ) -> Result<Vec<ContributionsRow>, StoreError> {
        sqlx::query_as!(
            ContributionsRow,
            r#"
            select c.user as "user!", c.wiki as "wiki!", c.month as "month!: String",
                c.edits as "edits!: i64", c.new_pages as "new_pages!: i64",
                c.minor_edits as "minor_edits!: i64", c.size_diff as "size_diff!: i64",
                c.actions as "actions!: i64"
            from contributions_by_month c
            where (?1 is null or c.user = (select name from user where id = ?1))
                and (?2 is null or c.wiki = ?2)
            order by c.user, c.wiki, c.month
            "#,
            filter.user,
            filter.wiki
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }
}

/// One statement for all rows: a page has up to five hundred, and most of its pages and tags are
/// known.
async fn insert_edits(
    connection: &mut SqliteConnection,
    account: i64,
    edits: &[Edit],
) -> sqlx::Result<u64> {
    let rows: Vec<Json> = edits.iter().map(edit_row).collect();
    let rows = Json::from(rows).to_string();
    insert_tags(connection, &rows).await?;
    sqlx::query!(
        r#"
        insert into page (account, page, namespace, title)
        select ?1, j.value ->> 3, j.value ->> 4, j.value ->> 5 from json_each(?2) j
        where j.value ->> 3 is not null and j.value ->> 5 is not null
        on conflict do update set namespace = excluded.namespace, title = excluded.title
        where namespace <> excluded.namespace or title <> excluded.title
        "#,
        account,
        rows
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"
        insert into edit
            (account, tags, revision, parent, page, made_at, size, size_diff, flags, hidden, comment)
        select ?1, t.id, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 6, j.value ->> 7,
            j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11
        from json_each(?2) j
        join tag_list t on t.json = j.value ->> 0
        where true
        on conflict do update set
            hidden = excluded.hidden, comment = coalesce(excluded.comment, comment)
        where hidden <> excluded.hidden or comment is not coalesce(excluded.comment, comment)
        "#,
        account,
        rows
    )
    .execute(connection)
    .await
    .map(|done| done.rows_affected())
}

fn edit_row(edit: &Edit) -> Json {
    json!([
        tags(&edit.tags),
        edit.rev_id,
        edit.parent_id,
        edit.page_id,
        edit.namespace,
        edit.title,
        edit.made_at.timestamp(),
        edit.size,
        edit.size_diff,
        u8::from(edit.is_new) | u8::from(edit.is_minor) << 1,
        edit.hidden.bits(),
        edit.comment,
    ])
}

async fn insert_actions(
    connection: &mut SqliteConnection,
    account: i64,
    actions: &[LoggedAction],
) -> sqlx::Result<u64> {
    let rows: Vec<Json> = actions.iter().map(action_row).collect();
    let rows = Json::from(rows).to_string();
    insert_tags(connection, &rows).await?;
    insert_kinds(connection, &rows).await?;
    sqlx::query!(
        r#"
        insert into action
            (account, log_id, kind, tags, namespace, title, done_at, hidden, comment, params)
        select ?1, j.value ->> 1, k.id, t.id, j.value ->> 4, j.value ->> 5, j.value ->> 6,
            j.value ->> 7, j.value ->> 8, j.value ->> 9
        from json_each(?2) j
        join tag_list t on t.json = j.value ->> 0
        join action_kind k on k.type = j.value ->> 2 and k.action = j.value ->> 3
        where true
        on conflict do update set
            hidden = excluded.hidden, comment = coalesce(excluded.comment, comment)
        where hidden <> excluded.hidden or comment is not coalesce(excluded.comment, comment)
        "#,
        account,
        rows
    )
    .execute(connection)
    .await
    .map(|done| done.rows_affected())
}

fn action_row(action: &LoggedAction) -> Json {
    json!([
        tags(&action.tags),
        action.log_id,
        action.log_type,
        action.action,
        action.namespace,
        action.title,
        action.done_at.timestamp(),
        action.hidden.bits(),
        action.comment,
        action.params,
    ])
}

/// Tags as JSON text: most entries share a few lists of them.
fn tags(tags: &[String]) -> String {
    Json::from(tags).to_string()
}

/// The list of tags stands first in each row.
pub(super) async fn insert_tags(connection: &mut SqliteConnection, rows: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into tag_list (json)
        select j.value ->> 0 from json_each(?1) j
        where true
        on conflict do nothing
        "#,
        rows
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Which log and what was done stand third and fourth in each row.
pub(super) async fn insert_kinds(
    connection: &mut SqliteConnection,
    rows: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into action_kind (type, action)
        select j.value ->> 2, j.value ->> 3 from json_each(?1) j
        where true
        on conflict do nothing
        "#,
        rows
    )
    .execute(connection)
    .await
    .map(drop)
}
