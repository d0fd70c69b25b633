//! A run when nothing goes wrong: what is asked, of whom, how politely, and what is kept.

use std::collections::BTreeSet;

use crate::{
    farm::{ALICE, FarmOptions, Record, TOKEN},
    scene::Scene,
};

/// The decoded parameters of a request.
fn parameters(record: &Record) -> Vec<(String, String)> {
    let url = format!("http://host{}", record.path_and_query);
    let url = url::Url::parse(&url).expect("an address");
    url.query_pairs().into_owned().collect()
}

fn parameter(record: &Record, name: &str) -> String {
    let mut values = parameters(record)
        .into_iter()
        .filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value).unwrap_or_default();
    assert_eq!(values.next(), None, "{name} is sent once");
    value
}

#[test]
fn a_run_asks_the_central_wiki_once_and_each_wiki_once() {
    let scene = Scene::with(FarmOptions {
        wikis: 20,
        options_per_wiki: 30,
        latency_ms: 5,
        ..FarmOptions::default()
    });
    let run = scene.run(&["snapshot"]);
    run.says(
        0,
        &["run 1 done", "20 wikis", "20 first seen", "requests: 21,"],
    );
    assert_eq!(scene.farm.requests(), 21);
    assert_eq!(scene.farm.writes(), 0);
    assert_eq!(scene.farm.autocreated(), 0);
    let in_flight = scene.farm.max_in_flight();
    assert!((2..=3).contains(&in_flight), "{in_flight} at once");
    let to_each: Vec<u64> = scene.farm.requests_by_wiki().into_values().collect();
    let twice = to_each.iter().filter(|&&requests| requests == 2).count();
    assert_eq!(
        (to_each.len(), twice),
        (20, 1),
        "only the central wiki twice"
    );
    assert_eq!(
        scene.lines(
            "select scope, trigger, status, accounts, first_seen, failed, requests from runs"
        ),
        ["full command finished 20 20 0 21"]
    );
    assert_eq!(scene.value("select count(*) from requests"), "21");
    assert_eq!(scene.value("select count(*) from changes"), "0");
    assert_eq!(
        scene.value("select count(distinct wiki) from preferences"),
        "20"
    );
}

#[test]
fn every_request_is_asked_as_the_wikis_want_it() {
    let scene = Scene::of(3);
    scene.run(&["snapshot"]).succeeds();
    let records = scene.farm.records();
    assert_eq!(records.len(), 4);
    for record in &records {
        for (name, value) in [
            ("action", "query"),
            ("format", "json"),
            ("formatversion", "2"),
            ("errorformat", "plaintext"),
            ("errorlang", "en"),
            ("uselang", "en"),
            ("assert", "user"),
            ("maxlag", "5"),
        ] {
            assert_eq!(parameter(record, name), value, "{name} in {record:?}");
        }
        assert_eq!(record.method, "GET");
        assert_eq!(record.authorization(), format!("Bearer {TOKEN}"));
        assert!(record.accept_encoding().contains("gzip"), "{record:?}");
        let agent = record.user_agent();
        assert!(agent.starts_with("sultrail/"), "{agent}");
        assert!(
            agent.contains("https://meta.wikimedia.org/wiki/User:Alice_Example"),
            "{agent}"
        );
        assert!(!record.path_and_query.contains("secret"), "{record:?}");
    }
    let enumeration = &records[0];
    assert_eq!(enumeration.wiki, "metawiki");
    assert_eq!(parameter(enumeration, "meta"), "globaluserinfo");
    assert_eq!(parameter(enumeration, "guiuser"), ALICE);
    for record in &records[1..] {
        assert_eq!(parameter(record, "meta"), "userinfo|siteinfo");
        assert_eq!(parameter(record, "list"), "users");
        assert_eq!(parameter(record, "ususers"), ALICE);
        assert_eq!(parameter(record, "siprop"), "general|defaultoptions");
    }
}

#[test]
fn once_the_central_user_id_is_known_the_central_wiki_is_asked_by_it() {
    let scene = Scene::of(2);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.reset_counts();
    scene.run(&["snapshot"]).succeeds();
    let enumeration = &scene.farm.records()[0];
    assert_eq!(parameter(enumeration, "guiid"), "50001");
    assert_eq!(parameter(enumeration, "guiuser"), "");
}

