//! Every answer has its verdict.

use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::SecretString;

use super::*;
use CredentialKind::{BotPassword, None as NoLogin, OAuth1, OAuth2};

const JSON: &[(&str, &str)] = &[("content-type", "application/json; charset=utf-8")];
const HTML: &[(&str, &str)] = &[("content-type", "text/html; charset=utf-8")];

fn received(status: u16, headers: &[(&str, &str)], body: &str) -> Received {
    let headers = headers
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().expect("a header name");
            let value: HeaderValue = value.parse().expect("a header value");
            (name, value)
        })
        .collect();
    let body = body.as_bytes().to_vec();
    Received {
        status,
        headers,
        body,
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-21T03:17:00Z".parse().expect("an instant")
}

fn verdict(status: u16, headers: &[(&str, &str)], body: &str, kind: CredentialKind) -> Trouble {
    judge(&received(status, headers, body), kind, now()).expect_err("no answer")
}

fn error(code: &str, text: &str) -> String {
    // As recorded, with docref and servedby.
    format!(
        r#"{{"errors":[{{"code":"{code}","text":"{text}","module":"main"}}],"docref":"See http://en.sul.test:8100/w/api.php for API usage.","servedby":"vm"}}"#
    )
}

fn wait(seconds: u64) -> RetryAfter {
    RetryAfter::Wait(Duration::from_secs(seconds))
}

/// Every code of MediaWiki's API that is documented or was observed.
#[test]
fn every_error_code_is_a_decision() {
    let renew = Decision::Renew;
    let rows = [
        ("maxlag", OAuth2, Decision::Lagged(wait(5))),
        ("ratelimited", OAuth2, Decision::Throttled(wait(60))),
        ("readonly", OAuth2, Decision::SkipWiki),
        ("assertuserfailed", OAuth2, Decision::StopAccount),
        ("assertuserfailed", OAuth1, Decision::StopAccount),
        ("assertuserfailed", BotPassword, renew(Renewal::Login)),
        ("assertuserfailed", NoLogin, Decision::SkipWiki),
        ("assertnameduserfailed", OAuth2, Decision::StopAccount),
        ("assertbotfailed", OAuth2, Decision::StopAccount),
        (
            "mwoauth-invalid-authorization",
            OAuth2,
            Decision::StopAccount,
        ),
        (
            "mwoauth-invalid-authorization-wrong-wiki",
            OAuth2,
            Decision::SkipWiki,
        ),
        (
            "mwoauth-invalid-authorization-invalid-user",
            OAuth2,
            Decision::SkipWiki,
        ),
        (
            "mwoauth-invalid-authorization-blocked-user",
            OAuth2,
            Decision::StopAccount,
        ),
        (
            "mwoauth-invalid-authorization-not-approved",
            OAuth2,
            Decision::StopAccount,
        ),
        (
            "mwoauth-invalid-authorization-jwt",
            OAuth2,
            renew(Renewal::Cookies),
        ),
        ("mwoauth-api-module-disabled", OAuth2, Decision::SkipWiki),
        ("mwoauth-not-api", OAuth2, Decision::SkipWiki),
        ("notloggedin", NoLogin, Decision::SkipWiki),
        ("login-required", NoLogin, Decision::SkipWiki),
        ("mustbeloggedin", NoLogin, Decision::SkipWiki),
        ("permissiondenied", OAuth2, Decision::SkipWiki),
        ("readapidenied", OAuth2, Decision::SkipWiki),
        ("badtoken", BotPassword, Decision::SkipWiki),
        ("mustbeposted", BotPassword, Decision::SkipWiki),
        ("badcontinue", OAuth2, Decision::SkipWiki),
        ("badvalue", OAuth2, Decision::SkipWiki),
        ("badinteger", OAuth2, Decision::SkipWiki),
        ("toomanyvalues", OAuth2, Decision::SkipWiki),
        ("unknown_action", OAuth2, Decision::SkipWiki),
        ("invaliduser", NoLogin, Decision::SkipWiki),
        ("invaliduserid", OAuth2, Decision::SkipWiki),
        ("baduser", OAuth2, Decision::SkipWiki),
        (
            "internal_api_error_DBQueryError",
            OAuth2,
            Decision::AskLater,
        ),
        (
            "internal_api_error_Wikimedia\\\\RequestTimeout",
            OAuth2,
            Decision::AskLater,
        ),
        ("something-nobody-knows", OAuth2, Decision::SkipWiki),
    ];
    for (code, kind, decision) in rows {
        let trouble = verdict(200, JSON, &error(code, "Some text."), kind);
        assert_eq!(trouble.decision, decision, "{code} with {kind}");
        let code = code.replace("\\\\", "\\");
        assert_eq!(trouble.reason.code(), Some(code.as_str()));
        assert!(trouble.reason.to_string().contains("Some text."), "{code}");
    }
}

