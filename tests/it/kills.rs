//! Killed at any moment, the program loses nothing, asks nothing twice and invents nothing.

use std::time::Duration;

use crate::ordeal::{Plan, endure};

/// Sixty kills, or as many as a quarter of a minute allows; `cargo bench --bench kills` takes 300.
#[test]
fn killed_at_random_moments_nothing_is_lost_nor_told_twice() {
    let plan = Plan {
        kills: 60,
        at_most: Duration::from_secs(15),
        wikis: 12,
        seed: fastrand::u64(..),
    };
    let tally = endure(plan);
    #[expect(clippy::print_stdout, reason = "the seed, for whoever repeats it")]
    {
        println!("{plan:?}: {tally:?}");
    }
    assert!(tally.kills >= 5, "{tally:?}");
    assert!(tally.half_way * 4 >= tally.kills, "{tally:?}");
    assert!(tally.finished > 0 && tally.changes > 0, "{tally:?}");
}
