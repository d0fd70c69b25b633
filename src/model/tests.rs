//! The words of this program mean what the contract says.

use std::collections::BTreeSet;

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, SecondsFormat, TimeDelta, TimeZone, Utc,
    offset::LocalResult,
};
use chrono_tz::GapInfo;

use super::*;

/// The names are in databases and exports, so none of them may change.
#[test]
fn names_are_those_of_the_contract() {
    let kinds = Kind::ALL.map(Kind::as_str);
    assert_eq!(
        kinds.join(" "),
        "group implicit_group global_group preference global_preference rights block lock identity counter"
    );
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert!("nothing".parse::<Kind>().is_err());
    let causes = [
        Cause::Unknown,
        Cause::User,
        Cause::WikiDefault,
        Cause::Software,
        Cause::GlobalPreference,
        Cause::RightsLog,
        Cause::Expiry,
    ];
    assert_eq!(
        causes.map(|cause| cause.to_string()).join(" "),
        "unknown user wiki-default software global-preference rights-log expiry"
    );
    let scopes = [Scope::Full, Scope::Pulse, Scope::Wikis].map(Scope::as_str);
    assert_eq!(scopes, ["full", "pulse", "wikis"]);
    let triggers = [Trigger::Schedule, Trigger::Command].map(Trigger::as_str);
    assert_eq!(triggers, ["schedule", "command"]);
    let statuses = [
        RunStatus::Running,
        RunStatus::Finished,
        RunStatus::Interrupted,
        RunStatus::Failed,
    ];
    assert_eq!(
        statuses.map(RunStatus::as_str),
        ["running", "finished", "interrupted", "failed"]
    );
}

/// The bits are in databases.
#[test]
fn every_subject_has_its_bit_and_its_name() {
    let mut all = Coverage::default();
    for (at, (subject, name)) in Subject::NAMES.into_iter().enumerate() {
        assert_eq!(subject as u32, 1 << at, "{name}");
        assert_eq!(Subject::from_name(name), Some(subject));
        assert!(!all.covers(subject));
        all.add(subject);
        assert!(all.covers(subject));
    }
    assert_eq!(Subject::from_name("nothing"), None);
    assert_eq!(all.bits(), 0xffff);
    let subject = |kind, name: &str| Property::new(kind, name).subject();
    assert_eq!(subject(Kind::Counter, "edit_count"), Subject::EditCount);
    assert_eq!(
        subject(Kind::Counter, "echo-last-seen"),
        Subject::Preferences
    );
    assert_eq!(subject(Kind::Identity, "email"), Subject::Email);
    assert_eq!(subject(Kind::Identity, "name"), Subject::Name);
}

#[test]
fn sets_of_subjects_are_joined_and_subtracted() {
    let [one, two, both] = [0b0110, 0b0101, 0b0111].map(Coverage::from_bits);
    assert_eq!(one.union(two), both);
    assert_eq!(one.without(two), Coverage::from_bits(0b0010));
    assert_eq!(Coverage::default().without(two), Coverage::default());
}

#[test]
fn two_snapshots_with_one_fingerprint_are_the_same() {
    let property = Property::new(Kind::Preference, "skin");
    let with = |value: Value| {
        let mut snapshot = Snapshot::default();
        snapshot.insert(property.clone(), value);
        assert!(snapshot.coverage.covers(Subject::Preferences));
        assert_eq!(snapshot.properties.len(), 1);
        snapshot
    };
    let value = |json: &str, is_default| Value::from_json_text(json).with_default(is_default);
    let mut covering_more = with(value("1", None));
    covering_more.coverage.add(Subject::Groups);
    let different = [
        Snapshot::default(),
        with(value("1", None)),
        with(value("1", Some(true))),
        with(value("1", Some(false))),
        with(value("2", None)),
        covering_more,
    ];
    let fingerprints: BTreeSet<_> = different.iter().map(Snapshot::fingerprint).collect();
    assert_eq!(fingerprints.len(), different.len());
    assert_eq!(
        with(value("1", None)).fingerprint(),
        different[1].fingerprint()
    );
}

