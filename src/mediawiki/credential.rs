//! Who asks: the four ways to log in, read from the text of a credential file.
//!
//! Secrets are kept in [`SecretString`]s, which `Debug` does not print.

use std::{fmt, str::FromStr};

use base64::Engine;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{bot_password::BotPassword, oauth1::OAuth1};

/// What proves who asks.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Nothing: the public view.
    None,
    /// The access token of an owner-only OAuth 2.0 consumer.
    OAuth2(SecretString),
    /// The four values of an owner-only OAuth 1.0a consumer.
    OAuth1(OAuth1),
    /// A bot password.
    BotPassword(BotPassword),
}

/// The ways to log in. The names are those of the setting `auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// No login.
    None,
    /// OAuth 2.0.
    OAuth2,
    /// OAuth 1.0a.
    OAuth1,
    /// Bot password.
    BotPassword,
}

impl CredentialKind {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::None, Self::OAuth2, Self::OAuth1, Self::BotPassword];
}

impl Credential {
    /// Reads the text of a credential file. A line break at the end does no harm.
    ///
    /// - `oauth2`: the access token, nothing else.
    /// - `oauth1`: four lines `consumer_key = …`, `consumer_secret = …`, `access_token = …`,
    ///   `access_secret = …` (so, with quotes, TOML), or a JSON object with these keys.
    /// - `bot-password`: two lines, `Name@app` and the password; or `Name` and `app@password`, the
    ///   other spelling that Special:BotPasswords offers.
    /// - `none`: empty.
    pub fn parse(kind: CredentialKind, text: &str) -> Result<Self, ParseCredentialError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() && kind != CredentialKind::None {
            return Err(ParseCredentialError::Empty);
        }
        match kind {
            CredentialKind::None if text.is_empty() => Ok(Self::None),
            CredentialKind::None => Err(ParseCredentialError::NotNeeded),
            CredentialKind::OAuth2 => parse_token(text).map(Self::OAuth2),
            CredentialKind::OAuth1 => OAuth1::parse(text).map(Self::OAuth1),
            CredentialKind::BotPassword => BotPassword::parse(text).map(Self::BotPassword),
        }
    }

    /// Which way to log in it is for.
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::None => CredentialKind::None,
            Self::OAuth2(_) => CredentialKind::OAuth2,
            Self::OAuth1(_) => CredentialKind::OAuth1,
            Self::BotPassword(_) => CredentialKind::BotPassword,
        }
    }

    /// A name for this very credential that does not give it away: to remember that it was refused.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.kind().as_str());
        for secret in self.secrets() {
            hash.update([0]);
            hash.update(secret.expose_secret());
        }
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
    }

    /// Everything that must never be shown.
    pub(super) fn secrets(&self) -> Vec<&SecretString> {
        match self {
            Self::None => vec![],
            Self::OAuth2(token) => vec![token],
            Self::OAuth1(oauth1) => oauth1.secrets(),
            Self::BotPassword(bot_password) => vec![bot_password.password()],
        }
    }
}

impl CredentialKind {
    /// The name in settings and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::OAuth2 => "oauth2",
            Self::OAuth1 => "oauth1",
            Self::BotPassword => "bot-password",
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CredentialKind {
    type Err = ParseCredentialKindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::None, Self::OAuth2, Self::OAuth1, Self::BotPassword]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(ParseCredentialKindError)
    }
}

/// The text names no way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such way to log in; there are oauth2, oauth1, bot-password and none")]
pub struct ParseCredentialKindError;

/// The text is no credential of its kind. No variant holds any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseCredentialError {
    /// There is nothing.
    #[error("the credential is empty: was the file written, and is it the right one?")]
    Empty,
    /// There is something where nothing belongs.
    #[error("auth = \"none\" takes no credential; remove it, or say which kind it is")]
    NotNeeded,
    /// A token with something in it that no token has.
    #[error(
        "the token has spaces, line breaks or foreign characters in it: write the access token \
         only, in one line, without \"Bearer\""
    )]
    Token,
    /// One of the four values is missing.
    #[error(
        "the value {0} is missing: write four lines, consumer_key = …, consumer_secret = …, \
         access_token = …, access_secret = …, as Special:OAuthConsumerRegistration showed them"
    )]
    OAuth1Missing(&'static str),
    /// A line or a key that belongs to none of the four values.
    #[error(
        "line {0} is none of consumer_key = …, consumer_secret = …, access_token = …, \
         access_secret = …"
    )]
    OAuth1Line(usize),
    /// Not two lines.
    #[error("a bot password is two lines: Name@app, and below it the password")]
    BotPasswordLines,
    /// The account's own password, or a part of a bot password.
    #[error(
        "that is not a bot password, which has at least 32 of the characters 0-9 and a-w. Make one \
         at Special:BotPasswords; sultrail never takes the password of the account itself"
    )]
    NotABotPassword,
}

/// Whether this can be part of a header: visible ASCII without spaces.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn parse_token(text: &str) -> Result<SecretString, ParseCredentialError> {
    if is_token(text) {
        Ok(SecretString::from(text))
    } else {
        Err(ParseCredentialError::Token)
    }
}

#[cfg(test)]
mod tests;
