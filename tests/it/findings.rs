//! What the history means: what ended, what differs, since when, why; and what was told already.

use crate::{
    farm::{ALICE, Fault, Rule, parse_time},
    scene::{Run, Scene},
};

const HER: &str = "#50001";

impl Scene {
    /// Lets the farm's clock show an instant.
    fn by_day(&self, instant: &str) -> &crate::farm::Farm {
        self.farm.set_now(parse_time(instant).expect("an instant"));
        &self.farm
    }

    /// A night of November.
    fn night(&self, day: u32) -> Run {
        self.at(&format!("2026-11-{day:02}T03:17:00Z"), &["snapshot"])
    }

    fn told(&self, arguments: &[&str]) -> String {
        self.at("2026-11-20T12:00:00Z", arguments).succeeds().out
    }
}

#[test]
fn a_report_tells_everything_once_and_only_what_was_written() {
    let scene = Scene::of(3);
    scene.night(1).succeeds();
    let farm = scene.by_day("2026-11-01T20:00:00Z");
    farm.grant("dewiki", ALICE, "sysop", None, "Steward", "elected");
    scene.night(2).succeeds();
    let last = ["report", "--since-last", "--format", "markdown"];
    let gained = |text: &str| text.contains("gained | sysop");
    assert!(gained(&scene.told(&last)));
    let again = scene.told(&last);
    assert!(again.contains("no run ended") && !gained(&again), "{again}");
    // Who reads it in another format has not been told.
    let csv = ["report", "--since-last", "--format", "csv"];
    assert!(scene.told(&csv).contains("sysop") && !scene.told(&csv).contains("sysop"));

    let farm = scene.by_day("2026-11-02T20:00:00Z");
    farm.grant("enwiki", ALICE, "bot", None, "Steward", "flood");
    scene.night(3).succeeds();
    let script = "\"$0\" report --since-last --format markdown >/dev/full";
    assert_ne!(scene.shell(script).code, 0);
    assert!(scene.told(&last).contains("gained | bot"));
}

#[test]
fn what_is_added_to_a_run_that_goes_on_is_not_passed_over() {
    let scene = Scene::of(3);
    scene.night(3).succeeds();
    scene
        .farm
        .grant("enwiki", ALICE, "bot", None, "Steward", "");
    let last = ["report", "--since-last", "--format", "markdown"];
    scene.night(4).succeeds();
    scene.told(&last);
    let farm = scene.by_day("2026-11-04T20:00:00Z");
    farm.revoke("enwiki", ALICE, "bot", "Steward", "done");
    scene.night(5).succeeds();
    for status in ["running", "interrupted"] {
        scene.tamper(&format!(
            "update run set status = '{status}', finished_at = null where id = 3"
        ));
        let text = scene.told(&last);
        assert!(!text.contains("lost | bot"), "{text}");
        assert!(text.contains("Nothing was read"), "{text}");
        assert!(scene.told(&["report", "--since", "2"]).contains("lost"));
    }
    scene.tamper("update run set status = 'finished', finished_at = started_at where id = 3");
    assert!(scene.told(&last).contains("lost | bot"));
    assert!(!scene.told(&last).contains("bot"));
}

#[test]
fn a_report_is_remembered_while_a_run_holds_the_database() {
    let scene = Scene::of(1);
    scene.night(1).succeeds();
    let script = "flock -n \"$HOME/.local/share/sultrail/sultrail.db.lock\" \
                  \"$0\" report --since-last >/dev/null";
    scene.shell(script).succeeds();
    assert_eq!(scene.value("select run from report_mark"), "1");
}

#[test]
fn a_cause_that_is_found_later_is_told_later() {
    let scene = Scene::of(3);
    scene.night(1).succeeds();
    let farm = scene.by_day("2026-11-01T20:00:00Z");
    farm.grant("dewiki", ALICE, "sysop", None, "Steward", "elected");
    let silent = Rule::new(Fault::NotFound404).on("dewiki").only("logevents");
    farm.misbehave(silent);
    scene.night(2).succeeds();
    let last = ["report", "--since-last"];
    let first = scene.told(&last);
    assert!(
        first.contains("gained") && !first.contains("elected"),
        "{first}"
    );
    scene.farm.behave();
    scene.night(3).succeeds();
    let second = scene.told(&last);
    assert!(second.contains("Told before, explained now"), "{second}");
    assert!(second.contains("Steward: elected"), "{second}");
    scene.night(4).succeeds();
    let third = scene.told(&last);
    assert!(
        !third.contains("Steward") && third.contains("No change was found"),
        "{third}"
    );
}

