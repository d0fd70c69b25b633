//! Care of the data: copies, erasing a user, retention, and the drill of bringing a backup back.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::{
    bad_storage::{on_a_small_disk, slow_scene},
    farm::{ALICE, Farm, FarmOptions, parse_time},
    scene::{PROGRAM, Scene, files_below},
};

const BOB: &str = "Bob Example";

/// Everything in the database that a run or a person could have put there, as text.
fn everything(scene: &Scene) -> Vec<String> {
    let tables = scene.lines("select name from sqlite_schema where type = 'table' order by name");
    let mut all = Vec::new();
    for table in tables
        .iter()
        .filter(|table| !table.starts_with("sqlite_stat"))
    {
        let columns = scene.lines(&format!(
            "select group_concat('quote(\"' || name || '\")', '||'',''||') from pragma_table_info('{table}')"
        ));
        let rows = scene.lines(&format!("select {} from \"{table}\"", columns[0]));
        all.push(format!("{table}: {}", rows.len()));
        all.extend(rows);
    }
    all
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// What is in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory").flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_holds_everything_and_nothing_else_is_left() {
    let scene = Scene::of(3);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.set_preference(ALICE, "enwiki", "own", "\"x\"");
    scene.run(&["snapshot"]).succeeds();
    let directory = scene.home().join("backups");
    fs::create_dir(&directory).expect("a directory");
    let file = directory.join("copy.db");
    let script = "umask 000; exec \"$0\" backup \"$HOME/backups/copy.db\"";
    let run = scene.shell(script);
    run.says(
        0,
        &["copy.db: ", " kB, 2 runs, the newest of 20", "; checked"],
    );
    assert_eq!(run.out, "", "the data is in the file");
    assert_eq!(mode(&file), 0o600);
    assert_eq!(names(&directory), ["copy.db"]);
    // The copy is put in the place of the original, and looked at as that was.
    let before = everything(&scene);
    assert!(before.len() > 300, "there is something to copy");
    let original = scene.database();
    fs::copy(&file, &original).expect("a copy");
    assert_eq!(everything(&scene), before);
    assert_eq!(fs::read(&original).expect("it")[68..72], *b"sult");
    let run = scene.run(&["--quiet", "backup", "backups/no.db"]);
    run.says(1, &["backups/no.db"]);
    scene.run(&["snapshot"]).says(0, &["3 unchanged"]);
}

#[test]
fn a_backup_can_be_taken_in_the_middle_of_a_run() {
    let scene = slow_scene();
    scene.run(&["init"]).succeeds();
    let mut command = scene.command(PROGRAM);
    command.arg("snapshot").stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    scene.wait_for("the first snapshots", |scene| {
        scene.value("select count(*) > 3 from snapshots") == "1"
    });
    let file = scene.home().join("copy.db");
    let path = file.to_str().expect("UTF-8");
    scene.run(&["backup", path]).says(0, &["1 runs", "checked"]);
    let run = scene.run(&["--database", path, "runs", "--format", "csv"]);
    run.says(0, &["running"]);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(0), "the run took no notice");
    assert_eq!(scene.value("select first_seen from runs"), "24");
    // The half run in the copy goes on, and tells nothing twice.
    scene.farm.reset_counts();
    scene.run(&["--database", path, "snapshot"]).succeeds();
    assert!(scene.farm.requests() < 24, "{}", scene.farm.requests());
    fs::rename(&file, scene.database()).expect("the copy in its place");
    assert_eq!(scene.value("select status from runs"), "finished");
    assert_eq!(
        scene.value("select count(distinct wiki) from preferences"),
        "24"
    );
    assert_eq!(scene.value("select count(*) from changes"), "0");
}

