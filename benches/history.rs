//! Days of a thousand wikis, recorded by sultrail as a run does it, without the network; and questions to them.
//!
//! `python3 benches/beside/history.py` builds this, tells it what to do a line at a time, and gives the same days to
//! the other programs. It answers each line with one line of JSON:
//!
//! `live` lives the next day and tells what changed (the first day: everything); `record` records the day, and without
//! `live` before it a day on which nothing changed; `close` closes the file and tells its size; `program` tells where the
//! program is; `ask` is in `history/ask.rs`.
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

#[path = "../tests/it/farm/json.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a part of the farm")]
mod json;
#[path = "../tests/it/farm/mix.rs"]
#[expect(unreachable_pub, reason = "it is a part of the farm")]
mod mix;
#[path = "../tests/it/farm/names.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a part of the farm")]
mod names;
#[path = "../tests/it/farm/preferences.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    clippy::cast_possible_truncation,
    reason = "it is a part of the farm"
)]
mod preferences;

#[path = "history/ask.rs"]
mod ask;
#[path = "history/record.rs"]
mod record;
#[path = "history/world.rs"]
mod world;

use std::{
    fs,
    io::{BufRead, stdin},
    path::PathBuf,
    str::FromStr,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use mix::mix;
use record::Recorder;
use serde_json::{Value, json};
use world::World;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know whether it starts.
    if !arguments.iter().any(|argument| argument == "--file") {
        return Ok(());
    }
    let file: PathBuf = value(&arguments, "--file").context("--file FILE")?;
    let wikis = value(&arguments, "--wikis").unwrap_or(1_000);
    let seed = value(&arguments, "--seed").unwrap_or(1);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build()?;
    let mut world = World::new(wikis, 300, seed);
    let mut recorder = Recorder::new(file);
    for line in stdin().lock().lines() {
        let answer = runtime.block_on(obey(line?.trim(), &mut world, &mut recorder))?;
        println!("{answer}");
    }
    Ok(())
}

async fn obey(line: &str, world: &mut World, recorder: &mut Recorder) -> Result<Value> {
    let words: Vec<&str> = line.split(' ').collect();
    match words[0] {
        "program" => Ok(json!({ "path": env!("CARGO_BIN_EXE_sultrail") })),
        "live" => Ok(world.live()),
        "record" => {
            recorder.open().await?;
            let (started, processor) = (Instant::now(), processor_seconds());
            recorder.record(world).await?;
            Ok(costs(started, processor))
        }
        "close" => Ok(json!({ "bytes": recorder.close().await? })),
        "ask" => {
            recorder.open().await?;
            ask::ask(&words[1..], recorder).await
        }
        other => bail!("{other:?}: no such order"),
    }
}

/// Wall and processor seconds since then.
fn costs(started: Instant, processor: f64) -> Value {
    json!({ "wall": started.elapsed().as_secs_f64(), "cpu": processor_seconds() - processor })
}

/// Processor seconds of the threads there are, as the scheduler counts them.
fn processor_seconds() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
    let texts = threads.flatten().filter_map(|thread| {
        let file = thread.path().join("schedstat");
        fs::read_to_string(file).ok()
    });
    let nanoseconds = texts.filter_map(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.sum::<f64>() / 1e9
}

fn value<T: FromStr>(arguments: &[String], name: &str) -> Option<T> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}