/// Every answer that never reached MediaWiki.
#[test]
fn every_status_is_a_decision() {
    let agent = "Please set a user-agent and respect our robot policy. See also T400119.";
    let combined = "<p>Cannot combine multiple request authentication types: MediaWiki\\Extension\
                    \\OAuth\\SessionProvider sessions and central cookie-based sessions.</p>";
    let later = ("retry-after", "7");
    let rows = [
        (
            429,
            vec![later],
            "You are making too many requests to the API",
            Decision::Throttled(wait(7)),
        ),
        (
            429,
            vec![],
            "<html>4914820</html>",
            Decision::Throttled(wait(60)),
        ),
        (
            429,
            vec![("retry-after", "3600")],
            "",
            Decision::Throttled(RetryAfter::Defer(Duration::from_hours(1))),
        ),
        (401, vec![], "Jwt is expired", Decision::StopAccount),
        (403, vec![], agent, Decision::StopRun),
        (403, vec![], "Forbidden", Decision::SkipWiki),
        (
            503,
            vec![later],
            "upstream connect error",
            Decision::Unavailable(wait(7)),
        ),
        (
            503,
            vec![],
            "<html>Our servers are currently under maintenance",
            Decision::Unavailable(wait(60)),
        ),
        (
            504,
            vec![later],
            "upstream request timeout",
            Decision::Unavailable(wait(7)),
        ),
        (504, vec![], "upstream request timeout", Decision::AskLater),
        (500, vec![], "<html>", Decision::AskLater),
        (502, vec![], "<html>", Decision::AskLater),
        (408, vec![], "", Decision::AskLater),
        (400, vec![], combined, Decision::Renew(Renewal::Cookies)),
        (400, vec![], "<h1>Bad Request</h1>", Decision::SkipWiki),
        (
            404,
            vec![],
            "<center><h1>404 Not Found</h1></center>",
            Decision::SkipWiki,
        ),
        (405, vec![], "", Decision::SkipWiki),
        (410, vec![], "", Decision::SkipWiki),
        (413, vec![], "", Decision::SkipWiki),
        (204, vec![], "", Decision::SkipWiki),
        (
            301,
            vec![("location", "https://evil.test/w/api.php")],
            "",
            Decision::SkipWiki,
        ),
        (302, vec![], "", Decision::SkipWiki),
    ];
    for (status, headers, body, decision) in rows {
        let headers = [HTML, &headers].concat();
        let trouble = verdict(status, &headers, body, OAuth2);
        assert_eq!(trouble.decision, decision, "{status} {body}");
        assert_eq!(trouble.reason.code(), None);
    }
    let without_login = verdict(401, HTML, "", NoLogin);
    assert_eq!(without_login.decision, Decision::SkipWiki);
}

#[test]
fn a_redirect_names_the_host_and_no_more() {
    let location = (
        "location",
        "https://evil.test/w/api.php?access_token=SECRET",
    );
    let trouble = verdict(301, &[location], "", OAuth2);
    let text = trouble.reason.to_string();
    assert!(
        text.contains("evil.test") && !text.contains("SECRET"),
        "{text}"
    );
}

#[test]
fn a_used_nonce_is_renewed() {
    let text = "The authorization headers in your request are not valid: Nonce already used: 1b";
    let body = error("mwoauth-invalid-authorization", text);
    let trouble = verdict(200, JSON, &body, OAuth1);
    assert_eq!(trouble.decision, Decision::Renew(Renewal::Nonce));
}

#[test]
fn a_revoked_token_as_recorded_stops_the_account() {
    let body = r#"{"errors":[{"code":"mwoauth-invalid-authorization","text":"The authorization headers in your request are not valid: Cannot create access token, user did not approve issuing this access token"}],"servedby":"vm"}"#;
    let trouble = verdict(200, JSON, body, OAuth2);
    assert_eq!(trouble.decision, Decision::StopAccount);
    assert!(trouble.reason.to_string().contains("did not approve"));
}

#[test]
fn lag_as_recorded_waits_as_long_as_the_wiki_wants() {
    let headers = [
        JSON,
        &[
            ("retry-after", "8"),
            ("x-database-lag", "9"),
            ("mediawiki-api-error", "maxlag"),
        ],
    ]
    .concat();
    let body = r#"{"errors":[{"code":"maxlag","text":"Waiting for localhost:/srv/mediawiki/run/mysql.sock: 9 seconds lagged.","data":{"host":"localhost:/srv/mediawiki/run/mysql.sock","lag":9,"type":"db"},"module":"main"}]}"#;
    let trouble = verdict(200, &headers, body, OAuth2);
    assert_eq!(trouble.decision, Decision::Lagged(wait(8)));
}

#[test]
fn a_limit_of_the_wiki_itself_lasts_a_minute_at_least() {
    for (retry_after, seconds) in [("5", 60), ("90", 90)] {
        let headers = [JSON, &[("retry-after", retry_after)]].concat();
        let trouble = verdict(200, &headers, &error("ratelimited", "x"), OAuth2);
        assert_eq!(trouble.decision, Decision::Throttled(wait(seconds)));
    }
}

