//! Being watched: what `status`, `check`, `plan` and the daemon's log tell those who rely on them.

use crate::{
    farm::{ALICE, Fault, Rule, parse_time},
    scene::Scene,
};

/// A history of one good night on three wikis.
fn a_good_night() -> Scene {
    let scene = Scene::of(3);
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();
    scene
}

/// The lines about the German Wikipedia.
fn told_of_dewiki(scene: &Scene, arguments: &[&str]) -> Vec<String> {
    let run = scene.at("2026-11-20T03:17:00Z", arguments).succeeds();
    let lines = run.lines().into_iter();
    let of_dewiki = lines.filter(|line| line.contains("dewiki"));
    of_dewiki.map(str::to_owned).collect()
}

#[test]
fn a_run_that_read_hardly_anything_is_no_good_run() {
    let scene = a_good_night();
    let wikis = scene.farm.wiki_ids();
    for wiki in wikis.iter().filter(|wiki| *wiki != "metawiki") {
        scene.farm.misbehave(Rule::new(Fault::NotFound404).on(wiki));
    }
    let run = scene.at("2026-11-19T03:17:00Z", &["snapshot"]);
    run.says(3, &["2 not read"]);
    let check = ["status", "--check"];
    let run = scene.at("2026-11-19T14:00:00Z", &check);
    run.says(0, &["2026-11-18T03:17:00Z", "2 not read", "in time"]);
    scene
        .at("2026-11-19T20:00:00Z", &check)
        .says(1, &["too old"]);
}

#[test]
fn where_full_runs_are_scheduled_a_pulse_is_no_good_run() {
    let scene = a_good_night();
    scene
        .at("2026-11-20T03:17:00Z", &["snapshot", "--pulse"])
        .succeeds();
    let check = ["status", "--check"];
    scene
        .at("2026-11-20T04:00:00Z", &check)
        .says(0, &["in time"]);
    scene.edit_config("auth = ", "schedule = \"17 3 * * *\"\nauth = ");
    scene
        .at("2026-11-20T04:00:00Z", &check)
        .says(1, &["too old", "next run"]);
}

#[test]
fn whoever_is_configured_and_was_never_read_is_late_and_told() {
    let scene = a_good_night();
    scene.edit_config(
        "[[user]]",
        "[[user]]\nname = \"Bob Example\"\nauth = \"none\"\n[[user]]",
    );
    let run = scene.at("2026-11-18T04:00:00Z", &["status", "--check"]);
    run.says(1, &["Bob Example", "there is none", ALICE, "in time"]);
}

#[test]
fn a_right_that_has_ended_does_not_end_soon() {
    let scene = Scene::of(3);
    scene
        .farm
        .set_now(parse_time("2026-11-18T01:00:00Z").expect("an instant"));
    let expiry = parse_time("2026-11-19T00:00:00Z");
    scene
        .farm
        .grant("dewiki", ALICE, "sysop", expiry, "Steward", "a trial");
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();
    let run = scene.at("2026-11-18T04:00:00Z", &["status"]);
    run.says(0, &["expires", "sysop"]);
    let run = scene.at("2026-11-19T04:00:00Z", &["status"]).succeeds();
    assert!(!run.out.contains("expires"), "{run:#?}");
}

#[test]
fn a_run_under_way_has_not_ended_by_now() {
    let scene = a_good_night();
    scene.tamper(
        "insert into run (user, scope, trigger, status, started_at)
         values (1, 'full', 'command', 'running', 1763521000)",
    );
    let run = scene.at("2026-11-20T03:17:00Z", &["diff", "1", "now"]);
    run.says(0, &["from run 1 to run 1"]);
    scene.tamper("update run set status = 'interrupted' where status = 'running'");
    let run = scene.at("2026-11-20T03:17:00Z", &["diff", "1", "now"]);
    run.says(0, &["from run 1 to run 2"]);
}

#[test]
fn an_account_is_told_as_it_was_then() {
    let scene = a_good_night();
    let rule = Rule::new(Fault::NotFound404).on("dewiki");
    scene.farm.misbehave(rule);
    let run = scene.at("2026-11-19T03:17:00Z", &["snapshot"]);
    run.says(3, &["dewiki: not read"]);
    let states = |at: &str| {
        let arguments = ["accounts", "--at", at, "--format", "csv"];
        told_of_dewiki(&scene, &arguments).concat()
    };
    assert!(states("1").contains(",attached,"), "{}", states("1"));
    assert!(states("2").contains(",unreachable,"), "{}", states("2"));
    assert!(states("now").contains(",unreachable,"));
    // All that is told of the present is what the view tells.
    let local = scene.value("select local_user_id from accounts where wiki = 'dewiki'");
    assert!(states("latest").contains(&format!(",{local},")));
}

#[test]
fn what_another_user_was_told_of_a_wiki_tells_nothing_of_ones_own_account() {
    let scene = a_good_night();
    scene
        .farm
        .misbehave(Rule::new(Fault::NotFound404).on("dewiki"));
    let run = scene.at("2026-11-19T03:17:00Z", &["snapshot"]);
    run.says(3, &["dewiki: not read"]);
    // Bob's account has the same number among his, and could be read.
    for statement in [
        "insert into user (id, name, asked_as, central_api) values (2, 'Bob', 'Bob', '')",
        "insert into account (user, wiki, api_url, host, listed_from, ordinal)
         select 2, wiki, api_url, host, 0, ordinal from account where wiki = 'dewiki'",
        "insert into run (id, user, scope, trigger, status, started_at, finished_at)
         values (3, 2, 'full', 'command', 'finished', 1763526000, 1763526060)",
        "insert into snapshot (id, after_ms) select (3 << 15) | ordinal, 5 from account where user = 2",
        "update account set first_run = 3, observed_run = 3 where user = 2",
    ] {
        scene.tamper(statement);
    }
    let run = scene.at("2026-11-19T05:17:00Z", &["snapshot", "--wiki", "enwiki"]);
    run.succeeds();
    let arguments = ["accounts", "--user", ALICE, "--at", "4", "--format", "csv"];
    let told = told_of_dewiki(&scene, &arguments);
    assert!(
        told.len() == 1 && told[0].contains(",unreachable,"),
        "{told:?}"
    );
}

