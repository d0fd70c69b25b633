//! Folders that somebody else has written: none of them comes into a database.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::Value as Json;

use super::{digest, export, files, rich, run_import};
use crate::scene::{Scene, ask_sqlite};

/// A file of an export, what is replaced there once, and by what. What is said of it.
type Case = (&'static str, &'static str, &'static str, &'static str);

const CASES: [Case; 25] = [
    (
        "runs.jsonl",
        "\"scope\":\"full\"",
        "\"scope\":\"fool\"",
        "constraint",
    ),
    ("runs.jsonl", "\"run\":1,", "\"run\":\"1\",", "invalid type"),
    ("runs.jsonl", "\"run\":2,", "\"run\":1,", "constraint"),
    (
        "runs.jsonl",
        "\"run\":1,",
        "\"run\":-1,",
        "no number of a run",
    ),
    ("runs.jsonl", "{", "{\"more\":1,", "unknown field"),
    (
        "runs.jsonl",
        "\"started_at\":\"2026-11-02T03:17:00Z\"",
        "\"started_at\":\"yesterday\"",
        "no instant",
    ),
    (
        "runs.jsonl",
        "\"user\":\"Alice Example\"",
        "\"user\":\"Mallory\"",
        "another user",
    ),
    (
        "runs.jsonl",
        "\"unchanged\":0",
        "\"unchanged\":4",
        "contradict",
    ),
    (
        "coverage.jsonl",
        "\"wiki\":\"dewiki\"",
        "\"wiki\":\"../dewiki\"",
        "not a wiki ID",
    ),
    (
        "coverage.jsonl",
        "\"wiki\":\"dewiki\"",
        "\"wiki\":\"otherwiki\"",
        "there is not",
    ),
    (
        "coverage.jsonl",
        "\"first_run\":1,",
        "\"first_run\":99,",
        "before first_run",
    ),
    (
        "coverage.jsonl",
        "\"groups\"",
        "\"grapes\"",
        "what there is not",
    ),
    (
        "snapshots.jsonl",
        "\"after_ms\":",
        "\"after_ms\":9",
        "contradict",
    ),
    (
        "snapshots.jsonl",
        "\"outcome\":\"first_seen\"",
        "\"outcome\":\"failed\"",
        "disagree",
    ),
    (
        "history.jsonl",
        "\"kind\":\"block\"",
        "\"kind\":\"blob\"",
        "no such kind",
    ),
    (
        "history.jsonl",
        "\"value\":\"",
        "\"value\":\"{",
        "no JSON text",
    ),
    (
        "history.jsonl",
        "\"from_run\":1,\"seen_run\":",
        "\"from_run\":9999,\"seen_run\":",
        "not in order",
    ),
    (
        "history.jsonl",
        "\"valid_from\":\"2026-11-02",
        "\"valid_from\":\"2026-11-01",
        "contradict",
    ),
    (
        "history.jsonl",
        "\"ended_run\":3",
        "\"ended_run\":null",
        "constraint",
    ),
    (
        "history.jsonl",
        "\"from_run\":3",
        "\"from_run\":2",
        "a time",
    ),
    (
        "changes.jsonl",
        "\"cause\":\"expiry\"",
        "\"cause\":\"whim\"",
        "there is not",
    ),
    (
        "changes.jsonl",
        "\"change\":\"+\"",
        "\"change\":\"-\"",
        "disagree",
    ),
    (
        "changes.jsonl",
        "\"before_seen\":1",
        "\"before_seen\":7",
        "not in order",
    ),
    (
        "log_events.jsonl",
        "\"params\":\"{",
        "\"params\":\"{{",
        "no JSON text",
    ),
    ("groups.csv", "bot", "sysop", "contradict"),
];

#[test]
fn a_folder_that_lies_is_refused_and_nothing_of_it_kept() {
    let scene = rich();
    let good = export(&scene, "good", &["--history"]);
    for (number, (file, from, to, said)) in CASES.into_iter().enumerate() {
        let bad = copy(&scene, &good, &format!("bad-{number}"));
        let text = fs::read_to_string(bad.join(file)).expect("a file");
        assert!(text.contains(from), "{from} is in {file}");
        fs::write(bad.join(file), text.replacen(from, to, 1)).expect("a file");
        sign(&bad);
        refused(
            &scene,
            &bad,
            &format!("{number}.db"),
            said,
            &format!("{file}: {from} -> {to}"),
        );
    }
    let database = scene.home().join("good.db");
    run_import(&scene, &good, &database).succeeds();
}