#[test]
fn a_value_says_what_is_known_of_it() {
    let value = Value::new(&serde_json::json!({"a": 1}));
    assert_eq!(value.json(), "{\"a\":1}");
    assert_eq!(
        (value.is_default(), value.is_withheld(), value.is_redacted()),
        (None, false, false)
    );
    assert_eq!(
        value.clone().with_default(Some(true)).is_default(),
        Some(true)
    );
    assert_eq!(
        value.clone().with_default(Some(false)).is_default(),
        Some(false)
    );
    let withheld = value.with_withheld(true);
    assert!(withheld.is_withheld() && withheld.json() == "{\"a\":1}");
    assert!(Value::from_json_text("\"hmac-sha256:0f\"").is_redacted());
}

#[test]
fn what_is_hidden_is_kept_apart() {
    let [what, user, comment, suppressed] = [
        Hidden::WHAT,
        Hidden::USER,
        Hidden::COMMENT,
        Hidden::SUPPRESSED,
    ];
    assert_eq!(Hidden::of([false; 4]).bits(), 0);
    assert_eq!(Hidden::of([true; 4]).bits(), 15);
    assert_eq!(Hidden::of([true, false, false, true]).bits(), 9);
    let some = Hidden::of([false, true, true, false]);
    assert!(some.has(user) && some.has(comment));
    assert!(!some.has(what) && !some.has(suppressed));
}

#[test]
fn a_run_counts_what_became_of_each_account() {
    let mut tally = Tally::default();
    for outcome in [
        Outcome::FirstSeen,
        Outcome::Unchanged,
        Outcome::Unchanged,
        Outcome::Changed(3),
        Outcome::Changed(2),
        Outcome::Failed,
    ] {
        tally.add(outcome);
    }
    let Tally {
        first_seen,
        unchanged,
        changed,
        changes,
        failed,
        ..
    } = tally;
    assert_eq!(
        (first_seen, unchanged, changed, changes, failed),
        (1, 2, 2, 5, 1)
    );
}

#[test]
fn counters_change_by_themselves_and_do_not_count() {
    let change = |kind| Change {
        property: Property::new(kind, "x"),
        before: None,
        after: None,
        cause: Cause::User,
    };
    assert!(change(Kind::Preference).counts() && !change(Kind::Counter).counts());
    let one = (Property::new(Kind::Group, "x"), Value::from_json_text("1"));
    let differences = [
        Difference {
            changes: vec![change(Kind::Group)],
            ..Difference::default()
        },
        Difference {
            first_seen: vec![one.clone()],
            ..Difference::default()
        },
        Difference {
            restated: vec![one],
            ..Difference::default()
        },
    ];
    assert!(differences.iter().all(|difference| !difference.is_empty()));
    assert!(Difference::default().is_empty());
}

#[test]
fn names_are_alike_as_mediawiki_takes_them() {
    for alike in ["Alice Example", "alice_Example", " Alice Example "] {
        assert!(same_name("Alice Example", alike), "{alike}");
    }
    for other in [
        "Alice example",
        "Alice",
        "",
        "lice Example",
        "Blice Example",
    ] {
        assert!(!same_name("Alice Example", other), "{other}");
    }
}

#[test]
fn a_wiki_id_is_the_name_of_a_database() {
    let longest = "a".repeat(64);
    for good in ["enwiki", "be_x_oldwiki", "a-1", &longest] {
        let wiki: WikiId = good.parse().expect(good);
        assert_eq!((wiki.as_str(), wiki.to_string().as_str()), (good, good));
        assert!(!wiki.is_global());
    }
    for bad in ["", "en.wiki", "../x", "ä", &"a".repeat(65)] {
        assert!(bad.parse::<WikiId>().is_err(), "{bad}");
    }
    assert!(WikiId::global().is_global());
    assert_eq!(WikiId::global().as_str(), "global");
}

