//! Wikis that answer wrongly, late or not at all: never a change, never a loss.

use crate::{
    farm::{ALICE, ALICE_ID, FarmOptions, Fault, Rule},
    scene::Scene,
};

/// Every answer that tells nothing, and what is said of it.
fn unusable() -> Vec<(Fault, &'static str)> {
    let json = |body: &str| Fault::Raw {
        status: 200,
        headers: vec![(
            "Content-Type".into(),
            "application/json; charset=utf-8".into(),
        )],
        body: body.into(),
    };
    let error = |code: &str| Fault::ApiError {
        code: code.into(),
        text: "Said by the wiki.".into(),
    };
    let elsewhere = "http://127.0.0.1:1/w/api.php";
    vec![
        (Fault::WrongContentType, "text/html and not JSON"),
        (Fault::EmptyBody, "no whole JSON object"),
        (Fault::InvalidJson, "no whole JSON object"),
        (Fault::CutInMiddle, "broke off in the middle"),
        (Fault::TruncatedGzip, "broke off in the middle"),
        (Fault::GzipBomb, "longer than MediaWiki's own limit"),
        (Fault::EndlessBody, "longer than MediaWiki's own limit"),
        (Fault::Reset, ""),
        (Fault::Anonymous200, "not logged in"),
        (Fault::OtherUser200, "another account"),
        (Fault::LoginSuppressed, "ignored the login on purpose"),
        (Fault::LostLogin, "takes us for nobody"),
        (
            Fault::RedirectTo(elsewhere.into()),
            "redirects to 127.0.0.1",
        ),
        (Fault::NotFound404, "HTTP 404"),
        (Fault::Http401, "refuse the credential"),
        (Fault::InternalApiError, "software failed"),
        (Fault::Readonly, "read-only"),
        (
            Fault::Http503 {
                retry_after: Some(1),
            },
            "HTTP 503",
        ),
        (error("readapidenied"), "readapidenied: Said by the wiki."),
        (error("never-heard-of"), "never-heard-of: Said by the wiki."),
        (json("{}"), "not MediaWiki's"),
        (json("[]"), "no whole JSON object"),
        (json("null"), "no whole JSON object"),
        (json("{\"batchcomplete\":true}"), "no query"),
        (json("{\"query\":{}}"), "no userinfo"),
        (
            json("{\"query\":{\"userinfo\":7}}"),
            "not what the API promises",
        ),
        (
            json("{\"continue\":{\"continue\":\"-||\"},\"query\":{}}"),
            "only a part of its answer",
        ),
    ]
}

#[test]
fn an_answer_that_cannot_be_used_is_listed_and_makes_no_change() {
    let faults = unusable();
    let scene = Scene::with(FarmOptions {
        wikis: faults.len() + 3,
        options_per_wiki: 30,
        ..FarmOptions::default()
    });
    // The central wiki and two others answer well all the time.
    let wikis = scene.farm.wiki_ids().split_off(3);
    scene.at("2026-11-18T03:17:00Z", &["snapshot"]).succeeds();

    for (wiki, (fault, _)) in wikis.iter().zip(&faults) {
        scene
            .farm
            .grant(wiki, ALICE, "sysop", None, "Steward", "meanwhile");
        scene.farm.misbehave(Rule::new(fault.clone()).on(wiki));
    }
    let run = scene.at("2026-11-19T03:17:00Z", &["snapshot"]);
    let tally = format!(
        "3 unchanged, 0 changed (0 changes), {} not read",
        wikis.len()
    );
    run.says(3, &[&tally]);
    for (wiki, (fault, reason)) in wikis.iter().zip(&faults) {
        let mut lines = run.err.lines();
        let listed = lines.find(|line| line.starts_with(&format!("{wiki}: not read: ")));
        let listed = listed.unwrap_or_else(|| panic!("{wiki} with {fault:?} is not in {run:#?}"));
        assert!(listed.contains(reason), "{fault:?}: {listed}");
        let kept = format!("select error from snapshots where run = 2 and wiki = '{wiki}'");
        assert!(scene.value(&kept).contains(reason), "{fault:?}");
    }
    assert_eq!(scene.value("select count(*) from changes"), "0");
    assert_eq!(scene.value("select max(attempt) from requests"), "3");
    assert_eq!(
        scene.value("select count(*) from accounts where state = 'unreachable'"),
        wikis.len().to_string()
    );
    assert_eq!(
        scene.value("select count(distinct host) from requests where host not like '%.localhost'"),
        "0",
        "no redirect was followed"
    );

    // The wikis recover, and what happened meanwhile shows once, between the good observations.
    scene.farm.behave();
    let run = scene.at("2026-11-20T03:17:00Z", &["snapshot"]);
    let tally = format!(
        "3 unchanged, {0} changed ({0} changes), 0 not read",
        wikis.len()
    );
    run.says(0, &[&tally]);
    let shown = "select wiki, kind, name, change, after, substr(happened_after, 1, 10), \
                 substr(happened_by, 1, 10), cause, performer from changes order by wiki";
    let mut expected: Vec<String> = wikis
        .iter()
        .map(|wiki| {
            format!("{wiki} group sysop + \"infinity\" 2026-11-18 2026-11-20 rights-log Steward")
        })
        .collect();
    expected.sort();
    assert_eq!(scene.lines(shown), expected);
    scene.at("2026-11-21T03:17:00Z", &["snapshot"]).succeeds();
    assert_eq!(scene.lines(shown), expected, "and never again");
}

