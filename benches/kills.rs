//! `kill -9` at 1,000 random moments of runs, and what must hold after each: no snapshot lost that anybody
//! could read, the file whole, wikis that were read not asked again, every change told once.
//!
//! `cargo bench --bench kills`, or `cargo bench --bench kills -- 300 7` for three hundred with the dice of
//! seed 7. The small version of it is a test (`tests/it/kills.rs`).
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
#![allow(
    dead_code,
    unused_imports,
    reason = "it needs a part of what it shares with the tests"
)]

#[path = "../tests/it/farm/mod.rs"]
mod farm;
#[path = "../tests/it/ordeal.rs"]
mod ordeal;
#[path = "../tests/it/scene.rs"]
mod scene;

use std::time::{Duration, Instant};

use ordeal::{Plan, endure};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let mut numbers = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok());
    let plan = Plan {
        kills: numbers.next().unwrap_or(1000),
        at_most: Duration::from_hours(1),
        wikis: 24,
        seed: u64::from(numbers.next().unwrap_or(1)),
    };
    let started = Instant::now();
    let tally = endure(plan);
    println!("{tally:#?}");
    assert_eq!(tally.kills, plan.kills);
    println!(
        "{plan:?}: nothing lost, nothing asked again, no phantom; {:.0} s",
        started.elapsed().as_secs_f64()
    );
}