#[test]
fn an_age_has_a_unit_and_ends_at_a_hundred_years() {
    for (text, minutes) in [
        ("90m", 90),
        ("3h", 180),
        ("7d", 10_080),
        ("2w", 20_160),
        ("36600d", 52_704_000),
    ] {
        assert_eq!(
            parse_age(text).map(|age| age.num_minutes()),
            Ok(minutes),
            "{text}"
        );
    }
    for bad in [
        "",
        "m",
        "5",
        "-5m",
        "+5m",
        "1.5h",
        "36601d",
        "52704001m",
        "9223372036854775807w",
    ] {
        assert_eq!(parse_age(bad), Err(ParseMomentError), "{bad}");
    }
    let instant = "2026-11-21T04:17:04.9+01:00".parse().expect("an instant");
    assert_eq!(utc_text(instant), "2026-11-21T03:17:04Z");
}

#[test]
fn instants_are_written_as_chrono_writes_them() {
    let exact = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
    // 101 days, 3 hours and some: every month, day, hour, minute and second comes, and years of five digits.
    let step = TimeDelta::seconds(8_737_261);
    let mut instant = DateTime::UNIX_EPOCH - step * 8_000;
    for _ in 0..40_000 {
        assert_eq!(utc_text(instant), exact(instant));
        instant += step;
    }
    assert!(instant.year() > 9_999 && (DateTime::UNIX_EPOCH - step * 8_000).year() < 0);
    let leap = "2016-12-31T23:59:60Z".parse().expect("an instant");
    assert_eq!(utc_text(leap), exact(leap));
}

/// `chrono-tz` reads the same database in its own way. The laws of the years compared have been made.
#[test]
fn time_zones_are_those_of_another_reader_of_the_database() {
    let date = |year| NaiveDate::from_ymd_opt(year, 1, 1).expect("a date");
    let (first, last) = (date(2012), date(2020));
    let (mut compared, mut gaps, mut folds) = (0, 0, 0);
    for (nth, other) in chrono_tz::TZ_VARIANTS.iter().enumerate() {
        let zone = zone(other.name());
        assert_eq!(zone.to_string(), other.name());
        let mut local = first.and_hms_opt(0, 7, 0).expect("a time");
        // Other hours for each zone, so that together they are all compared.
        local += TimeDelta::hours(i64::try_from(nth).expect("few") % 31);
        while local.date() < last {
            let told = zone.from_utc_datetime(&local);
            let by_other = other.from_utc_datetime(&local);
            assert_eq!(told.naive_local(), by_other.naive_local());
            assert_eq!(
                told.offset().to_string(),
                by_other.offset().to_string(),
                "{local} in {zone}"
            );
            let (ours, theirs) = (
                zone.from_local_datetime(&local),
                other.from_local_datetime(&local),
            );
            let ours = ours.map(|instant| instant.to_utc());
            let theirs = theirs.map(|instant| instant.to_utc());
            assert_eq!(ours, theirs, "{local} in {zone}");
            gaps += i32::from(theirs == LocalResult::None);
            folds += i32::from(matches!(theirs, LocalResult::Ambiguous(..)));
            let end_of_gap = GapInfo::new(&local, other).and_then(|gap| gap.end);
            let instant = theirs.earliest().or(end_of_gap.map(|end| end.to_utc()));
            assert_eq!(
                Some(zone.first_instant(local)),
                instant,
                "{local} in {zone}"
            );
            compared += 1;
            local += TimeDelta::hours(31);
        }
    }
    assert!(
        compared > 1_000_000 && gaps > 25 && folds > 25,
        "{compared} {gaps} {folds}"
    );
}

#[test]
fn what_is_no_time_zone_is_refused() {
    for name in [
        "",
        "Mars/Olympus",
        "europe/berlin",
        "Etc/Unknown",
        "../UTC",
        "UTC\n",
    ] {
        let error = name.parse::<Zone>().expect_err(name);
        assert!(
            error.to_string().starts_with("there is no time zone"),
            "{error}"
        );
    }
    assert_eq!("UTC".parse(), Ok(Zone::UTC));
    let far = [NaiveDateTime::MIN, NaiveDateTime::MAX].map(|local| {
        zone("Pacific/Apia")
            .offset_from_utc_datetime(&local)
            .fix()
            .local_minus_utc()
    });
    assert!(far.iter().all(|seconds| seconds.abs() < 86_400), "{far:?}");
}
