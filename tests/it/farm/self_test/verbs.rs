//! What a verb does is what the API shows.

use std::time::Duration;

use super::super::{ALICE, Farm, FarmOptions, UrlStyle, json};
use super::client::{ALL_GUI, ask, ask_as_alice, options, send};

fn field(farm: &Farm, wiki: &str, prop: &str, key: &str) -> String {
    let answer = ask_as_alice(farm, wiki, &format!("meta=userinfo&uiprop={prop}"));
    answer.at(&["query", "userinfo", key]).to_owned()
}

#[test]
fn groups_come_with_a_log_entry_and_expire_without() {
    let farm = Farm::of(5);
    farm.set_now(1_800_000_000);
    farm.grant(
        "dewiki",
        ALICE,
        "sysop",
        Some(1_800_000_600),
        "Admin",
        "elected",
    );
    let memberships = field(&farm, "dewiki", "groupmemberships", "groupmemberships");
    assert_eq!(
        memberships,
        r#"[{"group":"sysop","expiry":"2027-01-15T08:10:00Z"}]"#
    );
    let log = "list=logevents&letype=rights&letitle=User:Alice_Example";
    let entries = ask(&farm, "dewiki", log);
    let entry = json::items(entries.at(&["query", "logevents"]))[0].to_owned();
    assert!(
        entry.contains(r#""title":"Benutzerin:Alice Example""#)
            && entry.contains(r#""newgroups":["sysop"]"#)
    );
    farm.advance(Duration::from_mins(10));
    assert_eq!(
        field(&farm, "dewiki", "groupmemberships", "groupmemberships"),
        "[]"
    );
    assert_eq!(
        json::items(ask(&farm, "dewiki", log).at(&["query", "logevents"])).len(),
        1
    );
    farm.grant_from_meta("enwiki", ALICE, "bot", None, "Steward", "flood");
    let on_meta = ask(
        &farm,
        "metawiki",
        "list=logevents&letype=rights&letitle=User:Alice Example@enwiki",
    );
    assert!(
        on_meta
            .text()
            .contains("\"newgroups\":[\"extendedconfirmed\",\"rollbacker\",\"bot\"]"),
        "{}",
        on_meta.text()
    );
}

#[test]
fn log_entries_continue() {
    let farm = Farm::of(3);
    for group in ["a", "b", "c"] {
        farm.grant("dewiki", ALICE, group, None, "Admin", "");
    }
    let page = ask(&farm, "dewiki", "list=logevents&lelimit=2");
    let more = json::unquoted(page.at(&["continue", "lecontinue"]));
    let rest = ask(
        &farm,
        "dewiki",
        &format!("list=logevents&lelimit=2&lecontinue={more}"),
    );
    let ids = |body: &str| -> Vec<String> {
        let items = json::items(json::at(body, &["query", "logevents"]).unwrap_or("[]"));
        items
            .into_iter()
            .filter_map(|item| json::at(item, &["logid"]).map(str::to_owned))
            .collect()
    };
    let (first, second) = (ids(page.text()), ids(rest.text()));
    assert_eq!((first.len(), second.len()), (2, 1));
    assert!(!first.contains(&second[0]) && rest.at(&["continue"]).is_empty());
}

#[test]
fn preferences_defaults_and_global_ones() {
    let farm = Farm::of(5);
    farm.set_preference(ALICE, "dewiki", "skin", "\"timeless\"");
    assert_eq!(
        json::at(&options(&farm, "dewiki"), &["skin"]),
        Some("\"timeless\"")
    );
    farm.set_global_preference(ALICE, "skin", "\"minerva\"");
    assert_eq!(
        json::at(&options(&farm, "dewiki"), &["skin"]),
        Some("\"minerva\"")
    );
    farm.set_local_exception(ALICE, "dewiki", "skin", "\"monobook\"");
    assert_eq!(
        json::at(&options(&farm, "dewiki"), &["skin"]),
        Some("\"monobook\"")
    );
    assert_eq!(
        json::at(&options(&farm, "dewiki"), &["skin-local-exception"]),
        Some("\"1\"")
    );
    let global = ask_as_alice(&farm, "dewiki", "meta=globalpreferences");
    let shown = r#"{"preferences":{"skin":"minerva"},"localoverrides":{"skin":"monobook"}}"#;
    assert_eq!(global.at(&["query", "globalpreferences"]), shown);
    farm.set_default(&["enwiki", "frwiki"], "rclimit", "77");
    farm.add_default(&[], "brand-new", "1");
    for (wiki, limit) in [("enwiki", "77"), ("dewiki", "50")] {
        assert_eq!(json::at(&options(&farm, wiki), &["rclimit"]), Some(limit));
        assert_eq!(json::at(&options(&farm, wiki), &["brand-new"]), Some("1"));
        let site = ask(&farm, wiki, "meta=siteinfo&siprop=defaultoptions");
        assert_eq!(site.at(&["query", "defaultoptions", "rclimit"]), limit);
    }
    farm.remove_default(&["dewiki"], "brand-new");
    assert_eq!(json::at(&options(&farm, "dewiki"), &["brand-new"]), None);
}

#[test]
fn a_rename_goes_from_wiki_to_wiki() {
    let farm = Farm::of(4);
    farm.begin_rename(ALICE, "Alice Renamed");
    let gui = |query: &str| {
        ask(
            &farm,
            "metawiki",
            &format!("meta=globaluserinfo&{query}&guiprop={ALL_GUI}"),
        )
    };
    let path = ["query", "globaluserinfo"];
    assert_eq!(
        json::at(gui("guiid=50001").at(&path), &["merged"]),
        Some("[]")
    );
    let old = gui("guiuser=Alice Example");
    assert_eq!(
        json::items(json::at(old.at(&path), &["unattached"]).unwrap_or("[]")).len(),
        4
    );
    assert_eq!(
        ask_as_alice(&farm, "dewiki", "meta=userinfo").error(),
        "mwoauth-invalid-authorization-invalid-user"
    );
    farm.finish_rename_on(ALICE, "dewiki");
    assert_eq!(field(&farm, "dewiki", "", "name"), "\"Alice Renamed\"");
    farm.finish_rename(ALICE);
    assert_eq!(
        json::items(json::at(gui("guiid=50001").at(&path), &["merged"]).unwrap_or("[]")).len(),
        4
    );
    assert_eq!(
        gui("guiuser=Alice Example").at(&path),
        r#"{"missing":true,"unattached":[]}"#
    );
    assert_eq!(
        ask(&farm, "metawiki", "meta=globalrenamestatus").at(&["query"]),
        ""
    );
    let users = ask(
        &farm,
        "enwiki",
        "list=users&ususers=Alice Renamed|Alice Example",
    );
    assert!(
        users
            .text()
            .contains(r#"{"name":"Alice Example","missing":true}"#)
    );
}

#[test]
fn blocks_of_the_account_and_of_our_address() {
    let farm = Farm::start(FarmOptions {
        multiblocks: true,
        ..FarmOptions::wikis(4)
    });
    farm.block_our_ip("dewiki", true);
    let users = |wiki: &str| {
        ask(
            &farm,
            wiki,
            "list=users&ususers=Alice Example&usprop=blockinfo",
        )
        .text()
        .to_owned()
    };
    assert_ne!(field(&farm, "dewiki", "blockinfo", "blockid"), "");
    assert!(!users("dewiki").contains("blockid"));
    farm.block("enwiki", ALICE, "Admin", "edit war", None, true);
    let second = farm.block("enwiki", ALICE, "Admin", "spam", Some(4_000_000_000), false);
    assert_eq!(field(&farm, "enwiki", "blockinfo", "blockid"), "null");
    assert!(users("enwiki").contains("\"blockcomponents\":[{\"blockid\":"));
    farm.lift_block("enwiki", ALICE, second);
    assert_eq!(
        field(&farm, "enwiki", "blockinfo", "blockexpiry"),
        "\"infinite\""
    );
    farm.unblock("enwiki", ALICE, "Admin", "");
    assert!(!users("enwiki").contains("blockid"));
}

#[test]
fn what_happens_to_the_global_account() {
    let farm = Farm::start(FarmOptions {
        globalusers: true,
        attached: Some(3),
        ..FarmOptions::wikis(6)
    });
    let merged = || {
        let answer = ask(
            &farm,
            "metawiki",
            "meta=globaluserinfo&guiid=50001&guiprop=merged",
        );
        json::items(answer.at(&["query", "globaluserinfo", "merged"])).len()
    };
    assert_eq!(merged(), 3);
    farm.attach(ALICE, "frwiki");
    farm.detach(ALICE, "dewiki");
    farm.duplicate_account(ALICE, "enwiki", true);
    assert_eq!(merged(), 4);
    farm.set_central_url_of("frwiki", Some("https://evil.example"));
    farm.set_global_group(ALICE, "steward", true, Some(1_900_000_000));
    farm.lock(ALICE);
    let answer = ask(
        &farm,
        "metawiki",
        "meta=globaluserinfo&guiid=50001&guiprop=merged|groups",
    );
    assert!(
        answer.text().contains("https://evil.example") && answer.text().contains("\"locked\":true")
    );
    assert_eq!(
        ask_as_alice(&farm, "enwiki", "meta=userinfo").error(),
        "mwoauth-invalid-authorization-blocked-user"
    );
    let cheap = ask(
        &farm,
        "metawiki",
        "list=globalusers&guscentralids=50001|7&gusprop=locked|groupmemberships",
    );
    let shown = r#"[{"centralid":50001,"name":"Alice Example","locked":true,"groupmemberships":[{"group":"steward","expiry":"2030-03-17T17:46:40Z"}]},{"centralid":7,"missing":true}]"#;
    assert_eq!(cheap.at(&["query", "globalusers"]), shown);
    farm.hide(ALICE, true);
    assert_eq!(
        ask(&farm, "metawiki", "meta=globaluserinfo&guiid=50001").at(&["query", "globaluserinfo"]),
        r#"{"missing":true}"#
    );
    farm.hide(ALICE, false);
    farm.delete_globally(ALICE);
    assert_eq!(
        ask(&farm, "metawiki", "meta=globaluserinfo&guiid=50001").error(),
        "invaliduserid"
    );
}

#[test]
fn asking_where_there_is_no_account_creates_one() {
    let farm = Farm::start(FarmOptions {
        attached: Some(3),
        ..FarmOptions::wikis(6)
    });
    ask_as_alice(&farm, "enwiki", "meta=userinfo");
    ask(&farm, "commonswiki", "meta=userinfo");
    assert_eq!(farm.autocreated(), 0);
    ask_as_alice(&farm, "commonswiki", "meta=userinfo");
    assert_eq!(farm.autocreated(), 1);
    assert!(
        farm.attached_wikis(ALICE)
            .contains(&"commonswiki".to_owned())
    );
}

#[test]
fn contributions_email_and_null_registrations() {
    let farm = Farm::of(4);
    farm.set_now(1_800_000_000);
    farm.edit(ALICE, "dewiki");
    assert_eq!(
        field(&farm, "dewiki", "latestcontrib", "latestcontrib"),
        "\"2027-01-15T08:00:00Z\""
    );
    farm.add_edits(ALICE, "dewiki", 30, 1_700_000_000, 1_710_000_000);
    let first = ask(
        &farm,
        "dewiki",
        "list=usercontribs&ucuser=Alice Example&ucdir=newer&uclimit=1&ucprop=timestamp",
    );
    assert!(first.at(&["continue", "uccontinue"]).contains('|'));
    assert_eq!(json::items(first.at(&["query", "usercontribs"])).len(), 1);
    farm.set_email(ALICE, "new@example.org", None);
    assert_eq!(
        field(&farm, "dewiki", "email", "email"),
        "\"new@example.org\""
    );
    assert_eq!(field(&farm, "dewiki", "email", "emailauthenticated"), "");
    farm.null_registration("dewiki", ALICE);
    let registration = || {
        ask(
            &farm,
            "metawiki",
            "meta=globaluserinfo&guiid=50001&guiprop=merged",
        )
        .text()
        .to_owned()
    };
    let before = registration();
    farm.advance(Duration::from_secs(5));
    assert_ne!(before, registration());
    assert_eq!(
        field(&farm, "dewiki", "registrationdate", "registrationdate"),
        "null"
    );
}

#[test]
fn counting_and_unknown_hosts() {
    let farm = Farm::of(3);
    ask_as_alice(&farm, "enwiki", "meta=userinfo");
    let lost = send(
        &farm,
        "nowhere.localhost",
        "GET",
        "/w/api.php?action=query",
        "",
        "",
    );
    assert_eq!(lost.status, 404);
    send(&farm, "enwiki.localhost:1", "GET", "/w/api.php", "", "");
    assert_eq!(
        (farm.requests(), farm.requests_to("enwiki"), farm.writes()),
        (3, 1, 0)
    );
    let records = farm.records();
    assert!(
        records[0].authorization().contains("alices-secret")
            && records[0].user_agent().starts_with("test/1")
    );
    assert_eq!((records[0].status, records[1].status), (200, 404));
    let host = farm.base("enwiki").replace("http://", "");
    send(
        &farm,
        &host,
        "POST",
        "/w/api.php",
        "",
        "action=edit&format=json&errorformat=plaintext",
    );
    assert_eq!(farm.writes(), 1);
    farm.reset_counts();
    assert_eq!(farm.requests(), 0);
}

#[test]
fn a_port_for_each_wiki() {
    let farm = Farm::start(FarmOptions {
        urls: UrlStyle::Ports,
        ..FarmOptions::wikis(3)
    });
    let answer = ask(
        &farm,
        "metawiki",
        "meta=globaluserinfo&guiid=50001&guiprop=merged",
    );
    assert!(
        answer
            .text()
            .contains(&format!("\"url\":\"{}\"", farm.base("dewiki")))
    );
    assert_ne!(farm.base("dewiki"), farm.base("enwiki"));
}
