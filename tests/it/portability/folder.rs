//! The folder: what is in it, its bytes, its modes, and that it is there whole or not at all.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Stdio, time::Duration};

use super::{HOSTILE, day, digest, export, files, holds, line, lines, rich, run_export};
use crate::scene::{PROGRAM, Scene, files_below};

#[test]
fn what_a_user_was_is_told_in_files() {
    let scene = rich();
    let directory = export(&scene, "out", &["--reveal"]);
    let identity = lines(&directory, "identity.jsonl");
    let global = line(&identity, &[("wiki", "global")]);
    assert_eq!(global["central_user_id"], 50_001);
    assert_eq!(global["home_wiki"], "enwiki");
    // What is not known of the global account is null: it has no number on a wiki, and never edited.
    for unknown in ["local_user_id", "latest_edit_at"] {
        assert!(global[unknown].is_null(), "{unknown}: {global}");
    }
    let english = line(&identity, &[("wiki", "enwiki")]);
    assert_eq!(english["email"], super::ADDRESS);
    for field in [
        "local_user_id",
        "registered_at",
        "latest_edit_at",
        "email_confirmed_at",
    ] {
        assert!(!english[field].is_null(), "{field}: {english}");
    }
    let accounts = lines(&directory, "accounts.jsonl");
    assert_eq!(accounts.len(), 7);
    assert_eq!(
        line(&accounts, &[("wiki", "wikidatawiki")])["state"],
        "detached"
    );
    assert_eq!(
        line(&accounts, &[("wiki", "be_x_oldwiki")])["state"],
        "unreachable"
    );
    let groups = lines(&directory, "groups.jsonl");
    line(&groups, &[("wiki", "frwiki"), ("group_name", "bot")]);
    line(
        &groups,
        &[("wiki", "global"), ("group_name", "global-rollbacker")],
    );
    let blocks = lines(&directory, "blocks.jsonl");
    let ended = line(&blocks, &[("wiki", "commonswiki")]);
    assert_eq!(ended["is_partial"], true);
    assert!(!ended["valid_to"].is_null(), "{ended}");
    assert!(line(&blocks, &[("wiki", "frwiki")])["expires_at"].is_null());
    let changes = lines(&directory, "group_changes.jsonl");
    let granted = line(&changes, &[("wiki", "dewiki"), ("change", "+")]);
    assert_eq!(granted["performer"], "Bureau Kratin");
    assert_eq!(granted["comment"], HOSTILE, "JSON is exact");
    assert_eq!(
        line(&changes, &[("wiki", "dewiki"), ("change", "-")])["cause"],
        "expiry"
    );
    let global = lines(&directory, "global_preferences.jsonl");
    assert_eq!(line(&global, &[("name", "language")])["value"], "\"fr\"");
    let preferences = lines(&directory, "preferences.jsonl");
    let notes = line(
        &preferences,
        &[("wiki", "enwiki"), ("name", "userjs-notes")],
    );
    assert!(
        notes["value"]
            .as_str()
            .expect("text")
            .starts_with("\"hmac-sha256:")
    );
    line(
        &preferences,
        &[("wiki", "dewiki"), ("name", "echo-last-seen")],
    );
    assert_eq!(lines(&directory, "runs.jsonl").len(), 8);
    assert!(lines(&directory, "log_events.jsonl").len() >= 4);
}

#[test]
fn the_manifest_tells_what_is_there_and_what_could_not_be_read() {
    let scene = rich();
    let directory = export(&scene, "out", &["--history"]);
    let manifest = manifest(&directory);
    assert_eq!(manifest["contents"], "history");
    assert_eq!(manifest["revealed"], false);
    assert_eq!(manifest["as_of"]["run"], 8);
    assert_eq!(manifest["runs"]["count"], 8);
    assert_eq!(manifest["program"]["version"], env!("CARGO_PKG_VERSION"));
    let unreadable = manifest["coverage"]["unreadable"]
        .as_array()
        .expect("a list");
    let failing = line(unreadable, &[("wiki", "be_x_oldwiki")]);
    assert_eq!(
        failing["since"].as_str().map(|at| &at[..10]),
        Some("2026-11-07")
    );
    assert!(!failing["error"].is_null());
    let mut told = vec!["manifest.json".to_owned()];
    for file in manifest["files"].as_array().expect("a list") {
        let path = file["path"].as_str().expect("a path");
        let bytes = fs::read(directory.join(path)).expect("the file");
        assert_eq!(file["bytes"], bytes.len(), "{path}");
        assert_eq!(file["sha256"], digest(&bytes), "{path}");
        if let Some((subject, "jsonl")) = path.split_once('.') {
            let count = lines(&directory, path).len();
            assert_eq!(file["lines"], count, "{subject}");
        }
        told.push(path.to_owned());
    }
    told.sort();
    let found = files(&directory).into_keys();
    let found: Vec<String> = found.map(|path| path.display().to_string()).collect();
    assert_eq!(told, found);
}

