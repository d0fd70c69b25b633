//! Putting an export back into an empty database, all of it or nothing.
//!
//! The lines are taken as they come, some hundred at a time; SQLite's own constraints stand behind
//! the checks of whoever reads them. What the lines say of each other is looked at in the end.

use serde_json::{Value as Json, json};
use sqlx::SqliteConnection;

use super::{
    ChangeLine, ContributionLine, CoverageLine, FirstEditLine, HistoryLine, LogEventLine,
    LoggedActionLine, Owner, Reading, ReadingLine, RequestLine, RunLine, SnapshotLine, Store,
    StoreError,
    accounts::host,
    contributions::{insert_kinds, insert_tags},
    snapshots::{figures, intern},
};
use crate::model::{Coverage, Hidden, Kind, Property, Subject};

/// A database that is being filled. Dropped, it is as empty as before.
#[derive(Debug)]
pub struct Restoring {
    reading: Reading,
}

impl Store {
    /// Begins to fill the database, which has to be empty.
    pub async fn restore(&self) -> Result<Restoring, StoreError> {
        let transaction = self
            .pool
            .begin_with("begin immediate")
            .await
            .map_err(|error| self.error(error))?;
        let mut reading = Reading {
            transaction,
            path: self.path.clone(),
            user: 0,
            run: 0,
        };
        let rows = sqlx::query_scalar!(
            r#"
            select (select count(*) from user) + (select count(*) from run)
                + (select count(*) from request) as "rows!: i64"
            "#
        )
        .fetch_one(reading.connection())
        .await;
        if rows.map_err(|error| self.error(error))? > 0 {
            let path = self.path.display();
            return Err(StoreError::NotFound(format!(
                "{path} is not empty, and an export goes only into an empty database; name another \
                 with --database"
            )));
        }
        Ok(Restoring { reading })
    }
}

impl Restoring {
    /// Begins with the user.
    pub async fn owner(&mut self, owner: &Owner) -> Result<(), StoreError> {
        let user = sqlx::query!(
            r#"
            insert into user
                (name, asked_as, central_api, central_user_id, listed_at, paused_until)
            values (?1, ?2, ?3, ?4, unixepoch(?5), unixepoch(?6))
            "#,
            owner.name,
            owner.asked_as,
            owner.central_api,
            owner.central_user_id,
            owner.listed_at,
            owner.paused_until
        )
        .execute(self.connection())
        .await;
        self.reading.user = self.told(user)?.last_insert_rowid();
        Ok(())
    }

    /// The key of the hashes that stand for redacted values.
    pub async fn hash_key(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let done = sqlx::query!("update hash_key set key = ?1", key)
            .execute(self.connection())
            .await;
        self.told(done).map(drop)
    }

