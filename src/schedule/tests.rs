//! What expressions mean, what daylight-saving time does to them, and a slow reference that agrees.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use proptest::prelude::*;

use super::Schedule;
use crate::model::{Zone, zone};

/// Zones that change their clocks in unlike ways, or have just stopped to.
const ZONES: [&str; 16] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe", // by half an hour
    "America/Santiago",    // at midnight
    "Africa/Cairo",        // at midnight
    "Pacific/Chatham",
    "Pacific/Apia",
    "Antarctica/Troll",  // by two hours
    "Africa/Casablanca", // back for Ramadan
    "Asia/Tehran",
    "America/Sao_Paulo",
    "Asia/Beirut",    // at midnight
    "America/Havana", // at midnight
    "Europe/Lisbon",
    "UTC",
];

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn schedule(text: &str, zone: Zone) -> Schedule {
    Schedule::parse(text, zone).expect("a schedule")
}

/// The first ticks after an instant, by the wall clock, as `11-21 03:17`.
fn ticks(text: &str, zone: Zone, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(text, zone);
    let first = schedule.next_after(at(after));
    let ticks = std::iter::successors(first, |tick| schedule.next_after(*tick));
    let local = ticks.map(|tick| {
        tick.with_timezone(&zone)
            .format("%m-%d %H:%M:%S")
            .to_string()
    });
    let local = local.map(|text| text.strip_suffix(":00").map_or(text.clone(), str::to_owned));
    local.take(count).collect()
}

