//! What the logs say about the user, and what the user did.

use super::{Reading, hand_over};
use crate::store::{
    ContributionLine, FirstEditLine, LogEventLine, LoggedActionLine, ReadingLine, StoreError,
};

impl Reading {
    /// The entries of the logs up to then.
    pub async fn each_log_event<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(LogEventLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let until = self.until().await?;
        let lines = sqlx::query_as!(
            LogEventLine,
            r#"
            select u.name as "user!", l.logged_on, l.wiki, l.log_id, l.type, l.action,
                strftime('%Y-%m-%dT%H:%M:%SZ', l.logged_at, 'unixepoch') as "logged_at!: String",
                l.performer, l.comment, l.params,
                nullif(rtrim(
                    iif(l.hidden & 1, 'action ', '') || iif(l.hidden & 2, 'user ', '')
                    || iif(l.hidden & 4, 'comment ', '')
                    || iif(l.hidden & 8, 'suppressed', '')
                ), '') as "hidden: String"
            from log_event l
            join user u on u.id = l.user
            where l.user = ?1 and (?2 is null or l.logged_at <= ?2)
            order by l.logged_on, l.log_id
            "#,
            self.user,
            until
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// The first edit of each account that can be seen.
    pub async fn each_first_edit<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(FirstEditLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let until = self.until().await?;
        let lines = sqlx::query_as!(
            FirstEditLine,
            r#"
            select u.name as "user!", a.wiki as "wiki!", f.revision as "rev_id!",
                strftime('%Y-%m-%dT%H:%M:%SZ', f.made_at, 'unixepoch') as "made_at!: String"
            from first_edit f
            join account a on a.id = f.account
            join user u on u.id = a.user
            where a.user = ?1 and (?2 is null or f.made_at <= ?2)
            order by a.wiki
            "#,
            self.user,
            until
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// The edits up to then.
    pub async fn each_contribution<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(ContributionLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let until = self.until().await?;
        let lines = sqlx::query_as!(
            ContributionLine,
            r#"
            select u.name as "user!", a.wiki as "wiki!", e.revision as "rev_id!",
                e.parent as "parent_id: i64", e.page as "page_id: i64",
                p.namespace as "namespace?: i64", p.title as "title?",
                strftime('%Y-%m-%dT%H:%M:%SZ', e.made_at, 'unixepoch') as "made_at!: String",
                e.comment as "comment: String", e.size as "size: i64",
                e.size_diff as "size_diff: i64", e.flags & 1 as "is_new!: bool",
                (e.flags & 2) / 2 as "is_minor!: bool", t.json as "tags!",
                nullif(rtrim(
                    iif(e.hidden & 1, 'text ', '') || iif(e.hidden & 2, 'user ', '')
                    || iif(e.hidden & 4, 'comment ', '')
                    || iif(e.hidden & 8, 'suppressed', '')
                ), '') as "hidden: String"
            from account a
            join user u on u.id = a.user
            join edit e on e.account = a.id
            join tag_list t on t.id = e.tags
            left join page p on p.account = e.account and p.page = e.page
            where a.user = ?1 and (?2 is null or e.made_at <= ?2)
            order by a.wiki, e.revision
            "#,
            self.user,
            until
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// The logged actions up to then.
    pub async fn each_logged_action<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(LoggedActionLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let until = self.until().await?;
        let lines = sqlx::query_as!(
            LoggedActionLine,
            r#"
            select u.name as "user!", a.wiki as "wiki!", l.log_id as "log_id!", k.type as "type!",
                k.action as "action!", l.namespace as "namespace: i64", l.title as "title: String",
                strftime('%Y-%m-%dT%H:%M:%SZ', l.done_at, 'unixepoch') as "done_at!: String",
                l.comment as "comment: String", l.params as "params!", t.json as "tags!",
                nullif(rtrim(
                    iif(l.hidden & 1, 'action ', '') || iif(l.hidden & 2, 'user ', '')
                    || iif(l.hidden & 4, 'comment ', '')
                    || iif(l.hidden & 8, 'suppressed', '')
                ), '') as "hidden: String"
            from account a
            join user u on u.id = a.user
            join action l on l.account = a.id
            join action_kind k on k.id = l.kind
            join tag_list t on t.id = l.tags
            where a.user = ?1 and (?2 is null or l.done_at <= ?2)
            order by a.wiki, l.log_id
            "#,
            self.user,
            until
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }

    /// How far each list of the wikis has been read.
    pub async fn each_reading<E: From<StoreError>>(
        &mut self,
        each: impl FnMut(ReadingLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = sqlx::query_as!(
            ReadingLine,
            r#"
            select u.name as "user!", r.asked_on, r.list, r.about,
                strftime('%Y-%m-%dT%H:%M:%SZ', r.read_until, 'unixepoch') as "read_until: String",
                r.go_on,
                strftime('%Y-%m-%dT%H:%M:%SZ', r.finished_at, 'unixepoch')
                    as "finished_at: String",
                r.edit_count
            from reading r
            join user u on u.id = r.user
            where r.user = ?1
            order by r.asked_on, r.list, r.about
            "#,
            self.user
        )
        .fetch(&mut *self.transaction);
        hand_over(&self.path, lines, each).await
    }
}
