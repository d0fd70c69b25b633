//! What one wiki costs in instructions: decode, know again, compare, record. A regression shows
//! without a clock.
//!
//! `python3 benches/instructions.py` counts them under valgrind and compares them with the figures of
//! last time. By itself this does one kind of work so many times: WORK TIMES.

use std::{hint::black_box, ops::Range};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sultrail::{
    compare,
    mediawiki::{EmailPrivacy, Redaction, user_info::Told},
    model::{
        AttachedAccount, CentralUserId, Enumeration, GlobalAccount, Outcome, Request, RunStatus,
        Scope, Snapshot, Trigger,
    },
    store::{Observed, Store},
};

const PREFERENCES: usize = 300;
const CENTRAL: &str = "https://meta.example/w/api.php";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(work), Some(times)) = (arguments.next(), arguments.next()) else {
        return;
    };
    let Ok(times) = times.parse() else { return };
    match work.as_str() {
        "decode" => decode(times),
        "again" => know_again(times),
        "compare" => compare(times),
        "record" => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(record(times));
        }
        other => panic!("there is no work {other:?}"),
    }
}

/// An answer as a wiki gives it, with so many preferences turned from their default.
fn answer(turned: Range<usize>) -> Vec<u8> {
    let name = |at: usize| format!("gadget-of-some-length-{at}");
    let defaults = (0..PREFERENCES).map(|at| (name(at), json!(at % 2)));
    let own = (0..PREFERENCES).map(|at| {
        (
            name(at),
            json!((at + usize::from(turned.contains(&at))) % 2),
        )
    });
    let (groups, implicit) = (json!(["sysop", "*", "user"]), json!(["*", "user"]));
    let memberships = json!([{"group": "sysop", "expiry": "infinity"}]);
    let user = json!({
        "userid": 2007, "name": "Alice Example", "registration": "2008-09-14T15:16:17Z",
        "groups": groups, "groupmemberships": memberships, "centralids": {"CentralAuth": 50_001},
    });
    let user_info = json!({
        "id": 2007, "name": "Alice Example", "groups": groups, "groupmemberships": memberships,
        "implicitgroups": implicit, "options": own.collect::<serde_json::Map<_, _>>(),
        "editcount": 10_781, "email": "alice@example.org", "emailauthenticated": "2010-01-01T00:00:00Z",
        "registrationdate": "2008-09-14T15:16:17Z", "latestcontrib": "2026-10-01T00:00:00Z",
        "centralids": {"CentralAuth": 50_001},
    });
    let query = json!({
        "userinfo": user_info, "users": [user], "general": {"wikiid": "enwiki"},
        "defaultoptions": defaults.collect::<serde_json::Map<_, _>>(),
    });
    json!({"batchcomplete": true, "query": query})
        .to_string()
        .into_bytes()
}

/// When it all begins.
fn start() -> DateTime<Utc> {
    "2026-11-01T00:00:00Z".parse().expect("an instant")
}

fn redaction() -> Redaction {
    Redaction::new([7; 32], vec!["*token*".to_owned()], EmailPrivacy::Hash)
}

fn told<'a>(body: &'a [u8], redaction: &Redaction) -> Told<'a> {
    let wiki = "enwiki".parse().expect("a wiki");
    let told = Told::own(body, &wiki, CentralUserId(50_001), redaction);
    told.expect("an answer about Alice")
}

fn snapshot(body: &[u8]) -> Snapshot {
    let redaction = redaction();
    let snapshot = told(body, &redaction).snapshot(&redaction);
    snapshot.expect("preferences")
}

/// From the bytes of an answer to what they tell.
fn decode(times: u32) {
    let body = answer(0..30);
    for _ in 0..times {
        let snapshot = snapshot(black_box(&body));
        assert!(snapshot.properties.len() > PREFERENCES);
    }
}

/// From the bytes of an answer to the fingerprint by which it is known again.
fn know_again(times: u32) {
    let (body, redaction) = (answer(0..30), redaction());
    let known = told(&body, &redaction).fingerprint(&redaction);
    for _ in 0..times {
        let fingerprint = told(black_box(&body), &redaction).fingerprint(&redaction);
        assert_eq!(fingerprint, known);
    }
}

/// Two states that differ in three preferences.
fn compare(times: u32) {
    let (before, after) = (snapshot(&answer(0..30)), snapshot(&answer(3..30)));
    let now = start();
    for _ in 0..times {
        let difference = compare::difference(black_box(&before), black_box(&after), now);
        assert_eq!(difference.changes.len(), 3);
    }
}

/// A first look, one that finds nothing new, and one that finds three changes, each in its transaction.
async fn record(times: u32) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("sultrail.db");
    let store = Store::open(&path).await.expect("a database");
    let start = start();
    let accounts = list(&store, times, start).await;
    let (first, last) = (snapshot(&answer(0..30)), snapshot(&answer(3..30)));
    let difference = compare::difference(&first, &last, start);
    for night in 0..3 {
        let at = start + TimeDelta::days(night);
        let run = store.begin_run(accounts.user, Scope::Full, Trigger::Command, at);
        let run = run.await.expect("a run");
        for &account in &accounts.numbers {
            let request = request(at);
            let requests = std::slice::from_ref(&request);
            let observed = Observed {
                run,
                account,
                at,
                requests,
                answer: None,
            };
            let recorded = match night {
                0 => {
                    store
                        .record_baseline(observed, first.fingerprint(), &first)
                        .await
                }
                1 => {
                    let recorded = store.record_unchanged(&[observed]).await;
                    recorded.map(|()| Outcome::Unchanged)
                }
                _ => {
                    store
                        .record_snapshot(observed, last.fingerprint(), &last, &difference)
                        .await
                }
            };
            recorded.expect("it is recorded");
        }
        let finished = store.finish_run(run, RunStatus::Finished, None, at).await;
        finished.expect("it is finished");
    }
    store.close().await;
}

struct Accounts {
    user: i64,
    numbers: Vec<i64>,
}

/// So many accounts of one user, as the central wiki lists them.
async fn list(store: &Store, times: u32, now: DateTime<Utc>) -> Accounts {
    let user = store
        .user_or_new(CENTRAL, "Alice Example")
        .await
        .expect("a user");
    let enumeration = Enumeration {
        account: GlobalAccount {
            id: CentralUserId(50_001),
            name: "Alice Example".to_owned(),
            home_wiki: None,
            registered_at: None,
            locked: false,
            hidden: false,
            edit_count: None,
            groups: None,
        },
        attached: (0..times).map(attached).collect(),
        unattached: Vec::new(),
    };
    let url = |_: &AttachedAccount| CENTRAL.to_owned();
    let listed = store.record_enumeration(&user, &enumeration, url, CENTRAL, now, false);
    let numbers = listed
        .await
        .expect("accounts")
        .iter()
        .map(|account| account.id)
        .collect();
    Accounts {
        user: user.id,
        numbers,
    }
}

fn attached(number: u32) -> AttachedAccount {
    AttachedAccount {
        wiki: format!("w{number}wiki").parse().expect("a wiki"),
        url: "https://w.example".to_owned(),
        attached_at: None,
        attached_by: None,
        edit_count: 0,
        groups: std::collections::BTreeSet::new(),
        block: None,
    }
}

fn request(sent_at: DateTime<Utc>) -> Request {
    Request {
        sent_at,
        host: "w.example".to_owned(),
        purpose: "userinfo",
        status: Some(200),
        duration_ms: 120,
        bytes: 20_000,
        attempt: 1,
        waited_ms: 375,
    }
}
