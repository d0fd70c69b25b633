//! Questions to a long history: a thousand wikis, three hundred preferences each, three years of
//! nights on which two properties in a thousand change.
//!
//! `cargo bench --bench past` makes the history (once, in `target/past/`) and asks it.
//! `cargo bench --bench past -- --only-generate FILE` only makes one. `--wikis N`, `--preferences N`
//! and `--nights N` make a smaller one, `--seed N` another; the same words always make the same rows.
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

#[path = "../tests/it/farm/names.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a part of the farm")]
mod names;

#[path = "past/ask.rs"]
mod ask;
#[path = "past/days.rs"]
mod days;
#[path = "past/world.rs"]
mod world;
#[path = "past/write.rs"]
mod write;

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::Instant,
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use world::Plan;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know whether it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let plan = Plan {
        wikis: value(&arguments, "--wikis").unwrap_or(1_000),
        preferences: value(&arguments, "--preferences").unwrap_or(300),
        nights: value(&arguments, "--nights").unwrap_or(3 * 365),
        seed: value(&arguments, "--seed").unwrap_or(1),
    };
    if let Some(file) = value::<PathBuf>(&arguments, "--only-generate") {
        return generate(&file, plan);
    }
    let file = cached(plan)?;
    println!("{}: {} bytes", file.display(), fs::metadata(&file)?.len());
    runtime()?.block_on(ask::ask(&file))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Ok(builder.enable_all().build()?)
}

fn value<T: FromStr>(arguments: &[String], name: &str) -> Option<T> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1)?.parse().ok()
}

/// The history, made anew only when the schema or its making has changed.
fn cached(plan: Plan) -> Result<PathBuf> {
    let mut hash = Sha256::new();
    for directory in ["migrations", "benches/past"] {
        let mut files: Vec<PathBuf> = fs::read_dir(directory)
            .with_context(|| directory.to_owned())?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        files.sort();
        for file in files {
            hash.update(fs::read(file)?);
        }
    }
    hash.update(format!("{plan:?}"));
    let digest = hash.finalize();
    let key = digest.iter().take(6).fold(String::new(), |mut key, byte| {
        _ = write!(key, "{byte:02x}");
        key
    });
    fs::create_dir_all("target/past")?;
    let file = Path::new("target/past").join(format!("{key}.db"));
    if !file.exists() {
        let unfinished = file.with_extension("new");
        generate(&unfinished, plan)?;
        fs::rename(unfinished, &file)?;
    }
    Ok(file)
}

fn generate(file: &Path, plan: Plan) -> Result<()> {
    let started = Instant::now();
    runtime()?.block_on(write::generate(file, plan))?;
    let size = fs::metadata(file)?.len();
    println!(
        "{plan:?}: {size} bytes, made in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// `names` mixes numbers as the farm does.
fn mix(a: u64, b: u64) -> u64 {
    let mut x = a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