#[test]
fn a_backup_overwrites_nothing() {
    let scene = Scene::of(1);
    scene.run(&["snapshot"]).succeeds();
    let directory = scene.home().join("backups");
    fs::create_dir(&directory).expect("a directory");
    fs::write(directory.join("file"), "mine").expect("a file");
    fs::create_dir(directory.join("directory")).expect("a directory");
    symlink("/nowhere/at/all", directory.join("link")).expect("a link");
    for name in ["file", "directory", "link"] {
        let file = directory.join(name);
        let run = scene.run(&["backup", file.to_str().expect("UTF-8")]);
        run.says(1, &[name, "is there already and was left as it is"]);
    }
    let database = scene.database();
    let run = scene.run(&["backup", database.to_str().expect("UTF-8")]);
    run.says(1, &["is there already"]);
    let nowhere = directory.join("no/such/directory.db");
    scene
        .run(&["backup", nowhere.to_str().expect("UTF-8")])
        .says(1, &["no/such/directory.db", "No such file or directory"]);
    assert_eq!(names(&directory), ["directory", "file", "link"]);
    assert_eq!(
        fs::read(directory.join("file")).expect("it"),
        b"mine".as_slice()
    );
}

#[test]
fn a_backup_for_which_there_is_no_room_leaves_nothing_behind() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    let script = r#"
        "$1" backup "$HOME/small/copy.db"; echo "exit $?"
        ls -A "$HOME/small"
    "#;
    let Some(run) = on_a_small_disk(&scene, "size=64k", script) else {
        return;
    };
    assert_eq!(run.lines(), ["exit 1"], "{run:#?}");
    let text = "no space left for the copy; nothing of it was left behind";
    assert!(run.err.contains(text), "{run:#?}");
    assert!(run.err.contains("copy.db"), "{run:#?}");
}

/// Alice, who was renamed, and Bob, to whom she gave a right.
fn two_users() -> Scene {
    let scene = Scene::on(Farm::start(FarmOptions {
        wikis: 3,
        options_per_wiki: 20,
        ..FarmOptions::default()
    }));
    scene.edit_config(
        "[[user]]",
        &format!("[[user]]\nname = \"{BOB}\"\nauth = \"none\"\n[[user]]"),
    );
    scene
        .farm
        .add_user(BOB, 50_002, &["enwiki", "dewiki", "metawiki"]);
    let night = |day: u32, user: &str| {
        let at = format!("2026-11-{day:02}T03:17:00Z");
        scene.at(&at, &["snapshot", "--user", user]).succeeds();
    };
    night(1, ALICE);
    night(1, BOB);
    let in_a_day = parse_time("2026-11-01T15:00:00Z").expect("an instant");
    scene.farm.set_now(in_a_day);
    let nick = format!("\"[[User:{ALICE}|A]]\"");
    scene
        .farm
        .set_preference(ALICE, "enwiki", "nickname", &nick);
    scene
        .farm
        .grant("dewiki", BOB, "sysop", None, ALICE, "he asked");
    scene
        .farm
        .grant("dewiki", ALICE, "editor", None, BOB, "she is good");
    night(2, ALICE);
    night(2, BOB);
    scene.farm.rename(ALICE, "Ägir \"Q\" Example");
    night(3, ALICE);
    night(3, BOB);
    scene
}

/// What of these is in a file.
fn found_in(file: &Path, spellings: &[&str]) -> Vec<String> {
    let bytes = fs::read(file).unwrap_or_default();
    let is_in = |part: &&&str| {
        bytes
            .windows(part.len())
            .any(|window| window == part.as_bytes())
    };
    spellings
        .iter()
        .filter(is_in)
        .map(|part| (*part).to_owned())
        .collect()
}

const HER_SPELLINGS: [&str; 9] = [
    "Alice Example",
    "Alice_Example",
    "Alice%20Example",
    "Ägir \"Q\" Example",
    "Ägir_",
    "gir \\\"Q",
    "\\u00c4gir",
    "alice@example.org",
    "50001",
];

fn of_bob(scene: &Scene) -> Vec<String> {
    let views = [
        "runs",
        "accounts",
        "snapshots",
        "history",
        "changes",
        "log_events",
    ];
    let mut all = Vec::new();
    for view in views {
        let rows = scene.lines(&format!("select * from {view} where user = '{BOB}'"));
        assert!(!rows.is_empty(), "{view} tells something of Bob");
        all.extend(rows);
    }
    all.sort();
    all
}

