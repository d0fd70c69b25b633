//! `meta=globalpreferences`: what the user has set for all wikis.

use serde::Deserialize;

use super::{
    options,
    php_json::Options,
    redact::Redaction,
    user_info::{Parameters, Unusable},
};
use crate::model::Snapshot;

/// Asks for the global preferences; any wiki of the farm gives the same answer.
pub fn question() -> Parameters<'static> {
    vec![
        ("meta", "globalpreferences".into()),
        ("gprprop", "preferences".into()),
    ]
}

/// Reads the answer to [`question`] as a part of the global account's state.
pub fn snapshot(body: &[u8], redaction: &Redaction) -> Result<Snapshot, Unusable> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)
        .map_err(|error| Unusable::Malformed(format!("not what the API promises: {error}")))?;
    let preferences = envelope
        .query
        .and_then(|query| query.globalpreferences)
        .and_then(|global| global.preferences)
        .ok_or_else(|| Unusable::Malformed("the answer holds no globalpreferences".into()))?;
    let mut snapshot = Snapshot::default();
    options::record_global(&mut snapshot, &preferences, redaction);
    Ok(snapshot)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    query: Option<Query<'a>>,
}

#[derive(Deserialize)]
struct Query<'a> {
    #[serde(borrow)]
    globalpreferences: Option<GlobalPreferences<'a>>,
}

#[derive(Deserialize)]
struct GlobalPreferences<'a> {
    #[serde(borrow)]
    preferences: Option<Options<'a>>,
}