#[test]
fn a_list_of_more_accounts_than_anybody_has_is_not_believed() {
    let scene = Scene::of(3);
    scene.run(&["snapshot"]).succeeds();
    let accounts = "select count(*) from accounts";
    assert_eq!(scene.value(accounts), "3");
    let central = scene.farm.wiki_ids().remove(0);
    let list = |count: usize| {
        let account =
            |number| format!(r#"{{"wiki":"w{number}","url":"http://w{number}.localhost"}}"#);
        let merged: Vec<String> = (0..count).map(account).collect();
        let merged = merged.join(",");
        let body = format!(
            r#"{{"batchcomplete":true,"query":{{"globaluserinfo":{{"home":"{central}",
                "id":{ALICE_ID},"registration":"2020-01-01T00:00:00Z","name":"{ALICE}",
                "merged":[{merged}],"unattached":[]}}}}}}"#
        );
        Fault::Raw {
            status: 200,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body.into_bytes(),
        }
    };
    let rule = Rule::new(list(30_001)).only("globaluserinfo");
    scene.farm.misbehave(rule);
    let said = "30001 attached accounts; nobody has more than 30000";
    scene.run(&["snapshot"]).says(69, &[said]);
    assert_eq!(scene.value(accounts), "3");
    assert_eq!(scene.value("select count(*) from changes"), "0");
}

#[test]
fn what_is_odd_and_yet_means_the_same_is_no_change() {
    for fault in [
        Fault::ListsAsObjects,
        Fault::UnknownFields,
        Fault::Warnings,
        Fault::Drip {
            bytes: 4000,
            every_ms: 1,
        },
        Fault::DuplicateAccounts,
        Fault::MissingAccounts,
        Fault::PropVanished("options".into()),
        Fault::PropVanished("groupmemberships".into()),
        Fault::PropVanished("implicitgroups".into()),
        Fault::PropVanished("registration".into()),
        Fault::PropVanished("email".into()),
        Fault::PropVanished("blockinfo".into()),
        Fault::PropVanished("latestcontrib".into()),
    ] {
        let scene = Scene::of(6);
        scene.run(&["snapshot"]).succeeds();
        scene.farm.misbehave(fault.clone());
        let run = scene.run(&["snapshot"]).succeeds();
        assert!(
            run.err.contains(" 0 changed (0 changes), 0 not read"),
            "{fault:?}: {run:#?}"
        );
        scene.farm.behave();
        scene.run(&["snapshot"]).says(0, &["6 unchanged"]);
        assert_eq!(
            scene.value("select count(*) from changes"),
            "0",
            "{fault:?}"
        );
    }
}

#[test]
fn what_the_credential_may_not_see_any_more_is_neither_gone_nor_new_later() {
    let scene = Scene::of(3);
    let email = "select count(*) from history \
                 where kind = 'identity' and name like 'email%' and valid_to is null";
    scene.run(&["snapshot"]).succeeds();
    assert_eq!(scene.value(email), "6");
    scene.farm.set_token_grants(ALICE, &["basic"]);
    scene.run(&["snapshot"]).says(0, &["3 unchanged"]);
    scene
        .farm
        .set_token_grants(ALICE, &["basic", "privateinfo"]);
    scene.run(&["snapshot"]).says(0, &["3 unchanged"]);
    assert_eq!(scene.value("select count(*) from changes"), "0");
    assert_eq!(scene.value(email), "6");
}

#[test]
fn a_global_lock_refuses_the_credential_and_is_recorded_all_the_same() {
    let scene = Scene::of(3);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.lock(ALICE);
    scene.run(&["snapshot"]).says(77, &["globally locked"]);
    let changes = "select wiki, kind, name, change, after, cause, performer from changes";
    // Everybody is told the lock; who did it, only a wiki that can be asked.
    assert_eq!(scene.lines(changes), ["global lock locked + true unknown "]);
    scene.edit_config("auth = \"oauth2\"", "auth = \"none\"");
    scene.edit_config("credential_file = \"alice.token\"\n", "");
    scene.run(&["snapshot"]).succeeds();
    assert_eq!(
        scene.lines(changes),
        ["global lock locked + true rights-log Steward"]
    );
}