fn manifest(directory: &Path) -> serde_json::Value {
    let text = fs::read(directory.join("manifest.json")).expect("a manifest");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn one_database_gives_the_same_bytes_whenever_and_wherever_to() {
    let scene = rich();
    let kinds: [&[&str]; 5] = [
        &[],
        &["--at", "3"],
        &["--history"],
        &["--history", "--reveal"],
        &["--format", "enterprise"],
    ];
    for (number, options) in kinds.into_iter().enumerate() {
        let first = export(&scene, &format!("first-{number}"), options);
        let second = scene.home().join(format!("elsewhere/{number}"));
        fs::create_dir_all(&second).expect("an empty directory");
        let path = second.to_str().expect("UTF-8");
        let later = [&["export", path], options].concat();
        scene.at(&day(25), &later).succeeds();
        let (first, second) = (files(&first), files(&second));
        assert!(first.len() > 4, "{options:?}");
        assert!(first == second, "{options:?}");
    }
    let older = lines(&scene.home().join("first-1"), "groups.jsonl");
    line(&older, &[("wiki", "dewiki"), ("group_name", "sysop")]);
    let newer = lines(&scene.home().join("first-0"), "groups.jsonl");
    assert!(newer.iter().all(|group| group["group_name"] != "sysop"));
}

#[test]
fn tables_and_page_obey_nobody() {
    let scene = rich();
    let directory = export(&scene, "out", &[]);
    let table = fs::read_to_string(directory.join("group_changes.csv")).expect("a table");
    assert!(
        table.starts_with("run,user,wiki,kind,group_name,change,"),
        "{table}"
    );
    assert!(table.contains("\"'=HYPERLINK"), "{table}");
    assert!(
        !table.contains('\u{1b}') && !table.contains('\u{202e}'),
        "{table}"
    );
    let page = fs::read_to_string(directory.join("index.html")).expect("a page");
    assert!(
        page.contains("&lt;script&gt;") && !page.contains("<script"),
        "{page}"
    );
    assert!(!page.contains("href=") && !page.contains("src="), "{page}");
    for subject in ["identity", "groups", "blocks", "group_changes", "Files"] {
        assert!(page.contains(&format!("<h2>{subject}")), "{subject}");
    }
    let empty = fs::read_to_string(export(&scene, "old", &["--at", "1"]).join("blocks.csv"));
    let empty = empty.expect("a table");
    assert!(
        empty.starts_with("user,wiki,block_id,") && empty.lines().count() == 1,
        "{empty}"
    );
}

#[test]
fn editors_are_told_as_wikimedia_enterprise_does() {
    let scene = rich();
    let directory = export(&scene, "now", &["--format", "enterprise"]);
    let (editors, wikis) = (
        lines(&directory, "editors.jsonl"),
        lines(&directory, "wikis.jsonl"),
    );
    let of = |wiki: &str| {
        let is_it = |line: &serde_json::Value| line["is_part_of"]["identifier"] == wiki;
        &editors[wikis.iter().position(is_it).expect("the wiki")]
    };
    assert_eq!(of("frwiki")["is_bot"], true);
    assert_eq!(of("metawiki")["has_advanced_rights"], true);
    assert_eq!(of("frwiki")["groups"][0], "bot");
    assert!(
        of("dewiki").get("is_admin").is_none(),
        "what is false is left out"
    );
    let before = export(&scene, "then", &["--format", "enterprise", "--at", "2"]);
    let before = lines(&before, "editors.jsonl");
    assert_eq!(
        before.iter().filter(|one| one["is_admin"] == true).count(),
        1
    );
    let text = fs::read_to_string(directory.join("editors.jsonl")).expect("lines");
    let mut at = 0;
    let english = text
        .lines()
        .find(|line| line.contains("extendedconfirmed"))
        .expect("a line");
    for field in ["identifier", "name", "edit_count", "groups", "date_started"] {
        let found = english.find(&format!("\"{field}\":")).expect("the field");
        assert!(found >= at, "{field} in its place: {english}");
        at = found;
    }
    // The view says the same of now.
    let view = "select wiki, identifier, groups, is_bot, is_admin, is_anonymous from editors";
    for row in scene.sql(view) {
        let editor = of(&row[0]);
        assert_eq!(editor["identifier"].to_string(), row[1]);
        assert_eq!(editor["groups"].to_string(), row[2]);
        assert_eq!(editor["is_bot"] == true, row[3] == "1");
        assert_eq!(editor["is_admin"] == true, row[4] == "1");
        assert_eq!(row[5], "0");
    }
    scene
        .run(&["export", "x", "--format", "enterprise", "--history"])
        .says(2, &["no history"]);
}

#[test]
fn only_the_owner_may_read_what_is_exported() {
    let scene = rich();
    let script = "umask 0; exec \"$0\" export \"$HOME/out\" --history --reveal";
    scene.shell(script).succeeds();
    let directory = scene.home().join("out");
    let mode = |path: &Path| fs::metadata(path).expect("its mode").permissions().mode() & 0o7777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join("schemas")), 0o700);
    for file in files_below(&directory) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn nothing_that_is_there_is_touched() {
    let scene = rich();
    let full = scene.home().join("full");
    fs::create_dir(&full).expect("a directory");
    fs::write(full.join("mine"), "mine").expect("a file");
    run_export(&scene, &full, &[]).says(1, &["not an empty directory"]);
    let file = scene.home().join("file");
    fs::write(&file, "mine").expect("a file");
    run_export(&scene, &file, &[]).says(1, &["not an empty directory"]);
    let link = scene.home().join("link");
    let empty = scene.home().join("empty");
    fs::create_dir(&empty).expect("a directory");
    std::os::unix::fs::symlink(&empty, &link).expect("a link");
    run_export(&scene, &link, &[]).says(1, &["not an empty directory"]);
    assert_eq!(fs::read(full.join("mine")).expect("a file"), b"mine");
    assert_eq!(fs::read(&file).expect("a file"), b"mine");
    assert_eq!(files_below(&empty).len(), 0);
    assert!(partial(&scene).is_empty(), "{:?}", partial(&scene));
}

