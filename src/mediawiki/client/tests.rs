//! Questions to a wiki that misbehaves.

use std::{borrow::Cow, num::NonZeroU32};

use chrono::TimeDelta;
use secrecy::SecretString;

use super::*;
use crate::mediawiki::{
    Purpose, Rate,
    test_server::{Canned, TestServer, answer, json},
};

const TOKEN: &str = "eyJ0eXAi.the-secret-payload.signature";
const GOOD: &str = r#"{"batchcomplete":true,"query":{"userinfo":{"id":1,"name":"Alice"}}}"#;

/// `{"batchcomplete":true,"query":{}}`, packed by gzip.
const GZIP: [u8; 53] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 171, 86, 74, 74, 44, 73, 206, 72, 206, 207, 45, 200, 73, 45,
    73, 85, 178, 42, 41, 42, 77, 213, 81, 42, 44, 77, 45, 170, 84, 178, 170, 174, 173, 5, 0, 241,
    78, 19, 206, 33, 0, 0, 0,
];

fn oauth2() -> Credential {
    Credential::OAuth2(SecretString::from(TOKEN))
}

fn options(server: &TestServer, credential: Credential) -> ClientOptions {
    ClientOptions {
        contact: "User:Tester".to_owned(),
        credential,
        hosts: server.hosts(),
        pace: PaceOptions {
            rate: Rate::PerMinute(NonZeroU32::new(60_000).expect("not zero")),
            ..PaceOptions::default()
        },
        maxlag_seconds: 5,
        cookie_file: None,
        clock: Clock::simulated("2026-11-21T03:17:00Z".parse().expect("an instant")),
        timeouts: Timeouts::default(),
        jitter_seed: Some(1),
    }
}

fn client(server: &TestServer, credential: Credential) -> Client {
    Client::new(options(server, credential)).expect("a client")
}

fn userinfo() -> Question<'static> {
    let parameters = vec![
        ("meta", Cow::from("userinfo")),
        ("uiprop", Cow::from("groups|Żółć")),
    ];
    Question::new(Purpose::Account, parameters)
}

async fn ask(client: &Client, server: &TestServer, question: &Question<'_>) -> Reply {
    let api = client
        .hosts()
        .api(&server.address("enwiki"))
        .expect("an allowed host");
    client.ask(&api, question, &CancellationToken::new()).await
}

/// What comes of one question when the server always answers the same.
async fn always(canned: impl Fn() -> Canned + Send + Sync + 'static) -> (Reply, usize) {
    let server = TestServer::start(move |_, _| canned()).await;
    let client = client(&server, oauth2());
    let reply = ask(&client, &server, &userinfo()).await;
    (reply, server.seen().len())
}

fn reason(reply: &Reply) -> String {
    let failure = reply.answer.as_ref().expect_err("no answer");
    failure.to_string()
}

#[tokio::test]
async fn a_question_is_asked_as_the_wikis_want_it() {
    let server = TestServer::start(|_, _| json(GOOD)).await;
    let client = client(&server, oauth2());
    let reply = ask(&client, &server, &userinfo()).await;
    assert_eq!(reply.answer.expect("an answer").body, GOOD.as_bytes());
    let seen = server.seen();
    let request = &seen[0];
    let first_line = request.lines().next().expect("a line");
    assert_eq!(
        first_line,
        "GET /w/api.php?meta=userinfo&uiprop=groups%7C%C5%BB%C3%B3%C5%82%C4%87&format=json\
         &formatversion=2&errorformat=plaintext&errorlang=en&uselang=en&action=query&assert=user\
         &maxlag=5 HTTP/1.1"
    );
    let version = env!("CARGO_PKG_VERSION");
    for header in [
        format!("authorization: Bearer {TOKEN}"),
        format!("user-agent: sultrail/{version} (User:Tester) reqwest/0.13"),
        "accept-encoding: gzip".to_owned(),
        format!(
            "host: {}",
            server.address("enwiki").trim_start_matches("http://")
        ),
    ] {
        assert!(request.contains(&header), "{header} in {request}");
    }
    let [record] = &reply.requests[..] else {
        panic!("{:?}", reply.requests)
    };
    assert_eq!(record.host, "enwiki.localhost");
    assert_eq!(record.purpose.as_str(), "userinfo");
    assert_eq!((record.status, record.attempt), (Some(200), 1));
    assert_eq!(record.bytes, GOOD.len() as u64);
}

