//! Malformed answers: thousands, made of good ones by damaging them. Nothing panics, and whatever is
//! accepted is about our account on the wiki that was asked.

use std::{borrow::Cow, panic::catch_unwind};

use fastrand::Rng;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use sultrail::{
    compare,
    mediawiki::{
        EmailPrivacy, Redaction, global_preferences,
        global_user_info::{self, Found, Whose},
        logs, rename_status,
        user_info::{self, Told},
    },
    model::{CentralUserId, Difference, Kind, Property, Snapshot, Subject, Value, WikiId},
};

use super::{
    farm::{ALICE, ALICE_ID, Farm, FarmOptions},
    nights::fetch,
};

/// Damaged answers for each parser.
const EACH: usize = 3_000;

/// A good answer, and what reads it.
struct Parser {
    name: &'static str,
    good: Vec<u8>,
    /// `None`: refused. `Some`: whether what was accepted is about whom and where we asked.
    read: fn(&[u8]) -> Option<bool>,
}

#[test]
fn no_malformed_answer_panics_or_is_believed_of_somebody_else() {
    let mut total = 0;
    for parser in parsers() {
        assert_eq!((parser.read)(&parser.good), Some(true), "{}", parser.name);
        let mut dice = Rng::with_seed(total + 1);
        let (mut accepted, mut refused, mut undecided) = (0, 0, 0);
        for _ in 0..EACH {
            let body = damaged(&parser.good, &mut dice);
            let read = parser.read;
            let outcome = catch_unwind(|| read(&body));
            let shown = || shortened(&body);
            match outcome {
                Err(panic) => panic!("{} panics ({panic:?}): {}", parser.name, shown()),
                // Half a surrogate where nobody looks: our reader skips it, the other one cannot.
                Ok(Some(_)) if serde_json::from_slice::<Json>(&body).is_err() => undecided += 1,
                Ok(Some(false)) => panic!("{} believes: {}", parser.name, shown()),
                Ok(Some(true)) => accepted += 1,
                Ok(None) => refused += 1,
            }
            total += 1;
        }
        let name = parser.name;
        assert!(undecided * 50 < EACH, "{name}: {undecided} undecided");
        assert!(refused * 4 > EACH, "{name} refuses {refused} of {EACH}");
        assert!(accepted * 50 > EACH, "{name} accepts {accepted} of {EACH}");
    }
    assert!(total >= 10_000, "{total} malformed answers");
}