#[test]
fn that_nothing_was_read_does_not_look_like_that_nothing_changed() {
    let scene = Scene::of(3);
    scene.night(1).succeeds();
    scene.night(2).succeeds();
    let calm = scene.told(&["report", "--since", "1"]);
    assert!(
        calm.contains("1 run read all 3 wikis. No change was found there."),
        "{calm}"
    );
    for wiki in scene.farm.wiki_ids() {
        scene
            .farm
            .misbehave(Rule::new(Fault::NotFound404).on(&wiki));
    }
    assert_ne!(scene.night(3).code, 0);
    let text = scene.told(&["report", "--since", "2"]);
    assert!(text.contains("Nothing was read: no run ended."), "{text}");
    assert!(!text.contains("No change"), "{text}");
    assert!(text.contains("Runs that did not end well"), "{text}");
    scene.farm.behave();
    scene
        .farm
        .misbehave(Rule::new(Fault::NotFound404).on("dewiki"));
    scene.night(4).says(3, &["1 not read"]);
    let text = scene.told(&["report", "--since", "3"]);
    assert!(
        text.contains("1 run read 2 of 3 wikis; of the others nothing is known"),
        "{text}"
    );
    assert!(
        text.contains("Not read") && text.contains("2026-11-02 03:17"),
        "{text}"
    );
}

#[test]
fn what_ends_is_told_in_a_calendar_that_is_always_the_same() {
    let scene = Scene::of(3);
    let farm = scene.by_day("2026-11-01T00:00:00Z");
    let group = "日本語;,\\🦉\n".repeat(12);
    farm.grant(
        "dewiki",
        ALICE,
        "sysop",
        parse_time("2026-11-19T00:00:00Z"),
        "S",
        "",
    );
    farm.grant(
        "enwiki",
        ALICE,
        &group,
        parse_time("2026-12-01T00:00:00Z"),
        "S",
        "",
    );
    scene.night(2).succeeds();
    let listed = scene.told(&["expiring", "--format", "csv"]);
    let rows: Vec<&str> = listed.lines().skip(1).collect();
    assert!(
        rows[0].contains("dewiki,group,sysop,2026-11-19T00:00:00Z,-2,"),
        "{listed}"
    );
    assert!(
        rows[0].ends_with("unseen") && rows[1].ends_with("held"),
        "{listed}"
    );
    let soon = scene.told(&["expiring", "--within", "5d", "--format", "csv"]);
    assert_eq!(soon.lines().count(), 2, "{soon}");

    let ics = ["expiring", "--format", "ics"];
    let calendar = scene.told(&ics);
    for line in calendar.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
    }
    let lines = calendar.replace("\r\n ", "");
    let stamps: Vec<&str> = lines
        .lines()
        .filter(|line| line.starts_with("DTSTAMP"))
        .collect();
    assert_eq!(stamps.len(), 2);
    assert!(stamps[0].starts_with("DTSTAMP:20261102T0317"), "{stamps:?}");
    assert_eq!(lines.matches("BEGIN:VALARM").count(), 2);
    let uids = |calendar: &str| -> Vec<String> {
        let uids = calendar.lines().filter(|line| line.starts_with("UID:"));
        uids.map(str::to_owned).collect()
    };
    assert!(!uids(&lines).iter().any(|uid| uid.contains("lice")));
    // The clock of the machine has no part in it; a rename none in what it is called.
    assert_eq!(scene.at("2026-11-20T18:00:00Z", &ics).out, calendar);
    scene
        .by_day("2026-11-02T20:00:00Z")
        .rename(HER, "Bob Example");
    scene.farm.grant("enwiki", HER, "bot", None, "S", "");
    scene.night(3).succeeds();
    let after = scene.told(&ics).replace("\r\n ", "");
    assert!(after.contains("Bob Example"));
    assert_eq!(uids(&after), uids(&lines));
    scene
        .at("2026-11-20T12:00:00Z", &["accounts", "--format", "ics"])
        .says(2, &["ics"]);
}

#[test]
fn a_renewal_and_an_unread_night_are_no_gap_but_being_detached_is() {
    let scene = Scene::of(3);
    let farm = scene.by_day("2026-11-01T00:00:00Z");
    farm.grant(
        "dewiki",
        ALICE,
        "sysop",
        parse_time("2027-01-01T00:00:00Z"),
        "S",
        "",
    );
    scene.night(1).succeeds();
    scene.by_day("2026-11-01T20:00:00Z");
    scene.farm.grant(
        "dewiki",
        ALICE,
        "sysop",
        parse_time("2027-06-01T00:00:00Z"),
        "S",
        "",
    );
    scene.night(2).succeeds();
    scene
        .farm
        .misbehave(Rule::new(Fault::NotFound404).on("dewiki"));
    scene.night(3).says(3, &["1 not read"]);
    scene.farm.behave();
    scene.night(4).succeeds();
    let tenure = ["tenure", "--group", "sysop", "--past", "--format", "jsonl"];
    let told = |column: &str| -> Vec<String> {
        let row = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).expect("an object");
            row[column].to_string()
        };
        scene.told(&tenure).lines().map(row).collect()
    };
    assert_eq!(told("basis"), ["\"at least\""]);
    assert_eq!(told("observations"), ["3"]);
    assert_eq!(told("renewals"), ["1"]);
    assert_eq!(told("days"), ["3"]);
    scene.farm.detach(ALICE, "dewiki");
    scene.night(5).succeeds();
    scene.night(6).succeeds();
    let none = scene.told(&["tenure", "--group", "sysop"]);
    assert_eq!(none.lines().last(), Some("No such right has been held."));
    scene.farm.attach(ALICE, "dewiki");
    scene.night(7).succeeds();
    scene.night(8).succeeds();
    assert_eq!(told("observations"), ["3", "2"]);
    assert_eq!(told("days"), ["3", "1"]);
    assert_eq!(told("basis"), ["\"at least\"", "\"observed\""]);
    assert!(told("valid_to")[0].contains("2026-11-05T03:17"));
    assert_eq!(told("valid_to")[1], "null");
}