#[test]
fn errors_are_seen_in_either_format_and_in_the_header_alone() {
    let bc =
        r#"{"error":{"code":"readapidenied","info":"You need read permission.","docref":"x"}}"#;
    assert_eq!(
        verdict(200, JSON, bc, OAuth2).reason.code(),
        Some("readapidenied")
    );

    let header = [JSON, &[("mediawiki-api-error", "badvalue, other")]].concat();
    let body = r#"{"batchcomplete":true,"query":{}}"#;
    assert_eq!(
        verdict(200, &header, body, OAuth2).reason.code(),
        Some("badvalue")
    );

    for odd in [
        r#"{"errors":[],"query":{}}"#,
        r#"{"errors":"yes","query":{}}"#,
        r#"{"errors":[{"code":7}],"query":{}}"#,
        r#"{"error":"access_denied","message":"JWT"}"#,
    ] {
        assert_eq!(
            verdict(200, JSON, odd, OAuth2).reason.code(),
            Some("unknown"),
            "{odd}"
        );
    }
}

#[test]
fn what_is_no_answer_is_none() {
    let suppressed = [JSON, &[("mediawiki-login-suppressed", "true")]].concat();
    let good = r#"{"batchcomplete":true,"query":{"userinfo":{"id":1}}}"#;
    let truncated = r#"{"warnings":[{"code":"truncatedresult","text":"x"}],"query":{}}"#;
    for (headers, body, decision) in [
        (
            HTML,
            "<!DOCTYPE html><title>MediaWiki API help</title>",
            Decision::SkipWiki,
        ),
        (&[][..], good, Decision::SkipWiki),
        (
            &[("content-type", "application/jsonp")][..],
            good,
            Decision::SkipWiki,
        ),
        (JSON, "", Decision::AskLater),
        (JSON, &good[..20], Decision::AskLater),
        (JSON, r#"{"batchcomplete":true}}"#, Decision::AskLater),
        (JSON, "[]", Decision::AskLater),
        (JSON, "null", Decision::AskLater),
        (JSON, "{}", Decision::AskLater),
        (
            JSON,
            r#"{"query":{"a":1},"query":{"a":2}}"#,
            Decision::AskLater,
        ),
        (&suppressed, good, Decision::SkipWiki),
        (JSON, truncated, Decision::SkipWiki),
    ] {
        assert_eq!(
            verdict(200, headers, body, OAuth2).decision,
            decision,
            "{body}"
        );
    }
    let mut no_text = received(200, JSON, good);
    no_text.body.insert(30, 0xff);
    let trouble = judge(&no_text, OAuth2, now()).expect_err("no UTF-8");
    assert_eq!(trouble.decision, Decision::AskLater);
}

#[test]
fn answers_as_recorded_are_answers() {
    for body in [
        r#"{"batchcomplete":true,"query":{"userinfo":{"id":2007,"name":"Alice Example"}}}"#,
        r#"{"batchcomplete":true,"warnings":[{"code":"unrecognizedvalues","text":"Unrecognized value for parameter \"meta\": nosuchmeta","data":{"values":["nosuchmeta"]},"module":"query"}]}"#,
        r#"{"login":{"result":"Success","lguserid":2007,"lgusername":"Alice Example"}}"#,
    ] {
        assert_eq!(
            judge(&received(200, JSON, body), OAuth2, now()),
            Ok(()),
            "{body}"
        );
    }
}

#[test]
fn an_answer_that_holds_our_credential_is_refused() {
    let credential = Credential::OAuth2(SecretString::from("eyJ0eXAi.payload.signature"));
    let echo = r#"{"query":{"x":"Bearer eyJ0eXAi.payload.signature"}}"#;
    let trouble = refuse_echo(&received(200, JSON, echo), &credential).expect_err("an echo");
    assert_eq!(trouble.decision, Decision::SkipWiki);
    assert!(!trouble.reason.to_string().contains("payload"));
    let header = [(
        "location",
        "https://evil.test/?t=eyJ0eXAi.payload.signature",
    )];
    assert!(refuse_echo(&received(302, &header, ""), &credential).is_err());
    assert_eq!(refuse_echo(&received(200, JSON, "{}"), &credential), Ok(()));
}

#[test]
fn absence_is_asked_about_later_and_endlessness_never() {
    for (absence, decision) in [
        (
            NotReceived::Connection("refused".into()),
            Decision::AskLater,
        ),
        (NotReceived::TooSlow, Decision::AskLater),
        (NotReceived::Cut("end of file".into()), Decision::AskLater),
        (NotReceived::TooLong, Decision::SkipWiki),
    ] {
        assert_eq!(judge_absence(&absence).decision, decision, "{absence:?}");
    }
}

#[test]
fn text_of_a_server_is_one_short_line() {
    let body = error("badvalue", &format!("a\\u001b[31m\\nb{}", "x".repeat(1000)));
    let text = verdict(200, JSON, &body, OAuth2).reason.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.chars().count() < 300, "{text}");
}
