//! A history that an earlier program recorded: answered as that program answered, gone on with, and
//! whole after an upgrade that was cut short.
//!
//! `tests/it/upgrades/` holds a history for each schema that was ever released, as SQL, with the answers
//! that the program of then gave. They are made by that program, and then never again:
//! `MAKE_FIXTURE=schema-1 cargo test --test it what_fixtures_are_made_of`. `{port}` stands for the port
//! of the farm, which differs each time.

use std::{fs, path::PathBuf};

use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    farm::{ALICE, FarmOptions, Fault, Rule, parse_time},
    scene::Scene,
};

/// The histories of earlier programs.
const FIXTURES: [&str; 1] = ["schema-1"];

/// What the contract promises of each view; columns may come, but none of these goes.
const ANSWERS: [&str; 6] = [
    "select run, user, scope, trigger, status, started_at, finished_at, accounts, unchanged, changed, \
     first_seen, failed, requests from runs order by run",
    "select user, central_user_id, wiki, local_user_id, attached_at, attached_by, registered_at, \
     first_seen_at, last_seen_at, state from accounts order by user, wiki",
    "select run, user, wiki, taken_at, outcome, changes, error from snapshots order by run, user, wiki",
    "select user, wiki, kind, name, value, is_default, valid_from, seen_until, valid_to from history \
     order by user, wiki, kind, name, valid_from",
    "select run, user, wiki, kind, name, change, before, after, happened_after, happened_by, cause, \
     performer, comment from changes order by run, user, wiki, kind, name",
    "select user, wiki, group_name, expires_at, valid_from, valid_to from groups \
     order by user, wiki, group_name, valid_from",
];

/// Commands, and the columns of their answers that are recorded.
const COMMANDS: [(&[&str], &[&str]); 3] = [
    (
        &["diff", "1", "latest"],
        &["wiki", "kind", "name", "before", "after"],
    ),
    (
        &["diff", "2", "3", "--counters"],
        &["wiki", "kind", "name", "before", "after"],
    ),
    (
        &["groups", "--at", "2"],
        &["wiki", "group_name", "expires_at"],
    ),
];

fn scene() -> Scene {
    Scene::with(FarmOptions {
        wikis: 4,
        options_per_wiki: 12,
        now: parse_time("2026-09-01T03:00:00Z"),
        simulated_time: true,
        ..FarmOptions::default()
    })
}

/// Five nights with something of everything. `take` takes the runs; without it only the farm lives.
fn live(scene: &Scene, take: bool) {
    let farm = &scene.farm;
    let night = |day: u32, code: i32, more: &[&str]| {
        let at = format!("2026-09-{day:02}T03:17:00Z");
        if take {
            let arguments = [&["snapshot"], more].concat();
            assert_eq!(scene.at(&at, &arguments).code, code, "night {day}");
        }
        farm.set_now(parse_time(&at).expect("an instant") + 3600);
    };
    let later = parse_time("2027-03-01T00:00:00Z");
    farm.set_preference(ALICE, "enwiki", "own", "\"a\"");
    night(1, 0, &[]);
    farm.set_preference(ALICE, "enwiki", "own", "\"b\"");
    farm.grant(
        "dewiki",
        ALICE,
        "sysop",
        later,
        "Bureau Kratin",
        "a <trial> \u{1f600}",
    );
    farm.set_default(&[], "wide", "1");
    night(2, 0, &[]);
    farm.block("frwiki", ALICE, "Admin", "edit \"war\"", later, true);
    farm.set_global_preference(ALICE, "global-one", "1");
    farm.revoke("dewiki", ALICE, "sysop", "Bureau Kratin", "it is over");
    let rule = farm.misbehave(Rule::new(Fault::NotFound404).on("enwiki"));
    night(3, 3, &[]);
    farm.forgive(rule);
    farm.set_preference(ALICE, "enwiki", "own", "\"c\"");
    farm.set_token_grants(ALICE, &["basic"]);
    night(4, 0, &[]);
    farm.set_token_grants(ALICE, &["basic", "privateinfo"]);
    farm.rename(ALICE, "Alicia Example");
    night(5, 0, &["--pulse"]);
    night(6, 0, &[]);
}

/// All that was recorded, as the statements that bring it back.
fn dump(scene: &Scene) -> String {
    let mut sql = vec!["pragma application_id = 1937075316".to_owned()];
    let made = "select name, sql from sqlite_schema where sql is not null
        and name not like 'sqlite_%' and type";
    for row in scene.sql(&format!("{made} = 'table'")) {
        let (table, create) = (&row[0], &row[1]);
        sql.push(create.clone());
        let columns = scene.value(&format!(
            "select group_concat('quote(\"' || name || '\")', '||'', ''||')
             from pragma_table_xinfo('{table}') where hidden = 0"
        ));
        let names = scene.value(&format!(
            "select group_concat(name, ', ') from pragma_table_xinfo('{table}') where hidden = 0"
        ));
        for values in scene.lines(&format!("select {columns} from \"{table}\"")) {
            sql.push(format!(
                "insert into \"{table}\" ({names}) values ({values})"
            ));
        }
    }
    sql.extend(scene.lines(
        "select sql from sqlite_schema where sql is not null and name not like 'sqlite_%'
         and type in ('index', 'view') order by type, rowid",
    ));
    sql.push("update sqlite_sequence set seq = (select max(id) from run)".to_owned());
    let port = format!(":{}", scene.farm.port());
    sql.iter()
        .map(|statement| statement.replace(&port, ":{port}") + ";\n")
        .collect()
}

