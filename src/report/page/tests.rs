//! What the page says of small values, and how large it gets. What it looks like and how it is read aloud, a
//! browser tells (tests/browser).

use chrono::{DateTime, TimeDelta, Utc};

use super::words::{length, number};
use super::*;
use crate::{model::zone, report::Cell};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

const NOW: &str = "2026-11-21T12:00:00Z";

/// A page without a history.
fn empty() -> Page {
    Page {
        user: "Alice".into(),
        written_at: at(NOW),
        zone: zone("Europe/Berlin"),
        reveal: false,
        headline: Headline::default(),
        digest: Digest::default(),
        timeline: Timeline {
            axis: Axis::over(at(NOW), at(NOW), Zone::UTC),
            runs: Vec::new(),
        },
        rights: Rights::default(),
        endings: Vec::new(),
        drift: Drift::default(),
        coverage: Coverage::default(),
    }
}

fn html(page: &Page) -> String {
    let mut out = Vec::new();
    write(&mut out, page).expect("memory");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_page_without_a_history_says_so() {
    let page = html(&empty());
    for part in [
        "Nothing has been read yet.",
        "Nothing was read: whether anything changed is not known.",
        "There is no run yet.",
        "No group has been held since the history began.",
        "Nothing that is held now has an end.",
        "Every preference has the same value",
        "Every wiki could be read",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn weeks_begin_on_monday_at_midnight_wherever_the_user_lives() {
    let zone = zone("America/New_York");
    let axis = Axis::over(at("2026-02-11T12:00:00Z"), at(NOW), zone);
    assert_eq!(axis.unit(), "week");
    // Clocks were put forward in between: midnight is an hour earlier in UTC.
    for (before, monday) in [
        ("2026-02-16T04:59:59Z", "2026-02-16T05:00:00Z"),
        ("2026-06-01T03:59:59Z", "2026-06-01T04:00:00Z"),
    ] {
        let bucket = |text| axis.bucket_of(at(text)).expect("a bucket");
        assert_eq!(bucket(before) + 1, bucket(monday), "{monday}");
    }
    assert_eq!(axis.bucket_of(at("2026-02-01T00:00:00Z")), None);
    assert_eq!(
        axis.bucket_of(at("2030-01-01T00:00:00Z")),
        Some(axis.len() - 1)
    );
}

#[test]
fn a_wrong_clock_makes_no_page_without_end() {
    for first in [
        DateTime::<Utc>::MIN_UTC,
        at("1970-01-01T00:00:00Z"),
        DateTime::<Utc>::MAX_UTC,
    ] {
        for zone in [Zone::UTC, zone("Pacific/Apia"), zone("Africa/Cairo")] {
            let axis = Axis::over(first, at(NOW), zone);
            assert!(
                (1..=12 * 62).contains(&axis.len()),
                "{first}: {}",
                axis.len()
            );
            assert!(axis.labels().len() <= 6, "{:?}", axis.labels());
        }
    }
}

#[test]
fn numbers_and_lengths_are_read_as_people_say_them() {
    let shown = [0, 999, 1_000, 12_345_678].map(|count: i64| number(count));
    assert_eq!(shown, ["0", "999", "1,000", "12,345,678"]);
    let lengths = [1, 90, 60 * 47, 60 * 24 * 119, 60 * 24 * 400, 60 * 24 * 800];
    let lengths = lengths.map(|minutes| length(TimeDelta::minutes(minutes)));
    assert_eq!(
        lengths,
        [
            "1 minute",
            "90 minutes",
            "47 hours",
            "119 days",
            "13 months",
            "2 years"
        ]
    );
}

#[test]
fn a_renewal_is_no_gap_and_a_day_within_a_week_is_seen() {
    let spell = |from: &str, to: Option<&str>| Spell {
        wiki: "enwiki".into(),
        group: "sysop".into(),
        from: at(from),
        to: to.map(at),
        unknown_from: None,
        expires_at: None,
    };
    let mut page = empty();
    page.timeline.axis = Axis::over(
        at("2026-01-05T00:00:00Z"),
        at("2026-06-01T00:00:00Z"),
        Zone::UTC,
    );
    page.timeline.runs.push(RunMark {
        at: at("2026-01-05T00:00:00Z"),
        result: RunResult::Complete,
        account: 0,
        rights: 0,
        preferences: 0,
        defaults: 0,
    });
    page.rights
        .first_seen
        .insert("enwiki".into(), at("2026-01-05T00:00:00Z"));
    page.rights.spells = vec![
        spell("2026-02-03T00:00:00Z", Some("2026-03-03T00:00:00Z")),
        // Renewed.
        spell("2026-03-03T00:00:00Z", Some("2026-04-01T00:00:00Z")),
        // For two days.
        spell("2026-05-05T00:00:00Z", Some("2026-05-07T00:00:00Z")),
    ];
    let text = html(&page);
    let (_, row) = text
        .split_once("<th scope=\"row\"><bdi>enwiki</bdi></th>")
        .expect("a row");
    let strip = row.split("</svg>").next().unwrap_or_default();
    assert!(
        strip.contains("class=\"held\" stroke-width=\"12\" d=\"M5 6h7\""),
        "{strip}"
    );
    assert!(strip.contains("d=\"M4 9h1M12 9h1M17 9h1\""), "{strip}");
    assert!(text.contains("; once before"), "{row}");
}

/// The worst that a thousand wikis can do: every list is as long as it may be.
#[test]
fn a_page_of_a_thousand_wikis_has_at_most_two_megabytes() {
    let wikis: Vec<String> = (0..1_000)
        .map(|wiki| format!("a_long_name_{wiki}wiktionary"))
        .collect();
    let first = at("2023-11-21T03:00:00Z");
    let mut page = empty();
    page.timeline.axis = Axis::over(first, at(NOW), Zone::UTC);
    let line = ChangeLine {
        sign: '~',
        name: "a-preference-with-a-long-name".into(),
        event: "changed for all wikis".into(),
        before: Some(Cell::from("x".repeat(10_000))),
        after: Some(Cell::from("y".repeat(10_000))),
        wikis: wikis.clone(),
        happened_after: Some(first),
        happened_by: Some(at(NOW)),
        cause: "new wiki default".into(),
        performer: Some("Somebody".repeat(8)),
        comment: Some("z".repeat(10_000)),
    };
    for title in ["Your account", "Rights", "Preferences", "Counters"] {
        let lines = vec![line.clone(); 500];
        page.digest.parts.push(ChangePart {
            title: title.into(),
            lines,
        });
    }
    for night in 0..1_095 {
        page.timeline.runs.push(RunMark {
            at: first + TimeDelta::days(night),
            result: RunResult::Partial,
            account: 1,
            rights: 2,
            preferences: 300,
            defaults: 400,
        });
    }
    for (place, wiki) in (0..).zip(&wikis) {
        page.rights.first_seen.insert(wiki.clone(), first);
        for group in 0..45 {
            let from = first + TimeDelta::days((place * 7 + group * 13) % 1_000);
            page.rights.spells.push(Spell {
                wiki: wiki.clone(),
                group: format!("a-group-{group}"),
                from,
                to: Some(from + TimeDelta::days(40 + place % 50)),
                unknown_from: None,
                expires_at: None,
            });
        }
        page.coverage.unread.push(Unread {
            wiki: wiki.clone(),
            since: first,
            error: "e".repeat(10_000),
        });
    }
    for ending in 0..500 {
        page.endings.push(Ending {
            name: "a-group".into(),
            wikis: wikis.clone(),
            ends_at: at(NOW) + TimeDelta::days(ending),
            is_over: false,
            note: String::new(),
        });
    }
    let other = OtherValue {
        value: Cell::from("v".repeat(10_000)),
        count: 1_000,
        wikis: wikis.clone(),
    };
    let line = DriftLine {
        name: "a-preference".into(),
        majority: (Cell::from("m".repeat(10_000)), 1_000),
        others: vec![other; 50],
        note: String::new(),
    };
    page.drift = Drift {
        names: 300,
        lines: vec![line; 300],
    };
    let size = html(&page).len();
    assert!(size < 2 * 1024 * 1024, "{size} bytes");
}
