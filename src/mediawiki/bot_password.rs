//! Bot passwords: a login and a session cookie for each wiki.
//!
//! Five wrong tries lock the user out for five minutes on all wikis, even with the right password,
//! so a password that was refused once is never tried again.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::{
    credential::ParseCredentialError,
    error::{Reason, one_line},
};

/// How long the wikis take no more logins after too many wrong ones (`$wgPasswordAttemptThrottle`).
pub(super) const LOCKED_OUT: Duration = Duration::from_mins(5);

/// The name of a bot password and the password.
#[derive(Clone, Debug)]
pub struct BotPassword {
    /// `Name@app`.
    name: String,
    password: SecretString,
}

impl BotPassword {
    pub(super) fn parse(text: &str) -> Result<Self, ParseCredentialError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (Some(name), Some(password), None) = (lines.next(), lines.next(), lines.next()) else {
            return Err(ParseCredentialError::BotPasswordLines);
        };
        // The other spelling: Name, then app@password.
        let (name, password) = match password.rsplit_once('@') {
            Some((app, password)) if !name.contains('@') => (format!("{name}@{app}"), password),
            _ => (name.to_owned(), password),
        };
        if !name
            .split_once('@')
            .is_some_and(|(user, app)| !user.is_empty() && !app.is_empty())
        {
            return Err(ParseCredentialError::BotPasswordLines);
        }
        if !is_bot_password(password) {
            return Err(ParseCredentialError::NotABotPassword);
        }
        let password = SecretString::from(password);
        Ok(Self { name, password })
    }

    pub(super) fn password(&self) -> &SecretString {
        &self.password
    }

    /// The body of `action=login`.
    pub(super) fn form<'a>(&'a self, token: &'a str) -> [(&'a str, &'a str); 3] {
        [
            ("lgname", &self.name),
            ("lgpassword", self.password.expose_secret()),
            ("lgtoken", token),
        ]
    }
}

/// What an answer to `action=login` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LoginOutcome {
    /// The session is there.
    LoggedIn,
    /// Start anew once, without cookies and with a new token.
    OnceMore(Reason),
    /// No login anywhere for some minutes.
    LockedOut(Reason),
    /// Never with this password.
    Refused(Reason),
}

/// The login token in the answer to `meta=tokens`.
pub(super) fn login_token(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let token = answer.pointer("/query/tokens/logintoken")?.as_str()?;
    Some(token.to_owned())
}

/// Reads the answer to `action=login`. Decides by code: the texts are in the wiki's language.
pub(super) fn login_outcome(body: &[u8]) -> LoginOutcome {
    let Ok(LoginAnswer { login }) = serde_json::from_slice::<LoginAnswer>(body) else {
        return LoginOutcome::OnceMore(Reason::new("the answer to the login cannot be read"));
    };
    let code = login
        .reason
        .get("code")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match (login.result.as_str(), code) {
        ("Success", _) => LoginOutcome::LoggedIn,
        ("WrongToken" | "NeedToken" | "Aborted", _) | ("Failed", "sessionlost") => {
            let text = format!("the login did not go through ({})", one_line(&login.result));
            LoginOutcome::OnceMore(Reason::new(text))
        }
        ("Failed" | "Throttled", "login-throttled") | ("Throttled", _) => {
            let text = "too many wrong logins, so the wikis take none for five minutes, not even \
                        the right one: does another program use an old password?";
            LoginOutcome::LockedOut(Reason::new(text).with_code("login-throttled"))
        }
        ("Failed", "centralauth-login-error-locked") => LoginOutcome::Refused(
            Reason::new("the account is globally locked")
                .with_code("centralauth-login-error-locked"),
        ),
        (result, code) => {
            let text = "the wiki refuses the bot password: it is wrong or was deleted, or the \
                        account was renamed (the first line is NEW_NAME@app then). It is not tried \
                        again, since five wrong tries lock the account";
            let code = if code.is_empty() { result } else { code };
            LoginOutcome::Refused(Reason::new(text).with_code(code))
        }
    }
}

#[derive(Deserialize)]
struct LoginAnswer {
    login: Login,
}

#[derive(Deserialize)]
struct Login {
    result: String,
    #[serde(default)]
    reason: Value,
}

/// What core takes for one (`BotPassword::canonicalizeLoginData`); anything else it would try as
/// the password of the account itself.
fn is_bot_password(password: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'w').contains(&byte);
    password.len() >= 32 && password.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
