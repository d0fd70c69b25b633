//! A database restored from nothing but an export answers the same, and goes on.

use std::path::Path;

use super::{ADDRESS, busy, day, export, files, import, lines, recorded, rich, run_import};
use crate::{
    farm::{ALICE, Fault, Rule},
    scene::{Scene, ask_sqlite},
};

/// Everything that can be asked, and the answers.
fn answers(scene: &Scene, database: &Path, options: &[&str]) -> Vec<String> {
    let questions: [&[&str]; 17] = [
        &["log"],
        &["contributions", "--by", "wiki-month"],
        &["history"],
        &["history", "--wiki", "enwiki", "--kind", "identity"],
        &["diff", "1", "latest", "--counters"],
        &["diff", "--counters"],
        &["diff", "1", "2"],
        &["groups"],
        &["groups", "--at", "2"],
        &["groups", "--matrix"],
        &["prefs"],
        &["prefs", "--at", "2"],
        &["prefs", "--set-only"],
        &["accounts"],
        &["accounts", "--at", "1"],
        &["runs"],
        &["history", "--since", "2"],
    ];
    let database = database.to_str().expect("UTF-8");
    let ask = |question: &&[&str]| {
        let command = [&["--database", database], *question, options].concat();
        let run = scene.at(&day(10), &command);
        assert_eq!(run.code, 0, "{run:#?}");
        run.out
    };
    questions.iter().map(ask).collect()
}

/// The rows of the views, in an order of their own.
fn views(database: &Path) -> Vec<Vec<Vec<String>>> {
    let questions = [
        "select * from runs",
        "select * from accounts",
        "select * from snapshots",
        "select * from history",
        "select * from changes",
        "select * from groups",
        "select * from preferences",
        "select * from log_events",
        "select * from first_edits",
        "select * from contributions",
        "select * from logged_actions",
        "select * from readings",
        "select * from editors",
        "select * from requests where run is not null",
    ];
    let ask = |question| {
        let mut rows = ask_sqlite(database, question, true);
        rows.sort();
        rows
    };
    questions.map(ask).into()
}

#[test]
fn a_restored_database_answers_row_for_row_the_same() {
    let scenes = [busy(), recorded()];
    let filled = views(&scenes[0].database());
    assert!(filled.iter().all(|rows| !rows.is_empty()), "{filled:?}");
    for scene in scenes {
        let directory = export(&scene, "out", &["--history", "--reveal"]);
        let restored = import(&scene, &directory, "restored.db");
        let options = ["--format", "jsonl", "--reveal"];
        let original = answers(&scene, &scene.database(), &options);
        assert!(original.iter().filter(|answer| !answer.is_empty()).count() > 10);
        assert!(original == answers(&scene, &restored, &options), "commands");
        assert!(views(&scene.database()) == views(&restored), "views");
        let path = restored.to_str().expect("UTF-8");
        let again = scene.home().join("again");
        let to = again.to_str().expect("UTF-8");
        let command = ["--database", path, "export", to, "--history", "--reveal"];
        scene.at(&day(11), &command).succeeds();
        assert!(files(&directory) == files(&again), "exported again");
    }
}

#[test]
fn what_is_masked_is_the_only_difference_without_reveal() {
    let scene = rich();
    let directory = export(&scene, "out", &["--history"]);
    let restored = import(&scene, &directory, "restored.db");
    let options = ["--format", "jsonl"];
    let original = answers(&scene, &scene.database(), &options);
    assert!(original == answers(&scene, &restored, &options));
    let command = ["--database", restored.to_str().expect("UTF-8"), "export"];
    let again = scene.home().join("again");
    let command = [&command[..], &[again.to_str().expect("UTF-8"), "--history"]].concat();
    scene.at(&day(11), &command).succeeds();
    assert!(files(&directory) == files(&again), "exported again");
    let withheld = |line: &&serde_json::Value| line["withheld"] == true;
    let lines = lines(&directory, "history.jsonl");
    assert!(
        lines.iter().filter(withheld).count() >= 8,
        "addresses and hashes"
    );
}

