//! What `compare` promises, fact by fact.

use super::*;
use crate::model::{Coverage, Subject};

const NOW: &str = "2026-11-21T03:17:00Z";

fn value(json: &str) -> Value {
    Value::from_json_text(json)
}

fn set(json: &str) -> Value {
    value(json).with_default(Some(false))
}

fn default(json: &str) -> Value {
    value(json).with_default(Some(true))
}

fn snapshot(facts: &[(Kind, &str, &Value)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for kind in Kind::ALL {
        snapshot.coverage.add(Property::new(kind, "x").subject());
    }
    for (kind, name, value) in facts {
        snapshot.insert(Property::new(*kind, *name), (*value).clone());
    }
    snapshot
}

fn compared(before: &Snapshot, after: &Snapshot) -> Difference {
    difference(before, after, NOW.parse().expect("an instant"))
}

/// What became of one property that was and is so.
fn of_one(kind: Kind, was: Option<&Value>, is: Option<&Value>) -> Difference {
    let facts = |value: Option<&Value>| match value {
        Some(value) => snapshot(&[(kind, "one", value)]),
        None => snapshot(&[]),
    };
    compared(&facts(was), &facts(is))
}

fn cause_of(kind: Kind, was: Option<&Value>, is: Option<&Value>) -> Cause {
    let difference = of_one(kind, was, is);
    let [change] = &difference.changes[..] else {
        panic!("one change: {difference:?}");
    };
    assert_eq!((change.before.as_ref(), change.after.as_ref()), (was, is));
    assert_eq!(change.property, Property::new(kind, "one"));
    assert!(difference.first_seen.is_empty() && difference.restated.is_empty());
    change.cause
}

#[test]
fn what_came_went_and_changed_is_told_once_and_the_rest_not_at_all() {
    let [one, two] = ["1", "2"].map(set);
    let kind = Kind::Preference;
    let before = snapshot(&[
        (kind, "a", &one),
        (kind, "c", &one),
        (kind, "d", &one),
        (kind, "f", &one),
    ]);
    let after = snapshot(&[
        (kind, "b", &one),
        (kind, "c", &one),
        (kind, "d", &two),
        (kind, "g", &two),
    ]);
    let told: Vec<String> = compared(&before, &after)
        .changes
        .iter()
        .map(|change| {
            let json = |value: &Option<Value>| value.as_ref().map_or("-", Value::json).to_owned();
            format!(
                "{} {} {}",
                change.property.name,
                json(&change.before),
                json(&change.after)
            )
        })
        .collect();
    assert_eq!(told, ["a 1 -", "b - 1", "d 1 2", "f 1 -", "g - 2"]);
    assert!(compared(&before, &before).is_empty());
}

#[test]
fn what_an_answer_could_not_tell_is_neither_gone_nor_new() {
    let one = set("1");
    let with = snapshot(&[(Kind::Preference, "a", &one)]);
    let mut blind = Snapshot::default();
    blind.coverage.add(Subject::Groups);
    assert!(compared(&with, &blind).is_empty());
    let difference = compared(&blind, &with);
    assert_eq!(difference.changes, []);
    assert_eq!(
        difference.first_seen,
        [(Property::new(Kind::Preference, "a"), one)]
    );
    assert!(!difference.is_empty());
    assert_eq!(blind.coverage, Coverage::from_bits(Subject::Groups as u32));
}

#[test]
fn a_value_told_otherwise_is_restated_and_no_change() {
    let kind = Kind::Preference;
    let hash = value("\"hmac-sha256:00\"");
    let other_hash = value("\"hmac-sha256:01\"");
    for (was, is) in [
        // Only the default moved.
        (set("1"), default("1")),
        // It is kept as a hash from now on, or no more.
        (value("\"secret\""), hash.clone()),
        (hash.clone(), value("\"secret\"")),
        // What it was stayed at home.
        (value("\"other\"").with_withheld(true), value("\"a\"")),
    ] {
        let difference = of_one(kind, Some(&was), Some(&is));
        assert_eq!(difference.changes, [], "{was:?} {is:?}");
        assert_eq!(difference.restated, [(Property::new(kind, "one"), is)]);
        assert!(!difference.is_empty());
    }
    assert_eq!(
        cause_of(kind, Some(&hash), Some(&other_hash)),
        Cause::Unknown
    );
}

#[test]
fn a_global_group_told_without_its_expiry_is_the_same_group() {
    let (member, until) = (value("true"), value("\"2027-01-01T00:00:00Z\""));
    assert!(of_one(Kind::GlobalGroup, Some(&until), Some(&member)).is_empty());
    let told = of_one(Kind::GlobalGroup, Some(&member), Some(&until));
    assert_eq!((told.changes.len(), told.restated.len()), (0, 1));
    // Of a local group the wiki always tells both.
    for (was, is) in [(&until, &member), (&member, &until)] {
        assert_eq!(cause_of(Kind::Group, Some(was), Some(is)), Cause::Unknown);
    }
    let later = value("\"2028-01-01T00:00:00Z\"");
    assert_eq!(
        cause_of(Kind::GlobalGroup, Some(&until), Some(&later)),
        Cause::Unknown
    );
}

#[test]
fn the_cause_of_a_preference_follows_from_its_default() {
    let (set_1, set_2, default_1, default_2) = (set("1"), set("2"), default("1"), default("2"));
    let unknown = value("3");
    for (was, is, cause) in [
        (Some(&default_1), Some(&default_2), Cause::WikiDefault),
        (None, Some(&default_1), Cause::Software),
        (Some(&default_1), None, Cause::Software),
        (Some(&default_1), Some(&set_2), Cause::User),
        (Some(&set_1), Some(&default_2), Cause::User),
        (Some(&set_1), Some(&set_2), Cause::User),
        (None, Some(&set_1), Cause::User),
        (Some(&set_1), None, Cause::User),
        (Some(&unknown), Some(&set_1), Cause::Unknown),
        (Some(&set_1), Some(&unknown), Cause::Unknown),
        (None, Some(&unknown), Cause::Unknown),
    ] {
        assert_eq!(cause_of(Kind::Preference, was, is), cause, "{was:?} {is:?}");
    }
}

#[test]
fn what_was_to_end_by_now_has_expired_and_nothing_else_has() {
    let over = value("\"2026-11-21T03:16:59Z\"");
    let just_now = value("\"2026-11-21T03:17:00Z\"");
    let block = value("{\"by\":\"Admin\",\"expiry\":\"2026-11-20T00:00:00Z\"}");
    let later = value("\"2026-11-21T03:17:01Z\"");
    let endless = value("\"infinity\"");
    for kind in [Kind::Group, Kind::GlobalGroup, Kind::Block] {
        for was in [&over, &just_now, &block] {
            assert_eq!(
                cause_of(kind, Some(was), None),
                Cause::Expiry,
                "{kind} {was:?}"
            );
        }
        for was in [&later, &endless] {
            assert_eq!(
                cause_of(kind, Some(was), None),
                Cause::Unknown,
                "{kind} {was:?}"
            );
        }
        assert_eq!(cause_of(kind, None, Some(&over)), Cause::Unknown);
    }
    assert_eq!(cause_of(Kind::Rights, Some(&over), None), Cause::Unknown);
    for kind in [Kind::Counter, Kind::GlobalPreference] {
        assert_eq!(cause_of(kind, Some(&over), None), Cause::User);
    }
}
