//! The full proof that the history cannot lie: thirty nights on a thousand wikis, run half of the
//! way and killed each night, a rename each night, and every change compared with what was made.
//!
//! `cargo bench --bench truth` takes some minutes; `cargo bench --bench truth -- 7` begins with
//! another seed. The small version of it is a test (`tests/it/truth.rs`).
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
// `cargo test` compiles it for nothing but to see that it compiles.
#![cfg_attr(
    test,
    allow(
        dead_code,
        unused_imports,
        reason = "there is no harness to call anything"
    )
)]

#[path = "../tests/it/farm/mod.rs"]
mod farm;
#[path = "../tests/it/life.rs"]
mod life;
#[path = "../tests/it/nights.rs"]
mod nights;

use std::time::Instant;

use life::{Life, Plan};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let seed = arguments.iter().find_map(|argument| argument.parse().ok());
    let plan = Plan {
        nights: 30,
        wikis: 1000,
        seed: seed.unwrap_or(1),
        restless: true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let started = Instant::now();
    let tally = runtime.block_on(Life::live(plan));
    tally.print();
    assert!(tally.unknowable * 50 < tally.told, "too much is unknown");
    assert!(
        tally.told > 100_000 && tally.killed > 20,
        "too little happened"
    );
    assert!(
        tally.met.values().all(|met| *met > 50),
        "too little went wrong"
    );
    println!(
        "{plan:?}: no phantom, none missed, every cause right; {:.0} s",
        started.elapsed().as_secs_f64()
    );
}