#[test]
fn one_property_is_explained_or_the_nearest_is_named() {
    let scene = Scene::of(3);
    let farm = scene.by_day("2026-11-01T00:00:00Z");
    farm.add_default(&[], "sysop", "1");
    farm.add_default(&[], "colour", "\"red\"");
    farm.grant("dewiki", ALICE, "sysop", None, "Steward", "elected");
    scene.night(1).succeeds();
    farm.set_preference(ALICE, "dewiki", "colour", "\"blue\"");
    scene.night(2).succeeds();
    let explain = |arguments: &[&str]| {
        scene.at(
            "2026-11-20T12:00:00Z",
            &[&["explain", "dewiki"], arguments].concat(),
        )
    };
    explain(&["sysop"]).says(2, &["--kind: group, preference"]);
    explain(&["sysop", "--kind", "group"]).says(0, &["without end", "first observation"][1..]);
    explain(&["color"]).says(1, &["did you mean colour?"]);
    explain(&["colour", "--kind", "group"]).says(1, &["nothing called \"colour\""]);
    explain(&["zzzz"]).says(1, &["was seen on dewiki\n"]);
    explain(&["col*"]).says(1, &["did you mean colour?"]);
    let text = explain(&["colour"]).succeeds().out;
    for part in ["value", "blue", "default", "red", "not set", "user"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    scene
        .at("2026-11-20T12:00:00Z", &["explain", "nowiki", "colour"])
        .says(1, &["there is no account on nowiki"]);
}

#[test]
fn preferences_that_differ_are_told_with_exceptions_and_candidates() {
    let scene = Scene::of(6);
    let farm = scene.by_day("2026-11-01T00:00:00Z");
    farm.add_default(&[], "colour", "\"red\"");
    farm.add_default(&[], "alike", "0");
    farm.add_default(&[], "seen-timestamp", "0");
    for wiki in farm.wiki_ids() {
        farm.set_preference(ALICE, &wiki, "alike", "\"1\"");
        farm.set_preference(
            ALICE,
            &wiki,
            "seen-timestamp",
            &format!("\"{}\"", wiki.len()),
        );
    }
    farm.set_preference(ALICE, "dewiki", "colour", "\"blue\"");
    scene.night(1).succeeds();
    let drift =
        |arguments: &[&str]| scene.told(&[&["drift", "--format", "csv"], arguments].concat());
    // Nobody has looked at what is set for all wikis.
    let text = drift(&["--name", "*"]);
    assert!(
        text.contains("colour,\"\"\"red\"\"\",5,5,0,true,,\n"),
        "{text}"
    );
    assert!(
        text.contains("colour,\"\"\"blue\"\"\",1,0,0,false,,\n"),
        "{text}"
    );
    assert!(
        !text.contains("alike") && !text.contains("seen-timestamp"),
        "{text}"
    );
    scene.by_day("2026-11-01T20:00:00Z");
    farm.set_global_preference(ALICE, "colour", "\"green\"");
    farm.set_local_exception(ALICE, "frwiki", "colour", "\"red\"");
    scene.night(2).succeeds();
    let text = drift(&["--set-only"]);
    assert!(
        text.contains("colour,\"\"\"green\"\"\",5,0,0,true,\"\"\"green\"\"\",false\n"),
        "{text}"
    );
    assert!(
        text.contains("colour,\"\"\"red\"\"\",1,1,1,false,"),
        "{text}"
    );
    assert!(text.contains("alike,1,6,0,0,true,,true\n"), "{text}");
    let wikis = drift(&["--wikis", "--name", "colour"]);
    let rows: Vec<&str> = wikis.lines().skip(1).collect();
    assert_eq!(rows.len(), 1, "{wikis}");
    assert!(
        rows[0].contains("colour,frwiki") && rows[0].contains("true,true"),
        "{wikis}"
    );
    let table = scene.told(&["drift", "--name", "colour"]);
    assert!(table.contains("local exception on frwiki"), "{table}");
}