#[test]
fn an_unchanged_second_run_stores_no_property_and_tells_of_no_change() {
    let scene = Scene::of(12);
    let stored = "select (select count(*) from held), (select count(*) from change), \
                  (select count(*) from property), (select count(*) from property_value), \
                  (select sum(holds) from held)";
    scene.run(&["snapshot"]).succeeds();
    let before = scene.lines(stored);
    assert!(!before[0].starts_with("0 "), "{before:?}");
    let run = scene.run(&["snapshot"]);
    run.says(0, &["12 unchanged, 0 changed (0 changes), 0 not read"]);
    assert_eq!(scene.lines(stored), before);
    assert_eq!(
        scene.lines("select unchanged, changed, first_seen, requests from runs where run = 2"),
        ["12 0 0 13"]
    );
    scene
        .run(&["diff"])
        .says(0, &["No changes from run 1 to run 2."]);
    scene
        .run(&["diff", "--exit-code", "--counters"])
        .says(0, &[]);
}

#[test]
fn only_attached_accounts_are_asked_so_none_is_ever_created() {
    let scene = Scene::with(FarmOptions {
        wikis: 12,
        attached: Some(8),
        options_per_wiki: 30,
        ..FarmOptions::default()
    });
    let wikis = scene.farm.wiki_ids();
    scene.farm.detach(ALICE, &wikis[5]);
    scene.farm.add_unattached(ALICE, &wikis[10]);
    scene.run(&["snapshot"]).says(0, &["7 wikis"]);
    let asked: BTreeSet<String> = scene.farm.requests_by_wiki().into_keys().collect();
    let attached: BTreeSet<String> = scene.farm.attached_wikis(ALICE).into_iter().collect();
    assert_eq!(attached.len(), 7);
    assert_eq!(asked, attached);
    assert_eq!(scene.farm.autocreated(), 0);
    assert_eq!(
        scene.value("select count(*) from accounts where state = 'attached'"),
        "7"
    );
}

#[test]
fn an_account_that_is_new_is_first_seen_and_no_change() {
    let scene = Scene::with(FarmOptions {
        wikis: 4,
        attached: Some(3),
        options_per_wiki: 30,
        ..FarmOptions::default()
    });
    let new = &scene.farm.wiki_ids()[3];
    scene.run(&["snapshot"]).says(0, &["3 first seen"]);
    scene.farm.attach(ALICE, new);
    scene
        .run(&["snapshot"])
        .says(0, &["1 first seen, 3 unchanged, 0 changed"]);
    assert_eq!(scene.value("select count(*) from changes"), "0");
    assert_eq!(
        scene.lines("select wiki from snapshots where run = 2 and outcome = 'first_seen'"),
        [new.as_str()]
    );
}

#[test]
fn without_a_login_only_what_everybody_may_see_is_asked_for_and_kept() {
    let scene = Scene::of(3);
    scene.edit_config("auth = \"oauth2\"", "auth = \"none\"");
    scene.edit_config("credential_file = \"alice.token\"\n", "");
    scene.run(&["snapshot"]).says(0, &["3 first seen"]);
    let records = scene.farm.records();
    assert_eq!(records.len(), 4);
    for record in &records {
        assert_eq!(record.authorization(), "");
        assert_eq!(record.cookie(), "");
        assert_eq!(parameter(record, "assert"), "");
    }
    for record in &records[1..] {
        assert_eq!(parameter(record, "meta"), "");
        assert_eq!(parameter(record, "list"), "users");
    }
    assert_eq!(scene.farm.max_in_flight(), 1);
    assert_eq!(scene.value("select count(*) from preferences"), "0");
    assert_eq!(
        scene.value("select count(*) from history where name like 'email%'"),
        "0"
    );
    assert_eq!(
        scene.lines("select wiki, group_name from groups order by 2"),
        ["enwiki extendedconfirmed", "enwiki rollbacker"]
    );
}

