//! The ledger of requests tells every figure as it was, however large or small.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use sultrail::{
    model::{Outcome, Request, RunStatus, Scope, Snapshot, Trigger},
    store::{Observed, Store},
};

use super::scene::ask_sqlite;

/// How long a request took, how long it waited and how many bytes came, of one run after the other.
const FIGURES: [(u64, u64, u64); 14] = [
    (12, 0, 20_000),
    (0, 0, 0),
    (65_535, 375, 19_999),
    (65_536, 375, 19_999),
    (1, 1_048_575, 20_001),
    (1, 1_048_576, 20_001),
    (250, 7, 67_108_863),
    (250, 7, 67_108_864),
    (65_535, 1_048_575, 67_108_863),
    (600_000, 90_000_000, 1 << 40),
    (65_535, 1_048_575, 0),
    (12, 0, 20_000),
    (1_023, 8_191, 20_000),
    (1_024, 8_192, 20_000),
];

const ACCOUNT: i64 = 1;

#[test]
fn the_ledger_tells_every_figure_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("sultrail.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let user = runtime.block_on(begin(&path));
    let account = format!(
        "insert into account (id, user, wiki, api_url, host, listed_from)
        values ({ACCOUNT}, {user}, 'global', '', 'meta.example', 0)"
    );
    ask_sqlite(&path, &account, false);
    let expected = runtime.block_on(record(&path, user));
    let told = "select run, at_ms, duration_ms, waited_ms, bytes from requests order by run";
    assert_eq!(ask_sqlite(&path, told, true), expected);
    let apart = ask_sqlite(&path, "select run from request order by run", true);
    assert_eq!(
        apart.concat(),
        ["4", "6", "8", "10"],
        "what has no room has a row of its own"
    );
}

async fn begin(path: &Path) -> i64 {
    let store = Store::open(path).await.expect("a database");
    let user = store.user_or_new("https://meta.example/w/api.php", "Alice");
    let user = user.await.expect("a user").id;
    store.close().await;
    user
}

/// A run for each row of figures; returns what the ledger is to tell.
async fn record(path: &Path, user: i64) -> Vec<Vec<String>> {
    let store = Store::open(path).await.expect("a database");
    let start: DateTime<Utc> = "2026-11-01T00:00:00Z".parse().expect("an instant");
    let mut expected = Vec::new();
    for (night, (duration_ms, waited_ms, bytes)) in (0..).zip(FIGURES) {
        let begun_at = start + TimeDelta::days(night);
        let run = store.begin_run(user, Scope::Full, Trigger::Command, begun_at);
        let run = run.await.expect("a run");
        // Sent two days later: a run may be long, too.
        let sent_at = begun_at + TimeDelta::days(2) + TimeDelta::milliseconds(1);
        let request = Request {
            sent_at,
            host: "meta.example".to_owned(),
            purpose: "globaluserinfo",
            status: Some(200),
            duration_ms,
            bytes,
            attempt: 1,
            waited_ms,
        };
        let at = sent_at + TimeDelta::milliseconds(i64::try_from(duration_ms).expect("it"));
        let observed = Observed {
            run,
            account: ACCOUNT,
            at,
            requests: std::slice::from_ref(&request),
            answer: None,
        };
        let recorded = if night == 0 {
            store
                .record_baseline(observed, [0; 16], &Snapshot::default())
                .await
        } else {
            store
                .record_unchanged(&[observed])
                .await
                .map(|()| Outcome::Unchanged)
        };
        recorded.expect("it is recorded");
        let finished = store.finish_run(run, RunStatus::Finished, None, at).await;
        finished.expect("it is finished");
        let sent_ms = sent_at.timestamp_millis();
        let told = [night + 1, sent_ms].map(|number| number.to_string());
        let figures = [duration_ms, waited_ms, bytes].map(|number| number.to_string());
        expected.push([told.as_slice(), &figures].concat());
    }
    store.close().await;
    expected
}
