//! Questions to the recorded days, of the library and of the views.

use std::{fs, time::Instant};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use sultrail::{
    model::{Moment, RunNumber},
    store::{Filter, Store},
};

use super::{costs, processor_seconds, record::Recorder};

/// `library|views one WIKI DAY`, `… all DAY` or `… changes DAY DAY`. The rows are left in `FILE.answer`.
pub(crate) async fn ask(words: &[&str], recorder: &Recorder) -> Result<Value> {
    let file = &recorder.file;
    let (cost, rows) = match words {
        ["library", question @ ..] => {
            let store = Store::open_to_read(file).await?;
            let answer = ask_library(question, &store).await;
            store.close().await;
            answer?
        }
        ["views", question @ ..] => {
            let options = SqliteConnectOptions::new().filename(file).read_only(true);
            let mut views = SqliteConnection::connect_with(&options).await?;
            let answer = ask_views(question, &mut views).await;
            views.close().await?;
            answer?
        }
        other => bail!("{other:?}: nobody of that name"),
    };
    fs::write(file.with_extension("answer"), rows.to_string())?;
    Ok(cost)
}

/// Noon of a day, when its run is long over.
fn noon(day: &str) -> Result<DateTime<Utc>> {
    let hours = chrono::TimeDelta::hours(9);
    Ok(super::record::begins(day.parse().context("a day")?) + hours)
}

async fn run_of(store: &Store, day: &str) -> Result<RunNumber> {
    let noon = noon(day)?;
    Ok(store.run_at(Some(1), Moment::At(noon), noon).await?)
}

/// The answer before, written as JSON, was a million small pieces of memory. The allocator joins them when it is next
/// asked for a large one: now, and not at the cost of the next answer.
fn tidy_up() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(1 << 16)));
}

async fn ask_library(question: &[&str], store: &Store) -> Result<(Value, Value)> {
    tidy_up();
    let (started, processor) = (Instant::now(), processor_seconds());
    let mut filter = Filter {
        user: Some(1),
        ..Filter::default()
    };
    if let ["changes", from, to] = question {
        let (from, to) = (run_of(store, from).await?, run_of(store, to).await?);
        let changes = store.changes_between(&filter, from, to).await?;
        // Each row is put into words, as whoever writes them would have it.
        let shown = changes.rows().map(std::hint::black_box).count();
        let cost = costs(started, processor);
        anyhow::ensure!(shown > 0, "no changes: too little to measure");
        let rows = changes.rows().map(|row| {
            let key = format!("{}/{}", row.kind, row.name);
            json!([
                row.run - 1,
                **row.wiki,
                key,
                row.before.map(|value| &**value),
                row.after.map(|value| &**value)
            ])
        });
        return Ok((cost, rows.collect()));
    }
    let day = match question {
        ["one", wiki, day] => {
            filter.wiki = Some((*wiki).to_owned());
            day
        }
        ["all", day] => day,
        other => bail!("{other:?}: no such question"),
    };
    let run = run_of(store, day).await?;
    let preferences = store.preferences(&filter, run).await?;
    // Each row is put into words, as whoever writes them would have it.
    let shown = preferences.rows().map(std::hint::black_box).count();
    let cost = costs(started, processor);
    anyhow::ensure!(shown > 0, "no preferences: too little to measure");
    let rows = preferences.rows();
    let rows = rows.map(|row| json!([**row.wiki, format!("preference/{}", row.name), **row.value]));
    Ok((cost, rows.collect()))
}

const RUN: &str = "select max(run) from runs where finished_at <= ?1";
const CHANGES: &str =
    "select run, wiki, kind, name, before, after from changes where run > ?1 and run <= ?2";
const ONE: &str = "select wiki, kind, name, value from states \
                   where wiki = ?1 and first_run <= ?2 and gone_run > ?2";
const ALL: &str =
    "select wiki, kind, name, value from states where first_run <= ?1 and gone_run > ?1";

async fn ask_views(question: &[&str], views: &mut SqliteConnection) -> Result<(Value, Value)> {
    tidy_up();
    let (started, processor) = (Instant::now(), processor_seconds());
    let mut runs = Vec::new();
    for day in question.iter().filter(|word| word.parse::<i64>().is_ok()) {
        let noon = noon(day)?.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let run: i64 = sqlx::query_scalar(RUN)
            .bind(noon)
            .fetch_one(&mut *views)
            .await?;
        runs.push(run);
    }
    let query = match question {
        ["one", wiki, _] => sqlx::query(ONE).bind((*wiki).to_owned()),
        ["all", _] => sqlx::query(ALL),
        _ => sqlx::query(CHANGES),
    };
    let query = runs.iter().fold(query, |query, run| query.bind(*run));
    let rows = query.fetch_all(views).await?;
    let is_change = runs.len() == 2;
    let text = |row: &sqlx::sqlite::SqliteRow, column: usize| row.get::<Option<String>, _>(column);
    let first = usize::from(is_change);
    let rows: Vec<(i64, [Option<String>; 5])> = rows
        .iter()
        .map(|row| {
            let run = if is_change { row.get(0) } else { 0 };
            let last = if is_change { text(row, 5) } else { None };
            let [a, b, c, d] = [0, 1, 2, 3].map(|column| text(row, first + column));
            (run, [a, b, c, d, last])
        })
        .collect();
    let cost = costs(started, processor);
    let rows = rows
        .into_iter()
        .map(|(run, [wiki, kind, name, value, after])| {
            let key = format!("{}/{}", kind.unwrap_or_default(), name.unwrap_or_default());
            if is_change {
                json!([run - 1, wiki, key, value, after])
            } else {
                json!([wiki, key, value])
            }
        });
    Ok((cost, rows.collect()))
}
