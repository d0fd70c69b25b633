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

/// Reads the answer to [`question`]. A wiki that knows of no rename leaves the module's part out; one
/// that does not know the module says so in a warning.
pub fn is_running(body: &[u8]) -> Result<bool, Unusable> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    if envelope
        .warnings
        .is_some_and(|warnings| !warnings.0.is_empty())
    {
        let text = "the wiki cannot tell whether a rename is under way";
        return Err(Unusable::Malformed(text.into()));
    }
    let renames = envelope.query.and_then(|query| query.globalrenamestatus);
    Ok(renames.is_some_and(|renames| !renames.0.is_empty()))
}

#[derive(Deserialize)]
struct Envelope {
    query: Option<Query>,
    warnings: Option<List<serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
struct Query {
    /// An object by name, `[]` where there is none.
    globalrenamestatus: Option<List<serde::de::IgnoredAny>>,
}