    /// Runs. The tally of one that has not ended is counted anew.
    pub async fn runs(&mut self, lines: &[RunLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            let ended = line.finished_at.is_some();
            let tally = |count: i64| ended.then_some(count);
            json!([
                line.run,
                line.scope,
                line.trigger,
                line.status,
                line.started_at,
                line.finished_at,
                line.accounts,
                tally(line.unchanged),
                tally(line.changed),
                tally(line.first_seen),
                tally(line.failed),
                tally(line.requests),
                line.error,
            ])
        });
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let done = sqlx::query!(
            r#"
            insert into run (
                id, user, scope, trigger, status, started_at, finished_at, accounts, unchanged,
                changed, first_seen, failed, requests, error
            )
            select j.value ->> 0, ?2, j.value ->> 1, j.value ->> 2, j.value ->> 3,
                unixepoch(j.value ->> 4), unixepoch(j.value ->> 5), j.value ->> 6, j.value ->> 7,
                j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11, j.value ->> 12
            from json_each(?1) j
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)?;
        self.reading.run = lines
            .iter()
            .map(|line| line.run)
            .fold(self.reading.run, i64::max);
        Ok(())
    }

    /// Accounts, with what has been observed of each.
    pub async fn accounts(&mut self, lines: &[CoverageLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            json!([
                line.wiki,
                line.api_url,
                host(&line.api_url),
                line.attached_at,
                line.attached_by,
                line.listed_from,
                line.listed_until,
                line.detached_at,
                line.first_run,
                line.latest_run,
                line.failing_since,
                bits(line.subjects.iter()),
            ])
        });
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let done = sqlx::query!(
            r#"
            insert into account (
                user, wiki, api_url, host, attached_at, attached_by, listed_from, listed_until,
                detached_at, first_run, observed_run, failing_since, coverage
            )
            select ?2, j.value ->> 0, j.value ->> 1, j.value ->> 2, unixepoch(j.value ->> 3),
                j.value ->> 4, unixepoch(j.value ->> 5), unixepoch(j.value ->> 6),
                unixepoch(j.value ->> 7), j.value ->> 8, j.value ->> 9, unixepoch(j.value ->> 10),
                j.value ->> 11
            from json_each(?1) j
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)?;
        let hidden = lines.iter().flat_map(|line| {
            let entries = line.out_of_sight.iter();
            entries.map(|entry| json!([line.wiki, bits([&entry.subject]), entry.seen_run]))
        });
        let (rows, count) = batch(hidden);
        let done = sqlx::query!(
            r#"
            insert into out_of_sight (account, subject, seen_run)
            select a.id, j.value ->> 1, j.value ->> 2
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 0
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// Observations, and those that failed.
    pub async fn snapshots(&mut self, lines: &[SnapshotLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            json!([
                line.run,
                line.wiki,
                line.after_ms,
                line.duration_ms
                    .zip(line.waited_ms)
                    .map(|(duration_ms, waited_ms)| figures([duration_ms, waited_ms])),
                line.bytes,
                line.error,
            ])
        });
        let (rows, _) = batch(rows);
        let user = self.reading.user;
        let failed = lines.iter().filter(|line| line.error.is_some()).count() as u64;
        let done = sqlx::query!(
            r#"
            insert into snapshot (id, after_ms, figures)
            select ((j.value ->> 0) << 15) | a.ordinal, j.value ->> 2,
                (j.value ->> 3) | (((j.value ->> 4) - a.answer_bytes) << 36)
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 1
            where j.value ->> 5 is null
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, lines.len() as u64 - failed)?;
        let done = sqlx::query!(
            r#"
            insert into failure (run, account, after_ms, error)
            select j.value ->> 0, a.id, j.value ->> 2, j.value ->> 5
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 1
            where j.value ->> 5 is not null
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, failed)
    }

    /// Requests that no snapshot tells of.
    pub async fn requests(&mut self, lines: &[RequestLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            json!([
                line.run,
                line.at_ms,
                line.host,
                line.purpose,
                line.status,
                line.duration_ms,
                line.bytes,
                line.attempt,
                line.waited_ms,
            ])
        });
        let (rows, count) = batch(rows);
        let done = sqlx::query!(
            r#"
            insert into request
                (run, sent_ms, host, purpose, status, duration_ms, bytes, attempt, waited_ms)
            select j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4,
                j.value ->> 5, j.value ->> 6, j.value ->> 7, j.value ->> 8
            from json_each(?1) j
            order by j.key
            "#,
            rows
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// Entries of logs.
    pub async fn log_events(&mut self, lines: &[LogEventLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            json!([
                line.logged_on,
                line.wiki,
                line.log_id,
                line.r#type,
                line.action,
                line.logged_at,
                line.performer,
                line.comment,
                line.params,
                hidden_bits(line.hidden.as_deref()),
            ])
        });
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let done = sqlx::query!(
            r#"
            insert into log_event (
                user, logged_on, wiki, log_id, type, action, logged_at, performer, comment, params,
                hidden
            )
            select ?2, j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4,
                unixepoch(j.value ->> 5), j.value ->> 6, j.value ->> 7, j.value ->> 8,
                j.value ->> 9
            from json_each(?1) j
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// First edits.
    pub async fn first_edits(&mut self, lines: &[FirstEditLine]) -> Result<(), StoreError> {
        let rows = lines.iter();
        let rows = rows.map(|line| json!([line.wiki, line.rev_id, line.made_at]));
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let done = sqlx::query!(
            r#"
            insert into first_edit (account, revision, made_at)
            select a.id, j.value ->> 1, unixepoch(j.value ->> 2)
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 0
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// Edits, with the pages that they were made to.
    pub async fn contributions(&mut self, lines: &[ContributionLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            json!([
                line.tags,
                line.wiki,
                line.rev_id,
                line.parent_id,
                line.page_id,
                line.namespace,
                line.title,
                line.made_at,
                line.size,
                line.size_diff,
                u8::from(line.is_new) | u8::from(line.is_minor) << 1,
                hidden_bits(line.hidden.as_deref()),
                line.comment,
            ])
        });
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let tags = insert_tags(self.connection(), &rows).await;
        self.told(tags)?;
        let pages = sqlx::query!(
            r#"
            insert into page (account, page, namespace, title)
            select a.id, j.value ->> 4, j.value ->> 5, j.value ->> 6
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 1
            where j.value ->> 4 is not null and j.value ->> 6 is not null
            on conflict do nothing
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.told(pages)?;
        let done = sqlx::query!(
            r#"
            insert into edit (
                account, tags, revision, parent, page, made_at, size, size_diff, flags, hidden,
                comment
            )
            select a.id, t.id, j.value ->> 2, j.value ->> 3, j.value ->> 4,
                unixepoch(j.value ->> 7), j.value ->> 8, j.value ->> 9, j.value ->> 10,
                j.value ->> 11, j.value ->> 12
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 1
            join tag_list t on t.json = j.value ->> 0
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// Logged actions.
    pub async fn logged_actions(&mut self, lines: &[LoggedActionLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            json!([
                line.tags,
                line.log_id,
                line.r#type,
                line.action,
                line.namespace,
                line.title,
                line.done_at,
                line.comment,
                line.params,
                hidden_bits(line.hidden.as_deref()),
                line.wiki,
            ])
        });
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let tags = insert_tags(self.connection(), &rows).await;
        self.told(tags)?;
        let kinds = insert_kinds(self.connection(), &rows).await;
        self.told(kinds)?;
        let done = sqlx::query!(
            r#"
            insert into action (
                account, log_id, done_at, kind, hidden, tags, namespace, title, comment, params
            )
            select a.id, j.value ->> 1, unixepoch(j.value ->> 6), k.id, j.value ->> 9, t.id,
                j.value ->> 4, j.value ->> 5, j.value ->> 7, j.value ->> 8
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 10
            join tag_list t on t.json = j.value ->> 0
            join action_kind k on k.type = j.value ->> 2 and k.action = j.value ->> 3
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// How far lists have been read.
    pub async fn readings(&mut self, lines: &[ReadingLine]) -> Result<(), StoreError> {
        let rows = lines.iter().map(|line| {
            json!([
                line.asked_on,
                line.list,
                line.about,
                line.read_until,
                line.go_on,
                line.finished_at,
                line.edit_count,
            ])
        });
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let done = sqlx::query!(
            r#"
            insert into reading
                (user, asked_on, list, about, read_until, go_on, finished_at, edit_count)
            select ?2, j.value ->> 0, j.value ->> 1, j.value ->> 2, unixepoch(j.value ->> 3),
                j.value ->> 4, unixepoch(j.value ->> 5), j.value ->> 6
            from json_each(?1) j
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// Values that are held now. Those of the past come with the changes that ended them.
    pub async fn values(&mut self, lines: &[HistoryLine]) -> Result<(), StoreError> {
        let held: Vec<&HistoryLine> = lines
            .iter()
            .filter(|line| line.ended_run.is_none())
            .collect();
        let rows = held.iter().map(|line| {
            json!([
                line.kind,
                line.name,
                subject(&line.kind, &line.name),
                line.value,
                default_number(line.is_default),
                line.wiki,
                line.from_run,
            ])
        });
        let (rows, count) = batch(rows);
        let user = self.reading.user;
        let interned = intern(self.connection(), &rows).await;
        self.told(interned)?;
        let done = sqlx::query!(
            r#"
            insert into held (id, holds)
            select (a.id << 18) | p.id,
                v.id | (iif(j.value ->> 6 = a.first_run, 0, j.value ->> 6) << 32)
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 5
            join property p on p.kind = j.value ->> 0 and p.name = j.value ->> 1
            join property_value v on v.json = j.value ->> 3 and v.is_default = j.value ->> 4
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)?;
        let withheld = held.iter().filter(|line| line.withheld);
        let (rows, count) = batch(withheld.map(|line| json!([line.wiki, line.kind, line.name])));
        let done = sqlx::query!(
            r#"
            insert into withheld (id)
            select (a.id << 18) | p.id
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 0
            join property p on p.kind = j.value ->> 1 and p.name = j.value ->> 2
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// Changes, with the values that they ended.
    pub async fn changes(&mut self, lines: &[ChangeLine]) -> Result<(), StoreError> {
        let user = self.reading.user;
        let values = lines.iter().flat_map(|line| {
            let property = (&line.kind, &line.name, subject(&line.kind, &line.name));
            [
                (&line.before, line.before_is_default),
                (&line.after, line.after_is_default),
            ]
            .into_iter()
            .filter_map(move |(value, is_default)| {
                let (kind, name, subject) = property;
                let value = value.as_ref()?;
                Some(json!([
                    kind,
                    name,
                    subject,
                    value,
                    default_number(is_default)
                ]))
            })
        });
        let (values, _) = batch(values);
        let interned = intern(self.connection(), &values).await;
        self.told(interned)?;
        let rows = lines.iter().map(|line| {
            json!([
                line.run,
                line.wiki,
                line.kind,
                line.name,
                line.before,
                default_number(line.before_is_default),
                line.after,
                default_number(line.after_is_default),
                line.before_from,
                line.before_seen,
                line.cause,
                line.logged_on,
                line.log_id,
                i64::from(line.is_open),
            ])
        });
        let (rows, count) = batch(rows);
        let done = sqlx::query!(
            r#"
            insert into change (
                run, account, property, before, after, before_from, before_seen, cause, log_event,
                is_open
            )
            select j.value ->> 0, a.id, p.id, b.id, n.id, j.value ->> 8, j.value ->> 9, c.id, l.id,
                j.value ->> 13
            from json_each(?1) j
            join account a on a.user = ?2 and a.wiki = j.value ->> 1
            join property p on p.kind = j.value ->> 2 and p.name = j.value ->> 3
            join cause c on c.cause = j.value ->> 10
            left join property_value b
                on b.json = j.value ->> 4 and b.is_default = j.value ->> 5
            left join property_value n
                on n.json = j.value ->> 6 and n.is_default = j.value ->> 7
            left join log_event l
                on l.user = ?2 and l.logged_on = j.value ->> 11 and l.log_id = j.value ->> 12
            "#,
            rows,
            user
        )
        .execute(self.connection())
        .await;
        self.took(done, count)
    }

    /// What is held, as anybody reads it, and before it is kept.
    pub async fn as_restored(&mut self) -> Result<&mut Reading, StoreError> {
        let overlapping = sqlx::query_scalar!(
            r#"
            select count(*) as "count!: i64"
            from (
                select h.from_run, h.seen_run, h.ended_run, lag(coalesce(h.ended_run, 1 << 62)) over (
                    partition by h.account, h.property order by h.from_run, h.ended_run is null
                ) as previous
                from held_values h
            )
            where previous > from_run or from_run > seen_run or seen_run > ended_run
            "#
        )
        .fetch_one(self.connection())
        .await;
        if self.told(overlapping)? > 0 {
            return Err(StoreError::Inconsistent(
                "a property has two values at a time".to_owned(),
            ));
        }
        Ok(&mut self.reading)
    }

    /// Keeps what was restored.
    pub async fn keep(self) -> Result<(), StoreError> {
        let Reading {
            transaction, path, ..
        } = self.reading;
        let done = transaction.commit().await;
        done.map_err(|error| StoreError::from_sqlx(&path, error))
    }

    fn connection(&mut self) -> &mut SqliteConnection {
        self.reading.connection()
    }

    /// A constraint that does not hold is a fault of the lines, not of the database.
    fn told<T>(&self, outcome: sqlx::Result<T>) -> Result<T, StoreError> {
        outcome.map_err(|error| {
            let said = error.as_database_error().map(ToString::to_string);
            match said {
                Some(said) if said.contains("constraint") || said.contains("datatype") => {
                    StoreError::Inconsistent(said)
                }
                _ => self.reading.error(error),
            }
        })
    }

    /// A line that names a wiki, a cause, … that no other line tells of is not taken by any join.
    fn took(
        &self,
        outcome: sqlx::Result<sqlx::sqlite::SqliteQueryResult>,
        lines: u64,
    ) -> Result<(), StoreError> {
        if self.told(outcome)?.rows_affected() == lines {
            return Ok(());
        }
        Err(StoreError::Inconsistent(
            "a line tells of an account, a cause or a log entry that there is not".to_owned(),
        ))
    }
}

/// Rows as one JSON text for `json_each`, and how many they are.
fn batch(rows: impl Iterator<Item = Json>) -> (String, u64) {
    let rows: Vec<Json> = rows.collect();
    let count = rows.len() as u64;
    (Json::from(rows).to_string(), count)
}

/// The set of subjects of these names.
fn bits<'a>(names: impl IntoIterator<Item = &'a String>) -> u32 {
    let mut set = Coverage::default();
    let subjects = names.into_iter();
    for subject in subjects.filter_map(|name| Subject::from_name(name)) {
        set.add(subject);
    }
    set.bits()
}

/// What is hidden, by the words of the views.
fn hidden_bits(words: Option<&str>) -> u8 {
    let words: Vec<&str> = words.unwrap_or_default().split(' ').collect();
    let says = |word: &str| words.contains(&word);
    let what = says("action") || says("text");
    Hidden::of([what, says("user"), says("comment"), says("suppressed")]).bits()
}

fn subject(kind: &str, name: &str) -> u32 {
    let kind = kind.parse().unwrap_or(Kind::Identity);
    Property::new(kind, name).subject() as u32
}

fn default_number(is_default: Option<bool>) -> i8 {
    is_default.map_or(-1, i8::from)
}
