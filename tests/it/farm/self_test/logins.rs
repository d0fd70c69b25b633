//! Bot passwords, OAuth 1.0a, session cookies.

use std::collections::HashMap;
use std::time::Duration;

use super::super::params::{Params, encode};
use super::super::{ALICE, Farm, FarmOptions, OAuth1, TOKEN, json, oauth1};
use super::client::{Answer, QUERY, ask_as_alice, ask_with, host, send};

const PASSWORD: &str = "0123456789abcdefghijklmnopqrst05";

/// Both requests of a login, with fresh cookies.
fn log_in(farm: &Farm, wiki: &str, name: &str, password: &str) -> Answer {
    let token = ask_with(farm, wiki, "meta=tokens&type=login", "");
    let cookie = token.cookie(&format!("{wiki}_session"));
    let token = json::unquoted(token.at(&["query", "tokens", "logintoken"]));
    let body = format!(
        "lgname={}&lgpassword={password}&lgtoken={}",
        encode(name),
        encode(&token)
    );
    let target = "/w/api.php?action=login&format=json&formatversion=2&errorformat=plaintext";
    let headers =
        format!("Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    send(farm, &host(farm, wiki), "POST", target, &headers, &body)
}

fn farm() -> Farm {
    let farm = Farm::of(4);
    farm.set_now(1_800_000_000);
    farm.add_bot_password(ALICE, "sultrail", PASSWORD, &["basic"]);
    farm
}

#[test]
fn a_bot_password_session_lives_on_one_wiki() {
    let farm = farm();
    let login = log_in(&farm, "enwiki", "Alice Example@sultrail", PASSWORD);
    assert_eq!(login.at(&["login", "result"]), "\"Success\"");
    let cookie = format!("Cookie: {}\r\n", login.cookie("enwiki_BPsession"));
    let name = |wiki: &str| {
        let answer = ask_with(&farm, wiki, "meta=userinfo", &cookie);
        json::unquoted(answer.at(&["query", "userinfo", "name"]))
    };
    assert_eq!(
        (name("enwiki").as_str(), name("dewiki").as_str()),
        (ALICE, "127.0.0.1")
    );
    let both = ask_with(
        &farm,
        "enwiki",
        "meta=userinfo",
        &format!("{cookie}Authorization: Bearer {TOKEN}\r\n"),
    );
    assert_eq!(both.status, 400);
    farm.rename(ALICE, "Alice Renamed");
    assert_eq!(name("enwiki"), "127.0.0.1");
    assert_eq!(
        ask_with(&farm, "enwiki", "meta=userinfo&assert=user", &cookie).error(),
        "assertuserfailed"
    );
    assert_eq!((farm.writes(), farm.autocreated()), (0, 0));
}

#[test]
fn five_wrong_passwords_lock_out_everywhere() {
    let farm = farm();
    let reason = |answer: Answer| json::unquoted(answer.at(&["login", "reason", "code"]));
    for _ in 0..5 {
        assert_eq!(
            reason(log_in(&farm, "enwiki", "Alice Example@sultrail", "wrong")),
            "wrongpassword"
        );
    }
    assert_eq!(
        reason(log_in(&farm, "dewiki", "Alice Example@sultrail", PASSWORD)),
        "login-throttled"
    );
    farm.advance(Duration::from_secs(301));
    assert_eq!(
        log_in(&farm, "dewiki", ALICE, &format!("sultrail@{PASSWORD}")).at(&["login", "result"]),
        "\"Success\""
    );
}

#[test]
fn a_login_needs_its_token_and_no_old_session() {
    let farm = farm();
    let target = "/w/api.php?action=login&format=json&formatversion=2&errorformat=plaintext";
    let at = host(&farm, "enwiki");
    assert_eq!(
        send(&farm, &at, "GET", target, "", "").error(),
        "mustbeposted"
    );
    let bare = send(&farm, &at, "POST", target, "", "lgname=x");
    assert_eq!(bare.at(&["login", "result"]), "\"NeedToken\"");
    let lost = send(&farm, &at, "POST", target, "", "lgname=x&lgtoken=y");
    assert_eq!(lost.at(&["login", "reason", "code"]), "\"sessionlost\"");
    farm.set_readonly("enwiki", true);
    assert_eq!(
        send(&farm, &at, "POST", target, "", "lgname=x").error(),
        "readonly"
    );
}

fn signed(farm: &Farm, keys: &OAuth1, nonce: &str, secret: &str) -> Answer {
    let query = format!("{QUERY}&meta=userinfo&uiprop=email%7Cgroups");
    let fields = [
        ("oauth_consumer_key", keys.consumer_key.as_str()),
        ("oauth_token", &keys.token),
        ("oauth_nonce", nonce),
        ("oauth_timestamp", "1800000000"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_version", "1.0"),
    ];
    let oauth: HashMap<String, String> = fields
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let url = format!("{}/w/api.php", farm.base("enwiki"));
    let text = oauth1::base_string("GET", &url, &oauth, &Params::parse(&query, ""));
    let signature = oauth1::signature(&format!("{}&{secret}", keys.consumer_secret), &text);
    let header: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("{key}=\"{}\"", encode(value)))
        .collect();
    let header = format!(
        "Authorization: OAuth {}, oauth_signature=\"{}\"\r\n",
        header.join(", "),
        encode(&signature)
    );
    send(
        farm,
        &host(farm, "enwiki"),
        "GET",
        &format!("/w/api.php?{query}"),
        &header,
        "",
    )
}

#[test]
fn oauth1_signatures_are_checked_and_nonces_spent() {
    let farm = farm();
    let keys = farm.add_oauth1(ALICE, &["basic"]);
    let good = signed(&farm, &keys, "n1", &keys.token_secret);
    assert_eq!(good.at(&["query", "userinfo", "name"]), "\"Alice Example\"");
    let again = signed(&farm, &keys, "n1", &keys.token_secret);
    assert!(again.text().contains("Nonce already used"));
    assert!(
        signed(&farm, &keys, "n2", "wrong")
            .text()
            .contains("Invalid signature")
    );
    farm.revoke_token(ALICE);
    assert_eq!(
        signed(&farm, &keys, "n3", &keys.token_secret).error(),
        "mwoauth-invalid-authorization"
    );
}

/// The example of RFC 5849, section 1.2, so that farm and client cannot be wrong together.
#[test]
fn a_signature_known_from_elsewhere() {
    let fields = [
        ("realm", "Photos"),
        ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
        ("oauth_token", "nnch734d00sl2jdk"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131202"),
        ("oauth_nonce", "chapoH"),
    ];
    let oauth = fields
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let params = Params::parse("file=vacation.jpg&size=original", "");
    let text = oauth1::base_string("GET", "http://photos.example.net/photos", &oauth, &params);
    assert_eq!(
        oauth1::signature("kd94hf93k423kf44&pfkkdhi9sl3r4s00", &text),
        "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    );
}

#[test]
fn session_cookies_name_a_class_and_a_user() {
    let farm = Farm::start(FarmOptions {
        issue_session_jwt: true,
        ..FarmOptions::wikis(3)
    });
    farm.set_class(ALICE, "established-user");
    farm.set_gateway(Some(super::super::GatewayOptions::default()));
    let first = ask_as_alice(&farm, "enwiki", "meta=userinfo");
    assert_eq!(first.header("x-wmf-ratelimit-class"), Some("authed-user"));
    let headers = format!(
        "Authorization: Bearer {TOKEN}\r\nCookie: {}\r\n",
        first.cookie("sessionJwt")
    );
    let second = ask_with(&farm, "enwiki", "meta=userinfo", &headers);
    assert_eq!(
        second.header("x-wmf-ratelimit-class"),
        Some("established-user")
    );
    farm.add_user("Bob", 50_002, &[]);
    farm.add_token("Bob", "bobs-token", &["basic"]);
    let mixed = headers.replace(TOKEN, "bobs-token");
    assert_eq!(
        ask_with(&farm, "enwiki", "meta=userinfo", &mixed).error(),
        "mwoauth-invalid-authorization-jwt"
    );
}
