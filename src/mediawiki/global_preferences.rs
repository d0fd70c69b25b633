//! `meta=globalpreferences`: what the user has set for all wikis. The answer does not say whose they
//! are, so `userinfo` is asked along.

use serde::Deserialize;

use super::{
    options,
    php_json::Options,
    redact::Redaction,
    user_info::{CentralIds, Parameters, Unusable, not_as_promised},
};
use crate::model::{CentralUserId, Snapshot};

/// Asks for the global preferences; any wiki of the farm gives the same answer.
pub fn question() -> Parameters<'static> {
    vec![
        ("meta", "globalpreferences|userinfo".into()),
        ("gprprop", "preferences".into()),
        ("uiprop", "centralids".into()),
    ]
}

/// Reads the answer to [`question`] as a part of the global account's state. It is used only if it
/// is about our account.
pub fn snapshot(
    body: &[u8],
    id: CentralUserId,
    redaction: &Redaction,
) -> Result<Snapshot, Unusable> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    let query = envelope
        .query
        .ok_or_else(|| Unusable::Malformed("the answer holds no query".into()))?;
    let whose = query.userinfo.and_then(|user| user.centralids);
    if whose.and_then(|ids| ids.central_auth) != Some(id.0) {
        return Err(Unusable::SomebodyElse(
            "the wiki answered for another account".into(),
        ));
    }
    let preferences = query
        .globalpreferences
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
    userinfo: Option<UserInfo>,
}

#[derive(Deserialize)]
struct UserInfo {
    centralids: Option<CentralIds>,
}

#[derive(Deserialize)]
struct GlobalPreferences<'a> {
    #[serde(borrow)]
    preferences: Option<Options<'a>>,
}
