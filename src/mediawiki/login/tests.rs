//! Logging in once a wiki.

use std::{borrow::Cow, num::NonZeroU32, path::PathBuf};

use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    clock::Clock,
    mediawiki::{
        ClientOptions, Credential, CredentialKind, PaceOptions, Purpose, Question, Rate, Reply,
        Timeouts,
        test_server::{Canned, TestServer, answer, json},
    },
};

const PASSWORD: &str = "0123456789abcdefghijklmnopqrst05";
const TOKEN: &str = r#"{"batchcomplete":true,"query":{"tokens":{"logintoken":"t0k+\\"}}}"#;
const SUCCESS: &str = r#"{"login":{"result":"Success","lguserid":2007,"lgusername":"Alice"}}"#;
const GOOD: &str = r#"{"batchcomplete":true,"query":{"userinfo":{"id":2007,"name":"Alice"}}}"#;
const NOBODY: &str =
    r#"{"errors":[{"code":"assertuserfailed","text":"You are no longer logged in"}]}"#;
const WRONG: &str =
    r#"{"login":{"result":"Failed","reason":{"code":"wrongpassword","text":"Incorrect"}}}"#;
const THROTTLED: &str =
    r#"{"login":{"result":"Failed","reason":{"code":"login-throttled","text":"x"}}}"#;
const ABORTED: &str = r#"{"login":{"result":"Aborted","reason":{"code":"x","text":"x"}}}"#;

fn client(server: &TestServer, cookie_file: Option<PathBuf>) -> Client {
    let text = format!("Alice@app\n{PASSWORD}");
    let credential = Credential::parse(CredentialKind::BotPassword, &text).expect("a bot password");
    let options = ClientOptions {
        contact: "User:Tester".to_owned(),
        credential,
        hosts: server.hosts(),
        pace: PaceOptions {
            rate: Rate::PerMinute(NonZeroU32::new(60_000).expect("not zero")),
            ..PaceOptions::default()
        },
        maxlag_seconds: 5,
        cookie_file,
        clock: Clock::simulated("2026-11-21T03:17:00Z".parse().expect("an instant")),
        timeouts: Timeouts::default(),
        jitter_seed: Some(1),
    };
    Client::new(options).expect("a client")
}

async fn ask(client: &Client, server: &TestServer, wiki: &str) -> Reply {
    let api = client.hosts().api(&server.address(wiki)).expect("allowed");
    let question = Question::new(Purpose::Account, vec![("meta", Cow::from("userinfo"))]);
    client.ask(&api, &question, &CancellationToken::new()).await
}

fn logged_in() -> Canned {
    let headers = [
        "Content-Type: application/json",
        "Set-Cookie: enwiki_BPsession=s1; path=/",
    ];
    answer("200 OK", &headers, SUCCESS)
}

/// A wiki that answers logins like this, and questions if the session is there.
async fn wiki(login: impl Fn(usize) -> Canned + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |number, request| {
        if request.contains("type=login") {
            let headers = [
                "Content-Type: application/json",
                "Set-Cookie: enwiki_session=pre",
            ];
            answer("200 OK", &headers, TOKEN)
        } else if request.contains("action=login") {
            login(number)
        } else if request.contains("BPsession=s1") {
            json(GOOD)
        } else {
            json(NOBODY)
        }
    })
    .await
}

fn purposes(reply: &Reply) -> Vec<&'static str> {
    reply
        .requests
        .iter()
        .map(|record| record.purpose.as_str())
        .collect()
}

#[tokio::test]
async fn it_logs_in_once_and_keeps_the_session_across_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("alice.cookies");
    let server = wiki(|_| logged_in()).await;
    let first = client(&server, Some(file.clone()));
    let reply = ask(&first, &server, "enwiki").await;
    assert!(reply.answer.is_ok(), "{reply:?}");
    assert_eq!(purposes(&reply), ["login", "login", "userinfo"]);
    let seen = server.seen();
    assert!(
        seen[1].starts_with("POST /w/api.php?action=login&format=json"),
        "{}",
        seen[1]
    );
    assert!(
        seen[1].contains("cookie: enwiki_session=pre"),
        "{}",
        seen[1]
    );
    let form = format!("lgname=Alice%40app&lgpassword={PASSWORD}&lgtoken=t0k%2B%5C");
    assert!(seen[1].ends_with(&form), "{}", seen[1]);
    assert!(!seen[0].contains("assert=") && !seen[1].contains("assert="));
    assert!(seen[2].contains("assert=user"));
    let reply = ask(&first, &server, "enwiki").await;
    assert_eq!(purposes(&reply), ["userinfo"]);
    drop(first);
    let reply = ask(&client(&server, Some(file)), &server, "enwiki").await;
    assert_eq!(purposes(&reply), ["userinfo"]);
}