#[track_caller]
fn refused(scene: &Scene, directory: &Path, database: &str, said: &str, what: &str) {
    let database = scene.home().join(database);
    let run = run_import(scene, directory, &database);
    assert_eq!(run.code, 1, "{what}: {run:#?}");
    assert!(run.err.contains(said), "{what}: {run:#?}");
    if database.exists() {
        let kept = "select (select count(*) from user) + (select count(*) from run)
            + (select count(*) from held) + (select count(*) from property)";
        assert_eq!(ask_sqlite(&database, kept, true), [["0"]], "{what}");
    }
}

/// A copy that may be spoilt.
fn copy(scene: &Scene, from: &Path, name: &str) -> std::path::PathBuf {
    let to = scene.home().join(name);
    fs::create_dir_all(to.join("schemas")).expect("a directory");
    for (path, bytes) in files(from) {
        fs::write(to.join(path), bytes).expect("a file");
    }
    to
}

/// Makes the manifest say what the files are.
fn sign(directory: &Path) {
    change_manifest(directory, |manifest| {
        for file in manifest["files"].as_array_mut().expect("a list") {
            let path = directory.join(file["path"].as_str().expect("a path"));
            let bytes = fs::read(path).expect("a file");
            file["sha256"] = digest(&bytes).into();
            file["bytes"] = bytes.len().into();
        }
    });
}

fn change_manifest(directory: &Path, change: impl FnOnce(&mut Json)) {
    let path = directory.join("manifest.json");
    let text = fs::read(&path).expect("a manifest");
    let mut manifest = serde_json::from_slice(&text).expect("JSON");
    change(&mut manifest);
    fs::write(path, manifest.to_string()).expect("a manifest");
}

#[test]
fn a_folder_that_is_not_whole_is_refused_before_anything_is_read() {
    let scene = rich();
    let good = export(&scene, "good", &["--history"]);
    let spoil = |name: &str, spoil: &dyn Fn(&Path), said: &str| {
        let bad = copy(&scene, &good, name);
        spoil(&bad);
        refused(&scene, &bad, &format!("{name}.db"), said, name);
    };
    let append = |file: &'static str, text: &'static str| {
        move |at: &Path| {
            let path = at.join(file);
            let mut bytes = fs::read(&path).expect("a file");
            bytes.extend(text.as_bytes());
            fs::write(path, bytes).expect("a file");
        }
    };
    spoil(
        "longer",
        &append("changes.jsonl", " "),
        "not what the manifest says",
    );
    spoil(
        "page",
        &append("index.html", "<script>"),
        "not what the manifest says",
    );
    spoil(
        "missing",
        &|at| fs::remove_file(at.join("runs.jsonl")).expect("gone"),
        "runs.jsonl",
    );
    spoil(
        "none",
        &|at| fs::remove_file(at.join("manifest.json")).expect("gone"),
        "manifest.json",
    );
    spoil(
        "text",
        &|at| fs::write(at.join("manifest.json"), "{}").expect("a file"),
        "missing field",
    );
    let outside = scene.home().join("outside");
    fs::copy(good.join("runs.jsonl"), &outside).expect("a file");
    spoil(
        "link",
        &|at| {
            fs::remove_file(at.join("runs.jsonl")).expect("gone");
            symlink(&outside, at.join("runs.jsonl")).expect("a link");
        },
        "not a plain file",
    );
    spoil(
        "path",
        &|at| {
            change_manifest(at, |manifest| {
                manifest["files"][0]["path"] = "../outside".into();
            });
        },
        "none of ours",
    );
    spoil(
        "newer",
        &|at| change_manifest(at, |manifest| manifest["version"] = 2.into()),
        "newer one",
    );
    spoil(
        "when",
        &|at| change_manifest(at, |manifest| manifest["as_of"]["run"] = 3.into()),
        "contradicts the files",
    );
    spoil(
        "endless",
        &|at| {
            append("runs.jsonl", "{\"run\":9")(at);
            sign(at);
        },
        "does not end",
    );
}
