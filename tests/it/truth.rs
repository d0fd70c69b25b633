//! The history cannot lie: whatever the servers do, every change told is one that was made, and
//! every one that was made is told, with its cause.

use sultrail::collect::RunError;

use super::{
    farm::{ALICE_ID, FarmOptions, Fault, Rule},
    life::{Life, Plan, Tally},
    nights::Nights,
};

/// Small enough for every build: five noisy nights on a hundred wikis and two calm ones. The same
/// over thirty nights and a thousand wikis is `cargo bench --bench truth`.
#[test]
fn five_noisy_nights_tell_no_lie_and_keep_nothing_back() {
    // Two lives at a time.
    let total = std::thread::scope(|scope| {
        let lives = |first: u64| move || live_each((first..=8).step_by(2));
        let threads = [1, 2].map(|first| scope.spawn(lives(first)));
        let mut total = Tally::default();
        for thread in threads {
            total.add(&thread.join().expect("a life without lies"));
        }
        total
    });
    total.print();
    assert!(total.made > 7_000, "changes were made: {total:?}");
    assert!(total.told > 7_000, "and told: {total:?}");
    assert!(total.killed >= 6, "runs were killed half-way: {total:?}");
    assert!(total.unknowable * 50 < total.told, "{total:?}");
    for (fault, met) in &total.met {
        assert!(*met >= 10, "{fault} was met {met} times");
    }
}

fn live_each(seeds: impl Iterator<Item = u64>) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut total = Tally::default();
    for seed in seeds {
        let plan = Plan {
            nights: 5,
            wikis: 100,
            seed,
            restless: false,
        };
        total.add(&runtime.block_on(Life::live(plan)));
    }
    total
}

#[tokio::test]
async fn the_first_answer_is_believed_only_if_it_is_about_whom_we_asked_for() {
    let nights = Nights::begin(FarmOptions::wikis(5)).await;
    let once = Rule::new(Fault::OtherUser200).times(1);
    let stranger = nights.farm.misbehave(once);
    let refused = nights.run().await.expect_err("somebody else's accounts");
    assert!(matches!(refused, RunError::Unreachable(_)), "{refused}");
    assert_eq!(nights.farm.met(stranger), 1);
    let report = nights.run().await.expect("our own accounts");
    assert_eq!(report.tally.first_seen, 5);
    let id = nights.number("select central_user_id from user").await;
    assert_eq!(id.unsigned_abs(), ALICE_ID);
}