#[tokio::test]
async fn an_ended_session_is_renewed_once_and_then_the_wiki_is_left_alone() {
    let server = TestServer::start(|number, request| {
        if request.contains("type=login") {
            assert!(!request.contains("cookie:"), "old cookies would abort it");
            json(TOKEN)
        } else if request.contains("action=login") {
            logged_in()
        } else if number == 2 {
            json(GOOD)
        } else {
            json(NOBODY)
        }
    })
    .await;
    let client = client(&server, None);
    assert!(ask(&client, &server, "enwiki").await.answer.is_ok());
    let reply = ask(&client, &server, "enwiki").await;
    assert!(
        matches!(reply.answer, Err(Failure::SkipWiki(_))),
        "{reply:?}"
    );
    assert_eq!(purposes(&reply), ["userinfo", "login", "login", "userinfo"]);
    assert_eq!(client.login_refused(), None);
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_however_many_ask() {
    let server = wiki(|_| json(WRONG)).await;
    let client = client(&server, None);
    let (one, two, three) = tokio::join!(
        ask(&client, &server, "enwiki"),
        ask(&client, &server, "dewiki"),
        ask(&client, &server, "frwiki"),
    );
    for reply in [&one, &two, &three] {
        assert!(
            matches!(reply.answer, Err(Failure::StopAccount(_))),
            "{reply:?}"
        );
    }
    let posts = server
        .seen()
        .iter()
        .filter(|request| request.starts_with("POST"))
        .count();
    assert_eq!(posts, 1);
    let remembered = client.login_refused().expect("remembered");
    assert_eq!(remembered.code(), Some("wrongpassword"));
    assert!(!format!("{one:?}").contains(PASSWORD));
}

#[tokio::test]
async fn after_a_lockout_no_login_is_tried_for_five_minutes() {
    let server = wiki(|_| json(THROTTLED)).await;
    let client = client(&server, None);
    for requests in [2, 0] {
        let reply = ask(&client, &server, "enwiki").await;
        assert!(
            matches!(reply.answer, Err(Failure::Deferred { .. })),
            "{reply:?}"
        );
        assert_eq!(reply.requests.len(), requests);
    }
    client.clock.advance(LOCKED_OUT);
    assert_eq!(ask(&client, &server, "enwiki").await.requests.len(), 2);
    assert_eq!(client.login_refused(), None);
}

#[tokio::test]
async fn an_aborted_login_is_started_anew_once() {
    let server = wiki(|number| {
        if number < 2 {
            json(ABORTED)
        } else {
            logged_in()
        }
    })
    .await;
    let reply = ask(&client(&server, None), &server, "enwiki").await;
    assert!(reply.answer.is_ok(), "{reply:?}");
    assert_eq!(reply.requests.len(), 5);
    assert!(server.seen()[1].contains("cookie:"));
    assert!(!server.seen()[2].contains("cookie:"), "anew");

    let server = wiki(|_| json(ABORTED)).await;
    let reply = ask(&client(&server, None), &server, "enwiki").await;
    assert!(
        matches!(reply.answer, Err(Failure::SkipWiki(_))),
        "{reply:?}"
    );
    assert_eq!(reply.requests.len(), 4);
}

#[tokio::test]
async fn a_wiki_in_read_only_mode_takes_no_logins_and_is_skipped() {
    let readonly = r#"{"errors":[{"code":"readonly","text":"The wiki is currently in read-only mode.","data":{"readonlyreason":"Maintenance of the test farm"},"module":"main"}]}"#;
    let server = wiki(move |_| json(readonly)).await;
    let reply = ask(&client(&server, None), &server, "enwiki").await;
    let failure = reply.answer.expect_err("no login");
    assert!(matches!(failure, Failure::SkipWiki(_)), "{failure:?}");
    assert_eq!(failure.code(), Some("readonly"));
}
