//! The answers a real farm gave before and after a change bring out that change, and no other.
//!
//! What is expected is worked out by hand from the recorded files: `after-CHANGE-*` beside the files
//! of the same request without it.

use crate::{farm::Farm, farm::RECORDED_CHANGES, scene::Scene};

/// wiki, kind, name, change, before, after
type Row = [&'static str; 6];

/// What each recorded change comes out as.
fn expected(change: &str) -> Vec<Row> {
    const BLOCK: &str = "{\"by\":\"Admin\",\"expiry\":\"2026-11-23T09:27:21Z\",\"nocreate\":true,\
                         \"partial\":false,\"reason\":\"blocked by mutate.sh\",\
                         \"timestamp\":\"2026-11-21T09:27:21Z\"}";
    const OLD: &str = "\"Alice Example\"";
    const NEW: &str = "\"Alice Renamed\"";
    match change {
        "grant" => vec![["commonswiki", "group", "sysop", "+", "", "\"infinity\""]],
        "block" => vec![["commonswiki", "block", "4", "+", "", BLOCK]],
        "pref" => vec![
            ["enwiki", "preference", "language", "~", "\"pl\"", "\"de\""],
            [
                "enwiki",
                "preference",
                "skin",
                "~",
                "\"vector-2022\"",
                "\"monobook\"",
            ],
            ["enwiki", "preference", "skin-local-exception", "+", "", "1"],
        ],
        "emailunconfirm" => vec![[
            "enwiki",
            "identity",
            "email_confirmed_at",
            "-",
            "\"2026-11-21T09:03:43Z\"",
            "",
        ]],
        // A wiki in read-only mode, a revoked token: nothing happened to the account. In the middle
        // of a rename the wikis know nobody of whom the token is.
        "readonly" | "tokenrevoke" | "rename-half" => vec![],
        "rename" => {
            let wikis = [
                "be_x_oldwiki",
                "commonswiki",
                "dewiki",
                "enwiki",
                "frwiki",
                "global",
                "metawiki",
                "officewiki",
            ];
            wikis
                .map(|wiki| [wiki, "identity", "name", "~", OLD, NEW])
                .to_vec()
        }
        other => panic!("no expectation for {other}"),
    }
}

/// The exit code of the run after a change, and how the run ended.
fn ending(change: &str) -> (i32, &'static str) {
    match change {
        "tokenrevoke" => (77, "failed"),
        "rename-half" => (69, "failed"),
        _ => (0, "finished"),
    }
}

const CHANGES: &str = "select wiki, kind, name, change, before, after from changes";

#[test]
fn each_recorded_change_comes_out_alone_and_goes_back_alone() {
    for change in RECORDED_CHANGES {
        let scene = Scene::on(Farm::recorded());
        scene
            .at("2026-11-21T09:27:00Z", &["snapshot"])
            .says(0, &["7 first seen"]);
        assert_eq!(scene.value("select count(*) from changes"), "0");

        scene.farm.apply_recorded(change);
        let run = scene.at("2026-11-21T09:40:00Z", &["snapshot"]);
        let (code, status) = ending(change);
        assert_eq!(run.code, code, "{change}: {run:#?}");
        assert_eq!(
            scene.value("select status from runs where run = 2"),
            status,
            "{change}"
        );
        let found = scene.sql(&format!(
            "{CHANGES} where run = 2 order by wiki, kind, name"
        ));
        assert_eq!(found, expected(change), "{change}");
        // `diff` says the same, unless there was no second run to compare with.
        let diff = scene.run(&["diff", "--exit-code", "--counters"]);
        assert_eq!(
            diff.code,
            i32::from(!found.is_empty()),
            "{change}: {diff:#?}"
        );

        scene.farm.apply_recorded("");
        scene.at("2026-11-21T09:50:00Z", &["snapshot"]).succeeds();
        let back = scene.sql(&format!(
            "{CHANGES} where run = 3 order by wiki, kind, name"
        ));
        assert_eq!(back, reversed(expected(change)), "{change} undone");
    }
}

#[test]
fn everybody_sees_of_the_recorded_changes_what_is_public() {
    for change in RECORDED_CHANGES {
        let scene = Scene::on(Farm::recorded());
        scene.edit_config("auth = \"oauth2\"", "auth = \"none\"");
        scene.edit_config("credential_file = \"alice.token\"\n", "");
        // officewiki is private.
        scene
            .at("2026-11-21T09:27:00Z", &["snapshot"])
            .says(3, &["officewiki: not read"]);
        scene.farm.apply_recorded(change);
        let run = scene.at("2026-11-21T09:40:00Z", &["snapshot"]);
        let expected: Vec<Row> = match change {
            "pref" | "emailunconfirm" => vec![],
            // The central name changes first; until its turn comes no account is attached.
            "rename-half" => {
                let mut rows = expected("rename");
                rows.retain(|row| row[0] == "global");
                rows
            }
            other => {
                let mut rows = expected(other);
                rows.retain(|row| row[0] != "officewiki");
                rows
            }
        };
        assert_eq!(
            run.code,
            if change == "rename-half" { 0 } else { 3 },
            "{change}: {run:#?}"
        );
        let found = scene.sql(&format!(
            "{CHANGES} where run = 2 order by wiki, kind, name"
        ));
        assert_eq!(found, expected, "{change}");
        let detached = "select count(*) from accounts where state = 'detached'";
        assert_eq!(scene.value(detached), "0", "{change}");
    }
}

fn reversed(rows: Vec<Row>) -> Vec<Row> {
    let back = |[wiki, kind, name, change, before, after]: Row| {
        let change = match change {
            "+" => "-",
            "-" => "+",
            other => other,
        };
        [wiki, kind, name, change, after, before]
    };
    rows.into_iter().map(back).collect()
}

#[test]
fn the_recorded_log_tells_who_granted_and_why() {
    let scene = Scene::on(Farm::recorded());
    scene.at("2026-11-21T09:27:00Z", &["snapshot"]).succeeds();
    scene.farm.apply_recorded("grant");
    scene.at("2026-11-21T09:40:00Z", &["snapshot"]).succeeds();
    assert_eq!(
        scene.lines("select name, cause, performer, comment from changes"),
        ["sysop rights-log Admin granted by mutate.sh"]
    );
    assert_eq!(
        scene.lines("select wiki, log_id, type, action, logged_at, performer from log_events"),
        ["commonswiki 18 rights rights 2026-11-21T09:27:14Z Admin"]
    );
}

#[test]
fn own_preferences_are_told_from_global_ones() {
    let scene = Scene::on(Farm::recorded());
    scene.at("2026-11-21T09:27:00Z", &["snapshot"]).succeeds();
    scene.farm.apply_recorded("pref");
    scene.at("2026-11-21T09:40:00Z", &["snapshot"]).succeeds();
    assert_eq!(
        scene.lines("select name, cause from changes order by name"),
        ["language user", "skin user", "skin-local-exception user"]
    );
}

#[test]
fn a_registration_that_is_not_known_is_neither_kept_nor_ever_a_change() {
    // MediaWiki 1.39 prints the present time where the database of frwiki has null.
    let scene = Scene::on(Farm::recorded());
    for instant in [
        "2026-11-21T09:27:00Z",
        "2026-11-21T09:40:00Z",
        "2026-11-22T09:40:00Z",
    ] {
        scene
            .at(instant, &["snapshot"])
            .says(0, &[" 0 changed (0 changes)"]);
    }
    assert_eq!(scene.value("select count(*) from changes"), "0");
    let registered = "select wiki from history where name = 'registered_at' order by wiki";
    assert_eq!(
        scene.lines(registered),
        [
            "be_x_oldwiki",
            "commonswiki",
            "dewiki",
            "enwiki",
            "global",
            "metawiki",
            "officewiki"
        ]
    );
}

#[test]
fn the_recorded_accounts_are_kept_as_they_were() {
    let scene = Scene::on(Farm::recorded());
    scene.at("2026-11-21T09:27:00Z", &["snapshot"]).succeeds();
    assert_eq!(
        scene.lines("select wiki, group_name, expires_at from groups order by wiki, group_name"),
        [
            "be_x_oldwiki bot 2026-12-24T12:00:00Z",
            "dewiki sysop ",
            "enwiki bot 2026-11-28T09:04:39Z",
            "enwiki interface-admin 2027-03-01T00:00:00Z",
            "global abuse-viewer ",
            "global global-rollbacker ",
            "global global-temp ",
        ]
    );
    let options = "select wiki, count(*) from history \
                   where kind = 'preference' or (kind = 'counter' and name like '%-%') group by wiki";
    assert_eq!(
        scene.lines(options),
        [
            "be_x_oldwiki 102",
            "commonswiki 102",
            "dewiki 104",
            "enwiki 107",
            "frwiki 104",
            "metawiki 102",
            "officewiki 102",
        ]
    );
    let zone = "select value from preferences where wiki = 'enwiki' and name = 'timecorrection'";
    assert_eq!(scene.value(zone), "\"ZoneInfo|Europe/Warsaw\"");
    let hidden = "select value from preferences where wiki = 'enwiki' and name = 'userjs-hidden'";
    assert!(scene.value(hidden).starts_with("\"hmac-sha256:"));
    let blocks = "select wiki, name, json_extract(value, '$.expiry') from history \
                  where kind = 'block' order by wiki";
    assert_eq!(
        scene.lines(blocks),
        ["frwiki 1 2027-06-01T00:00:00Z", "officewiki 1 infinity"]
    );
    assert_eq!(
        scene.lines(
            "select wiki, local_user_id, attached_by, registered_at from accounts \
             where wiki in ('enwiki', 'frwiki') order by wiki"
        ),
        [
            "enwiki 2007 primary 2008-09-14T15:16:17Z",
            "frwiki 4007 password "
        ]
    );
}
