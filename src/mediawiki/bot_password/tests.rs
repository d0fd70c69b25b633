//! What the answers to a login mean.

use super::*;

fn outcome(login: &str) -> LoginOutcome {
    login_outcome(format!(r#"{{"login":{login}}}"#).as_bytes())
}

#[test]
fn a_success_is_one() {
    let recorded = r#"{"result":"Success","lguserid":2007,"lgusername":"Alice Example"}"#;
    assert_eq!(outcome(recorded), LoginOutcome::LoggedIn);
}

#[test]
fn a_wrong_password_is_never_tried_again() {
    for (login, code) in [
        (
            r#"{"result":"Failed","reason":{"code":"wrongpassword","text":"Incorrect username or password entered. Please try again."}}"#,
            "wrongpassword",
        ),
        (
            r#"{"result":"Failed","reason":{"code":"centralauth-login-error-locked","text":"You cannot log in because your account is globally locked."}}"#,
            "centralauth-login-error-locked",
        ),
        (
            r#"{"result":"Failed","reason":{"code":"botpasswords-restriction-failed","text":"x"}}"#,
            "botpasswords-restriction-failed",
        ),
        (
            r#"{"result":"Failed","reason":"Incorrect password"}"#,
            "Failed",
        ),
        (r#"{"result":"Failed"}"#, "Failed"),
        (r#"{"result":"SomethingNew"}"#, "SomethingNew"),
    ] {
        match outcome(login) {
            LoginOutcome::Refused(reason) => assert_eq!(reason.code(), Some(code)),
            other => panic!("{login}: {other:?}"),
        }
    }
}

#[test]
fn too_many_tries_lock_out_for_a_while_in_any_language() {
    let recorded = r#"{"result":"Failed","reason":{"code":"login-throttled","text":"Du hast zu oft versucht, dich anzumelden. Bitte warte 5 Minuten, bevor du es erneut probierst."}}"#;
    for login in [recorded, r#"{"result":"Throttled","wait":300}"#] {
        assert!(
            matches!(outcome(login), LoginOutcome::LockedOut(_)),
            "{login}"
        );
    }
}

#[test]
fn a_lost_token_or_an_old_session_is_worth_another_start() {
    for login in [
        r#"{"result":"Failed","reason":{"code":"sessionlost","text":"Unable to continue login. Your session most likely timed out."}}"#,
        r#"{"result":"NeedToken","token":"284dda4feaf7a5d0e1c24b2563b89b676b0163ee+\\"}"#,
        r#"{"result":"WrongToken"}"#,
        r#"{"result":"Aborted","reason":{"code":"x","text":"Cannot log in when using BotPasswordSessionProvider"}}"#,
    ] {
        assert!(
            matches!(outcome(login), LoginOutcome::OnceMore(_)),
            "{login}"
        );
    }
    assert!(matches!(login_outcome(b"{}"), LoginOutcome::OnceMore(_)));
}

#[test]
fn the_token_is_found() {
    let body = br#"{"batchcomplete":true,"query":{"tokens":{"logintoken":"abc+\\"}}}"#;
    assert_eq!(login_token(body).as_deref(), Some("abc+\\"));
    assert_eq!(login_token(b"{}"), None);
    assert_eq!(login_token(b"["), None);
}