/// What the program and its database answer.
fn answers(scene: &Scene) -> String {
    let mut lines = Vec::new();
    for question in ANSWERS {
        lines.push(question.to_owned());
        lines.extend(scene.lines(question));
    }
    lines.join("\n") + "\n" + &commands(scene)
}

fn commands(scene: &Scene) -> String {
    let mut said = Vec::new();
    for (command, columns) in COMMANDS {
        let arguments = [command, &["--format", "jsonl"]].concat();
        let run = scene.run(&arguments).succeeds();
        let line = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let cells: Vec<String> = columns.iter().map(|name| row[name].to_string()).collect();
            cells.join(" ")
        };
        let mut lines: Vec<String> = run.lines().into_iter().map(line).collect();
        lines.sort();
        said.push(command.join(" "));
        said.extend(lines);
    }
    said.join("\n") + "\n"
}

fn fixture(name: &str, ending: &str) -> PathBuf {
    PathBuf::from(format!("tests/it/upgrades/{name}.{ending}"))
}

fn recorded(name: &str) -> String {
    fs::read_to_string(fixture(name, "answers")).expect("the answers of then")
}

/// Puts the database of an earlier program into its place.
fn restore(scene: &Scene, name: &str) {
    let sql = fs::read_to_string(fixture(name, "sql")).expect("the history of then");
    load(scene, &sql);
}

fn load(scene: &Scene, sql: &str) {
    let sql = sql.replace("{port}", &scene.farm.port().to_string());
    scene.write_database(b"");
    let options = SqliteConnectOptions::new()
        .filename(scene.database())
        .foreign_keys(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .expect("a file");
        let loaded = connection.execute(AssertSqlSafe(format!("begin;\n{sql}commit;")));
        loaded.await.expect("the history of then");
        connection
            .execute("pragma journal_mode = wal")
            .await
            .expect("a log");
        connection.close().await.expect("its end");
    });
}

/// The newest schema that was brought into the file.
fn schema(scene: &Scene) -> String {
    scene.value("select max(version) from _sqlx_migrations")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever makes a fixture says so")]
fn what_fixtures_are_made_of() {
    let scene = scene();
    live(&scene, true);
    let (sql, said) = (dump(&scene), answers(&scene));
    for part in [
        "rights-log",
        "out_of_sight",
        "Alicia",
        "pulse",
        "failed",
        "sysop",
    ] {
        assert!(sql.contains(part) || said.contains(part), "{part}");
    }
    if let Ok(name) = std::env::var("MAKE_FIXTURE") {
        fs::create_dir_all("tests/it/upgrades").expect("a directory");
        fs::write(fixture(&name, "sql"), &sql).expect("the history");
        fs::write(fixture(&name, "answers"), &said).expect("the answers");
    }
    // What was dumped is all there was.
    load(&scene, &sql);
    assert_eq!(answers(&scene), said);
    assert_eq!(scene.value("pragma integrity_check"), "ok");
    assert!(scene.sql("pragma foreign_key_check").is_empty());
}

#[test]
fn who_only_reads_an_earlier_history_gets_its_answers_and_leaves_it() {
    for name in FIXTURES {
        let scene = scene();
        restore(&scene, name);
        let bytes = fs::read(scene.database()).expect("it");
        let said = commands(&scene);
        assert!(recorded(name).ends_with(&said), "{name}: {said}");
        for command in ["runs", "accounts", "history", "prefs", "status"] {
            scene.run(&[command]).succeeds();
        }
        let copy = scene.home().join("copy.db");
        let copy = copy.to_str().expect("UTF-8");
        scene.run(&["backup", copy]).says(0, &["checked"]);
        let now = fs::read(scene.database()).expect("it");
        assert!(now == bytes, "{name} was changed by who only reads");
        // These enter their request, and leave the schema.
        let before = schema(&scene);
        for command in ["plan", "check"] {
            scene.run(&[command]);
            assert_eq!(schema(&scene), before, "{command}");
        }
    }
}

#[test]
fn an_earlier_history_is_gone_on_with() {
    for name in FIXTURES {
        let scene = scene();
        restore(&scene, name);
        scene.run(&["init"]).succeeds();
        assert_eq!(answers(&scene), recorded(name), "{name}");
        assert_eq!(scene.value("pragma integrity_check"), "ok");
        // The farm as it was in the end: the next run finds nothing that was not told.
        live(&scene, false);
        let told = scene.value("select count(*) from changes where kind <> 'counter'");
        scene.at("2026-09-07T03:17:00Z", &["snapshot"]).succeeds();
        let changes = "select count(*) from changes where kind <> 'counter'";
        assert_eq!(scene.value(changes), told, "{name}");
        assert_eq!(
            scene.lines("select status, unchanged from runs order by run desc limit 1"),
            ["finished 4"],
            "{name}"
        );
    }
}

/// An upgrade may find the disk full at any page it writes.
#[test]
fn an_upgrade_that_is_cut_short_anywhere_loses_nothing() {
    for name in FIXTURES {
        let scene = scene();
        let mut exits = Vec::new();
        for half_kib in [0, 1, 3, 8, 20, 50, 120, 300, 2000] {
            restore(&scene, name);
            let before = schema(&scene);
            let run = scene.shell(&format!(
                "trap '' XFSZ; ulimit -f {half_kib}; exec \"$0\" init"
            ));
            exits.push(run.code);
            assert!(schema(&scene) >= before, "{name}: {run:#?}");
            assert_eq!(scene.value("pragma integrity_check"), "ok");
            scene.run(&["init"]).succeeds();
            assert_eq!(answers(&scene), recorded(name), "{name}, {half_kib}");
        }
        assert_eq!(exits.last(), Some(&0), "{name}: {exits:?}");
    }
}
