//! Questions about a history of four nights: what happened, what was so when, in every format.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::{
    farm::{ALICE, Farm, parse_time},
    scene::{Run, Scene},
};

/// Four nights on three wikis. In the first nothing was known; in the last nothing happened.
fn four_nights() -> Scene {
    four_nights_after("select 1")
}

/// The same, but that the second run has a number for which a value of a preference leaves no room.
fn four_nights_of_a_late_run() -> Scene {
    four_nights_after("update sqlite_sequence set seq = 20000 where name = 'run'")
}

/// The same, and what is done to the database after the first night.
fn four_nights_after(tampering: &str) -> Scene {
    let scene = Scene::of(3);
    let farm = &scene.farm;
    farm.add_default(&[], "colour", "\"red\"");
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();
    scene.tamper(tampering);

    farm.set_now(parse_time("2026-11-18T20:00:00Z").expect("an instant"));
    let expiry = parse_time("2027-01-01T00:00:00Z");
    farm.grant("dewiki", ALICE, "sysop", expiry, "Steward", "a trial");
    farm.set_preference(ALICE, "enwiki", "colour", "\"blue\"");
    farm.edit(ALICE, "enwiki");
    scene.at("2026-11-19T03:17:00Z", &["snapshot"]).succeeds();

    farm.set_now(parse_time("2026-11-19T20:00:00Z").expect("an instant"));
    farm.revoke("dewiki", ALICE, "sysop", "Steward", "the trial is over");
    farm.set_default(&["dewiki"], "colour", "\"green\"");
    farm.add_default(&["dewiki"], "novelty", "1");
    farm.set_preference(ALICE, "enwiki", "colour", "\"grey\"");
    scene.at("2026-11-20T03:17:00Z", &["snapshot"]).succeeds();

    scene.at("2026-11-21T03:17:00Z", &["snapshot"]).succeeds();
    scene
}

/// The same, but that the clock was set while runs went on: back by a day, on by fifty years.
fn four_nights_of_a_bad_clock() -> Scene {
    let scene = four_nights();
    let set = "update snapshot set after_ms = case (id & 32767) % 3 when 0 then -86400123
               when 1 then 1600000000123 else after_ms end where run in (2, 3)";
    scene.tamper(set);
    scene
}

/// The objects of an answer in JSON Lines.
fn objects(run: &Run) -> Vec<BTreeMap<String, Json>> {
    let object = |line: &&str| serde_json::from_str(line).expect("an object");
    run.lines().iter().map(object).collect()
}

/// A value of JSON as SQLite shows it.
fn as_sqlite(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Bool(flag) => u8::from(*flag).to_string(),
        other => other.to_string(),
    }
}

/// Seconds differ from run to run.
fn without_seconds(text: &str) -> String {
    let mut parts = text.split("T03:17:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += "T03:17:__";
        out += part.get(2..).unwrap_or_default();
    }
    out
}

#[test]
fn what_happened_is_told_night_by_night_with_its_cause() {
    let scene = four_nights();
    let rows = "select run, wiki, kind, name, change, before, after, cause, performer \
                from changes where kind <> 'counter' order by run, wiki, kind, name";
    assert_eq!(
        scene.lines(rows),
        [
            "2 dewiki group sysop +  \"2027-01-01T00:00:00Z\" rights-log Steward",
            "2 enwiki preference colour ~ \"red\" \"blue\" user ",
            "3 dewiki group sysop - \"2027-01-01T00:00:00Z\"  rights-log Steward",
            "3 dewiki preference colour ~ \"red\" \"green\" wiki-default ",
            "3 dewiki preference novelty +  1 software ",
            "3 enwiki preference colour ~ \"blue\" \"grey\" user ",
        ]
    );
    let when = "select distinct substr(happened_after, 1, 16), substr(happened_by, 1, 16) \
                from changes order by 1";
    assert_eq!(
        scene.lines(when),
        [
            "2026-11-18T03:17 2026-11-19T03:17",
            "2026-11-19T03:17 2026-11-20T03:17"
        ]
    );
}

#[test]
fn diff_prints_what_the_view_changes_answers() {
    diff_prints_what_the_view_answers(&four_nights());
    diff_prints_what_the_view_answers(&four_nights_of_a_bad_clock());
}

