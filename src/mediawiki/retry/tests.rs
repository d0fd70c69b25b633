//! Which trouble is worth another try, and when.

use proptest::prelude::*;

use super::*;
use crate::mediawiki::Reason;

const NOW: &str = "2026-11-21T03:17:00Z";

fn now() -> DateTime<Utc> {
    NOW.parse().expect("an instant")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn trouble(decision: Decision) -> Trouble {
    Trouble::new(decision, "why")
}

#[test]
fn retry_after_is_seconds_or_a_date_and_never_nonsense() {
    for (header, expected) in [
        (None, RetryAfter::Wait(seconds(60))),
        (Some(""), RetryAfter::Wait(seconds(60))),
        (Some("1"), RetryAfter::Wait(seconds(1))),
        (Some(" 7 "), RetryAfter::Wait(seconds(7))),
        (Some("300"), RetryAfter::Wait(seconds(300))),
        (Some("301"), RetryAfter::Defer(seconds(301))),
        (Some("0"), RetryAfter::Defer(seconds(60))),
        (Some("-5"), RetryAfter::Wait(seconds(60))),
        (Some("inf"), RetryAfter::Wait(seconds(60))),
        (Some("nan"), RetryAfter::Wait(seconds(60))),
        (Some("1.5"), RetryAfter::Wait(seconds(60))),
        (
            Some("99999999999999999999999"),
            RetryAfter::Defer(seconds(u64::MAX)),
        ),
        (
            Some("Sat, 21 Nov 2026 03:18:30 GMT"),
            RetryAfter::Wait(seconds(90)),
        ),
        (
            Some("Sat, 21 Nov 2026 04:17:00 GMT"),
            RetryAfter::Defer(seconds(3600)),
        ),
        (
            Some("Sat, 21 Nov 2026 03:00:00 GMT"),
            RetryAfter::Defer(seconds(60)),
        ),
        (Some("tomorrow"), RetryAfter::Wait(seconds(60))),
    ] {
        assert_eq!(retry_after(header, now()), expected, "{header:?}");
    }
}

proptest! {
    #[test]
    fn no_retry_after_is_out_of_bounds(header in "\\PC{0,40}") {
        match retry_after(Some(&header), now()) {
            RetryAfter::Wait(wait) => prop_assert!((seconds(1)..=LONGEST_WAIT).contains(&wait)),
            RetryAfter::Defer(wait) => prop_assert!(wait > LONGEST_WAIT || wait == USUAL_WAIT),
        }
    }

    #[test]
    fn whole_seconds_are_taken_as_they_are(number in 1_u64..=300) {
        prop_assert_eq!(
            retry_after(Some(&number.to_string()), now()),
            RetryAfter::Wait(seconds(number))
        );
    }

    #[test]
    fn a_retry_is_never_before_the_servers_wish(random in 0.0_f64..=1.0, after in 1_u64..=300) {
        for decision in [
            Decision::Throttled(RetryAfter::Wait(seconds(after))),
            Decision::Unavailable(RetryAfter::Wait(seconds(after))),
            Decision::Lagged(RetryAfter::Wait(seconds(after))),
        ] {
            match Tries::default().next(trouble(decision), now(), random, || true) {
                Next::AskAfter(wait) => prop_assert!(wait >= seconds(after)),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

#[test]
fn a_broken_server_gets_three_attempts_further_and_further_apart() {
    let mut tries = Tries::default();
    let mut next = || tries.next(trouble(Decision::AskLater), now(), 1.0, || true);
    assert_eq!(next(), Next::AskAfter(seconds(10)));
    assert_eq!(next(), Next::AskAfter(seconds(15)));
    assert_eq!(next(), Next::GiveUp(Failure::SkipWiki(Reason::new("why"))));
}

#[test]
fn nothing_is_repeated_beyond_the_budget() {
    for (decision, failure) in [
        (Decision::AskLater, Failure::SkipWiki(Reason::new("why"))),
        (
            Decision::Unavailable(RetryAfter::Wait(seconds(9))),
            Failure::SkipWiki(Reason::new("why")),
        ),
        (
            Decision::Lagged(RetryAfter::Wait(seconds(9))),
            Failure::AskAgainLater(Reason::new("why")),
        ),
        (
            // One wiki that always says so must not starve those behind it.
            Decision::Throttled(RetryAfter::Wait(seconds(9))),
            Failure::SkipWiki(Reason::new("why")),
        ),
    ] {
        let next = Tries::default().next(trouble(decision), now(), 0.5, || false);
        assert_eq!(next, Next::GiveUp(failure));
    }
}

#[test]
fn lag_is_waited_for_three_times_and_then_left_for_the_end_of_the_run() {
    let mut tries = Tries::default();
    let lag = Decision::Lagged(RetryAfter::Wait(seconds(1)));
    let mut next = || tries.next(trouble(lag.clone()), now(), 1.0, || true);
    for _ in 0..3 {
        assert_eq!(next(), Next::AskAfter(seconds(5)), "at least 5 s");
    }
    assert_eq!(
        next(),
        Next::GiveUp(Failure::AskAgainLater(Reason::new("why")))
    );
}

#[test]
fn a_wish_for_longer_than_a_run_waits_is_for_the_next_run() {
    let decision = Decision::Throttled(RetryAfter::Defer(seconds(3600)));
    let next = Tries::default().next(trouble(decision), now(), 0.0, || true);
    let until = now() + TimeDelta::hours(1);
    let reason = Reason::new("why");
    assert_eq!(next, Next::GiveUp(Failure::Deferred { until, reason }));
}

#[test]
fn a_nonce_is_renewed_twice_and_the_cookies_once_without_touching_the_budget() {
    let mut tries = Tries::default();
    let mut next = |renewal| {
        let decision = Decision::Renew(renewal);
        tries.next(trouble(decision), now(), 0.0, || panic!("no budget needed"))
    };
    assert_eq!(next(Renewal::Nonce), Next::Renew(Renewal::Nonce));
    assert_eq!(next(Renewal::Cookies), Next::Renew(Renewal::Cookies));
    assert_eq!(next(Renewal::Nonce), Next::Renew(Renewal::Nonce));
    let given_up = Next::GiveUp(Failure::SkipWiki(Reason::new("why")));
    assert_eq!(next(Renewal::Nonce), given_up);
    assert_eq!(next(Renewal::Cookies), given_up);
}

#[test]
fn a_tenth_of_the_requests_may_be_repetitions_and_a_few_to_begin_with() {
    let allowed = [0, 9, 10, 1_000].map(retries_allowed);
    assert_eq!(allowed, [10, 10, 11, 110]);
}
