//! What a credential file may hold.

use super::*;

const BOT_PASSWORD: &str = "0123456789abcdefghijklmnopqrst05";

fn parse(kind: CredentialKind, text: &str) -> Result<Credential, ParseCredentialError> {
    Credential::parse(kind, text)
}

#[test]
fn a_token_is_read_with_or_without_a_line_break() {
    for text in [
        "eyJ0.a-b_c.d",
        "eyJ0.a-b_c.d\n",
        "eyJ0.a-b_c.d\r\n",
        "\u{feff} eyJ0.a-b_c.d \n",
    ] {
        match parse(CredentialKind::OAuth2, text) {
            Ok(Credential::OAuth2(token)) => assert_eq!(token.expose_secret(), "eyJ0.a-b_c.d"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_token_is_refused() {
    for (text, error) in [
        ("", ParseCredentialError::Empty),
        (" \n\n", ParseCredentialError::Empty),
        ("Bearer eyJ0.a.b", ParseCredentialError::Token),
        ("eyJ0\n.a.b", ParseCredentialError::Token),
        ("eyJ0.ä.b", ParseCredentialError::Token),
        ("eyJ0.\u{0}.b", ParseCredentialError::Token),
    ] {
        assert_eq!(parse(CredentialKind::OAuth2, text).expect_err(text), error);
    }
}

#[test]
fn no_login_takes_no_credential() {
    assert!(matches!(
        parse(CredentialKind::None, "\n"),
        Ok(Credential::None)
    ));
    let refused = parse(CredentialKind::None, "x").expect_err("too much");
    assert_eq!(refused, ParseCredentialError::NotNeeded);
}

#[test]
fn the_four_values_of_oauth1_are_read_from_lines_toml_and_json() {
    for text in [
        "consumer_key=ck\nconsumer_secret=cs\naccess_token=at\naccess_secret=as\n",
        "# my consumer\n\nconsumer_key = \"ck\"\r\nconsumer_secret = 'cs'\naccess_token = at\naccess_secret=as",
        "consumer_token=ck\nconsumer_secret=cs\naccess_key=at\naccess_token_secret=as",
        r#"{"consumer_key":"ck","consumer_secret":"cs","access_token":"at","access_secret":"as"}"#,
    ] {
        let credential = parse(CredentialKind::OAuth1, text).expect(text);
        let values: Vec<_> = credential
            .secrets()
            .iter()
            .map(|s| s.expose_secret().to_owned())
            .collect();
        assert_eq!(values, ["ck", "cs", "at", "as"], "{text}");
    }
    for (text, error) in [
        ("", ParseCredentialError::Empty),
        (
            "consumer_key=a",
            ParseCredentialError::OAuth1Missing("consumer_secret"),
        ),
        ("consumer_key=a\nx=b", ParseCredentialError::OAuth1Line(2)),
        ("just a token", ParseCredentialError::OAuth1Line(1)),
        ("consumer_key=a b", ParseCredentialError::Token),
        ("{\"consumer_key\":7}", ParseCredentialError::Token),
        ("{", ParseCredentialError::OAuth1Line(1)),
    ] {
        assert_eq!(parse(CredentialKind::OAuth1, text).expect_err(text), error);
    }
}

#[test]
fn a_bot_password_is_read_in_both_spellings() {
    for text in [
        format!("Alice Example@app\n{BOT_PASSWORD}\n"),
        format!("Alice Example\napp@{BOT_PASSWORD}"),
        format!("\n Alice Example@app \r\n\r\n {BOT_PASSWORD} \r\n"),
    ] {
        let Ok(Credential::BotPassword(bot)) = parse(CredentialKind::BotPassword, &text) else {
            panic!("{text}");
        };
        let form = bot.form("t");
        assert_eq!(
            form,
            [
                ("lgname", "Alice Example@app"),
                ("lgpassword", BOT_PASSWORD),
                ("lgtoken", "t")
            ]
        );
    }
}

#[test]
fn the_password_of_the_account_itself_is_never_taken() {
    for (text, error) in [
        ("Alice@app", ParseCredentialError::BotPasswordLines),
        ("Alice@app\nx\ny", ParseCredentialError::BotPasswordLines),
        (
            "Alice\n0123456789abcdefghijklmnopqrst05",
            ParseCredentialError::BotPasswordLines,
        ),
        (
            "@app\n0123456789abcdefghijklmnopqrst05",
            ParseCredentialError::BotPasswordLines,
        ),
        (
            "Alice@app\nAlicePass-42",
            ParseCredentialError::NotABotPassword,
        ),
        (
            "Alice@app\n0123456789ABCDEFGHIJKLMNOPQRST05",
            ParseCredentialError::NotABotPassword,
        ),
        (
            "Alice@app\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ParseCredentialError::NotABotPassword,
        ),
    ] {
        assert_eq!(
            parse(CredentialKind::BotPassword, text).expect_err(text),
            error
        );
    }
}

#[test]
fn nothing_secret_is_printed_or_named() {
    let bot = format!("Alice@app\n{BOT_PASSWORD}");
    let oauth1 = "consumer_key=SECRET1\nconsumer_secret=SECRET2\naccess_token=SECRET3\naccess_secret=SECRET4";
    for (kind, text) in [
        (CredentialKind::OAuth2, "SECRET0.SECRET1.SECRET2"),
        (CredentialKind::OAuth1, oauth1),
        (CredentialKind::BotPassword, bot.as_str()),
    ] {
        let credential = parse(kind, text).expect(text);
        let printed = format!(
            "{credential:?} {credential:#?} {}",
            credential.fingerprint()
        );
        assert!(
            !printed.contains("SECRET") && !printed.contains(BOT_PASSWORD),
            "{printed}"
        );
        assert_eq!(credential.kind(), kind);
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
}

#[test]
fn a_fingerprint_tells_credentials_apart() {
    let one = parse(CredentialKind::OAuth2, "a.b.c").expect("a token");
    let same = parse(CredentialKind::OAuth2, "a.b.c\n").expect("a token");
    let other = parse(CredentialKind::OAuth2, "a.b.d").expect("a token");
    assert_eq!(one.fingerprint(), same.fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
}
