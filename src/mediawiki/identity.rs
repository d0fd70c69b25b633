//! Who we are to the central wiki, what we may do there, and what time it has.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    php_json::List,
    user_info::{Parameters, Unusable},
};
use crate::model::CentralUserId;

/// Asks who is asking.
pub fn question() -> Parameters<'static> {
    vec![
        ("meta", "userinfo|siteinfo".into()),
        ("uiprop", "centralids|email|rights".into()),
        ("siprop", "general".into()),
    ]
}

/// What the central wiki says of whoever asks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name; `None` if we are nobody.
    pub name: Option<String>,
    /// The global account.
    pub central_user_id: Option<CentralUserId>,
    /// Whether the credential may see the e-mail address (grant `privateinfo`).
    pub sees_email: bool,
    /// Rights that let the credential write, which a reader does not need.
    pub may_write: Vec<String>,
    /// What time the wiki has.
    pub server_time: Option<DateTime<Utc>>,
    /// Which software.
    pub generator: Option<String>,
}

/// Rights that come with grants for writing.
const WRITING: [&str; 6] = [
    "edit",
    "upload",
    "move",
    "delete",
    "editmyoptions",
    "sendemail",
];

/// Reads the answer to [`question`].
pub fn identity(body: &[u8]) -> Result<Identity, Unusable> {
    let envelope: Envelope = serde_json::from_slice(body)
        .map_err(|error| Unusable::Malformed(format!("not what the API promises: {error}")))?;
    let query = envelope
        .query
        .ok_or_else(|| Unusable::Malformed("the answer holds no query".into()))?;
    let general = query.general.unwrap_or_default();
    let user = query.userinfo.filter(|user| user.id != 0 && !user.anon);
    let rights = user.as_ref().and_then(|user| user.rights.as_ref());
    let may_write = rights.map_or(Vec::new(), |rights| {
        let writes = |right: &&String| WRITING.contains(&right.as_str());
        rights.0.iter().filter(writes).cloned().collect()
    });
    Ok(Identity {
        sees_email: user.as_ref().is_some_and(|user| user.email.is_some()),
        central_user_id: user
            .as_ref()
            .and_then(|user| user.centralids.as_ref()?.central_auth)
            .map(CentralUserId),
        name: user.map(|user| user.name),
        may_write,
        server_time: general.time.and_then(|time| time.parse().ok()),
        generator: general.generator,
    })
}

#[derive(Deserialize)]
struct Envelope {
    query: Option<Query>,
}

#[derive(Deserialize)]
struct Query {
    userinfo: Option<UserInfo>,
    general: Option<General>,
}

#[derive(Deserialize)]
struct UserInfo {
    id: u64,
    name: String,
    #[serde(default)]
    anon: bool,
    centralids: Option<CentralIds>,
    email: Option<String>,
    rights: Option<List<String>>,
}

#[derive(Deserialize)]
struct CentralIds {
    #[serde(rename = "CentralAuth")]
    central_auth: Option<u64>,
}

#[derive(Default, Deserialize)]
struct General {
    time: Option<String>,
    generator: Option<String>,
}