/// What an interrupted export leaves.
fn partial(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(scene.home()).expect("the home").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains("partial")).collect()
}

#[test]
fn a_killed_export_leaves_nothing_under_its_name() {
    let scene = rich();
    let whole = files(&export(&scene, "whole", &["--history"]));
    let (mut killed, mut ended) = (0, 0);
    for round in 0..25_u64 {
        let directory = scene.home().join("out");
        let mut command = scene.command(PROGRAM);
        command.args(["export", "--history"]).arg(&directory);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.spawn().expect("the program");
        std::thread::sleep(Duration::from_millis(4 * round));
        child.kill().expect("it can be killed");
        child.wait().expect("its end");
        if directory.exists() {
            ended += 1;
            assert!(files(&directory) == whole, "round {round}: half an export");
            fs::remove_dir_all(&directory).expect("it goes");
        } else {
            killed += usize::from(!partial(&scene).is_empty());
        }
    }
    assert!(
        killed > 0,
        "no export was killed half-way; {ended} had ended"
    );
    let directory = export(&scene, "out", &["--history"]);
    assert!(files(&directory) == whole, "the next one is whole");
    assert!(
        partial(&scene).is_empty(),
        "and took away what the killed ones left"
    );
}

#[test]
fn a_full_disk_leaves_nothing_at_all() {
    let scene = rich();
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" export \"$HOME/out\" --history";
    scene
        .shell(script)
        .says(1, &["cannot use", "File too large"]);
    assert!(!scene.home().join("out").exists());
    assert!(partial(&scene).is_empty());
}

#[test]
fn of_two_exports_to_one_place_one_is_told_to_come_later() {
    let scene = rich();
    let unfinished = scene.home().join("out.sultrail-partial");
    fs::create_dir(&unfinished).expect("a directory");
    let lock = fs::File::open(&unfinished).expect("a directory");
    lock.try_lock().expect("a lock");
    run_export(&scene, &scene.home().join("out"), &[]).says(75, &["under way"]);
    drop(lock);
    assert!(!holds(
        &files(&export(&scene, "out", &[]))[Path::new("manifest.json")],
        "partial"
    ));
}