fn parsers() -> Vec<Parser> {
    let farm = Farm::start(FarmOptions {
        wikis: 4,
        options_per_wiki: 12,
        ..FarmOptions::default()
    });
    farm.set_global_preference(ALICE, "skin", "\"monobook\"");
    farm.grant(
        "enwiki",
        ALICE,
        "sysop",
        Some(4_000_000_000),
        "Bob",
        "for a year",
    );
    farm.block("enwiki", ALICE, "Bob", "a mistake", None, true);
    let id = ALICE_ID.to_string();
    let good = |question: Vec<(&str, Cow<'_, str>)>| ask(&farm, &question);
    let renames = json!({"batchcomplete": true, "query": {"globalrenamestatus":
        {"Alice Renamed": {"from": ALICE, "to": "Alice Renamed", "status": {"enwiki": "queued"}}}}});
    assert_eq!(id, "50001");
    vec![
        Parser {
            name: "user_info::Told::own",
            good: good(user_info::question(ALICE)),
            read: read_own,
        },
        Parser {
            name: "user_info::Told::public",
            good: good(user_info::public_question(ALICE)),
            read: read_public,
        },
        Parser {
            name: "global_user_info::enumeration",
            good: good(global_user_info::question(Whose::Name(ALICE))),
            read: read_enumeration,
        },
        Parser {
            name: "logs::events",
            good: good(logs::question(
                "rights",
                "User:Alice Example",
                "2020-01-01T00:00:00Z",
            )),
            read: |body| logs::events(body, "User:Alice Example").ok().map(|_| true),
        },
        Parser {
            name: "global_preferences::snapshot",
            good: good(global_preferences::question()),
            read: read_global_preferences,
        },
        Parser {
            name: "rename_status::is_running",
            good: renames.to_string().into_bytes(),
            read: |body| rename_status::is_running(body).ok().map(|_| true),
        },
    ]
}

/// What the simulated enwiki answers.
fn ask(farm: &Farm, question: &[(&str, Cow<'_, str>)]) -> Vec<u8> {
    let fixed = [
        ("action", "query"),
        ("format", "json"),
        ("formatversion", "2"),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fixed).extend_pairs(question);
    fetch(farm, "enwiki", &query.finish())
}

/// Without the hundreds of preferences.
fn shortened(body: &[u8]) -> String {
    let mut answer: Json = serde_json::from_slice(body).unwrap_or_default();
    for part in ["/query/defaultoptions", "/query/userinfo/options"] {
        if let Some(options) = answer.pointer_mut(part) {
            *options = Json::Null;
        }
    }
    match answer {
        Json::Null => String::from_utf8_lossy(body).into_owned(),
        answer => answer.to_string(),
    }
}

fn redaction() -> Redaction {
    Redaction::new([7; 32], vec!["*token*".to_owned()], EmailPrivacy::Plain)
}

/// Read once more, by somebody who knows nothing of our parsers.
fn at(body: &[u8], pointer: &str) -> Option<Json> {
    let answer: Json = serde_json::from_slice(body).ok()?;
    answer.pointer(pointer).cloned()
}

fn is_us(body: &[u8], pointer: &str) -> bool {
    at(body, pointer) == Some(json!(ALICE_ID))
}

/// The one entry of `users`, which PHP may print as an object.
fn only_user_is_us(body: &[u8]) -> bool {
    let users = match at(body, "/query/users") {
        Some(Json::Array(users)) => users,
        Some(Json::Object(users)) => users.into_iter().map(|(_, user)| user).collect(),
        _ => return false,
    };
    let [user] = users.as_slice() else {
        return false;
    };
    user.pointer("/centralids/CentralAuth") == Some(&json!(ALICE_ID))
}

fn read_own(body: &[u8]) -> Option<bool> {
    let wiki: WikiId = "enwiki".parse().expect("a wiki");
    let told = Told::own(body, &wiki, CentralUserId(ALICE_ID), &redaction()).ok()?;
    let snapshot = told.snapshot(&redaction()).ok()?;
    let here = at(body, "/query/general/wikiid") == Some(json!("enwiki"));
    let us = is_us(body, "/query/userinfo/centralids/CentralAuth") && only_user_is_us(body);
    Some(here && us && !snapshot.properties.is_empty())
}

fn read_public(body: &[u8]) -> Option<bool> {
    let told = Told::public(body, CentralUserId(ALICE_ID)).ok()?;
    told.snapshot(&redaction()).ok()?;
    Some(only_user_is_us(body))
}

fn read_enumeration(body: &[u8]) -> Option<bool> {
    let now = "2027-01-01T00:00:00Z".parse().expect("an instant");
    match global_user_info::enumeration(body, now).ok()? {
        Found::Missing => None,
        Found::Account(enumeration, _) => {
            // Whose it is is for the collector to check; here only that each wiki comes once.
            let mut wikis: Vec<&WikiId> =
                enumeration.attached.iter().map(|one| &one.wiki).collect();
            wikis.sort();
            let before = wikis.len();
            wikis.dedup();
            Some(wikis.len() == before)
        }
    }
}

fn read_global_preferences(body: &[u8]) -> Option<bool> {
    global_preferences::snapshot(body, CentralUserId(ALICE_ID), &redaction()).ok()?;
    Some(is_us(body, "/query/userinfo/centralids/CentralAuth"))
}

/// One to three injuries.
fn damaged(good: &[u8], dice: &mut Rng) -> Vec<u8> {
    let mut body = good.to_vec();
    for _ in 0..dice.usize(1..=3) {
        body = match dice.u32(0..10) {
            0 => body[..dice.usize(0..=body.len())].to_vec(),
            1 | 2 => flipped(body, dice),
            3 => repeated(&body, dice),
            _ => match serde_json::from_slice(&body) {
                Ok(mut value) => {
                    injure(&mut value, dice);
                    value.to_string().into_bytes()
                }
                Err(_) => flipped(body, dice),
            },
        };
    }
    body
}

fn flipped(mut body: Vec<u8>, dice: &mut Rng) -> Vec<u8> {
    for _ in 0..dice.usize(1..4) {
        if let Some(at) = body.len().checked_sub(1).map(|last| dice.usize(0..=last)) {
            body[at] = match dice.u32(0..3) {
                0 => dice.u8(..),
                1 => *dice
                    .choice(b"{}[]\",:0123456789eE+-.ntf\\")
                    .expect("a byte"),
                _ => body[at] ^ (1 << dice.u32(0..8)),
            };
        }
    }
    body
}

/// A member twice: the text between two commas once more.
fn repeated(body: &[u8], dice: &mut Rng) -> Vec<u8> {
    let commas: Vec<usize> = (0..body.len()).filter(|&at| body[at] == b',').collect();
    if commas.len() < 2 {
        return body.to_vec();
    }
    let first = dice.usize(0..commas.len() - 1);
    let part = &body[commas[first]..commas[first + 1]];
    let mut twice = body[..commas[first + 1]].to_vec();
    twice.extend_from_slice(part);
    twice.extend_from_slice(&body[commas[first + 1]..]);
    twice
}

/// Changes one value somewhere, deep or not so deep.
fn injure(value: &mut Json, dice: &mut Rng) {
    let go_deeper = dice.u32(0..10) < 9;
    match value {
        Json::Object(members) if go_deeper && !members.is_empty() => {
            let keys: Vec<String> = members.keys().cloned().collect();
            let key = &keys[dice.usize(0..keys.len())];
            match dice.u32(0..12) {
                0 => drop(members.remove(key)),
                1 => {
                    let other = members[key].clone();
                    members.insert("unheard-of".to_owned(), other);
                }
                2 => {
                    let other = keys[dice.usize(0..keys.len())].clone();
                    let value = members[key].clone();
                    members.insert(other, value);
                }
                _ => injure(&mut members[key.as_str()], dice),
            }
        }
        Json::Array(items) if go_deeper && !items.is_empty() => {
            let at = dice.usize(0..items.len());
            match dice.u32(0..6) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                2 => {
                    let keyed = items.drain(..).enumerate();
                    let keyed = keyed.map(|(at, item)| (at.to_string(), item));
                    *value = Json::Object(keyed.collect());
                }
                _ => injure(&mut items[at], dice),
            }
        }
        other => *other = instead(other, dice),
    }
}

/// Something else: another type, another number, another wiki, another user.
fn instead(value: &Json, dice: &mut Rng) -> Json {
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    match dice.u32(0..18) {
        0 => Json::Null,
        1 => json!(true),
        2 => json!(""),
        3 => json!([]),
        4 => json!({}),
        5 => json!(-1),
        6 => json!(0),
        7 => json!(u64::MAX),
        8 => json!(1e308),
        9 => json!(0.5),
        10 => json!("dewiki"),
        11 => json!("Somebody Else"),
        12 => json!(59_999),
        13 => deep(dice.usize(1..120)),
        14 => json!(["\u{0}", "\u{202e}"]),
        15 => json!("x".repeat(dice.usize(1..5000))),
        16 => json!({"0": value}),
        _ => match value {
            Json::Number(number) => json!(number.to_string()),
            Json::String(text) => json!(text.len()),
            Json::Bool(flag) => json!(!flag),
            _ => json!([value]),
        },
    }
}

// Properties of comparing, for any two snapshots.

fn snapshots() -> impl Strategy<Value = Snapshot> {
    const KINDS: [(Kind, &str); 8] = [
        (Kind::Group, "sysop"),
        (Kind::Group, "bot"),
        (Kind::Preference, "skin"),
        (Kind::Preference, "language"),
        (Kind::Block, "7"),
        (Kind::Identity, "email"),
        (Kind::Identity, "name"),
        (Kind::Counter, "edit_count"),
    ];
    const SUBJECTS: [Subject; 6] = [
        Subject::Groups,
        Subject::Preferences,
        Subject::Blocks,
        Subject::Email,
        Subject::Name,
        Subject::EditCount,
    ];
    const VALUES: [&str; 6] = [
        "1",
        "2",
        "\"2020-01-01T00:00:00Z\"",
        "{\"expiry\":\"infinity\"}",
        "\"hmac-sha256:1\"",
        "\"hmac-sha256:2\"",
    ];
    let value = (0..VALUES.len(), proptest::option::of(any::<bool>()));
    let values = proptest::collection::vec(proptest::option::of(value), KINDS.len());
    let covered = proptest::collection::vec(any::<bool>(), SUBJECTS.len());
    (values, covered).prop_map(|(values, covered)| {
        let mut snapshot = Snapshot::default();
        for ((kind, name), value) in KINDS.into_iter().zip(values) {
            if let Some((at, is_default)) = value {
                let value = Value::from_json_text(VALUES[at]).with_default(is_default);
                snapshot.insert(Property::new(kind, name), value);
            }
        }
        for (subject, covered) in SUBJECTS.into_iter().zip(covered) {
            if covered {
                snapshot.coverage.add(subject);
            }
        }
        snapshot
    })
}

/// What is known after a difference has been written down.
fn applied(before: &Snapshot, difference: &Difference) -> Snapshot {
    let mut known = before.clone();
    for change in &difference.changes {
        assert_eq!(
            known.properties.get(&change.property),
            change.before.as_ref()
        );
        match &change.after {
            Some(value) => drop(
                known
                    .properties
                    .insert(change.property.clone(), value.clone()),
            ),
            None => drop(known.properties.remove(&change.property)),
        }
    }
    for (property, value) in difference.first_seen.iter().chain(&difference.restated) {
        known.properties.insert(property.clone(), value.clone());
    }
    known
}

fn now() -> chrono::DateTime<chrono::Utc> {
    "2027-01-01T00:00:00Z".parse().expect("an instant")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_difference_leads_from_one_snapshot_to_the_other(a in snapshots(), b in snapshots()) {
        let difference = compare::difference(&a, &b, now());
        let known = applied(&a, &difference);
        for property in a.properties.keys().chain(b.properties.keys()) {
            let after = if b.coverage.covers(property.subject()) { &b } else { &a };
            prop_assert_eq!(known.properties.get(property), after.properties.get(property));
        }
    }

    #[test]
    fn nothing_differs_from_itself(a in snapshots()) {
        prop_assert!(compare::difference(&a, &a, now()).is_empty());
    }

    #[test]
    fn what_could_not_be_seen_has_not_changed(a in snapshots(), b in snapshots()) {
        let difference = compare::difference(&a, &b, now());
        for change in &difference.changes {
            prop_assert!(b.coverage.covers(change.property.subject()));
            prop_assert!(change.before.is_some() || a.coverage.covers(change.property.subject()));
            prop_assert_ne!(&change.before, &change.after);
        }
        for (property, _) in &difference.first_seen {
            prop_assert!(!a.coverage.covers(property.subject()));
        }
    }

    #[test]
    fn two_forms_of_an_option_are_one_value_if_php_says_so(a in option_json(), b in option_json()) {
        let same = normal(&a) == normal(&b);
        prop_assert_eq!(same, php(&a) == php(&b), "{} {}", a, b);
    }
}

/// An option as an answer may show it: all the forms of a few values.
fn option_json() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3_i64..3).prop_map(Json::from),
        (-3_i64..3).prop_map(|number| Json::from(number.to_string())),
        "[01 a.-]{0,3}".prop_map(Json::from),
        any::<i32>().prop_map(|number| Json::from(number.to_string())),
    ]
}

/// Through the front door: the value that is kept.
fn normal(option: &Json) -> Option<Value> {
    let body = json!({"batchcomplete": true, "query": {
        "userinfo": {"id": 7, "name": ALICE, "centralids": {"CentralAuth": ALICE_ID}},
        "globalpreferences": {"preferences": {"x": option}},
    }});
    let body = body.to_string();
    let snapshot =
        global_preferences::snapshot(body.as_bytes(), CentralUserId(ALICE_ID), &redaction());
    let snapshot = snapshot.expect("a good answer");
    let property = Property::new(Kind::GlobalPreference, "x");
    snapshot.properties.get(&property).cloned()
}

/// `UserOptionsManager::isValueEqual`: booleans are numbers, all else is compared as text; null is
/// only null.
fn php(option: &Json) -> Option<String> {
    match option {
        Json::Null => None,
        Json::Bool(flag) => Some(u8::from(*flag).to_string()),
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