#[test]
fn an_answer_of_nothing_but_defaults_is_asked_for_once_more() {
    let scene = Scene::of(4);
    for name in ["editfont", "date", "skin"] {
        let other = format!("\"own {name}\"");
        scene.farm.set_preference(ALICE, "dewiki", name, &other);
    }
    scene.run(&["snapshot"]).succeeds();
    let rule = Rule::new(Fault::OptionsAllDefault).on("dewiki").times(1);
    let rule = scene.farm.misbehave(rule);
    scene.farm.reset_counts();
    scene.run(&["snapshot"]).says(0, &["4 unchanged"]);
    assert_eq!(scene.farm.met(rule), 1);
    assert_eq!(scene.farm.requests_to("dewiki"), 2);
    assert_eq!(scene.value("select count(*) from changes"), "0");
}

#[test]
fn a_wiki_that_lags_is_asked_at_the_end_without_maxlag() {
    let scene = Scene::of(4);
    scene.farm.set_lag("dewiki", 60);
    let run = scene.at("2026-11-18T03:17:00Z", &["snapshot"]);
    run.says(0, &["4 first seen"]);
    let records = scene.farm.records();
    let to_dewiki = records.iter().filter(|record| record.wiki == "dewiki");
    let with_maxlag: Vec<bool> = to_dewiki
        .map(|record| record.path_and_query.contains("maxlag=5"))
        .collect();
    assert_eq!(with_maxlag.last(), Some(&false));
    assert!(with_maxlag.len() > 2, "{with_maxlag:?}");
    assert!(with_maxlag.iter().rev().skip(1).all(|with| *with));
}

#[test]
fn a_host_outside_the_farm_is_not_asked_and_gets_no_credential() {
    let scene = Scene::of(4);
    let outside = format!("http://127.0.0.1:{}", scene.farm.port());
    scene.farm.set_central_url_of("dewiki", Some(&outside));
    let run = scene.run(&["snapshot"]);
    run.says(3, &["dewiki: not read: ", "3 first seen", "1 not read"]);
    assert_eq!(scene.farm.requests(), 4);
    let hosts = scene.farm.requests_by_host();
    assert!(
        hosts.keys().all(|host| host.contains(".localhost")),
        "{hosts:?}"
    );
}

#[test]
fn a_program_that_is_not_wanted_stops_at_once() {
    let scene = Scene::of(12);
    scene.run(&["snapshot"]).succeeds();
    scene.farm.reset_counts();
    let rule = Rule::new(Fault::Http403).only("userinfo|siteinfo");
    scene.farm.misbehave(rule);
    let run = scene.run(&["snapshot"]);
    run.says(
        3,
        &[
            "ask for a User-Agent that reaches its operator",
            "12 not read",
        ],
    );
    assert!(scene.farm.requests() <= 4, "{}", scene.farm.requests());
    assert_eq!(scene.value("select count(*) from changes"), "0");
}

#[test]
fn a_rate_limit_is_waited_out() {
    let scene = Scene::of(6);
    let fault = Fault::Http429Text {
        retry_after: Some(20),
    };
    let rule = scene.farm.misbehave(Rule::new(fault).times(1).skip(3));
    let run = scene.at("2026-11-18T03:17:00Z", &["snapshot"]);
    run.says(0, &["6 first seen", "asked 1 times to slow down"]);
    assert_eq!(scene.farm.met(rule), 1);
    assert_eq!(scene.farm.requests(), 8);
    assert!(
        scene.value("select max(waited_ms) from requests").len() >= 5,
        "20 s or more"
    );
}

/// The database takes no JSON that is nested a thousand levels deep, and one wiki must not end the run.
#[test]
fn a_preference_nested_without_end_is_kept_as_text() {
    let scene = Scene::of(3);
    let deep = "[".repeat(3000) + &"]".repeat(3000);
    scene.farm.set_preference(ALICE, "enwiki", "deep", &deep);
    scene.run(&["snapshot"]).succeeds();
    let kept = scene.value("select value from preferences where wiki = 'enwiki' and name = 'deep'");
    assert_eq!(kept, format!("\"{deep}\""));
    scene.run(&["snapshot"]).succeeds();
    assert_eq!(
        scene.value("select count(*) from changes where kind <> 'counter'"),
        "0"
    );
}