#[test]
fn a_user_is_erased_and_others_stay_as_they_are() {
    let scene = two_users();
    // Bob owes her nothing: his history does not name her.
    scene.tamper(
        "update log_event set performer = 'Carol', comment = null, params = '{}' where user = 2",
    );
    scene.tamper("vacuum");
    // Samples of what indexed columns hold.
    scene.tamper("analyze");
    let before = of_bob(&scene);
    let everything_before = everything(&scene);
    assert!(!found_in(&scene.database(), &HER_SPELLINGS).is_empty());
    let cookie = scene
        .database()
        .with_file_name("sultrail.db.0123456789abcdef.oauth2.cookies");
    assert!(!cookie.exists());

    let run = scene.run(&["forget", "--user", "alice_Example", "--dry-run"]);
    run.says(0, &["Ägir", "would erase 3 accounts, 3 runs, "]);
    assert_eq!(everything(&scene), everything_before);

    let run = scene.run(&["forget", "--user", ALICE]);
    run.says(
        0,
        &[
            "Ägir",
            ": erased 3 accounts, 3 runs, ",
            "searched ",
            "sultrail.db",
            "none is left",
            "is still in",
            "config.toml",
            "the next run collects them again",
        ],
    );
    for file in files_below(&scene.database().with_file_name("")) {
        let left = found_in(&file, &HER_SPELLINGS);
        assert!(left.is_empty(), "{left:?} in {}", file.display());
    }
    assert_eq!(of_bob(&scene), before);
    assert_eq!(scene.value("select count(*) from user"), "1");
    assert_eq!(scene.value("select count(*) from runs"), "3");
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    assert!(scene.sql("pragma foreign_key_check").is_empty());
    let unused = "select count(*) from property_value where id not in (select value from held
        union select before from change where before is not null
        union select after from change where after is not null)";
    assert_eq!(scene.value(unused), "0");
    // It is as if she had never been here.
    let files = names(&scene.database().with_file_name(""));
    assert!(
        !files.iter().any(|file| file.contains("cookies")),
        "{files:?}"
    );
    let run = scene.run(&["history", "--user", ALICE]);
    run.says(1, &["knows no user"]);
    let again = scene.run(&["forget", "--user", ALICE]);
    again.says(1, &["knows no user", "not in its files"]);
    let renamed = "name = \"Alice Example\"";
    scene.edit_config(renamed, "name = \"Ägir \\\"Q\\\" Example\"");
    scene
        .run(&["snapshot", "--user", "Ägir \"Q\" Example"])
        .says(0, &["3 first seen"]);
}

#[test]
fn where_another_history_names_the_user_forget_says_so() {
    let scene = two_users();
    let before = of_bob(&scene);
    let run = scene.run(&["forget", "--user", ALICE]);
    run.says(
        0,
        &[
            "in rows of others",
            "log_events.performer: 1 rows of Bob Example",
            "changes.performer: 1 rows of Bob Example",
        ],
    );
    assert_eq!(of_bob(&scene), before);
    // Everything but what Bob's history tells is gone.
    let others = found_in(&scene.database(), &["Alice_Example", "alice@example.org"]);
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn forget_needs_a_name_a_user_and_the_lock() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    scene.run(&["forget"]).says(2, &["--user"]);
    scene
        .run(&["forget", "--user", "Nobody Else"])
        .says(1, &["knows no user \"Nobody Else\""]);
    let before = everything(&scene);
    let lock = scene.database().with_file_name("sultrail.db.lock");
    let lock = fs::File::options().write(true).open(lock).expect("a lock");
    lock.lock().expect("nobody else has it");
    for command in [&["forget", "--user", ALICE][..], &["prune"]] {
        scene.run(command).says(75, &["another run is writing"]);
    }
    assert_eq!(everything(&scene), before);
    drop(lock);
    scene
        .run(&["forget", "--user", ALICE])
        .says(0, &["none is left"]);
    // Nobody is left, and so nothing that was asked for anybody.
    assert_eq!(scene.value("select count(*) from requests"), "0");
}