#[tokio::test]
async fn without_login_nothing_is_asserted_and_no_cookie_comes_back() {
    let set_cookie = [
        "Content-Type: application/json",
        "Set-Cookie: sessionJwt=x; path=/",
    ];
    let server = TestServer::start(move |_, _| answer("200 OK", &set_cookie, GOOD)).await;
    let client = client(&server, Credential::None);
    let mut question = userinfo();
    question.without_maxlag = true;
    for _ in 0..2 {
        let reply = ask(&client, &server, &question).await;
        assert!(reply.answer.is_ok(), "{reply:?}");
    }
    for request in server.seen() {
        for part in ["assert=", "maxlag=", "authorization:", "cookie:"] {
            assert!(!request.contains(part), "{part} in {request}");
        }
    }
}

#[tokio::test]
async fn the_rate_class_is_learnt_and_its_cookie_sent_back() {
    let headers = [
        "Content-Type: application/json",
        "Set-Cookie: sessionJwt=a.b.c; path=/; HttpOnly",
        "x-wmf-ratelimit-class: established-user",
    ];
    let server = TestServer::start(move |_, _| answer("200 OK", &headers, GOOD)).await;
    let client = client(&server, oauth2());
    ask(&client, &server, &userinfo()).await;
    ask(&client, &server, &userinfo()).await;
    assert_eq!(client.pace().class_limit(), Some(2000));
    let seen = server.seen();
    assert!(!seen[0].contains("cookie:"));
    assert!(seen[1].contains("cookie: sessionJwt=a.b.c"), "{}", seen[1]);
    assert!(seen[1].contains("authorization: Bearer"));
}