fn diff_prints_what_the_view_answers(scene: &Scene) {
    let columns = scene.columns("changes");
    for (arguments, condition) in [
        (&["1", "2"][..], "run = 2 and kind <> 'counter'"),
        (&["2", "3"], "run = 3 and kind <> 'counter'"),
        (&["latest~2", "latest~1"], "run = 3 and kind <> 'counter'"),
        (&["1", "2", "--counters"], "run = 2"),
        (
            &["1", "2", "--kind", "counter"],
            "run = 2 and kind = 'counter'",
        ),
        (
            &["2", "3", "--wiki", "dewiki"],
            "run = 3 and wiki = 'dewiki'",
        ),
        (&["2", "3", "--name", "co*r"], "run = 3 and name = 'colour'"),
        (&["2", "3", "--kind", "group"], "run = 3 and kind = 'group'"),
        (&[], "run = 4"),
    ] {
        let all = [&["diff", "--format", "jsonl"], arguments].concat();
        let printed: Vec<Vec<String>> = objects(&scene.run(&all).succeeds())
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|column| as_sqlite(&row[column]))
                    .collect()
            })
            .collect();
        let view = format!("select * from changes where {condition} order by wiki, kind, name");
        assert_eq!(printed, scene.sql(&view), "{arguments:?}");
        assert_eq!(printed.is_empty(), arguments.is_empty(), "{arguments:?}");
    }
}

#[test]
fn plain_sqlite3_answers_what_diff_prints() {
    let scene = four_nights();
    let version = scene.shell("sqlite3 -version 2>/dev/null");
    if version.code != 0 {
        #[expect(
            clippy::print_stderr,
            reason = "a test that did not test anything says so"
        )]
        {
            eprintln!("SKIPPED: there is no sqlite3 on this machine");
        }
        return;
    }
    let database = "\"$HOME/.local/share/sultrail/sultrail.db\"";
    let question = "\"select json_object('run', run, 'wiki', wiki, 'name', name, 'after', after) \
                    from changes where run = 3 order by wiki, kind, name\"";
    let told = scene
        .shell(&format!("sqlite3 {database} {question}"))
        .succeeds();
    let printed = objects(&scene.run(&["diff", "2", "3", "--format", "jsonl"]));
    let told = objects(&told);
    assert_eq!(told.len(), 4);
    for (told, printed) in told.iter().zip(&printed) {
        for (column, value) in told {
            assert_eq!(value, &printed[column], "{column}");
        }
    }
    for view in [
        "runs",
        "accounts",
        "snapshots",
        "history",
        "groups",
        "preferences",
        "requests",
    ] {
        let count = format!("sqlite3 {database} 'select count(*) from {view}'");
        assert_ne!(scene.shell(&count).succeeds().out, "0\n", "{view}");
    }
}

#[test]
fn between_distant_points_diff_tells_the_net_change() {
    let scene = four_nights();
    let run = scene
        .run(&["diff", "1", "4", "--format", "jsonl"])
        .succeeds();
    let rows: Vec<String> = objects(&run)
        .iter()
        .map(|row| {
            let columns = ["wiki", "name", "change", "before", "after"];
            columns.map(|column| as_sqlite(&row[column])).join(" ")
        })
        .collect();
    assert_eq!(
        rows,
        [
            "dewiki colour ~ \"red\" \"green\"",
            "dewiki novelty +  1",
            "enwiki colour ~ \"red\" \"grey\"",
        ],
        "what came and went is not told"
    );
}