#[test]
fn the_daemon_says_what_it_does() {
    let scene = Scene::of(1);
    scene.edit_config("auth = ", "schedule = \"17 3 1 1 *\"\nauth = ");
    let script =
        |options: &str| format!("\"$0\" {options} daemon & sleep 1; kill -TERM $!; wait $!");
    let run = scene.shell(&script(""));
    run.says(0, &["INFO", "next tick: 20", "-01-01T03:17:00Z"]);
    assert_eq!(scene.shell(&script("--quiet")).err, "");
}

#[test]
fn check_refuses_the_schedule_that_the_daemon_refuses() {
    for key in ["schedule", "pulse"] {
        let scene = Scene::of(1);
        scene.edit_config("auth = ", &format!("{key} = \"99 3 * * *\"\nauth = "));
        for command in ["check", "daemon"] {
            scene
                .run(&[command])
                .says(78, &["the schedule of user \"Alice Example\""]);
        }
    }
}

#[test]
fn check_proves_that_the_database_can_be_written() {
    let scene = Scene::of(1);
    let there = scene.home().join("new/deep/history.db");
    let there = there.display().to_string();
    scene
        .run(&["--database", &there, "check"])
        .says(0, &["is not there yet"]);
    assert!(!scene.home().join("new").exists());
    scene
        .run(&["--database", "/proc/self/history.db", "check"])
        .says(1, &["cannot write to /proc/self"]);
    scene.run(&["init"]).succeeds();
    scene.run(&["check"]).says(0, &["sultrail.db"]);
}

/// Alice with a bot password that the wikis do not know.
fn a_wrong_bot_password() -> Scene {
    let scene = Scene::of(3);
    scene.edit_config("\"oauth2\"", "\"bot-password\"");
    let wrong = format!("{ALICE}@sultrail\n{}\n", "0123456789abcdef".repeat(2));
    scene.write_token(&wrong, 0o600);
    scene
}

#[test]
fn check_tries_a_refused_bot_password_once() {
    let scene = a_wrong_bot_password();
    scene.run(&["init"]).succeeds();
    assert_eq!(scene.run(&["check"]).code, 77);
    let asked = scene.farm.requests();
    assert!(asked > 0);
    for command in ["check", "snapshot"] {
        scene
            .run(&[command])
            .says(77, &["was refused before and is not tried again"]);
    }
    assert_eq!(scene.farm.requests(), asked);
}

#[test]
fn plan_asks_once_without_the_bot_password_and_counts_its_logins() {
    let scene = a_wrong_bot_password();
    let run = scene.run(&["plan"]);
    run.says(0, &["dewiki", "12 requests at"]);
    assert_eq!(scene.farm.requests(), 1);
}

#[test]
fn a_wiki_without_an_account_is_said_to_be_none() {
    let scene = a_good_night();
    for command in ["prefs", "history", "diff"] {
        let run = scene.run(&[command, "--wiki", "nowiki"]);
        run.says(1, &["there is no account on nowiki; `sultrail accounts`"]);
        assert_eq!(run.out, "");
        scene.run(&[command, "--wiki", "dewiki"]).succeeds();
    }
    scene.run(&["history", "--wiki", "global"]).succeeds();
    scene
        .run(&["snapshot", "--wiki", "nowiki"])
        .says(3, &["nowiki"]);
    scene
        .run(&["snapshot", "--wiki", "dewiki"])
        .says(0, &["1 wikis"]);
}

#[test]
fn an_account_counts_as_detached_only_after_it_stayed_away_for_hours() {
    let scene = Scene::of(4);
    let state = |wiki: &str| {
        let question = format!("select state from accounts where wiki = '{wiki}'");
        scene.value(&question)
    };
    scene.at("2026-11-18T03:00:00Z", &["snapshot"]).succeeds();
    scene.farm.detach(ALICE, "frwiki");
    scene.farm.reset_counts();
    scene.at("2026-11-18T04:00:00Z", &["snapshot"]).succeeds();
    assert_eq!(state("frwiki"), "attached", "it may be a rename");
    assert_eq!(
        scene.farm.requests_to("frwiki"),
        0,
        "and is not asked meanwhile"
    );
    scene.at("2026-11-18T08:00:00Z", &["snapshot"]).succeeds();
    assert_eq!(state("frwiki"), "attached", "four hours are not enough");
    scene.at("2026-11-18T11:00:00Z", &["snapshot"]).succeeds();
    assert_eq!(state("frwiki"), "detached");
    let changes = "select count(*) from changes where kind <> 'counter'";
    assert_eq!(
        scene.value(changes),
        "0",
        "its edits are not counted any more, that is all"
    );
    let held = "select count(*) > 0 from history where wiki = 'frwiki' and valid_to is null";
    assert_eq!(scene.value(held), "1", "what was known of it is kept");

    scene.farm.attach(ALICE, "frwiki");
    scene.at("2026-11-18T12:00:00Z", &["snapshot"]).succeeds();
    assert_eq!(state("frwiki"), "attached");
}
