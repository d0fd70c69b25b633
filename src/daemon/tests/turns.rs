//! Whose turn it is, and which ticks give no run.

use super::*;

const SHORT: Duration = Duration::from_mins(5);

#[tokio::test]
async fn each_tick_gives_one_run() {
    let clock = Clock::simulated(at("2026-11-20T12:00:00Z"));
    let jobs = vec![job("Alice", Kind::Full, "17 3 * * *")];
    let record = run_until(&daemon(&clock), jobs, SHORT, at("2026-11-23T12:00:00Z")).await;
    let expected = [
        "21 03:17 Alice full run",
        "22 03:17 Alice full run",
        "23 03:17 Alice full run",
    ];
    assert_eq!(record.lines(), expected);
    assert!(record.notes.borrow().is_empty());
}

#[tokio::test]
async fn two_users_with_the_same_schedule_run_one_after_the_other() {
    let clock = Clock::simulated(at("2026-11-21T03:00:00Z"));
    let jobs = vec![
        job("Alice", Kind::Full, "17 3 * * *"),
        job("Bob", Kind::Full, "17 3 * * *"),
    ];
    let end = at("2026-11-21T05:00:00Z");
    let record = run_until(&daemon(&clock), jobs, Duration::from_mins(30), end).await;
    let expected = ["21 03:17 Alice full run", "21 03:47 Bob full run"];
    assert_eq!(record.lines(), expected);
    assert_eq!(record.skipped(), [""; 0]);
}

#[tokio::test]
async fn a_tick_that_falls_into_a_run_that_covers_it_is_skipped() {
    let clock = Clock::simulated(at("2026-11-21T03:00:00Z"));
    let jobs = vec![
        job("Alice", Kind::Full, "50 3 * * *"),
        job("Alice", Kind::Pulse, "0 4-6 * * *"),
        job("Bob", Kind::Pulse, "0 4 * * *"),
    ];
    let end = at("2026-11-21T05:30:00Z");
    let record = run_until(&daemon(&clock), jobs, Duration::from_mins(20), end).await;
    let expected = [
        "21 03:50 Alice full run",
        "21 04:10 Bob pulse",
        "21 05:00 Alice pulse",
    ];
    assert_eq!(record.lines(), expected);
    assert_eq!(record.skipped(), ["21 04:00 Alice pulse UnderWay"]);
}