#[test]
fn forget_that_a_reader_keeps_from_the_end_says_so_and_can_be_repeated() {
    let scene = Scene::of(1);
    scene.run(&["snapshot"]).succeeds();
    let script = r#"
        db="$HOME/.local/share/sultrail/sultrail.db"
        mkfifo "$HOME/pipe"
        sqlite3 "$db" < "$HOME/pipe" > /dev/null & reader=$!
        exec 3> "$HOME/pipe"
        echo 'begin; select count(*) from runs;' >&3
        sleep 0.5
        "$0" forget --user "Alice Example"; echo "exit $?"
        exec 3>&-; wait $reader
        "$0" forget --user "Alice Example"; echo "exit $?"
    "#;
    let run = scene.shell(script);
    if run.err.contains("sqlite3: not found") {
        return skipped("there is no sqlite3 here");
    }
    assert_eq!(run.lines(), ["exit 75", "exit 1"], "{run:#?}");
    assert!(run.err.contains("another program reads"), "{run:#?}");
    assert!(run.err.contains("is not in its files"), "{run:#?}");
    let left = found_in(&scene.database(), &HER_SPELLINGS);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn forget_that_was_killed_half_way_can_be_repeated() {
    let scene = Scene::of(1);
    scene.run(&["snapshot"]).succeeds();
    // The rows are gone, and the pages not yet written anew.
    for name in ["Carol Example", "Carol%20Example"] {
        let row = format!("'{name}', '{name}', 'https://example.org'");
        scene.tamper(&format!(
            "insert into user (name, asked_as, central_api) values ({row})"
        ));
        scene.tamper("delete from user where name like 'Carol%'");
        assert!(!found_in(&scene.database(), &[name]).is_empty());
        let run = scene.run(&["forget", "--user", "Carol_Example"]);
        run.says(0, &["none is left"]);
        assert!(found_in(&scene.database(), &[name]).is_empty());
    }
    scene.run(&["snapshot"]).says(0, &["1 unchanged"]);
}

#[expect(
    clippy::print_stderr,
    reason = "a test that did not test anything says so"
)]
pub(crate) fn skipped(reason: &str) {
    eprintln!("SKIPPED: {reason}");
}

#[test]
fn prune_takes_old_requests_and_gives_space_back_and_never_history() {
    let scene = Scene::of(3);
    scene.edit_config("[farm]", "[retention]\nrequests_days = 365\n[farm]");
    for day in ["2026-09-01", "2026-09-02", "2026-11-20"] {
        scene
            .farm
            .set_preference(ALICE, "enwiki", "day", &format!("\"{day}\""));
        scene
            .at(&format!("{day}T03:17:00Z"), &["snapshot"])
            .succeeds();
    }
    let many = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 20000)
        insert into request (sent_ms, host, purpose, duration_ms, bytes, attempt, waited_ms)
        select 1756700000000 + n, 'enwiki.localhost', 'userinfo', 1, 1, 1, 0 from n";
    scene.tamper(many);
    let history = || {
        let views = [
            "history",
            "changes",
            "snapshots",
            "runs",
            "accounts",
            "log_events",
        ];
        views.map(|view| scene.lines(&format!("select * from {view}")))
    };
    let before = history();
    let asked = |month: &str| {
        let sql = format!("select count(*) from requests where at like '2026-{month}%'");
        scene.value(&sql)
    };
    assert_ne!(asked("09"), "0");
    let of_november = asked("11");
    let size = || fs::metadata(scene.database()).expect("it").len();
    let size_before = size();
    let now = "2026-11-21T12:00:00Z";
    scene
        .at(now, &["prune"])
        .says(0, &["removed 20000 requests", "requests_days = 365"]);
    assert_ne!(asked("09"), "0");
    assert!(size() * 2 < size_before, "{} of {size_before}", size());
    scene.edit_config("requests_days = 365", "requests_days = 30");
    let run = scene.at(now, &["prune"]);
    run.says(
        0,
        &["sent before 2026-10-22T12:00:00Z (requests_days = 30)"],
    );
    assert_eq!(asked("09"), "0");
    assert_eq!(asked("11"), of_november);
    assert_eq!(history(), before);
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    scene.at(now, &["prune"]).says(0, &["removed 0 requests"]);
}

