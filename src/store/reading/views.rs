//! The views of the contract, row by row, whatever their columns are.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};

use super::Reading;
use crate::store::StoreError;

/// The views that users may rely on (docs/database.md).
pub const VIEWS: [&str; 17] = [
    "runs",
    "accounts",
    "snapshots",
    "history",
    "changes",
    "states",
    "groups",
    "preferences",
    "log_events",
    "first_edits",
    "contributions",
    "logged_actions",
    "contributions_by_month",
    "readings",
    "answers",
    "editors",
    "requests",
];

/// What a column of a view holds. In any column there may be nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// ISO 8601 text, in UTC and whole seconds.
    Instant,
    /// A number, or 0 and 1 for no and yes.
    Integer,
    /// Text; where it is JSON, as text.
    Text,
}

/// A column of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the type says it")]
pub struct ViewColumn {
    pub name: String,
    pub holds: ColumnType,
}

/// What a row has in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the type says it")]
pub enum ViewValue<'row> {
    Null,
    Integer(i64),
    Text(&'row str),
}

impl Reading {
    /// The columns of a view, as the database has it.
    pub async fn view_columns(&mut self, view: &str) -> Result<Vec<ViewColumn>, StoreError> {
        let found: sqlx::Result<Vec<(String, String)>> =
            sqlx::query_as("select name, type from pragma_table_info(?1) order by cid")
                .bind(view)
                .fetch_all(self.connection())
                .await;
        let columns = found.map_err(|error| self.error(error))?.into_iter();
        let column = |(name, declared): (String, String)| ViewColumn {
            holds: holds(&name, &declared),
            name,
        };
        Ok(columns.map(column).collect())
    }

    /// The rows of a view that are about the user, in the order of their columns.
    pub async fn each_view_row<E: From<StoreError>>(
        &mut self,
        view: &str,
        columns: &[ViewColumn],
        mut each: impl FnMut(&[ViewValue<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let name = self.owner().await?.name;
        let broken = |error| StoreError::from_sqlx(&self.path, error);
        let mut rows = sqlx::query(AssertSqlSafe(question(view, columns)))
            .bind(name)
            .fetch(&mut *self.transaction);
        while let Some(row) = rows.try_next().await.map_err(broken)? {
            let values: sqlx::Result<Vec<ViewValue<'_>>> = (0..)
                .zip(columns)
                .map(|(at, column)| value(&row, at, column.holds))
                .collect();
            each(&values.map_err(broken)?)?;
        }
        Ok(())
    }

    /// Whether another user has the same name, on another farm: the views cannot tell the two apart.
    pub async fn has_namesake(&mut self) -> Result<bool, StoreError> {
        let user = self.user;
        let namesakes = sqlx::query_scalar!(
            r#"
            select count(*) as "count!" from user
            where id <> ?1 and name = (select name from user where id = ?1)
            "#,
            user
        )
        .fetch_one(self.connection())
        .await;
        Ok(namesakes.map_err(|error| self.error(error))? > 0)
    }
}

/// A column that a view takes over from a table has that one's type. What a view works out has none, and
/// in SQLite a name could be a number there: the names of instants and texts are told here.
fn holds(name: &str, declared: &str) -> ColumnType {
    match (declared, name) {
        ("INTEGER", _) => ColumnType::Integer,
        ("TEXT", _)
        | (_, "change" | "error" | "groups" | "hidden" | "month" | "name" | "outcome" | "state") => {
            ColumnType::Text
        }
        (
            _,
            "at" | "date_started" | "happened_after" | "happened_by" | "read_until" | "seen_until"
            | "valid_from" | "valid_to",
        ) => ColumnType::Instant,
        _ if name.ends_with("_at") => ColumnType::Instant,
        _ => ColumnType::Integer,
    }
}

/// The same rows come in the same order, whatever plan SQLite makes.
fn question(view: &str, columns: &[ViewColumn]) -> String {
    let listed: Vec<String> = columns
        .iter()
        .map(|ViewColumn { name, holds }| match holds {
            ColumnType::Integer => format!("\"{name}\""),
            // A wiki's JSON may have a number where there is text otherwise.
            ColumnType::Instant | ColumnType::Text => format!("cast(\"{name}\" as text)"),
        })
        .collect();
    let order: Vec<String> = (1..=columns.len()).map(|at| at.to_string()).collect();
    let is_ours = if columns.iter().any(|column| column.name == "user") {
        "user = ?1"
    } else {
        "run in (select run from runs where user = ?1)"
    };
    format!(
        "select {} from {view} where {is_ours} order by {}",
        listed.join(", "),
        order.join(", ")
    )
}

fn value(row: &SqliteRow, at: usize, holds: ColumnType) -> sqlx::Result<ViewValue<'_>> {
    Ok(match holds {
        ColumnType::Integer => row
            .try_get::<Option<i64>, _>(at)?
            .map_or(ViewValue::Null, ViewValue::Integer),
        ColumnType::Instant | ColumnType::Text => row
            .try_get::<Option<&str>, _>(at)?
            .map_or(ViewValue::Null, ViewValue::Text),
    })
}
