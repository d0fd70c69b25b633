//! OAuth 1.0a for owner-only consumers: each request is signed with HMAC-SHA1 (RFC 5849).

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use url::Url;

use super::credential::{ParseCredentialError, is_token};

/// Everything but RFC 3986's unreserved characters (RFC 5849, section 3.6).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The names of the four values, and what else people call them.
const VALUES: [(&str, &[&str]); 4] = [
    ("consumer_key", &["consumer_token"]),
    ("consumer_secret", &[]),
    ("access_token", &["access_key"]),
    ("access_secret", &["access_token_secret"]),
];

/// The four values of an owner-only consumer.
#[derive(Clone, Debug)]
pub struct OAuth1 {
    consumer_key: SecretString,
    consumer_secret: SecretString,
    access_token: SecretString,
    access_secret: SecretString,
}

impl OAuth1 {
    pub(super) fn parse(text: &str) -> Result<Self, ParseCredentialError> {
        let mut values = [const { None }; 4];
        for (line, key, value) in pairs(text)? {
            let known = |names: &(&str, &[&str])| names.0 == key || names.1.contains(&key.as_str());
            let place = VALUES.iter().position(known);
            let place = place.ok_or(ParseCredentialError::OAuth1Line(line))?;
            if !is_token(&value) {
                return Err(ParseCredentialError::Token);
            }
            values[place] = Some(SecretString::from(value));
        }
        let missing = |place: usize| ParseCredentialError::OAuth1Missing(VALUES[place].0);
        let [consumer_key, consumer_secret, access_token, access_secret] = values;
        Ok(Self {
            consumer_key: consumer_key.ok_or(missing(0))?,
            consumer_secret: consumer_secret.ok_or(missing(1))?,
            access_token: access_token.ok_or(missing(2))?,
            access_secret: access_secret.ok_or(missing(3))?,
        })
    }

    pub(super) fn secrets(&self) -> Vec<&SecretString> {
        vec![
            &self.consumer_key,
            &self.consumer_secret,
            &self.access_token,
            &self.access_secret,
        ]
    }

    /// The value of the header `Authorization` for one GET request.
    pub(super) fn authorization(&self, url: &Url, nonce: &str, now: DateTime<Utc>) -> String {
        let timestamp = now.timestamp().to_string();
        let mut own = vec![
            ("oauth_consumer_key", self.consumer_key.expose_secret()),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", &timestamp),
            ("oauth_token", self.access_token.expose_secret()),
            ("oauth_version", "1.0"),
        ];
        let base = signature_base("GET", url, &own);
        let signature = sign(
            &base,
            self.consumer_secret.expose_secret(),
            self.access_secret.expose_secret(),
        );
        own.push(("oauth_signature", &signature));
        let header = own
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
            .collect::<Vec<_>>()
            .join(", ");
        format!("OAuth {header}")
    }
}

/// Section 3.4.1: method, address and parameters as one text.
fn signature_base(method: &str, url: &Url, own: &[(&str, &str)]) -> String {
    let mut parameters: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (escape(&name), escape(&value)))
        .chain(
            own.iter()
                .map(|(name, value)| (escape(name), escape(value))),
        )
        .collect();
    parameters.sort();
    let parameters = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&");
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    let address = escape(address.as_str());
    format!("{method}&{address}&{}", escape(&parameters))
}

/// Section 3.4.2.
fn sign(base: &str, consumer_secret: &str, access_secret: &str) -> String {
    let key = format!("{}&{}", escape(consumer_secret), escape(access_secret));
    let mut mac =
        Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(base.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Line (or number), key and value of each pair.
fn pairs(text: &str) -> Result<Vec<(usize, String, String)>, ParseCredentialError> {
    if text.starts_with('{') {
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|_| ParseCredentialError::OAuth1Line(1))?;
        let pair = |(number, (key, value)): (usize, (String, serde_json::Value))| {
            let value = value.as_str().unwrap_or_default().to_owned();
            (number + 1, key, value)
        };
        return Ok(object.into_iter().enumerate().map(pair).collect());
    }
    let lines = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let (key, value) = line
                .split_once('=')
                .ok_or(ParseCredentialError::OAuth1Line(number))?;
            let value = value.trim().trim_matches(['"', '\'']);
            Ok((number, key.trim().to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
