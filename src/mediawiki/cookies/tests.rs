//! Which cookies are kept, and whose.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::mediawiki::AllowedHosts;

fn now() -> DateTime<Utc> {
    "2026-11-21T03:17:00Z".parse().expect("an instant")
}

fn api(address: &str) -> Api {
    let central = "http://metawiki.localhost:8100/w/api.php";
    let hosts = AllowedHosts::new(&["*.localhost"], central, true).expect("good hosts");
    hosts.api(address).expect("an allowed address")
}

fn set(cookies: &[&str]) -> HeaderMap {
    let headers = cookies.iter().map(|cookie| {
        let value: HeaderValue = cookie.parse().expect("a header value");
        (SET_COOKIE, value)
    });
    headers.collect()
}

fn sent(jar: &CookieJar, api: &Api) -> Option<String> {
    let header = jar.header(api, now())?;
    assert!(header.is_sensitive());
    Some(header.to_str().expect("text").to_owned())
}

#[test]
fn a_login_as_recorded_leaves_its_session_for_that_host_alone() {
    let jar = CookieJar::open(CredentialKind::BotPassword, None);
    let en = api("http://enwiki.localhost:8100");
    assert!(!jar.has_bot_session(&en, now()));
    let headers = set(&[
        "enwiki_BPsession=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/; HttpOnly",
        "enwiki_BPsession=8irh9laeebunpclu7c1dbn04t17mec0r; path=/; HttpOnly",
    ]);
    jar.keep(&en, &headers, now());
    assert!(jar.has_bot_session(&en, now()));
    let cookie = "enwiki_BPsession=8irh9laeebunpclu7c1dbn04t17mec0r";
    assert_eq!(sent(&jar, &en).as_deref(), Some(cookie));
    assert_eq!(sent(&jar, &api("http://dewiki.localhost:8100")), None);
    jar.forget_host(&en);
    assert!(!jar.has_bot_session(&en, now()));
}

#[test]
fn only_the_rate_class_stands_beside_a_token() {
    let en = api("https://enwiki.localhost");
    let headers = set(&[
        "sessionJwt=eyJ.a.b; path=/; secure; HttpOnly",
        "enwiki_BPsession=x; path=/",
        "enwikiSession=y; path=/",
        "GeoIP=DE; Path=/; Domain=.wikipedia.org",
    ]);
    for (kind, expected) in [
        (CredentialKind::OAuth2, Some("sessionJwt=eyJ.a.b")),
        (CredentialKind::OAuth1, Some("sessionJwt=eyJ.a.b")),
        (CredentialKind::None, None),
        (
            CredentialKind::BotPassword,
            Some("enwikiSession=y; enwiki_BPsession=x; sessionJwt=eyJ.a.b"),
        ),
    ] {
        let jar = CookieJar::open(kind, None);
        jar.keep(&en, &headers, now());
        assert_eq!(sent(&jar, &en).as_deref(), expected, "{kind}");
    }
}

#[test]
fn a_secure_cookie_is_not_sent_unencrypted() {
    let jar = CookieJar::open(CredentialKind::OAuth2, None);
    let headers = set(&["sessionJwt=a; secure"]);
    jar.keep(&api("https://enwiki.localhost"), &headers, now());
    assert_eq!(sent(&jar, &api("http://enwiki.localhost")), None);
}

#[test]
fn a_cookie_is_replaced_ends_and_is_deleted() {
    let jar = CookieJar::open(CredentialKind::OAuth2, None);
    let en = api("http://enwiki.localhost:8100");
    for (cookie, expected) in [
        ("sessionJwt=a; Max-Age=60", Some("sessionJwt=a")),
        (
            "sessionJwt=b; expires=Sat, 21 Nov 2026 03:18:00 GMT",
            Some("sessionJwt=b"),
        ),
        ("sessionJwt=deleted", None),
        ("sessionJwt=c", Some("sessionJwt=c")),
        ("sessionJwt=d; Max-Age=0", None),
        ("sessionJwt=e; expires=Sat, 21 Nov 2026 03:00:00 GMT", None),
        ("sessionJwt=f; Domain=localhost", None),
        ("sessionJwt=; path=/", None),
        ("nonsense", None),
    ] {
        jar.keep(&en, &set(&[cookie]), now());
        assert_eq!(sent(&jar, &en).as_deref(), expected, "{cookie}");
    }
    jar.keep(&en, &set(&["sessionJwt=a; Max-Age=60"]), now());
    assert_eq!(jar.header(&en, now() + TimeDelta::seconds(60)), None);
}

#[test]
fn the_jar_is_kept_in_a_file_for_the_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("alice.cookies");
    let en = api("http://enwiki.localhost:8100");
    let jar = CookieJar::open(CredentialKind::BotPassword, Some(file.clone()));
    jar.keep(&en, &set(&["enwiki_BPsession=x; HttpOnly"]), now());
    jar.save_now_and_then(Duration::from_secs(29))
        .expect("nothing to do");
    assert!(!file.exists());
    drop(jar);
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let jar = CookieJar::open(CredentialKind::BotPassword, Some(file.clone()));
    assert!(jar.has_bot_session(&en, now()));
    jar.keep(&en, &set(&["enwiki_BPsession=y"]), now());
    jar.save_now_and_then(Duration::from_secs(30))
        .expect("written");
    assert!(fs::read_to_string(&file).expect("text").contains("\"y\""));

    // Somebody gave the file of a bot password to a client with a token.
    let jar = CookieJar::open(CredentialKind::OAuth2, Some(file.clone()));
    assert_eq!(jar.header(&en, now()), None);

    fs::write(&file, "{ damaged").expect("written");
    let jar = CookieJar::open(CredentialKind::BotPassword, Some(file));
    assert!(!jar.has_bot_session(&en, now()));
    jar.forget_all();
}

#[test]
fn cookies_are_not_printed() {
    let jar = CookieJar::open(CredentialKind::OAuth2, None);
    jar.keep(
        &api("http://enwiki.localhost:8100"),
        &set(&["sessionJwt=SECRET"]),
        now(),
    );
    assert!(!format!("{jar:?}").contains("SECRET"));
}
