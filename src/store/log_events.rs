//! What the logs say, as far as they have been read.

use super::{Filter, Store, StoreError, questions::glob};

/// A row of the view `log_events`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are explained in docs/database.md")]
pub struct LogEventRow {
    pub user: String,
    pub wiki: String,
    pub log_id: i64,
    pub log_type: String,
    pub action: String,
    pub logged_at: String,
    pub performer: Option<String>,
    pub comment: Option<String>,
    pub params: String,
    pub logged_on: String,
    pub hidden: Option<String>,
}

impl Store {
    /// What the logs say, oldest first. The name of the filter is that of a log.
    pub async fn log_events(&self, filter: &Filter) -> Result<Vec<LogEventRow>, StoreError> {
        let pattern = filter.name.as_deref().map(glob);
        sqlx::query_as!(
            LogEventRow,
            r#"
            select e.user as "user!", e.wiki as "wiki!", e.log_id as "log_id!",
                e.type as "log_type!", e.action as "action!", e.logged_at as "logged_at!: String",
                e.performer, e.comment, e.params as "params!", e.logged_on as "logged_on!",
                e.hidden as "hidden: String"
            from log_events e
            where (?1 is null or e.user = (select name from user where id = ?1))
                and (?2 is null or e.wiki = ?2) and (?3 is null or e.type glob ?3)
            order by e.user, e.logged_at, e.logged_on, e.log_id
            "#,
            filter.user,
            filter.wiki,
            pattern
        )
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.error(error))
    }
}
