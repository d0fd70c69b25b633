//! `meta=globalrenamestatus`: whether a rename of the user is under way.

use serde::Deserialize;

use super::{
    php_json::List,
    user_info::{Parameters, Unusable, not_as_promised},
};

/// Asks whether the account of this (new) name is being renamed.
pub fn question(name: &str) -> Parameters<'_> {
    vec![
        ("meta", "globalrenamestatus".into()),
        ("grsuser", name.into()),
    ]
}

/// Reads the answer to [`question`].
pub fn is_running(body: &[u8]) -> Result<bool, Unusable> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    let renames = envelope
        .query
        .and_then(|query| query.globalrenamestatus)
        .ok_or_else(|| Unusable::Malformed("the answer holds no globalrenamestatus".into()))?;
    Ok(!renames.0.is_empty())
}

#[derive(Deserialize)]
struct Envelope {
    query: Option<Query>,
}

#[derive(Deserialize)]
struct Query {
    /// An object by name, `[]` where there is none.
    globalrenamestatus: Option<List<serde::de::IgnoredAny>>,
}