#[tokio::test]
async fn a_full_run_waits_for_a_pulse_and_covers_one_that_waits() {
    let clock = Clock::simulated(at("2026-11-21T02:30:00Z"));
    let jobs = vec![
        job("Alice", Kind::Pulse, "0,20 3 * * *"),
        job("Alice", Kind::Full, "5 3 * * *"),
        job("Bob", Kind::Full, "1 3 * * *"),
    ];
    let end = at("2026-11-21T05:00:00Z");
    let record = run_until(&daemon(&clock), jobs, Duration::from_mins(30), end).await;
    // Alice's pulse of 03:20 is due while her first one runs; then her full run is the greater.
    let expected = [
        "21 03:00 Alice pulse",
        "21 03:30 Bob full run",
        "21 04:00 Alice full run",
    ];
    assert_eq!(record.lines(), expected);
    assert_eq!(record.skipped(), ["21 03:20 Alice pulse UnderWay"]);
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_once() {
    let clock = Clock::simulated(at("2026-11-21T12:00:00Z"));
    let mut alice = job("Alice", Kind::Full, "17 3 * * *");
    alice.last_good_at = Some(at("2026-11-15T03:17:00Z"));
    let mut pulse = job("Alice", Kind::Pulse, "@hourly");
    pulse.last_good_at = alice.last_good_at;
    let jobs = vec![pulse, alice.clone()];
    let end = at("2026-11-21T13:59:00Z");
    let record = run_until(&daemon(&clock), jobs, SHORT, end).await;
    let expected = ["21 12:00 Alice full run made up", "21 13:00 Alice pulse"];
    assert_eq!(record.lines(), expected);
    assert_eq!(record.skipped(), ["21 12:00 Alice pulse Covered"]);
    let made_up = Note::MadeUp {
        user: "Alice".to_owned(),
        kind: Kind::Full,
        first: at("2026-11-16T03:17:00Z"),
        tick: at("2026-11-21T03:17:00Z"),
    };
    assert!(record.notes.borrow().contains(&made_up));

    let clock = Clock::simulated(at("2026-11-21T12:00:00Z"));
    let mut lazy = daemon(&clock);
    lazy.catch_up = false;
    let record = run_until(&lazy, vec![alice], SHORT, at("2026-11-22T12:00:00Z")).await;
    assert_eq!(record.lines(), ["22 03:17 Alice full run"]);
    assert_eq!(record.skipped(), ["21 03:17 Alice full run Missed"]);
}

#[tokio::test]
async fn nothing_was_missed_before_the_first_run_nor_since_the_last() {
    for last in [
        None,
        Some("2026-11-21T03:17:00Z"),
        Some("2036-11-21T03:17:00Z"),
    ] {
        let clock = Clock::simulated(at("2026-11-21T12:00:00Z"));
        let mut alice = job("Alice", Kind::Full, "17 3 * * *");
        alice.last_good_at = last.map(at);
        let end = at("2026-11-22T12:00:00Z");
        let record = run_until(&daemon(&clock), vec![alice], SHORT, end).await;
        assert_eq!(record.lines(), ["22 03:17 Alice full run"], "{last:?}");
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_at_boot_gives_no_second_run() {
    let clock = Clock::simulated(at("1970-01-01T00:00:10Z"));
    let mut alice = job("Alice", Kind::Full, "17 3 * * *");
    alice.last_good_at = Some(at("2026-11-21T03:17:00Z"));
    let daemon = daemon(&clock);
    let right = async {
        reaches(&clock, at("1970-01-01T00:00:50Z")).await;
        clock.set(at("2026-11-21T12:00:00Z"));
        std::future::pending::<()>().await;
    };
    let end = at("2026-11-22T12:00:00Z");
    let record = tokio::select! {
        record = run_until(&daemon, vec![alice], SHORT, end) => record,
        () = right => return,
    };
    assert_eq!(record.lines(), ["22 03:17 Alice full run"]);
    assert_eq!(record.skipped(), ["21 03:17 Alice full run Repeated"]);
}

#[tokio::test]
async fn what_could_not_take_place_is_tried_again_until_the_next_tick() {
    let clock = Clock::simulated(at("2026-11-21T03:00:00Z"));
    let begun = RefCell::new(Vec::new());
    let act = async |due: Due| {
        begun.borrow_mut().push((clock.now(), due));
        Ended::<()>::TryAgain
    };
    let daemon = daemon(&clock);
    let jobs = vec![job("Alice", Kind::Full, "0 4,7 * * *")];
    let hangup = Notify::new();
    tokio::select! {
        _ = daemon.run(jobs, act, async || Err(String::new()), &hangup, |_| {}) => {}
        () = reaches(&clock, at("2026-11-21T07:04:00Z")) => {}
    }
    let record = Record {
        begun,
        ..Record::default()
    };
    let expected = [
        "21 04:00 Alice full run",
        "21 04:05 Alice full run again",
        "21 04:15 Alice full run again",
        "21 04:35 Alice full run again",
        "21 05:15 Alice full run again",
        "21 06:15 Alice full run again",
        "21 07:00 Alice full run",
    ];
    assert_eq!(record.lines(), expected);
}

#[test]
fn the_delay_is_steady_and_spreads() {
    let alice = job("Alice", Kind::Full, "17 3 * * *");
    let max = Duration::from_mins(10);
    let delays: Vec<_> = (0..1000)
        .map(|seed| Jitter::new(max, seed).delay(&alice, Some(minutes(24 * 60))))
        .collect();
    assert!(delays.iter().all(|delay| *delay <= max));
    for tenth in 0..10 {
        let minute = Duration::from_mins(tenth)..Duration::from_mins(tenth + 1);
        let count = delays
            .iter()
            .filter(|delay| minute.contains(*delay))
            .count();
        assert!((60..150).contains(&count), "minute {tenth}: {count}");
    }
    let jitter = Jitter::new(max, 7);
    assert_eq!(jitter.delay(&alice, None), jitter.delay(&alice, None));
    let often = jitter.delay(&alice, Some(minutes(2)));
    assert!(often <= Duration::from_mins(1));
}

/// Only the newest run can be gone on with: a pulse in between would undo the half of a full run.
#[tokio::test]
async fn a_full_run_that_was_cut_short_goes_on_before_any_pulse() {
    let jitter = Jitter::new(Duration::from_mins(10), 3);
    let full = job("Alice", Kind::Full, "17 3 * * *");
    let pulse = job("Alice", Kind::Pulse, "*/20 * * * *");
    let period = Some(minutes(20));
    let seeds = (0..).map(|seed| Jitter::new(Duration::from_mins(10), seed));
    let pulse_first = |jitter: &Jitter| {
        jitter.delay(&full, None) > jitter.delay(&pulse, period) + Duration::from_mins(2)
    };
    let jitter = seeds.take(1000).find(pulse_first).unwrap_or(jitter);
    // The daemon was stopped at 03:18, in the middle of the full run, and starts again: at once, so
    // that the tick is not even late, and an hour later.
    for start in ["2026-11-21T03:20:30Z", "2026-11-21T04:21:00Z"] {
        let clock = Clock::simulated(at(start));
        let mut daemon = daemon(&clock);
        daemon.jitter = jitter;
        let (mut full, mut pulse) = (full.clone(), pulse.clone());
        full.last_good_at = Some(at("2026-11-20T03:17:00Z"));
        pulse.last_good_at = Some(at("2026-11-21T03:00:00Z"));
        let end = at(start) + minutes(15);
        let record = run_until(&daemon, vec![pulse, full], SHORT, end).await;
        let begun = record.begun.borrow();
        let kinds: Vec<Kind> = begun.iter().map(|(_, due)| due.kind).collect();
        assert_eq!(kinds, [Kind::Full], "{start}: {record:?}");
    }
}

#[tokio::test]
async fn a_full_run_that_failed_is_tried_again_before_a_pulse() {
    let clock = Clock::simulated(at("2026-11-21T03:00:00Z"));
    let begun = RefCell::new(Vec::new());
    let act = async |due: Due| {
        let is_first = begun.borrow().is_empty();
        begun.borrow_mut().push((clock.now(), due));
        if is_first {
            Ended::<()>::TryAgain
        } else {
            Ended::Done
        }
    };
    let daemon = daemon(&clock);
    let jobs = vec![
        job("Alice", Kind::Full, "17 3 * * *"),
        job("Alice", Kind::Pulse, "*/20 * * * *"),
        job("Bob", Kind::Pulse, "20 3 * * *"),
    ];
    let hangup = Notify::new();
    tokio::select! {
        _ = daemon.run(jobs, act, async || Err(String::new()), &hangup, |_| {}) => {}
        () = reaches(&clock, at("2026-11-21T03:45:00Z")) => {}
    }
    let record = Record {
        begun,
        ..Record::default()
    };
    let lines = record.lines();
    assert_eq!(lines[0], "21 03:17 Alice full run");
    assert!(
        lines.contains(&"21 03:20 Alice full run again".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"21 03:20 Bob pulse".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"21 03:40 Alice pulse".to_owned()),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 4, "{lines:?}");
}
