//! The history cannot lie: whatever the servers do, every change told is one that was made, and
//! every one that was made is told, with its cause.

use super::life::{Life, Plan};

/// Small enough for every build: five noisy nights on a hundred wikis and two calm ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_noisy_nights_tell_no_lie_and_keep_nothing_back() {
    let mut total = super::life::Tally::default();
    for seed in 1..=20 {
        let plan = Plan {
            nights: 5,
            wikis: 100,
            seed,
        };
        total.add(&Life::live(plan).await);
    }
    total.print();
    assert!(total.made > 20_000, "changes were made: {total:?}");
    assert!(total.told > 20_000, "and told: {total:?}");
    assert!(total.killed >= 15, "runs were killed half-way: {total:?}");
    for (fault, met) in &total.met {
        assert!(*met >= 50, "{fault} was met {met} times");
    }
}
