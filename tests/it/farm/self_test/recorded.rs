//! The recorded farm gives the recorded answers.

use super::super::{ALICE, Farm, Module, json};
use super::client::{ALL_GUI, ALL_UI, ask, ask_as_alice};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../recorded/", $name, ".json")).trim_end()
    };
}

fn user_info(farm: &Farm, wiki: &str) -> String {
    ask_as_alice(farm, wiki, &format!("meta=userinfo&uiprop={ALL_UI}"))
        .text()
        .to_owned()
}

#[test]
fn each_recorded_state_is_served_as_it_was() {
    let farm = Farm::recorded();
    assert_eq!(
        user_info(&farm, "enwiki"),
        recorded!("ui-all-enwiki-bearer-read")
    );
    assert_eq!(
        user_info(&farm, "be_x_oldwiki"),
        recorded!("ui-all-be_x_oldwiki-bearer-read")
    );
    farm.apply_recorded("grant");
    assert_eq!(user_info(&farm, "commonswiki"), recorded!("after-grant-ui"));
    let log = "list=logevents&letype=rights&letitle=User:Alice Example&lelimit=5";
    assert_eq!(
        ask(&farm, "commonswiki", log).text(),
        recorded!("after-grant-log")
    );
    farm.apply_recorded("pref");
    assert_eq!(user_info(&farm, "enwiki"), recorded!("after-pref-ui"));
    assert_eq!(
        user_info(&farm, "commonswiki"),
        recorded!("ui-all-commonswiki-bearer-read")
    );
    let preferences = ask_as_alice(
        &farm,
        "enwiki",
        "meta=globalpreferences&gprprop=preferences|localoverrides",
    );
    assert_eq!(preferences.text(), recorded!("after-pref-gprefs"));
}

#[test]
fn addresses_are_this_farms() {
    let farm = Farm::recorded();
    let answer = ask(
        &farm,
        "metawiki",
        &format!("meta=globaluserinfo&guiuser=Alice Example&guiprop={ALL_GUI}"),
    );
    assert!(!answer.text().contains("sul.test"));
    assert!(
        answer
            .text()
            .contains(&format!("\"url\":\"{}\"", farm.base("be_x_oldwiki")))
    );
    let plain = ask(&farm, "metawiki", "meta=globaluserinfo&guiid=50001");
    let keys: Vec<&str> = json::members(plain.at(&["query", "globaluserinfo"]))
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, ["home", "id", "registration", "name"]);
    let site = ask_as_alice(
        &farm,
        "dewiki",
        "meta=siteinfo&siprop=general|defaultoptions",
    );
    assert!(!site.text().contains("de.sul.test:8100"));
    assert_eq!(site.at(&["query", "defaultoptions", "language"]), "\"de\"");
}

#[test]
fn the_public_view_agrees_with_the_private_one() {
    let farm = Farm::recorded();
    let users = ask_as_alice(
        &farm,
        "officewiki",
        "list=users&ususers=Alice Example|Nobody&usprop=blockinfo|groups",
    );
    let user = json::items(users.at(&["query", "users"]))[0].to_owned();
    assert_eq!(json::at(&user, &["blockpartial"]), Some("true"));
    assert_eq!(json::at(&user, &["editcount"]), None);
    assert_eq!(
        ask(&farm, "officewiki", "list=users&ususers=Alice Example").error(),
        "readapidenied"
    );
}

#[test]
fn renames_and_revocation_as_recorded() {
    let farm = Farm::recorded();
    farm.apply_recorded("rename-half");
    let old = ask(
        &farm,
        "metawiki",
        &format!("meta=globaluserinfo&guiuser=Alice Example&guiprop={ALL_GUI}"),
    );
    assert_eq!(old.text(), recorded!("after-rename-half-gui-old"));
    assert_eq!(
        ask_as_alice(&farm, "enwiki", "meta=userinfo").error(),
        "mwoauth-invalid-authorization-invalid-user"
    );
    let status = ask(&farm, "metawiki", "meta=globalrenamestatus");
    assert_eq!(
        status.at(&["query", "globalrenamestatus", "Alice Renamed", "from"]),
        "\"Alice Example\""
    );
    farm.apply_recorded("rename");
    assert_eq!(
        user_info(&farm, "enwiki"),
        recorded!("after-rename-ui-bearer")
    );
    assert_eq!(
        ask_as_alice(&farm, "enwiki", "meta=userinfo&assertuser=Alice Example").error(),
        "assertnameduserfailed"
    );
    farm.apply_recorded("tokenrevoke");
    assert_eq!(
        ask_as_alice(&farm, "enwiki", "meta=userinfo").error(),
        "mwoauth-invalid-authorization"
    );
    farm.apply_recorded("");
    assert_eq!(
        user_info(&farm, "enwiki"),
        recorded!("ui-all-enwiki-bearer-read")
    );
    assert_eq!(farm.with(|world| world.users[0].name.clone()), ALICE);
}

#[test]
fn any_body_can_be_replayed() {
    let farm = Farm::of(3);
    farm.replay("enwiki", Module::UserInfo, recorded!("after-pref-ui"));
    let answer = ask_as_alice(
        &farm,
        "enwiki",
        "meta=userinfo|siteinfo&siprop=general&uiprop=groups",
    );
    assert_eq!(
        answer.at(&["query", "userinfo", "options", "language"]),
        "\"de\""
    );
    assert_eq!(answer.at(&["query", "general", "wikiid"]), "\"enwiki\"");
    farm.replay_whole(
        "dewiki",
        Module::Any,
        200,
        "HTTP/1.1 418 Teapot\r\nX-Tea: yes\r\n",
        "hello",
    );
    let whole = ask(&farm, "dewiki", "meta=userinfo");
    assert_eq!(
        (whole.status, whole.text(), whole.header("x-tea")),
        (418, "hello", Some("yes"))
    );
    farm.stop_replaying();
    assert_eq!(ask(&farm, "dewiki", "meta=userinfo").status, 200);
}
