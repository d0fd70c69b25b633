//! The pace, on a clock that does not wait.

use std::num::NonZeroU32;

use tokio::time::Instant;

use super::*;

fn clock() -> Clock {
    Clock::simulated("2026-11-21T03:17:00Z".parse().expect("an instant"))
}

fn fixed(per_minute: u32) -> PaceOptions {
    let rate = Rate::PerMinute(NonZeroU32::new(per_minute).expect("not zero"));
    PaceOptions {
        rate,
        ..PaceOptions::default()
    }
}

fn auto() -> PaceOptions {
    PaceOptions::default()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn permit_at(pace: &Pace, clock: &Clock) -> Duration {
    drop(pace.permit().await.expect("a permit"));
    clock.elapsed()
}

#[tokio::test]
async fn a_thousand_requests_take_as_long_as_the_pace_says_and_none_is_early() {
    let clock = clock();
    let pace = Pace::new(fixed(200), true, clock.clone());
    let interval = Duration::from_millis(300);
    // Before the first and after each: on a busy machine the clock is read long after the fact.
    let begun = clock.elapsed();
    let started = Instant::now();
    let mut last = permit_at(&pace, &clock).await;
    for nth in 1..1000 {
        last = permit_at(&pace, &clock).await;
        let earliest = begun + interval * nth;
        assert!(last >= earliest, "request {nth}: {last:?} of {earliest:?}");
    }
    // What the machine was busy counts on this clock as well.
    let took = last.saturating_sub(begun);
    let (exact, busy) = (interval * 999, started.elapsed());
    let latest = exact.mul_f64(1.03) + busy;
    assert!(took >= exact && took < latest, "{took:?}");
    let summary = pace.summary();
    assert_eq!(summary.requests, 1000);
    assert_eq!(summary.most_in_flight, 1);
    assert!(
        (198..=200).contains(&summary.highest_in_any_minute),
        "{summary:?}"
    );
    assert!(summary.waited + busy >= exact);
}

#[tokio::test]
async fn auto_begins_carefully_and_follows_the_class() {
    let clock = clock();
    for (logged_in, class, per_minute) in [
        (true, None, 160.0),
        (false, None, 160.0),
        (false, Some("anon"), 8.0),
        (true, Some("authed-user"), 160.0),
        (true, Some("established-user"), 600.0),
        (true, Some("approved-bot"), 600.0),
        (false, Some("known-network"), 290.0),
        (true, Some("a-class-of-2027"), 160.0),
    ] {
        let pace = Pace::new(auto(), logged_in, clock.clone());
        pace.answered(class, Duration::ZERO);
        assert!((pace.per_minute() - per_minute).abs() < 1e-6, "{class:?}");
    }
    let pace = Pace::new(fixed(6000), true, clock);
    pace.answered(Some("anon"), seconds(2));
    assert!(
        (pace.per_minute() - 6000.0).abs() < 1e-6,
        "a number is a number"
    );
    assert_eq!(pace.paused_until(), None);
}

#[tokio::test]
async fn a_lower_class_counts_at_once_and_a_higher_one_when_many_answers_agree() {
    let pace = Pace::new(auto(), true, clock());
    pace.answered(Some("established-user"), Duration::ZERO);
    assert_eq!(pace.class_limit(), Some(2000));
    pace.answered(Some("authed-user"), Duration::ZERO);
    assert_eq!(pace.class_limit(), Some(200));
    for _ in 0..19 {
        pace.answered(Some("established-user"), Duration::ZERO);
    }
    assert_eq!(pace.class_limit(), Some(200));
    pace.answered(Some("established-user"), Duration::ZERO);
    assert_eq!(pace.class_limit(), Some(2000));
}

#[tokio::test]
async fn a_new_pace_is_no_burst() {
    let clock = clock();
    let pace = Pace::new(auto(), true, clock.clone());
    let before = permit_at(&pace, &clock).await;
    pace.answered(Some("established-user"), Duration::ZERO);
    let after = permit_at(&pace, &clock).await;
    assert!(after.saturating_sub(before) >= Duration::from_millis(100));
}

#[tokio::test]
async fn after_a_429_nobody_sends_before_the_server_allows() {
    let clock = clock();
    let pace = Pace::new(fixed(6000), true, clock.clone());
    let first = pace.permit().await.expect("a permit");
    let second = pace.permit().await.expect("a permit");
    let third = pace.permit().await.expect("a permit");
    pace.throttled(&first, RetryAfter::Wait(seconds(42)));
    let allowed_at = clock.elapsed() + seconds(42);
    let until = pace.paused_until().expect("a pause");
    assert!((until - clock.now() - TimeDelta::seconds(42)).abs() < TimeDelta::milliseconds(50));
    // Those under way may finish with a 429 of the same moment: the pace is halved once.
    pace.throttled(&second, RetryAfter::Wait(seconds(1)));
    drop((first, second, third));
    assert!((pace.per_minute() - 3000.0).abs() < 1e-6);
    for _ in 0..5 {
        assert!(permit_at(&pace, &clock).await + Duration::from_millis(1) >= allowed_at);
    }
    assert_eq!(pace.summary().throttled, 2);
    assert_eq!(pace.summary().most_in_flight, 3);
}

#[tokio::test]
async fn whoever_waits_already_notices_a_new_pause() {
    let clock = Clock::system();
    let pace = Pace::new(fixed(1200), true, clock.clone());
    drop(pace.permit().await.expect("the first"));
    let throttle = async {
        tokio::task::yield_now().await;
        pace.unavailable(RetryAfter::Wait(Duration::from_millis(90)));
        clock.elapsed() + Duration::from_millis(90)
    };
    let (permit, allowed_at) = tokio::join!(pace.permit(), throttle);
    let permit = permit.expect("a permit");
    assert!(permit.granted_at >= allowed_at, "50 ms by the pace alone");
}

#[tokio::test]
async fn the_pace_recovers_slowly() {
    let pace = Pace::new(fixed(1000), true, clock());
    let permit = pace.permit().await.expect("a permit");
    pace.throttled(&permit, RetryAfter::Wait(seconds(1)));
    drop(permit);
    for (good, per_minute) in [
        (19, 500.0),
        (1, 600.0),
        (20, 700.0),
        (60, 1000.0),
        (40, 1000.0),
    ] {
        for _ in 0..good {
            pace.good();
        }
        assert!(
            (pace.per_minute() - per_minute).abs() < 1e-6,
            "{}",
            pace.per_minute()
        );
    }
}

#[tokio::test]
async fn a_slow_answer_is_followed_by_a_pause_of_five_seconds() {
    let clock = clock();
    let pace = Pace::new(auto(), true, clock.clone());
    let before = permit_at(&pace, &clock).await;
    pace.answered(None, Duration::from_millis(1001));
    let after = permit_at(&pace, &clock).await;
    assert!(after.saturating_sub(before) >= seconds(5));
    pace.answered(None, seconds(1));
    let soon = permit_at(&pace, &clock).await;
    assert!(soon < after + seconds(1));
}

#[tokio::test]
async fn one_is_in_flight_without_login_and_three_with() {
    for (logged_in, options, most) in [
        (true, auto(), 3),
        (false, auto(), 1),
        (false, fixed(60_000), 1),
        (
            true,
            PaceOptions {
                max_in_flight: 9,
                ..auto()
            },
            3,
        ),
        (
            true,
            PaceOptions {
                max_in_flight: 2,
                ..auto()
            },
            2,
        ),
        (
            true,
            PaceOptions {
                max_in_flight: 0,
                ..auto()
            },
            1,
        ),
        (
            true,
            PaceOptions {
                max_in_flight: 9,
                ..fixed(60_000)
            },
            9,
        ),
    ] {
        let pace = Pace::new(options, logged_in, clock());
        let mut permits = Vec::new();
        for _ in 0..most {
            permits.push(pace.permit().await.expect("a permit"));
        }
        let one_more = tokio::select! {
            biased;
            _ = pace.permit() => true,
            () = tokio::task::yield_now() => false,
        };
        assert!(!one_more, "{options:?}");
        permits.pop();
        assert!(pace.permit().await.is_ok());
        assert_eq!(pace.summary().most_in_flight, most);
    }
}

#[tokio::test]
async fn a_pause_survives_a_restart_and_a_long_one_is_for_another_run() {
    let clock = clock();
    let pace = Pace::new(auto(), true, clock.clone());
    let until = clock.now() + TimeDelta::seconds(100);
    pace.pause_until(until);
    pace.pause_until(clock.now() + TimeDelta::seconds(10));
    drop(pace.permit().await.expect("a permit"));
    assert!(clock.now() + TimeDelta::milliseconds(2) >= until);
    assert_eq!(pace.paused_until(), None);

    let until = clock.now() + TimeDelta::seconds(1000);
    pace.pause_until(until);
    match pace.permit().await {
        Err(Failure::Deferred { until: named, .. }) => {
            assert!((named - until).abs() < TimeDelta::seconds(1));
        }
        other => panic!("{other:?}"),
    }
    clock.advance(seconds(1000));
    assert!(pace.permit().await.is_ok());

    pace.pause_until(DateTime::<Utc>::MAX_UTC);
    let until = pace.paused_until().expect("a pause");
    assert!(
        until - clock.now() <= TimeDelta::days(1),
        "at most a day is believed"
    );
}

#[tokio::test]
async fn a_jump_of_the_wall_clock_does_not_end_a_pause() {
    let clock = clock();
    let pace = Pace::new(auto(), true, clock.clone());
    pace.pause_until(clock.now() + TimeDelta::seconds(100));
    clock.set(clock.now() + TimeDelta::days(1));
    let before = clock.elapsed();
    assert!(permit_at(&pace, &clock).await >= before + seconds(99));
}

#[tokio::test]
async fn when_everything_fails_the_run_stops_asking() {
    let clock = clock();
    let pace = Pace::new(fixed(60_000), true, clock.clone());
    for _ in 0..29 {
        pace.broken();
    }
    assert!(pace.permit().await.is_ok());
    pace.broken();
    let deferred = pace.permit().await.map(drop);
    assert!(
        matches!(deferred, Err(Failure::Deferred { .. })),
        "{deferred:?}"
    );
    pace.begin_run();
    assert!(pace.permit().await.is_ok(), "a new run tries again");
    for _ in 0..30 {
        pace.broken();
    }
    clock.advance(seconds(300));
    assert!(pace.permit().await.is_ok(), "and so does a later one");
}

#[tokio::test]
async fn repetitions_have_a_budget() {
    let pace = Pace::new(fixed(60_000), true, clock());
    let taken = (0..100).filter(|_| pace.take_retry()).count();
    assert_eq!(taken, 10);
    for _ in 0..100 {
        drop(pace.permit().await.expect("a permit"));
    }
    let taken = (0..100).filter(|_| pace.take_retry()).count();
    assert_eq!(taken, 10);
    pace.begin_run();
    assert_eq!(pace.summary(), PaceSummary::default());
    assert!(pace.take_retry());
}