#[test]
fn with_a_name_and_a_contact_no_configuration_is_needed() {
    let scene = Scene::of(2);
    scene.forget_config();
    let mut command = scene.command(crate::scene::PROGRAM);
    command
        .args([
            "snapshot",
            "--user",
            ALICE,
            "--contact",
            "alice@wikis.world",
        ])
        .env("SULTRAIL__FARM__CENTRAL_API", scene.farm.central_api())
        .env("SULTRAIL__FARM__HOSTS", "*.localhost, example.org")
        .env("SULTRAIL__FARM__INSECURE_HTTP", "true")
        .env("SULTRAIL__PACE__REQUESTS_PER_MINUTE", "60000");
    let output = command.output().expect("the program starts");
    let code = output.status.code().unwrap_or(-1);
    let run = crate::scene::checked(code, &output.stdout, &output.stderr);
    run.says(0, &["2 first seen"]);
    let records = scene.farm.records();
    assert!(
        records
            .iter()
            .all(|record| record.authorization().is_empty())
    );
    let agent = records[0].user_agent();
    assert!(agent.contains("(alice@wikis.world)"), "{agent}");
}

#[test]
fn named_wikis_are_the_only_ones_asked() {
    let scene = Scene::of(6);
    let run = scene.run(&["snapshot", "--wiki", "enwiki", "--wiki", "dewiki"]);
    run.says(0, &["2 wikis", "requests: 3,"]);
    let asked: Vec<String> = scene.farm.requests_by_wiki().into_keys().collect();
    assert_eq!(asked, ["dewiki", "enwiki", "metawiki"]);
    assert_eq!(scene.value("select scope from runs"), "wikis");
    let run = scene.run(&["snapshot", "--wiki", "nowiki"]);
    run.says(3, &["warning: nowiki: there is no attached account"]);
    assert_eq!(scene.farm.requests(), 4, "one more, to the central wiki");
}

#[test]
fn a_pipe_gets_two_lines_and_no_progress() {
    let scene = Scene::of(4);
    let run = scene.run(&["snapshot"]).succeeds();
    assert_eq!(run.out, "", "the data is in the database");
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
    assert!(!run.err.contains(['\r', '\u{1b}']), "{:?}", run.err);
    let run = scene.run(&["snapshot", "--quiet"]).succeeds();
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    assert_eq!(scene.value("select count(*) from runs"), "2");
    let run = scene
        .run(&["-vv", "--log-format", "json", "snapshot"])
        .succeeds();
    assert_eq!(run.out, "");
    let logged = run.err.lines().filter(|line| line.starts_with('{')).count();
    assert!(logged >= 4 && run.err.contains("enwiki"), "{}", run.err);
}

/// The wiki's answer is the same to the byte, and yet it is read once more.
#[test]
fn what_is_to_be_hidden_from_now_on_is_hidden_though_nothing_has_changed() {
    let scene = Scene::of(3);
    let farm = &scene.farm;
    farm.set_preference(ALICE, "enwiki", "nickname", "\"Ali\"");
    let nickname = "select value from preferences where wiki = 'enwiki' and name = 'nickname' \
                    and valid_to is null";
    scene.run(&["snapshot"]).succeeds();
    assert_eq!(scene.value(nickname), "\"Ali\"");
    scene.edit_config(
        "[pace]",
        "[privacy]\nredact = [\"watchlisttoken\", \"nickname\"]\n\n[pace]",
    );
    scene.run(&["snapshot"]).says(0, &["0 changed (0 changes)"]);
    assert!(scene.value(nickname).contains("hmac-sha256:"));
}

#[test]
fn what_is_secret_is_kept_as_a_hash_that_shows_changes() {
    let scene = Scene::of(3);
    let secrets = "select name, value from preferences where wiki = 'enwiki' \
                   and name in ('watchlisttoken', 'userjs-notes') and valid_to is null order by 1";
    scene.run(&["snapshot"]).succeeds();
    let before = scene.lines(secrets);
    assert_eq!(before.len(), 2, "{before:?}");
    assert!(before.iter().all(|line| line.contains("\"hmac-sha256:")));
    let new = format!("\"{:040x}\"", 0xbeef);
    scene
        .farm
        .set_preference(ALICE, "enwiki", "watchlisttoken", &new);
    scene.run(&["snapshot"]).says(0, &["1 changed (1 changes)"]);
    let after = scene.lines(secrets);
    assert_eq!(after[0], before[0], "the note is the same");
    assert_ne!(after[1], before[1], "the token is another");
    let database = std::fs::read(scene.database()).expect("a database");
    for secret in [
        "private note",
        &format!("{:040x}", 0xbeef),
        &format!("{:040x}", 0xfeed),
    ] {
        let is_there = database
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!is_there, "{secret} is in the database");
    }
    let address = b"alice@example.org";
    assert!(
        database
            .windows(address.len())
            .any(|window| window == address)
    );
}
