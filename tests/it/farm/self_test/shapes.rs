//! Same keys in the same order as the recorded answers.

use super::super::{Farm, FarmOptions, json};
use super::client::{ALL_GUI, ALL_UI, ALL_US, ask, ask_as_alice};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../recorded/", $name, ".json"))
    };
}

fn old_farm() -> Farm {
    let farm = Farm::start(FarmOptions {
        modern: false,
        ..FarmOptions::wikis(8)
    });
    farm.with(|world| {
        world
            .credentials
            .add_token(farm.token(), 0, &["basic", "privateinfo"]);
    });
    farm
}

fn keys(object: &str) -> Vec<&str> {
    json::members(object)
        .into_iter()
        .map(|(key, _)| key)
        .collect()
}

fn at<'a>(body: &'a str, path: &[&str]) -> &'a str {
    json::at(body, path).unwrap_or_default()
}

#[test]
fn global_user_info_has_the_recorded_shape() {
    let farm = old_farm();
    farm.set_global_group("Alice Example", "global-rollbacker", true, None);
    farm.block(
        "frwiki",
        "Alice Example",
        "Admin",
        "guerre d’édition",
        Some(1_900_000_000),
        false,
    );
    let answer = ask(
        &farm,
        "metawiki",
        &format!("meta=globaluserinfo&guiuser=alice_Example&guiprop={ALL_GUI}"),
    );
    let path = ["query", "globaluserinfo"];
    let real = recorded!("gui-alice-anon");
    assert_eq!(keys(answer.text()), keys(real));
    assert_eq!(keys(answer.at(&path)), keys(at(real, &path)));
    let merged = |body: &str| -> Vec<String> {
        let items = json::items(at(body, &["query", "globaluserinfo", "merged"]));
        let mut all: Vec<String> = items.into_iter().map(|item| keys(item).join(" ")).collect();
        all.sort();
        all.dedup();
        all
    };
    assert_eq!(merged(answer.text()), merged(real));
}

#[test]
fn user_info_has_the_recorded_shape() {
    let farm = old_farm();
    let path = ["query", "userinfo"];
    let answer = ask_as_alice(&farm, "enwiki", &format!("meta=userinfo&uiprop={ALL_UI}"));
    assert_eq!(
        keys(answer.at(&path)),
        keys(at(recorded!("ui-all-enwiki-bearer-read"), &path))
    );
    farm.block(
        "frwiki",
        "Alice Example",
        "Admin",
        "guerre d’édition",
        Some(1_900_000_000),
        false,
    );
    let blocked = ask_as_alice(&farm, "frwiki", &format!("meta=userinfo&uiprop={ALL_UI}"));
    assert_eq!(
        keys(blocked.at(&path)),
        keys(at(recorded!("ui-all-frwiki-bearer-read"), &path))
    );
    let anonymous = ask(&farm, "enwiki", &format!("meta=userinfo&uiprop={ALL_UI}"));
    assert_eq!(
        keys(anonymous.at(&path)),
        keys(at(recorded!("ui-all-anon"), &path))
    );
    farm.set_token_grants("Alice Example", &["basic"]);
    let basic = ask_as_alice(&farm, "enwiki", &format!("meta=userinfo&uiprop={ALL_UI}"));
    assert!(
        !keys(basic.at(&path))
            .iter()
            .any(|key| key.starts_with("email") || *key == "realname")
    );
}

#[test]
fn users_and_siteinfo_have_the_recorded_shape() {
    let farm = old_farm();
    farm.block(
        "frwiki",
        "Alice Example",
        "Admin",
        "guerre d’édition",
        Some(1_900_000_000),
        false,
    );
    farm.null_registration("frwiki", "Alice Example");
    let answer = ask(
        &farm,
        "frwiki",
        &format!("list=users&ususers=192.0.2.1|Alice Example|Nobody&usprop={ALL_US}"),
    );
    let users = json::items(answer.at(&["query", "users"]));
    let real = json::items(at(recorded!("users-frwiki"), &["query", "users"]));
    assert_eq!(keys(users[1]), keys(real[0]));
    assert_eq!(users[0], r#"{"name":"192.0.2.1","invalid":true}"#);
    assert_eq!(users[2], r#"{"name":"Nobody","missing":true}"#);
    assert_eq!(at(users[1], &["registration"]), "null");
    let site = ask(
        &farm,
        "enwiki",
        "meta=siteinfo&siprop=general|defaultoptions|extensions",
    );
    let path = ["query", "general"];
    assert_eq!(
        keys(site.at(&path)),
        keys(at(recorded!("siteinfo-enwiki"), &path))
    );
    assert_eq!(
        keys(site.at(&["query"])),
        ["general", "defaultoptions", "extensions"]
    );
    assert!(
        site.at(&path)
            .contains(&format!("\"server\":\"{}\"", farm.base("enwiki")))
    );
}

#[test]
fn one_request_carries_lists_before_meta_modules() {
    let farm = Farm::of(8);
    let query = "meta=userinfo|siteinfo&uiprop=groups&siprop=general&list=users&ususers=Alice Example&assert=user";
    let answer = ask_as_alice(&farm, "be_x_oldwiki", query);
    assert_eq!(
        keys(answer.at(&["query"])),
        ["users", "userinfo", "general"]
    );
    serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON");
    assert_eq!(
        answer.at(&["query", "general", "wikiid"]),
        "\"be_x_oldwiki\""
    );
}

#[test]
fn errors_and_warnings_have_the_recorded_shape() {
    let farm = old_farm();
    let missing = ask(&farm, "metawiki", "meta=globaluserinfo&guiid=999999");
    assert_eq!(missing.error(), "invaliduserid");
    assert_eq!(missing.header("MediaWiki-API-Error"), Some("invaliduserid"));
    assert_eq!(keys(missing.text()), ["errors", "docref", "servedby"]);
    assert_eq!(
        ask(&farm, "metawiki", "meta=globaluserinfo&guiuser=192.0.2.1").error(),
        "baduser"
    );
    assert_eq!(
        ask(&farm, "metawiki", "meta=globaluserinfo").error(),
        "invaliduser"
    );
    let warned = ask(&farm, "enwiki", "meta=nosuchmeta");
    let real = r#"{"batchcomplete":true,"warnings":[{"code":"unrecognizedvalues","text":"Unrecognized value for parameter \"meta\": nosuchmeta","data":{"values":["nosuchmeta"]},"module":"query"}]}"#;
    assert_eq!(warned.text(), real);
    let lagged = ask(&farm, "enwiki", "meta=userinfo&maxlag=-1");
    assert_eq!(
        (lagged.error().as_str(), lagged.header("Retry-After")),
        ("maxlag", Some("5"))
    );
    assert_eq!(
        ask(&farm, "enwiki", "list=globalusers&gususers=Alice Example").at(&["query"]),
        ""
    );
}

#[test]
fn sizes_are_those_of_a_real_farm() {
    let farm = Farm::of(1009);
    assert_eq!(farm.attached_wikis("Alice Example").len(), 1009);
    let all = farm.wiki_ids();
    assert_eq!(farm.default_names(&all[777]).len(), 300);
    let shared = all.iter().map(|wiki| {
        farm.default_names(wiki)
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
    });
    let common = shared
        .reduce(|a, b| &a & &b)
        .map_or(0, |common| common.len());
    assert!(
        (200..240).contains(&common),
        "{common} preferences are known everywhere"
    );
    let answer = ask_as_alice(&farm, "metawiki", "meta=globaluserinfo&guiprop=merged");
    assert!(
        (150_000..250_000).contains(&answer.body.len()),
        "{} bytes",
        answer.body.len()
    );
}
