//! What is kept as a keyed hash instead of its value: a change shows, the value does not.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use memchr::memmem::Finder;
use sha2::Sha256;

use crate::model::Value;

/// Which values are hidden, and how.
#[derive(Clone)]
pub struct Redaction {
    key: [u8; 32],
    patterns: Vec<Pattern>,
    email: EmailPrivacy,
}

/// A pattern, and the longest text that every name it matches holds: what lacks it is passed over
/// quickly, and nearly every name does.
#[derive(Clone)]
struct Pattern {
    text: String,
    literal: Finder<'static>,
}

/// What is kept of an e-mail address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailPrivacy {
    /// The address.
    #[default]
    Plain,
    /// A keyed hash: a change shows, the address does not.
    Hash,
    /// Nothing.
    Omit,
}

impl Redaction {
    /// Hides the preferences whose names match a pattern (`*` stands for any text), with the key of
    /// the database.
    pub fn new(key: [u8; 32], patterns: Vec<String>, email: EmailPrivacy) -> Self {
        Self {
            key,
            patterns: patterns.into_iter().map(Pattern::new).collect(),
            email,
        }
    }

    /// Whether a preference of this name is kept as a hash.
    pub(super) fn hides(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(name))
    }

    /// What is kept of an e-mail address.
    pub(super) fn email_privacy(&self) -> EmailPrivacy {
        self.email
    }

    /// The JSON text to keep of a preference.
    pub(super) fn preference(&self, name: &str, json: String) -> String {
        if self.hides(name) {
            self.hash(&json)
        } else {
            json
        }
    }

    /// The JSON text to keep of an e-mail address, if any.
    pub(super) fn email(&self, address: &str) -> Option<String> {
        let json = serde_json::Value::from(address).to_string();
        match self.email {
            EmailPrivacy::Plain => Some(json),
            EmailPrivacy::Hash => Some(self.hash(&json)),
            EmailPrivacy::Omit => None,
        }
    }

    /// Tells texts that hold what is to be hidden from others, for as long as the same is hidden.
    pub(super) fn fingerprint(&self, texts: &[&[u8]]) -> [u8; 16] {
        let patterns = self.patterns.iter().map(|pattern| pattern.text.as_bytes());
        let mut mac = self.mac();
        mac.update(&[u8::try_from(texts.len()).unwrap_or(u8::MAX)]);
        for text in texts.iter().copied().chain(patterns) {
            mac.update(&text.len().to_le_bytes());
            mac.update(text);
        }
        half(mac)
    }

    fn hash(&self, json: &str) -> String {
        let mut mac = self.mac();
        mac.update(json.as_bytes());
        let half = u128::from_be_bytes(half(mac));
        format!("{}{half:032x}\"", Value::REDACTED)
    }

    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.key).expect("HMAC takes a key of any length")
    }
}

/// 128 bits of HMAC-SHA256: enough that two values never meet.
fn half(mac: Hmac<Sha256>) -> [u8; 16] {
    let digest = mac.finalize().into_bytes();
    digest[..16].try_into().expect("SHA-256 has 32 bytes")
}

impl Pattern {
    fn new(text: String) -> Self {
        let literals = text.split(['*', '?']);
        let longest = literals.max_by_key(|literal| literal.len());
        let literal = Finder::new(longest.unwrap_or_default()).into_owned();
        Self { text, literal }
    }

    fn matches(&self, name: &str) -> bool {
        self.literal.find(name.as_bytes()).is_some() && matches(&self.text, name)
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<&str> = self.patterns.iter().map(|one| one.text.as_str()).collect();
        f.debug_struct("Redaction")
            .field("patterns", &patterns)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Whether a name matches a pattern in which `*` stands for any text and `?` for one character.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // Where to go on after the last `*` if what follows it does not fit.
    let mut star: Option<(&str, &str)> = None;
    while let Some(c) = name.chars().next() {
        let mut rest = pattern.chars();
        match rest.next() {
            Some('*') => {
                pattern = rest.as_str();
                star = Some((pattern, name));
            }
            Some(p) if p == '?' || p == c => {
                pattern = rest.as_str();
                name = &name[c.len_utf8()..];
            }
            _ => {
                let Some((after, from)) = star else {
                    return false;
                };
                let skipped = from.chars().next().map_or(0, char::len_utf8);
                pattern = after;
                name = &from[skipped..];
                star = Some((after, name));
            }
        }
    }
    pattern.chars().all(|c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_users_expect() {
        for (pattern, name, expected) in [
            ("*token*", "watchlisttoken", true),
            ("*token*", "token", true),
            ("userjs-*", "userjs-", true),
            ("userjs-*", "my-userjs-x", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("skin", "skin-responsive", false),
            ("searchNs?", "searchNs0", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
            let quickly = Pattern::new(pattern.to_owned()).matches(name);
            assert_eq!(quickly, expected, "{pattern} {name}, quickly");
        }
    }

    #[test]
    fn a_hash_hides_the_value_and_shows_its_change() {
        let redaction = Redaction::new([7; 32], vec!["*token*".into()], EmailPrivacy::Hash);
        let one = redaction.preference("watchlisttoken", "\"secret\"".into());
        let two = redaction.preference("watchlisttoken", "\"other\"".into());
        assert_ne!(one, two);
        assert!(!one.contains("secret"));
        assert_eq!(
            redaction.preference("skin", "\"vector\"".into()),
            "\"vector\""
        );
        let elsewhere = Redaction::new([8; 32], vec!["*".into()], EmailPrivacy::Hash);
        assert_ne!(
            one,
            elsewhere.preference("watchlisttoken", "\"secret\"".into())
        );
        assert!(
            redaction
                .email("a@b.c")
                .is_some_and(|hash| !hash.contains("a@b"))
        );
    }
}