#[test]
fn the_next_run_goes_on_without_a_phantom_change() {
    let scene = rich();
    scene.farm.behave();
    for (options, name) in [
        (&["--history", "--reveal"][..], "in full"),
        (&["--history"], "masked"),
    ] {
        let directory = export(&scene, name, options);
        let restored = import(&scene, &directory, &format!("{name}.db"));
        let path = restored.to_str().expect("UTF-8");
        let run = scene.at(&day(10), &["--database", path, "snapshot"]);
        run.says(0, &["run 9", " 0 changed (0 changes)"]);
        let changes = ask_sqlite(&restored, "select * from changes where run > 8", true);
        assert!(changes.is_empty(), "{name}: {changes:?}");
        let values = "select value from history where kind = 'identity' and name = 'email'
            and wiki = 'enwiki' and valid_to is null";
        let address = ask_sqlite(&restored, values, true);
        assert_eq!(address, [[format!("\"{ADDRESS}\"")]], "{name}: known anew");
        // Of an account that is not there any more nothing is told anew.
        let withheld = "select a.wiki from withheld w join account a on a.id = w.id >> 18
            where a.listed_until is null";
        assert!(ask_sqlite(&restored, withheld, true).is_empty(), "{name}");
    }
    // From then on a change is one again, in both.
    let farm = &scene.farm;
    farm.set_preference(ALICE, "enwiki", "userjs-notes", "\"a third note\"");
    farm.set_email(ALICE, "other@example.org", None);
    farm.revoke("frwiki", ALICE, "bot", "Bureau Kratin", "done");
    let changes = "select wiki, kind, name, change, cause, performer from changes
        where run > 8 and kind <> 'counter' order by 1, 2, 3";
    let database = |name: &str| scene.home().join(name);
    let found = ["in full.db", "masked.db"].map(|name| {
        let path = database(name);
        let snapshot = ["--database", path.to_str().expect("UTF-8"), "snapshot"];
        scene.at(&day(11), &snapshot).succeeds();
        ask_sqlite(&path, changes, true)
    });
    assert!(found[0].len() > 10, "{found:?}");
    assert_eq!(found[0], found[1]);
}

#[test]
fn a_secret_that_changed_meanwhile_is_a_new_beginning_and_no_change() {
    let scene = rich();
    scene.farm.behave();
    let directory = export(&scene, "out", &["--history"]);
    let restored = import(&scene, &directory, "restored.db");
    scene
        .farm
        .set_preference(ALICE, "enwiki", "userjs-notes", "\"a third note\"");
    scene.farm.set_email(ALICE, "other@example.org", None);
    let path = restored.to_str().expect("UTF-8");
    scene
        .at(&day(10), &["--database", path, "snapshot"])
        .succeeds();
    let found = "select name from changes where run > 8 and name in ('email', 'userjs-notes')";
    assert!(ask_sqlite(&restored, found, true).is_empty());
    // Control: who knows what it was sees the change.
    scene.at(&day(10), &["snapshot"]).succeeds();
    assert!(!scene.sql(found).is_empty());
}

#[test]
fn an_interrupted_run_is_resumed_by_its_number() {
    let scene = rich();
    scene.tamper(
        "update run set status = 'running', finished_at = null, unchanged = null,
        changed = null, first_seen = null, failed = null, requests = null, scope = 'full'
        where id = 8",
    );
    scene.farm.behave();
    let directory = export(&scene, "out", &["--history", "--reveal"]);
    let restored = import(&scene, &directory, "restored.db");
    assert!(views(&scene.database()) == views(&restored));
    let path = restored.to_str().expect("UTF-8");
    let run = scene.at("2026-11-09T05:00:00Z", &["--database", path, "snapshot"]);
    run.says(0, &["run 8"]);
}

#[test]
fn only_an_empty_database_is_filled() {
    let scene = rich();
    let directory = export(&scene, "out", &["--history"]);
    let before = views(&scene.database());
    run_import(&scene, &directory, &scene.database()).says(1, &["is not empty"]);
    assert!(before == views(&scene.database()));
    let empty = scene.home().join("empty.db");
    scene
        .at(
            &day(10),
            &["--database", empty.to_str().expect("UTF-8"), "init"],
        )
        .succeeds();
    run_import(&scene, &directory, &empty).succeeds();
    let state = export(&scene, "state", &[]);
    let other = scene.home().join("other.db");
    run_import(&scene, &state, &other).says(1, &["--history"]);
    scene
        .farm
        .misbehave(Rule::new(Fault::Anonymous200).on("enwiki"));
}