#[tokio::test]
async fn a_stale_cookie_drops_the_jar_and_is_tried_once_more() {
    let jwt = r#"{"errors":[{"code":"mwoauth-invalid-authorization-jwt","text":"x"}]}"#;
    let both = "<p>Cannot combine multiple request authentication types: a and b.</p>";
    for refusal in [
        || json(r#"{"errors":[{"code":"mwoauth-invalid-authorization-jwt","text":"x"}]}"#),
        || {
            let body = "<p>Cannot combine multiple request authentication types: a and b.</p>";
            answer("400 Bad Request", &["Content-Type: text/html"], body)
        },
    ] {
        let headers = [
            "Content-Type: application/json",
            "Set-Cookie: sessionJwt=old",
        ];
        let server = TestServer::start(move |_, request| {
            if request.contains("cookie: sessionJwt=old") {
                refusal()
            } else {
                answer("200 OK", &headers, GOOD)
            }
        })
        .await;
        let client = client(&server, oauth2());
        for _ in 0..2 {
            let reply = ask(&client, &server, &userinfo()).await;
            assert!(reply.answer.is_ok(), "{reply:?}");
        }
        assert_eq!(server.seen().len(), 3);
    }
    for body in [jwt, both] {
        let (reply, requests) = always(move || {
            if body.starts_with('{') {
                json(body)
            } else {
                answer("400 Bad Request", &["Content-Type: text/html"], body)
            }
        })
        .await;
        assert!(
            matches!(reply.answer, Err(Failure::SkipWiki(_))),
            "{reply:?}"
        );
        assert_eq!(requests, 2, "once more, and no more");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_credential_stays_here() {
    let foreign = TestServer::start(|_, _| json(GOOD)).await;
    let location = format!("Location: {}/w/api.php", foreign.address("evil"));
    let (reply, requests) = always(move || answer("302 Found", &[&location], "")).await;
    assert!(
        matches!(reply.answer, Err(Failure::SkipWiki(_))),
        "{reply:?}"
    );
    assert!(
        reason(&reply).contains("evil.localhost"),
        "{}",
        reason(&reply)
    );
    assert_eq!((requests, foreign.seen().len()), (1, 0));
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    bytes.resize(bytes.len() + 17 * 1024 * 1024, b' ');
    let (reply, requests) = always(move || Canned::Bytes(bytes.clone())).await;
    assert!(
        matches!(reply.answer, Err(Failure::SkipWiki(_))),
        "{reply:?}"
    );
    assert_eq!(requests, 1);
    assert!(reply.requests[0].bytes > 16 * 1024 * 1024);
    assert!(reply.requests[0].bytes < 17 * 1024 * 1024);
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_if_it_is_whole() {
    let packed = |length: usize| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
             Connection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        Canned::Bytes([head.as_bytes(), &GZIP[..length]].concat())
    };
    let (reply, _) = always(move || packed(GZIP.len())).await;
    let body = reply.answer.expect("an answer").body;
    assert_eq!(body, br#"{"batchcomplete":true,"query":{}}"#);
    for length in [GZIP.len() - 1, GZIP.len() - 8, 30, 12] {
        let (reply, requests) = always(move || packed(length)).await;
        assert!(
            matches!(reply.answer, Err(Failure::SkipWiki(_))),
            "{length}: {reply:?}"
        );
        assert_eq!(requests, 3, "three attempts");
    }
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_no_answer() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n";
    let cut = format!("{head}{GOOD}");
    let (reply, requests) = always(move || Canned::Bytes(cut.clone().into_bytes())).await;
    assert!(reason(&reply).contains("broke off"), "{reply:?}");
    assert_eq!(requests, 3);
    let attempts: Vec<_> = reply
        .requests
        .iter()
        .map(|r| (r.attempt, r.status))
        .collect();
    assert_eq!(attempts, [(1, Some(200)), (2, Some(200)), (3, Some(200))]);
    assert!(reply.requests[1].waited_ms >= 5000, "backs off");

    let (reply, _) = always(|| json(&GOOD[..GOOD.len() - 2])).await;
    assert!(reason(&reply).contains("no whole JSON"), "{reply:?}");
    let (reply, _) = always(|| Canned::Bytes(vec![])).await;
    assert_eq!(reply.requests[0].status, None);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let server = TestServer::start(|_, _| Canned::Silence).await;
    let client = client(&server, oauth2());
    let mut question = userinfo();
    question.total_time = Duration::from_millis(30);
    let reply = ask(&client, &server, &question).await;
    assert!(reason(&reply).contains("too long"), "{reply:?}");
    assert_eq!(reply.requests.len(), 3);
}

#[tokio::test]
async fn stopping_cuts_the_request_under_way_and_still_notes_it() {
    let server = TestServer::start(|_, _| Canned::Silence).await;
    let client = client(&server, oauth2());
    let api = client.hosts().central().clone();
    let stop = CancellationToken::new();
    let question = userinfo();
    let (reply, ()) = tokio::join!(client.ask(&api, &question, &stop), async {
        while server.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    });
    assert_eq!(reply.answer, Err(Failure::Stopped));
    assert_eq!(reply.requests.len(), 1);
    let reply = client.ask(&api, &question, &stop).await;
    assert_eq!(reply.answer, Err(Failure::Stopped));
    assert!(reply.requests.is_empty(), "not even asked");
}

#[tokio::test]
async fn a_wiki_that_is_not_there_says_so_without_the_question() {
    let hosts = {
        let server = TestServer::start(|_, _| Canned::Silence).await;
        server.hosts()
    };
    let server = TestServer::start(|_, _| Canned::Silence).await;
    let mut options = options(&server, oauth2());
    options.hosts = hosts;
    let client = Client::new(options).expect("a client");
    let api = client.hosts().central().clone();
    let reply = client
        .ask(&api, &userinfo(), &CancellationToken::new())
        .await;
    let reason = reason(&reply);
    assert!(reason.contains("no connection"), "{reason}");
    assert!(!reason.contains("userinfo"), "{reason}");
}

#[tokio::test]
async fn after_a_429_the_next_request_comes_when_the_server_allows() {
    let server = TestServer::start(|number, _| match number {
        0 => answer(
            "429 Too Many Requests",
            &["Retry-After: 42"],
            "You are making too many",
        ),
        _ => json(GOOD),
    })
    .await;
    let client = client(&server, oauth2());
    let reply = ask(&client, &server, &userinfo()).await;
    assert!(reply.answer.is_ok(), "{reply:?}");
    let gap = reply.requests[1].sent_at - reply.requests[0].sent_at;
    assert!(gap >= TimeDelta::seconds(42), "{gap}");
    assert!(reply.requests[1].waited_ms >= 42_000);
    assert_eq!(client.pace().summary().throttled, 1);
    assert!((client.pace().per_minute() - 30_000.0).abs() < 1e-6);
}

#[tokio::test]
async fn a_long_retry_after_defers_this_and_all_other_questions() {
    let server =
        TestServer::start(|_, _| answer("503 Unavailable", &["Retry-After: 3600"], "")).await;
    let client = client(&server, oauth2());
    for requests in [1, 0] {
        let reply = ask(&client, &server, &userinfo()).await;
        assert!(
            matches!(reply.answer, Err(Failure::Deferred { .. })),
            "{reply:?}"
        );
        assert_eq!(reply.requests.len(), requests);
    }
    assert!(client.pace().paused_until().is_some(), "to be kept");
}

#[tokio::test]
async fn lag_that_never_ends_is_for_the_end_of_the_run() {
    let lag = r#"{"errors":[{"code":"maxlag","text":"Waiting: 9 seconds lagged."}]}"#;
    let server = TestServer::start(move |_, request| {
        if request.contains("maxlag=5") {
            json(lag)
        } else {
            json(GOOD)
        }
    })
    .await;
    let client = client(&server, oauth2());
    let mut question = userinfo();
    let reply = ask(&client, &server, &question).await;
    assert!(
        matches!(reply.answer, Err(Failure::AskAgainLater(_))),
        "{reply:?}"
    );
    assert_eq!(reply.requests.len(), 4);
    question.without_maxlag = true;
    assert!(ask(&client, &server, &question).await.answer.is_ok());
}

#[tokio::test]
async fn a_used_nonce_is_followed_by_a_new_one() {
    let used =
        r#"{"errors":[{"code":"mwoauth-invalid-authorization","text":"Nonce already used: 1"}]}"#;
    let server =
        TestServer::start(move |number, _| json(if number < 2 { used } else { GOOD })).await;
    let text = "consumer_key=ck\nconsumer_secret=cs\naccess_token=at\naccess_secret=as";
    let credential = Credential::parse(CredentialKind::OAuth1, text).expect("four values");
    let client = client(&server, credential);
    let reply = ask(&client, &server, &userinfo()).await;
    assert!(reply.answer.is_ok(), "{reply:?}");
    let seen = server.seen();
    let nonces: std::collections::BTreeSet<_> = seen
        .iter()
        .filter_map(|request| request.split("oauth_nonce=\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(nonces.len(), 3, "{seen:?}");
}

#[tokio::test]
async fn an_echo_of_the_credential_goes_nowhere() {
    let body = format!(r#"{{"errors":[{{"code":"x","text":"Bearer {TOKEN}"}}]}}"#);
    let (reply, _) = always(move || json(&body)).await;
    assert!(
        !format!("{reply:?}").contains("secret-payload"),
        "{reply:?}"
    );
}

#[tokio::test]
async fn nothing_about_a_client_prints_its_credential() {
    let server = TestServer::start(|_, _| json(GOOD)).await;
    let options = options(&server, oauth2());
    assert!(!format!("{options:?}").contains("secret-payload"));
    let client = Client::new(options).expect("a client");
    assert!(!format!("{client:?}").contains("secret-payload"));
    let api = client.hosts().central();
    let call = Call::question(api, &userinfo(), client.credential_kind(), 5);
    let request = call
        .request(
            client.wire.http(),
            &client.credential,
            &client.cookies,
            client.clock.now(),
        )
        .expect("a request");
    assert!(request.headers().contains_key("authorization"));
    assert!(!format!("{request:?}").contains("secret-payload"));
}

#[tokio::test]
async fn a_placeholder_for_a_contact_is_refused_at_the_start() {
    let server = TestServer::start(|_, _| json(GOOD)).await;
    let mut options = options(&server, oauth2());
    options.contact = "me@example.org".to_owned();
    let refused = Client::new(options).expect_err("a placeholder");
    assert!(matches!(refused, NewClientError::Contact(_)));
}
