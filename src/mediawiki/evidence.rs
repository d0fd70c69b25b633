//! An answer as it is kept: byte for byte, but for the values that are kept as hashes in the history.
//! Those are cut out here too. There is no digest of what was received: whoever guesses a short secret
//! could prove by it that the guess is right.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Answer, EmailPrivacy, Purpose, Redaction};
use crate::model::{KeptAnswer, Kind, Property, Snapshot};

/// No answer of MediaWiki's is deeper.
const DEEPEST: usize = 24;
/// Anything shorter may stand elsewhere by chance.
const SHORTEST_SECRET: usize = 8;

/// The headers that say something about the answer, and nothing about us.
const KEPT_HEADERS: [&str; 11] = [
    "content-type",
    "date",
    "server",
    "vary",
    "cache-control",
    "expires",
    "last-modified",
    "mediawiki-api-error",
    "x-content-type-options",
    "x-frame-options",
    "x-request-id",
];

/// Whether a header is kept. `name` is in lower case.
pub(super) fn is_kept_header(name: &str) -> bool {
    KEPT_HEADERS.contains(&name)
}

/// The answer as it is kept, beside the snapshot that it led to. `None` if what has to be cut out
/// cannot be cut out surely.
pub fn keep(
    answer: &Answer,
    purpose: Purpose,
    snapshot: &Snapshot,
    redaction: &Redaction,
) -> Option<KeptAnswer> {
    let body = str::from_utf8(&answer.body).ok()?;
    let Some((body, cut)) = cut(body, snapshot, redaction) else {
        tracing::warn!("an answer was not kept: a secret cannot be cut out of it surely");
        return None;
    };
    Some(KeptAnswer {
        purpose: purpose.as_str().to_owned(),
        url: answer.url.clone(),
        request_headers: answer.request_headers.clone(),
        status: answer.status,
        headers: answer.headers.clone(),
        body: body.into_bytes(),
        cut,
        received_at: answer.received_at,
    })
}

/// A value that has to go.
struct Cut {
    start: usize,
    length: usize,
    by: String,
    path: String,
}

fn cut(body: &str, snapshot: &Snapshot, redaction: &Redaction) -> Option<(String, Vec<String>)> {
    let root: &RawValue = serde_json::from_str(body).ok()?;
    let mut search = Search {
        body,
        snapshot,
        redaction,
        found: Vec::new(),
    };
    search.look(root, "", DEEPEST)?;
    let mut found = search.found;
    found.sort_by_key(|cut| cut.start);
    let mut kept = String::with_capacity(body.len());
    let mut at = 0;
    for cut in &found {
        kept.push_str(body.get(at..cut.start)?);
        kept.push_str(&cut.by);
        at = cut.start + cut.length;
    }
    kept.push_str(body.get(at..)?);
    let is_left = found.iter().any(|cut| {
        let secret = body.get(cut.start..cut.start + cut.length);
        let secret = secret.unwrap_or_default().trim_matches('"');
        secret.len() >= SHORTEST_SECRET && kept.contains(secret)
    });
    (!is_left).then(|| (kept, found.into_iter().map(|cut| cut.path).collect()))
}

struct Search<'a> {
    body: &'a str,
    snapshot: &'a Snapshot,
    redaction: &'a Redaction,
    found: Vec<Cut>,
}

impl<'a> Search<'a> {
    /// Finds what has to go; `None` if that cannot be told.
    fn look(&mut self, value: &'a RawValue, path: &str, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let text = value.get();
        if text.starts_with('{') {
            let members: Members<'a> = serde_json::from_str(text).ok()?;
            for (name, value) in members.0 {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                match self.replacement(&name, value) {
                    Some(by) => self.found.push(Cut {
                        start: value.get().as_ptr().addr() - self.body.as_ptr().addr(),
                        length: value.get().len(),
                        by,
                        path,
                    }),
                    None => self.look(value, &path, depth)?,
                }
            }
        } else if text.starts_with('[') {
            let items: Vec<&'a RawValue> = serde_json::from_str(text).ok()?;
            for (nth, value) in items.into_iter().enumerate() {
                self.look(value, &format!("{path}[{nth}]"), depth)?;
            }
        }
        Some(())
    }

    /// What stands for a value that has to go: the hash that stands for it in the history.
    fn replacement(&self, name: &str, value: &RawValue) -> Option<String> {
        let json = value.get();
        if name == "email" && json.starts_with('"') && json != "\"\"" {
            let address: String = serde_json::from_str(json).unwrap_or_default();
            return match self.redaction.email_privacy() {
                EmailPrivacy::Plain => None,
                EmailPrivacy::Hash => self.redaction.email(&address),
                EmailPrivacy::Omit => Some("null".to_owned()),
            };
        }
        if !self.redaction.hides(name) {
            return None;
        }
        let kept = [Kind::Preference, Kind::GlobalPreference].into_iter();
        let mut kept = kept.filter_map(|kind| {
            let property = Property::new(kind, name);
            self.snapshot.properties.get(&property)
        });
        let kept = kept.find(|value| value.is_redacted());
        Some(kept.map_or_else(
            || self.redaction.preference(name, json.to_owned()),
            |value| value.json().to_owned(),
        ))
    }
}

/// The members of an object, in their order, each as often as it is there.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_out(body: &str, email: EmailPrivacy) -> Option<(String, Vec<String>)> {
        let patterns = vec!["*token*".to_owned()];
        let redaction = Redaction::new([7; 32], patterns, email);
        cut(body, &Snapshot::default(), &redaction)
    }

    #[test]
    fn only_what_is_secret_is_cut_out() {
        let body = "{ \"query\" : {\"userinfo\":{\"email\":\"a@b.example\",\"options\":\
                    {\"watchlisttoken\":\"se\\u0063ret-of-hers\",\"skin\" :\"v\"}}, \"x\":[1.50]} }";
        let (kept, places) = cut_out(body, EmailPrivacy::Omit).expect("it can be cut");
        assert_eq!(
            places,
            [
                "query.userinfo.email",
                "query.userinfo.options.watchlisttoken"
            ]
        );
        assert!(kept.starts_with("{ \"query\" : {\"userinfo\":{\"email\":null,\"options\":{\"watchlisttoken\":\"hmac-sha256:"));
        assert!(kept.ends_with("\"skin\" :\"v\"}}, \"x\":[1.50]} }"));
        let (plain, _) = cut_out("{\"email\":\"a@b.example\"}", EmailPrivacy::Plain).expect("ok");
        assert_eq!(plain, "{\"email\":\"a@b.example\"}");
    }

    #[test]
    fn what_cannot_be_cut_out_surely_is_not_kept() {
        let twice = "{\"watchlisttoken\":\"0123456789\",\"other\":\"it is 0123456789\"}";
        assert_eq!(cut_out(twice, EmailPrivacy::Plain), None);
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert_eq!(cut_out(&deep, EmailPrivacy::Plain), None);
    }
}
