//! Writes a synthetic history into a file, as the program would have left it: the schema is its own,
//! the rows are written in the same order.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use sultrail::store::Store;

use super::{
    days::Days,
    world::{Held, Plan, World, number},
};

/// The first night: 2023-11-22T03:17:04Z.
const FIRST_NIGHT: i64 = 1_700_623_024;
const DAY: i64 = 86_400;
/// An account is read every so many milliseconds.
const PACE_MS: i64 = 350;

/// Makes the file anew.
pub(crate) async fn generate(file: &Path, plan: Plan) -> Result<()> {
    for end in ["", "-wal", "-shm", "-lock"] {
        _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    Store::open(file).await.context("the schema")?.close().await;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(false)
        .pragma("synchronous", "off")
        .pragma("cache_size", "-200000");
    let mut past = Past {
        connection: SqliteConnection::connect_with(&options).await?,
        world: World::new(plan),
        days: Days::new(),
    };
    past.begin().await?;
    for night in 0..plan.nights {
        past.night(night).await?;
    }
    past.end().await?;
    past.connection.close().await?;
    Ok(())
}

struct Past {
    connection: SqliteConnection,
    world: World,
    days: Days,
}

/// What one night adds.
#[derive(Default)]
struct Night {
    snapshots: Vec<Value>,
    failures: Vec<Value>,
    changes: Vec<Value>,
    held: Vec<Value>,
    gone: Vec<i64>,
    /// Attached accounts: unchanged, changed, first seen, failed.
    tally: [usize; 4],
}

impl Past {
    async fn begin(&mut self) -> Result<()> {
        self.execute(
            "insert into user (id, name, asked_as, central_api, central_user_id, listed_at) \
             values (1, 'Alice Sample', 'Alice Sample', 'https://meta.wikimedia.org/w/api.php', 4711, ?1)",
            &FIRST_NIGHT.to_string(),
        )
        .await?;
        let accounts: Vec<Value> = self
            .world
            .accounts
            .iter()
            .map(|account| {
                let host = format!("{}.example.org", account.wiki.replace('_', "-"));
                let listed = FIRST_NIGHT + account.first_night * DAY;
                json!([account.id, account.wiki, host, listed])
            })
            .collect();
        self.execute_all(
            "insert into account (id, user, wiki, api_url, host, attached_at, attached_by, listed_from, coverage) \
             select value ->> 0, 1, value ->> 1, 'https://' || (value ->> 2) || '/w/api.php', \
                 value ->> 2, 1425445567, 'login', value ->> 3, 0 from json_each(?1)",
            accounts,
        )
        .await
    }

    /// One day and the run after it, in one transaction.
    async fn night(&mut self, night: i64) -> Result<()> {
        let started = FIRST_NIGHT + night * DAY + self.world.dice.i64(0..600);
        let log = self.days.live(&mut self.world, night, started);
        let run = night + 1;
        // One run in two hundred is cut short, and one in five hundred comes to nothing.
        let (status, read) = match (night % 200, night % 500) {
            (150, _) => ("interrupted", self.world.accounts.len() / 2),
            (_, 270) => ("failed", 0),
            _ => ("finished", self.world.accounts.len()),
        };
        let seen = self.observe(run, night, started, read);
        self.execute("begin", "").await?;
        let length = number(self.world.accounts.len()) * PACE_MS / 1_000 + 5;
        let [unchanged, changed, first_seen, failed] = seen.tally;
        let row = json!([
            run,
            status,
            started,
            started + length,
            self.world.plan.wikis,
            unchanged,
            changed,
            first_seen,
            failed,
            seen.snapshots.len() + seen.failures.len()
        ]);
        self.execute_all(
            "insert into run (id, user, scope, trigger, status, started_at, finished_at, accounts, \
                 unchanged, changed, first_seen, failed, requests) \
             select value ->> 0, 1, 'full', 'schedule', value ->> 1, value ->> 2, value ->> 3, \
                 value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9 \
             from json_each(?1)",
            vec![row],
        )
        .await?;
        self.record(log, seen).await?;
        self.execute("commit", "").await
    }

    /// Looks at the accounts; what is new there becomes a change, or is held from the first sight.
    fn observe(&mut self, run: i64, night: i64, started: i64, read: usize) -> Night {
        let mut seen = Night::default();
        for at in 0..read {
            let after_ms = number(at) * PACE_MS;
            let (fails, lasts) = (
                self.world.dice.u16(..1_000) < 2,
                self.world.dice.u16(..2_000) == 0,
            );
            let figures = (
                self.world.dice.u16(80..400),
                self.world.dice.u16(9_000..20_000),
            );
            let account = &mut self.world.accounts[at];
            if night < account.first_night {
                continue;
            }
            if lasts && account.wiki != "global" {
                account.out_until = night + 20;
            }
            if fails && night > 0 && account.wiki != "global" || night < account.out_until {
                account.failing_since = account.failing_since.or(Some(started));
                seen.failures.push(json!([
                    run,
                    account.id,
                    after_ms + 30_000,
                    "503: the wiki is overloaded"
                ]));
                seen.tally[3] += 1;
                continue;
            }
            seen.snapshots
                .push(json!([run, account.id, after_ms, figures.0, figures.1]));
            account.failing_since = None;
            let mut has_changed = false;
            for (property, news) in std::mem::take(&mut account.news) {
                let key = (account.id << 18) | property;
                let before = account.held.get(&property).copied();
                if before.map(|before| before.value) == news.value {
                    continue;
                }
                if let Some(observed) = account.observed_run {
                    has_changed |= !self.world.interned.counters.contains(&property);
                    let (value, from) =
                        before.map(|before| (before.value, before.from_run)).unzip();
                    seen.changes.push(json!([
                        run,
                        account.id,
                        property,
                        value,
                        news.value,
                        from,
                        observed,
                        news.cause,
                        news.log_event
                    ]));
                }
                if let Some(value) = news.value {
                    account.held.insert(
                        property,
                        Held {
                            value,
                            from_run: run,
                        },
                    );
                    seen.held.push(json!([key, value, run]));
                } else {
                    account.held.remove(&property);
                    seen.gone.push(key);
                }
            }
            if account.wiki != "global" {
                seen.tally[if account.first_run.is_none() {
                    2
                } else {
                    usize::from(has_changed)
                }] += 1;
            }
            account.first_run = account.first_run.or(Some(run));
            account.observed_run = Some(run);
        }
        seen
    }

    async fn record(&mut self, log: Vec<Value>, seen: Night) -> Result<()> {
        let properties = std::mem::take(&mut self.world.interned.new_properties);
        let values = std::mem::take(&mut self.world.interned.new_values);
        let gone = seen.gone.into_iter().map(Value::from).collect();
        for (statement, rows) in [
            (
                "insert into property (id, kind, name, subject) \
                 select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?1)",
                properties,
            ),
            (
                "insert into property_value (id, json, is_default) \
                 select value ->> 0, value ->> 1, value ->> 2 from json_each(?1)",
                values,
            ),
            (
                "insert into log_event (id, user, logged_on, wiki, log_id, type, action, logged_at, \
                     performer, comment, params) \
                 select value ->> 0, 1, value ->> 1, value ->> 1, 5000 + (value ->> 0), value ->> 2, \
                     value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 from json_each(?1)",
                log,
            ),
            (
                "insert into snapshot (id, after_ms, figures) \
                 select ((value ->> 0) << 15) | a.ordinal, value ->> 2, \
                     (value ->> 3) | (((value ->> 4) - a.answer_bytes) << 36) \
                 from json_each(?1) join account a on a.id = value ->> 1",
                seen.snapshots,
            ),
            (
                "insert into failure (run, account, after_ms, error) \
                 select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?1)",
                seen.failures,
            ),
            (
                "insert into change (run, account, property, before, after, before_from, before_seen, \
                     cause, log_event) \
                 select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, \
                     value ->> 6, value ->> 7, value ->> 8 \
                 from json_each(?1)",
                seen.changes,
            ),
            (
                "insert into held (id, holds) \
                 select value ->> 0, \
                     (value ->> 1) | (iif(value ->> 2 = a.first_run, 0, value ->> 2) << 32) \
                 from json_each(?1) join account a on a.id = (value ->> 0) >> 18 \
                 where true on conflict do update set holds = excluded.holds",
                seen.held,
            ),
            (
                "delete from held where id in (select value from json_each(?1))",
                gone,
            ),
        ] {
            self.execute_all(statement, rows).await?;
        }
        Ok(())
    }

    /// The accounts as the last run left them.
    async fn end(&mut self) -> Result<()> {
        let accounts = self
            .world
            .accounts
            .iter()
            .map(|account| {
                json!([
                    account.id,
                    account.first_run,
                    account.observed_run,
                    account.failing_since
                ])
            })
            .collect();
        self.execute_all(
            "update account set first_run = j.value ->> 1, observed_run = j.value ->> 2, \
                 failing_since = j.value ->> 3, coverage = 65535, fingerprint = zeroblob(16) \
             from json_each(?1) j where account.id = j.value ->> 0",
            accounts,
        )
        .await?;
        let listed = FIRST_NIGHT + (self.world.plan.nights - 1) * DAY;
        self.execute("update user set listed_at = ?1", &listed.to_string())
            .await?;
        self.execute("update hash_key set key = zeroblob(32)", "")
            .await
    }

    async fn execute_all(&mut self, statement: &str, rows: Vec<Value>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.execute(statement, &Value::from(rows).to_string())
            .await
    }

    async fn execute(&mut self, statement: &str, argument: &str) -> Result<()> {
        let query = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()));
        let query = if statement.contains("?1") {
            query.bind(argument.to_owned())
        } else {
            query
        };
        query
            .execute(&mut self.connection)
            .await
            .with_context(|| statement.to_owned())?;
        Ok(())
    }
}
