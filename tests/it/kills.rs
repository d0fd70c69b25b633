//! Killed at any moment, the program loses nothing, asks nothing twice and invents nothing.

use std::time::Duration;

use crate::ordeal::{Plan, endure};

/// A hundred kills, or as many as a minute allows; `cargo bench --bench kills` takes a thousand.
#[test]
fn killed_at_random_moments_nothing_is_lost_nor_told_twice() {
    let plan = Plan {
        kills: 100,
        at_most: Duration::from_mins(1),
        wikis: 12,
        seed: fastrand::u64(..),
    };
    let tally = endure(plan);
    #[expect(clippy::print_stdout, reason = "the seed, for whoever repeats it")]
    {
        println!("{plan:?}: {tally:?}");
    }
    assert!(tally.kills >= 10, "{tally:?}");
    assert!(tally.half_way * 4 >= tally.kills, "{tally:?}");
    assert!(tally.finished > 0 && tally.changes > 0, "{tally:?}");
}