#[test]
fn tables_are_for_people() {
    let scene = four_nights();
    let table = |arguments: &[&str]| {
        let run = scene.at("2026-11-21T12:00:00Z", arguments).succeeds();
        without_seconds(&run.out)
    };
    insta::assert_snapshot!(table(&["diff", "1", "2"]), @r"
    last good run: 2026-11-21T03:17:__Z (run 4, 8 h ago)
       wiki    kind        name    before  after                 happened after        and by                cause
    +  dewiki  group       sysop           2027-01-01T00:00:00Z  2026-11-18T03:17:__Z  2026-11-19T03:17:__Z  rights-log
    ~  enwiki  preference  colour  red     blue                  2026-11-18T03:17:__Z  2026-11-19T03:17:__Z  user
    ");
    insta::assert_snapshot!(table(&["diff", "2", "3", "--kind", "preference"]), @r"
    last good run: 2026-11-21T03:17:__Z (run 4, 8 h ago)
       wiki    kind        name     before  after  happened after        and by                cause
    ~  dewiki  preference  colour   red     green  2026-11-19T03:17:__Z  2026-11-20T03:17:__Z  wiki-default
    +  dewiki  preference  novelty          1      2026-11-19T03:17:__Z  2026-11-20T03:17:__Z  software
    ~  enwiki  preference  colour   blue    grey   2026-11-19T03:17:__Z  2026-11-20T03:17:__Z  user
    ");
    insta::assert_snapshot!(table(&["history", "--wiki", "enwiki", "--name", "colour"]), @r"
    user           wiki    kind        name    value  default  seen since            seen until            gone since
    Alice Example  enwiki  preference  colour  red    yes      2026-11-18T03:17:__Z  2026-11-18T03:17:__Z  2026-11-19T03:17:__Z
    Alice Example  enwiki  preference  colour  blue   no       2026-11-19T03:17:__Z  2026-11-19T03:17:__Z  2026-11-20T03:17:__Z
    Alice Example  enwiki  preference  colour  grey   no       2026-11-20T03:17:__Z  2026-11-21T03:17:__Z
    ");
    insta::assert_snapshot!(table(&["diff"]), @r"
    last good run: 2026-11-21T03:17:__Z (run 4, 8 h ago)
    No changes from run 3 to run 4.
    ");
}

#[test]
fn exit_code_tells_whether_there_are_changes() {
    let scene = four_nights();
    assert_eq!(scene.run(&["diff", "--exit-code"]).code, 0);
    assert_eq!(scene.run(&["diff", "1", "4", "--exit-code"]).code, 1);
    assert_eq!(scene.run(&["diff", "1", "4"]).code, 0);
    let nothing = ["diff", "1", "4", "--exit-code", "--name", "no-such-thing"];
    assert_eq!(scene.run(&nothing).code, 0);
    let run = scene.run(&["diff", "4", "1"]);
    run.says(2, &["give the earlier one first"]);
}

#[test]
fn every_way_to_write_a_point_in_time_finds_its_run() {
    let scene = four_nights();
    for (moment, colour) in [
        ("1", "\"red\""),
        ("2", "\"blue\""),
        ("4", "\"grey\""),
        ("latest", "\"grey\""),
        ("latest~1", "\"grey\""),
        ("latest~2", "\"blue\""),
        ("latest~3", "\"red\""),
        ("2026-11-19", "\"red\""),
        ("2026-11-20", "\"blue\""),
        ("2026-11-19T03:17:30Z", "\"blue\""),
        ("2026-11-19T04:17:30+01:00", "\"blue\""),
        ("2026-11-19T03:16:59Z", "\"red\""),
        ("now", "\"grey\""),
        ("11d", "\"blue\""),
        ("264h", "\"blue\""),
        ("15840m", "\"blue\""),
        ("1w", "\"grey\""),
    ] {
        let question = [
            "prefs", "--wiki", "enwiki", "--name", "colour", "--format", "jsonl",
        ];
        let all = [&question[..], &["--at", moment]].concat();
        let run = scene.at("2026-11-30T12:00:00Z", &all).succeeds();
        assert_eq!(objects(&run)[0]["value"], colour, "{moment}");
    }
    for (moment, said) in [
        ("99", "there is no run 99"),
        ("latest~9", "latest~9"),
        ("2026-11-01", "no run had ended by then"),
        ("2w", "no run had ended by then"),
    ] {
        let run = scene.at("2026-11-30T12:00:00Z", &["prefs", "--at", moment]);
        run.says(1, &[said, "sultrail runs"]);
    }
}

#[test]
fn each_command_tells_the_state_at_a_point_in_time() {
    let scene = four_nights();
    let wikis_of_sysop = |at: &str| {
        let run = scene
            .run(&["groups", "--format", "jsonl", "--at", at])
            .succeeds();
        let mut groups = objects(&run);
        groups.retain(|group| group["group_name"] == "sysop");
        groups
            .iter()
            .map(|group| as_sqlite(&group["wiki"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(wikis_of_sysop("1"), [""; 0]);
    assert_eq!(wikis_of_sysop("2"), ["dewiki"]);
    assert_eq!(wikis_of_sysop("3"), [""; 0]);

    let matrix = scene.run(&["groups", "--matrix", "--at", "2", "--format", "jsonl"]);
    let row = &objects(&matrix)[0];
    assert_eq!(
        (&row["wiki"], &row["sysop"]),
        (&"dewiki".into(), &true.into())
    );
    assert_eq!(row["rollbacker"], false);

    let edits = |at: &str| {
        let run = scene
            .run(&["accounts", "--format", "jsonl", "--at", at])
            .succeeds();
        let accounts = objects(&run);
        assert_eq!(accounts.len(), 3);
        let enwiki = accounts.iter().find(|account| account["wiki"] == "enwiki");
        enwiki.expect("enwiki")["edit_count"]
            .as_i64()
            .expect("a number")
    };
    assert_eq!(edits("2"), edits("1") + 1);

    let own = scene
        .run(&["prefs", "--set-only", "--format", "jsonl"])
        .succeeds();
    let own = objects(&own);
    assert!(
        own.iter()
            .all(|preference| preference["is_default"] == false)
    );
    let colours: Vec<&Json> = own
        .iter()
        .filter(|preference| preference["name"] == "colour")
        .map(|preference| &preference["wiki"])
        .collect();
    assert_eq!(colours, ["enwiki"]);

    let history = [
        "history", "--wiki", "enwiki", "--name", "colour", "--format", "jsonl",
    ];
    let values = |more: &[&str]| {
        let run = scene.run(&[&history[..], more].concat()).succeeds();
        let values = objects(&run)
            .into_iter()
            .map(|row| as_sqlite(&row["value"]));
        values.collect::<Vec<_>>()
    };
    assert_eq!(values(&[]), ["\"red\"", "\"blue\"", "\"grey\""]);
    assert_eq!(values(&["--since", "3"]), ["\"grey\""]);
    assert_eq!(values(&["--until", "2026-11-19"]), ["\"red\""]);
    assert_eq!(values(&["--kind", "group"]), [""; 0]);
}

#[test]
fn the_keys_are_the_columns_of_the_views_in_every_format() {
    let scene = four_nights();
    for (command, view, added) in [
        ("runs", "runs", &[][..]),
        ("accounts", "accounts", &["groups", "edit_count"]),
        ("groups", "groups", &[]),
        ("prefs", "preferences", &[]),
        ("history", "history", &[]),
        ("diff", "changes", &[]),
    ] {
        let mut columns = scene.columns(view);
        columns.extend(added.iter().map(|&column| column.to_owned()));
        let ask = |format: &str| {
            let points: &[&str] = if command == "diff" { &["1", "4"] } else { &[] };
            let arguments = [&[command, "--format", format], points].concat();
            scene.run(&arguments).succeeds()
        };
        let lines = objects(&ask("jsonl"));
        assert!(!lines.is_empty(), "{command}");
        let keys: BTreeSet<&String> = lines[0].keys().collect();
        assert_eq!(keys, columns.iter().collect(), "{command}");
        let document: Vec<BTreeMap<String, Json>> =
            serde_json::from_str(&ask("json").out).expect("an array");
        assert_eq!(document, lines, "{command}");
        let csv = ask("csv");
        let mut reader = csv::Reader::from_reader(csv.out.as_bytes());
        let header: Vec<&str> = reader.headers().expect("a header").iter().collect();
        assert_eq!(header, columns, "{command}");
        assert_eq!(reader.records().count(), lines.len(), "{command}");
        for format in ["table", "markdown", "wikitext", "html"] {
            assert!(ask(format).lines().len() > 1, "{command} {format}");
        }
    }
}

#[test]
fn one_value_in_three_spellings_is_no_change() {
    let scene = Scene::of(2);
    scene.farm.add_default(&[], "switch", "0");
    for (night, spelling) in [(1, "1"), (2, "\"1\""), (3, "true")] {
        scene
            .farm
            .set_preference(ALICE, "enwiki", "switch", spelling);
        scene.run(&["snapshot"]).succeeds();
        assert_eq!(scene.value("select count(*) from runs"), night.to_string());
    }
    assert_eq!(scene.value("select count(*) from changes"), "0");
    scene
        .farm
        .set_preference(ALICE, "enwiki", "switch", "false");
    scene.run(&["snapshot"]).says(0, &["1 changed (1 changes)"]);
    assert_eq!(
        scene.lines("select name, before, after from changes"),
        ["switch 1 0"]
    );
}

#[test]
fn a_pipe_gets_no_colour_and_a_terminal_does_unless_it_asks_not_to() {
    let scene = four_nights();
    let diff = ["diff", "1", "4"];
    let is_coloured = |run: Run| run.succeeds().out.contains('\u{1b}');
    assert!(!is_coloured(scene.run(&diff)));
    assert!(is_coloured(
        scene.run(&["--color", "always", "diff", "1", "4"])
    ));
    assert!(is_coloured(scene.on_terminal(&diff, &[])));
    assert!(!is_coloured(scene.on_terminal(&diff, &[("NO_COLOR", "1")])));
    assert!(!is_coloured(
        scene.on_terminal(&["--color", "never", "diff", "1", "4"], &[])
    ));
    let long = format!("\"{}\"", "long ".repeat(30));
    scene.farm.set_preference(ALICE, "enwiki", "colour", &long);
    scene.at("2026-11-22T03:17:00Z", &["snapshot"]).succeeds();
    let widest = |run: &Run| run.lines().iter().map(|line| line.chars().count()).max();
    let narrow = scene.on_terminal(&["diff"], &[("COLUMNS", "110"), ("NO_COLOR", "1")]);
    assert!(widest(&narrow) <= Some(110), "{narrow:#?}");
    assert!(
        narrow.out.contains("long long") && narrow.out.contains('…'),
        "{narrow:#?}"
    );
    assert!(
        widest(&scene.run(&["diff"])) > Some(200),
        "a pipe gets whole lines"
    );
}

#[test]
fn text_from_wikis_moves_no_cursor() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    let evil = "evil\u{1b}[2J\u{7}\u{202e}name";
    scene
        .farm
        .set_preference(ALICE, "enwiki", evil, "\"\\u001b[31mred\"");
    let comment = "a \u{1b}]0;title\u{7} comment";
    scene
        .farm
        .grant("enwiki", ALICE, "sysop", None, "Evil\u{1b}[H", comment);
    scene.run(&["snapshot"]).says(0, &["(2 changes)"]);
    for format in ["table", "json", "jsonl", "markdown", "wikitext", "html"] {
        let run = scene.run(&["diff", "--format", format]).succeeds();
        assert!(run.out.contains("sysop"), "{run:#?}");
        assert!(!run.out.contains(['\u{1b}', '\u{7}']), "{format}: {run:#?}");
    }
    assert_eq!(
        scene.value("select comment from changes where name = 'sysop'"),
        comment
    );
}

#[test]
fn e_mail_addresses_are_masked_unless_asked_for() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.set_email(ALICE, "new@example.org", None);
    scene.run(&["snapshot"]).succeeds();
    for command in ["diff", "history"] {
        for format in [
            "table", "json", "jsonl", "csv", "markdown", "wikitext", "html",
        ] {
            let masked = scene
                .run(&[command, "--name", "email", "--format", format])
                .succeeds();
            assert!(masked.lines().len() > 1 || format == "json", "{masked:#?}");
            let shown = |run: &Run| ["new", "alice"].map(|part| run.out.contains(part));
            assert_eq!(shown(&masked), [false; 2], "{masked:#?}");
            let all = scene.run(&[command, "--name", "email", "--format", format, "--reveal"]);
            assert_eq!(shown(&all), [true; 2], "{all:#?}");
        }
    }
}

#[test]
fn whoever_reads_the_output_may_stop_reading() {
    let scene = Scene::on(Farm::of(10));
    scene.run(&["snapshot"]).succeeds();
    assert!(
        scene.run(&["prefs", "--format", "csv"]).out.len() > 128 * 1024,
        "more than a pipe holds"
    );
    for format in [
        "table", "json", "jsonl", "csv", "markdown", "wikitext", "html",
    ] {
        let script =
            format!("{{ \"$0\" prefs --format {format}; echo \"code $?\" >&2; }} | head -c 5");
        let run = scene.shell(&script);
        assert_eq!(
            (run.out.len(), run.err.as_str()),
            (5, "code 0\n"),
            "{format}"
        );
    }
    let run = scene.shell("\"$0\" prefs > /dev/full");
    run.says(1, &["No space left"]);
}

/// They come as numbers and are put into words by the program: what it says has to be what the views say.
#[test]
fn prefs_prints_what_the_views_answer() {
    prefs_prints_what_they_answer(&four_nights());
    prefs_prints_what_they_answer(&four_nights_of_a_bad_clock());
    prefs_prints_what_they_answer(&four_nights_of_a_late_run());
}

fn prefs_prints_what_they_answer(scene: &Scene) {
    let columns = "user, wiki, name, value, is_default, valid_from, valid_to";
    let (mut seen, mut gone) = (0, 0);
    for run in scene.lines("select run from runs order by run") {
        for (narrow, condition) in [
            (&[][..], "true"),
            (&["--wiki", "dewiki"], "wiki = 'dewiki'"),
            (&["--name", "*o*y"], "name glob '*o*y'"),
        ] {
            let asked = [&["prefs", "--at", &run, "--format", "jsonl"], narrow].concat();
            let told = objects(&scene.run(&asked).succeeds());
            let row = |object: &BTreeMap<String, Json>| -> Vec<String> {
                let cell = |column| as_sqlite(&object[column]);
                columns.split(", ").map(cell).collect()
            };
            let told: Vec<Vec<String>> = told.iter().map(row).collect();
            let expected = scene.sql(&format!(
                "select {columns} from spans where kind = 'preference' and {condition}
                 and first_run <= {run} and gone_run > {run} order by user, wiki, name"
            ));
            assert_eq!(told, expected, "{asked:?}");
            seen += expected.len();
            gone += expected.iter().filter(|row| !row[6].is_empty()).count();
        }
    }
    assert!(seen > 100 && gone > 3, "{seen}, {gone}");
}