/// The commands of a section of the page, as they stand there.
fn commands(section: &str) -> String {
    let page = fs::read_to_string("docs/operating.md").expect("the page");
    let (_, rest) = page.split_once(section).expect("the section");
    let section = rest.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```sh\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .collect()
}

#[test]
fn the_drill_of_the_page_brings_everything_back() {
    let scene = Scene::of(4);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.set_preference(ALICE, "enwiki", "own", "\"1\"");
    scene.run(&["snapshot"]).succeeds();
    // Who runs it, and where, is the only thing that differs from the page.
    let bin = scene.home().join("bin");
    fs::create_dir(&bin).expect("a directory");
    let tool = |name: &str, text: &str| {
        let file: PathBuf = bin.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    tool("sudo", "[ \"$1\" = -u ] && shift 2; exec \"$@\"");
    tool("systemctl", "echo \"$@\" >> \"$HOME/systemctl.log\"");
    tool("sultrail", &format!("exec {PROGRAM} \"$@\""));
    let directory = scene.database().with_file_name("");
    let directory = directory.to_str().expect("UTF-8").trim_end_matches('/');
    let page = commands("## Backup and restore").replace("/var/lib/sultrail", directory);
    assert_eq!(page.lines().count(), 6, "{page}");
    let (backup, restore) = page.split_once('\n').expect("several commands");
    let path = "PATH=\"$HOME/bin:$PATH\"; set -ex\n";
    scene
        .shell(&format!("{path}{backup}"))
        .says(0, &["checked"]);
    let backed_up = everything(&scene);

    // Something happens that the backup does not know, a run is killed, and the file is lost.
    scene.farm.set_preference(ALICE, "enwiki", "own", "\"2\"");
    scene.run(&["snapshot"]).succeeds();
    let mut wal = scene.database().into_os_string();
    wal.push("-wal");
    fs::write(&wal, vec![7; 40_000]).expect("a log that was left");
    fs::write(scene.database(), "lost").expect("a lost database");
    scene
        .run(&["snapshot"])
        .says(1, &["not a sultrail database"]);

    let run = scene.shell(&format!("{path}{restore}"));
    run.says(0, &["Alice Example", "finished"]);
    assert_eq!(everything(&scene), backed_up);
    let log = fs::read_to_string(scene.home().join("systemctl.log")).expect("a log");
    assert_eq!(log, "stop sultrail\nstart sultrail\n");
    assert_eq!(mode(&scene.database()), 0o600);
    // The next run finds what changed since, and nothing else.
    scene.run(&["snapshot"]).says(0, &["1 changed (1 changes)"]);
    let changes = "select name, before, after from changes where kind <> 'counter' and run = 3";
    assert_eq!(scene.lines(changes), ["own 1 2"]);
}

#[test]
fn a_log_of_another_database_is_refused_before_it_spoils_anything() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    let copy = scene.home().join("copy.db");
    scene
        .run(&["backup", copy.to_str().expect("UTF-8")])
        .succeeds();
    // The backup is put beside the log of what was there before.
    let log = scene.database().with_file_name("sultrail.db-wal");
    fs::copy(&copy, scene.database()).expect("a copy");
    fs::write(&log, vec![7; 40_000]).expect("a log");
    scene.farm.reset_counts();
    for command in [
        &["snapshot"][..],
        &["runs"],
        &["backup", "x.db"],
        &["daemon"],
    ] {
        if command[0] == "daemon" {
            scene.edit_config("auth = ", "schedule = \"@hourly\"\nauth = ");
        }
        let run = scene.run(command);
        run.says(
            1,
            &["sultrail.db-wal is the log of a database that was there before"],
        );
    }
    assert_eq!(scene.farm.requests(), 0);
    // Without its database it is refused, too: a new one would be spoilt.
    fs::remove_file(scene.database()).expect("it");
    let run = scene.run(&["snapshot"]);
    run.says(
        1,
        &["there is no database at", "but its log", "remove the log"],
    );
    assert!(!scene.database().exists());
    fs::copy(&copy, scene.database()).expect("a copy");
    fs::remove_file(&log).expect("it");
    scene.run(&["snapshot"]).says(0, &["2 unchanged"]);
    assert_eq!(scene.value("pragma integrity_check"), "ok");
}