#[test]
fn expressions_mean_what_crontab_says() {
    // 2026-11-21 is a Saturday.
    for (text, expected) in [
        ("17 3 * * *", ["11-21 03:17", "11-22 03:17"]),
        ("  17   3\t* * * ", ["11-21 03:17", "11-22 03:17"]),
        ("*/20 * * * *", ["11-21 00:20", "11-21 00:40"]),
        ("5/25 * * * *", ["11-21 00:05", "11-21 00:30"]),
        ("10-12/2 0 * * *", ["11-21 00:10", "11-21 00:12"]),
        ("0 4,16 * * *", ["11-21 04:00", "11-21 16:00"]),
        // Sunday is 0 and 7; names and ranges.
        ("0 5 * * 0", ["11-22 05:00", "11-29 05:00"]),
        ("0 5 * * 7", ["11-22 05:00", "11-29 05:00"]),
        ("0 5 * * 0-0", ["11-22 05:00", "11-29 05:00"]),
        ("0 5 * * sun", ["11-22 05:00", "11-29 05:00"]),
        ("0 5 * * 1", ["11-23 05:00", "11-30 05:00"]),
        ("0 5 * * Mon", ["11-23 05:00", "11-30 05:00"]),
        ("0 5 * * 6", ["11-21 05:00", "11-28 05:00"]),
        ("0 5 * * 6-7", ["11-21 05:00", "11-22 05:00"]),
        ("0 5 * * sat-sun", ["11-21 05:00", "11-22 05:00"]),
        ("0 5 * * fri-sun", ["11-21 05:00", "11-22 05:00"]),
        ("0 5 * * 1-5", ["11-23 05:00", "11-24 05:00"]),
        ("0 5 * * 1-5/2", ["11-23 05:00", "11-25 05:00"]),
        ("0 5 * * */3", ["11-21 05:00", "11-22 05:00"]),
        ("0 5 * * 1,3,SATURDAY", ["11-21 05:00", "11-23 05:00"]),
        ("0 5 1 jan *", ["01-01 05:00", "01-01 05:00"]),
        ("0 5 29 February *", ["02-29 05:00", "02-29 05:00"]),
        // Both days given: either is enough; with a star, both must hold.
        ("0 5 24 * 1", ["11-23 05:00", "11-24 05:00"]),
        ("0 5 */2 * 1", ["11-23 05:00", "12-07 05:00"]),
        ("0 5 24 * *", ["11-24 05:00", "12-24 05:00"]),
        // With seconds, as the crate reads them.
        ("30 17 3 * * *", ["11-21 03:17:30", "11-22 03:17:30"]),
        ("*/30 * * * * *", ["11-21 00:00:30", "11-21 00:01"]),
        ("0 0 5 * * 1", ["11-22 05:00", "11-29 05:00"]),
        ("0 0 5 * * mon", ["11-23 05:00", "11-30 05:00"]),
        ("0 0 5 24 * 1", ["01-24 05:00", "10-24 05:00"]),
        ("0 0 5 ? * 7", ["11-21 05:00", "11-28 05:00"]),
        ("0 0 5 1 1 ? 2030/2", ["01-01 05:00", "01-01 05:00"]),
        ("@hourly", ["11-21 01:00", "11-21 02:00"]),
        ("@daily", ["11-22 00:00", "11-23 00:00"]),
        ("@midnight", ["11-22 00:00", "11-23 00:00"]),
        ("@weekly", ["11-22 00:00", "11-29 00:00"]),
        ("@monthly", ["12-01 00:00", "01-01 00:00"]),
        ("@yearly", ["01-01 00:00", "01-01 00:00"]),
        ("@Annually", ["01-01 00:00", "01-01 00:00"]),
    ] {
        let found = ticks(text, Zone::UTC, "2026-11-21T00:00:00Z", 2);
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn all_but_one_are_not_all() {
    let found = ticks("0 0-22 * * *", Zone::UTC, "2026-11-21T21:30:00Z", 2);
    assert_eq!(found, ["11-21 22:00", "11-22 00:00"]);
    let found = ticks("0 5 1-30 * *", Zone::UTC, "2026-12-30T00:00:00Z", 2);
    assert_eq!(found, ["12-30 05:00", "01-01 05:00"]);
}

#[test]
fn ticks_begin_with_1970_and_end_with_2100() {
    let next = |text, after| schedule(text, Zone::UTC).next_after(at(after));
    for (text, after, expected) in [
        ("* * * * *", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
        ("* * * * *", "0000-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("@monthly", "2100-06-15T00:00:00Z", "2100-07-01T00:00:00Z"),
    ] {
        assert_eq!(
            next(text, after),
            Some(at(expected)),
            "{text} after {after}"
        );
    }
    for after in ["2100-12-15T00:00:00Z", "2101-06-15T00:00:00Z"] {
        assert_eq!(next("@monthly", after), None, "after {after}");
    }
}

#[test]
fn half_an_hour_that_comes_twice_has_its_minute_twice() {
    // At 02:00 on Lord Howe Island it is 01:30 again.
    let found = ticks(
        "35 * * * *",
        zone("Australia/Lord_Howe"),
        "2026-04-04T14:00:00Z",
        3,
    );
    assert_eq!(found, ["04-05 01:35", "04-05 01:35", "04-05 02:35"]);
}

#[test]
fn a_schedule_is_shown_as_it_was_written() {
    for text in ["17 3 * * *", "@daily", "*/5 1-3,5 * jan-mar Mon"] {
        let schedule = schedule(&format!(" {text} "), zone("Asia/Tokyo"));
        assert_eq!(schedule.to_string(), text);
        assert_eq!(schedule.zone(), zone("Asia/Tokyo"));
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (text, expected) in [
        ("", "it does not have five, six or seven fields, but 0"),
        (
            "30 4 * *",
            "it does not have five, six or seven fields, but 4",
        ),
        ("60 3 * * *", r#"the minute is "60"; it takes 0 to 59,"#),
        ("-5 3 * * *", r#"the minute is "-5"; it takes 0 to 59,"#),
        (
            "99999999999 3 * * *",
            r#"the minute is "99999999999"; it takes"#,
        ),
        ("ä 3 * * *", r#"the minute is "ä"; it takes 0 to 59,"#),
        ("17 24 * * *", r#"the hour is "24"; it takes 0 to 23,"#),
        (
            "17 3 0 * *",
            r#"the day of the month is "0"; it takes 1 to 31,"#,
        ),
        (
            "17 3 L * *",
            r#"the day of the month is "L"; it takes 1 to 31,"#,
        ),
        (
            "17 3 * 13 *",
            r#"the month is "13"; it takes 1 to 12 or jan to dec,"#,
        ),
        (
            "17 3 * * 8",
            r#"the day of the week is "8"; it takes 0 to 7 (0 and 7 are Sunday)"#,
        ),
        (
            "17 3 * * mo",
            r#"the day of the week is "mo"; it takes 0 to 7"#,
        ),
        (
            "17 3 * * 1,,2",
            r#"the day of the week is ""; it takes 0 to 7"#,
        ),
        (
            "0 17 3 * * 0",
            r#"the day of the week is "0"; it takes sun to sat, or 1 to 7"#,
        ),
        (
            "0 0 0 1 1 * 1969",
            r#"the year is "1969"; it takes 1970 to 2100,"#,
        ),
        (
            "17 22-2 * * *",
            r#"the hour "22-2" runs backwards; write it as a list of two, such as 22-23,0-2"#,
        ),
        (
            "*/0 * * * *",
            r#"the step of the minute "*/0" is not a number from 1 to 59"#,
        ),
        (
            "*/90 * * * *",
            r#"the step of the minute "*/90" is not a number from 1 to 59"#,
        ),
        ("0 0 30 2 *", "there is no such day in any year"),
        (
            "@nightly",
            r#"there is no word "@nightly"; there are @hourly, @daily (or"#,
        ),
        (
            "\u{1b}[31m",
            "it does not have five, six or seven fields, but 1",
        ),
    ] {
        let error = Schedule::parse(text, Zone::UTC)
            .expect_err(text)
            .to_string();
        let expected = format!("{text:?} is not a schedule: {expected}");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn the_last_tick_is_found_again() {
    let nightly = schedule("17 3 * * *", zone("Europe/Berlin"));
    let tick = at("2026-11-21T02:17:00Z");
    assert_eq!(nightly.last_until(tick), Some(tick));
    assert_eq!(nightly.last_until(at("2026-11-22T02:16:59Z")), Some(tick));
    let yearly = schedule("0 0 29 2 *", Zone::UTC);
    assert_eq!(yearly.last_until(tick), Some(at("2024-02-29T00:00:00Z")));
    let once = schedule("0 0 0 1 1 * 2030", Zone::UTC);
    assert_eq!(once.last_until(tick), None);
    assert_eq!(once.next_after(at("2030-01-01T00:00:00Z")), None);
    let dense = schedule("* * * * * *", Zone::UTC);
    assert_eq!(dense.last_until(tick), Some(tick));
}

#[test]
fn a_nightly_tick_in_the_gap_comes_right_after_it_and_one_in_the_repeated_hour_once() {
    let berlin = |text, after| ticks(text, zone("Europe/Berlin"), after, 3);
    // 2027-03-28: 02:00 becomes 03:00.
    let spring = "2027-03-27T12:00:00Z";
    let expected = ["03-28 03:00", "03-29 02:30", "03-30 02:30"];
    assert_eq!(berlin("30 2 * * *", spring), expected);
    let expected = ["03-28 03:00", "03-29 02:00", "03-29 02:20"];
    assert_eq!(berlin("*/20 2 * * *", spring), expected);
    // 2026-10-25: 03:00 becomes 02:00.
    let autumn = "2026-10-24T12:00:00Z";
    let expected = ["10-25 02:30", "10-26 02:30", "10-27 02:30"];
    assert_eq!(berlin("30 2 * * *", autumn), expected);
    let nightly = schedule("30 2 * * *", zone("Europe/Berlin"));
    assert_eq!(
        nightly.next_after(at(autumn)),
        Some(at("2026-10-25T00:30:00Z"))
    );
    // In Havana midnight itself is left out, in Beirut too.
    let expected = ["03-13 00:00", "03-14 01:00", "03-15 00:00"];
    assert_eq!(
        ticks("@daily", zone("America/Havana"), "2027-03-13T00:00:00Z", 3),
        expected
    );
    let expected = ["03-27 00:00", "03-28 01:00", "03-29 00:00"];
    assert_eq!(
        ticks("@daily", zone("Asia/Beirut"), "2027-03-26T12:00:00Z", 3),
        expected
    );
}

#[test]
fn an_hourly_tick_comes_each_real_hour() {
    for zone in ZONES.map(zone) {
        let hourly = schedule("17 * * * *", zone);
        let mut tick = hourly
            .next_after(at("2026-01-01T00:00:00Z"))
            .expect("a tick");
        let end = tick + TimeDelta::days(366);
        while tick < end {
            let next = hourly.next_after(tick).expect("a tick");
            let minutes = (next - tick).num_minutes();
            // Lord Howe changes by half an hour.
            let usual = minutes == 60;
            assert!(
                usual || (zone.name() == "Australia/Lord_Howe" && minutes % 30 == 0),
                "{tick}"
            );
            tick = next;
        }
    }
}

#[test]
fn each_day_has_one_nightly_tick_in_every_zone() {
    for zone in ZONES.map(zone) {
        for text in [
            "17 3 * * *",
            "30 2 * * *",
            "0 0 * * *",
            "59 23 * * *",
            "45 1 * * *",
        ] {
            let nightly = schedule(text, zone);
            let midnight = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
            let start = zone.from_utc_datetime(&midnight.and_time(chrono::NaiveTime::MIN));
            let mut tick = start.to_utc();
            let mut days = Vec::new();
            while days.len() < 800 {
                tick = nightly.next_after(tick).expect("a tick");
                days.push(tick.with_timezone(&zone).date_naive());
            }
            let steps = days.windows(2);
            let single = steps.filter(|pair| pair[1] != pair[0].succ_opt().expect("a date"));
            assert_eq!(single.count(), 0, "{text} in {zone}");
        }
    }
}

/// The fields of a line of crontab, and what they name.
#[derive(Clone, Debug)]
struct Line {
    text: String,
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Vec<u32>,
    weekdays: Vec<u32>,
    /// Whether either day is enough.
    any_day: bool,
}

impl Line {
    fn names(&self, local: NaiveDateTime) -> bool {
        let day = self.days.contains(&local.day());
        let weekday = self
            .weekdays
            .contains(&local.weekday().num_days_from_sunday());
        let day = if self.any_day {
            day || weekday
        } else {
            day && weekday
        };
        day && self.hours.contains(&local.hour()) && self.minutes.contains(&local.minute())
    }

    /// All ticks of some days, found by looking at every minute.
    fn ticks(&self, zone: Zone, from: DateTime<Utc>, days: i64) -> Vec<DateTime<Utc>> {
        let local = |instant: DateTime<Utc>| instant.with_timezone(&zone).naive_local();
        let minute = TimeDelta::minutes(1);
        let mut latest = local(from - minute);
        let mut ticks = Vec::new();
        for index in 0..days * 24 * 60 {
            let instant = from + minute * i32::try_from(index).expect("few days");
            let now = local(instant);
            if self.hours.len() == 24 {
                if self.names(now) {
                    ticks.push(instant);
                }
                continue;
            }
            // Whatever the wall clock has not shown yet, the time left out included.
            let mut named = false;
            while latest < now {
                latest += minute;
                named |= self.names(latest);
            }
            if named {
                ticks.push(instant);
            }
        }
        ticks
    }
}

fn numbers(low: u32, high: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
    let all: Vec<u32> = (low..=high).collect();
    let some = proptest::sample::subsequence(all.clone(), 1..=3);
    let list = some.prop_map(|list| {
        let texts: Vec<String> = list.iter().map(u32::to_string).collect();
        (texts.join(","), list)
    });
    let range = (low..=high, low..=high, 1..5_u32).prop_map(|(a, b, step)| {
        let (a, b) = (a.min(b), a.max(b));
        let list = (a..=b).step_by(step as usize).collect();
        (format!("{a}-{b}/{step}"), list)
    });
    let steps = (1..high).prop_map(move |step| {
        (
            format!("*/{step}"),
            (low..=high).step_by(step as usize).collect(),
        )
    });
    prop_oneof![Just(("*".to_owned(), all)), list, range, steps]
}

fn line() -> impl Strategy<Value = Line> {
    let fields = (
        numbers(0, 59),
        numbers(0, 23),
        numbers(1, 31),
        numbers(0, 6),
    );
    fields.prop_map(|(minute, hour, day, weekday)| Line {
        text: format!("{} {} {} * {}", minute.0, hour.0, day.0, weekday.0),
        minutes: minute.1,
        hours: hour.1,
        days: day.1,
        weekdays: weekday.1,
        any_day: !day.0.starts_with('*') && !weekday.0.starts_with('*'),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn ticks_are_those_of_a_slow_reference(
        line in line(),
        zone in proptest::sample::select(&ZONES[..]).prop_map(zone),
        minutes in 0..365 * 24 * 60_i64,
    ) {
        let from = at("2026-01-01T00:00:00Z") + TimeDelta::minutes(minutes);
        let schedule = schedule(&line.text, zone);
        let expected = line.ticks(zone, from, 40);
        // The reference has no past: what the clock showed before it began is not seen.
        let from = from + TimeDelta::days(1);
        let expected: Vec<_> = expected.into_iter().filter(|tick| *tick > from).collect();
        let first = schedule.next_after(from);
        let found = std::iter::successors(first, |tick| schedule.next_after(*tick));
        let found: Vec<_> = found.take(expected.len()).collect();
        prop_assert_eq!(&found, &expected);
        let next = schedule.next_after(*expected.last().unwrap_or(&from));
        prop_assert!(next.is_none_or(|next| next >= from + TimeDelta::days(39)));
    }

    #[test]
    fn the_next_tick_is_later_and_never_further_for_later_instants(
        line in line(),
        zone in proptest::sample::select(&ZONES[..]).prop_map(zone),
        seconds in 0..3 * 366 * 24 * 3600_i64,
        more in 0..100_000_000_i64,
    ) {
        let schedule = schedule(&line.text, zone);
        let instant = at("2025-01-01T00:00:00Z") + TimeDelta::seconds(seconds);
        let later = instant + TimeDelta::milliseconds(more);
        let next = schedule.next_after(instant).expect("a tick");
        prop_assert!(next > instant);
        prop_assert!(schedule.next_after(later).expect("a tick") >= next);
        prop_assert_eq!(schedule.last_until(next), Some(next));
        let last = schedule.last_until(later);
        prop_assert!(last.is_none_or(|last| last <= later));
        prop_assert_eq!(last.is_some_and(|last| last >= next), next <= later);
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,40}", line in "[0-9*/,?@a-zL -]{0,30}") {
        let _ = Schedule::parse(&text, zone("Europe/Berlin"));
        if let Ok(schedule) = Schedule::parse(&line, zone("Europe/Berlin")) {
            let _ = schedule.next_after(at("2026-11-21T00:00:00Z"));
        }
    }
}
