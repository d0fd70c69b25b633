//! `meta=userinfo|siteinfo` with `list=users`: the state of one account, in one request.
//!
//! Blocks and the registration come from `list=users`: there they are the account's own, while
//! `userinfo` also shows blocks of our IP address, and on MediaWiki 1.39 the present time where no
//! registration is known.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value as Json, json, value::RawValue};

use super::{
    options,
    php_json::{List, Options, present},
    redact::Redaction,
};
use crate::model::{CentralUserId, Kind, Property, Snapshot, Subject, Value, WikiId};

/// The parameters of a question.
pub type Parameters<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// Asks for the state of the account that the credential belongs to; `name` is its name there.
pub fn question(name: &str) -> Parameters<'_> {
    vec![
        ("meta", "userinfo|siteinfo".into()),
        (
            "uiprop",
            "options|groups|groupmemberships|implicitgroups|editcount|email|registrationdate|\
             centralids|latestcontrib"
                .into(),
        ),
        ("siprop", "general|defaultoptions".into()),
        ("list", "users".into()),
        ("ususers", name.into()),
        (
            "usprop",
            "blockinfo|groups|groupmemberships|registration|centralids".into(),
        ),
    ]
}

/// Asks for what everybody may see of an account.
pub fn public_question(name: &str) -> Parameters<'_> {
    vec![
        ("list", "users".into()),
        ("ususers", name.into()),
        (
            "usprop",
            "blockinfo|groups|groupmemberships|implicitgroups|editcount|registration|centralids"
                .into(),
        ),
    ]
}

/// The answer says nothing about the account, and why. Never a change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not what the API promises, or only a part of it.
    #[error("{0}")]
    Malformed(String),
    /// It is about another account or about nobody: the login may be lost.
    #[error("{0}")]
    SomebodyElse(String),
}

/// How preferences are read. To be raised whenever the same text is to tell something else, so that it
/// is read once more.
const READING: &[u8] = b"1";

/// What an answer tells, but for the preferences: they are nearly all of it, and nearly always the
/// same as the day before. They are read only where the answer is not known again.
#[derive(Debug)]
pub struct Told<'a> {
    snapshot: Snapshot,
    options: Option<&'a RawValue>,
    defaults: Option<&'a RawValue>,
}

impl<'a> Told<'a> {
    /// The answer to [`question`]. It is used only if it is about our account on this wiki.
    pub fn own(
        body: &'a [u8],
        wiki: &WikiId,
        id: CentralUserId,
        redaction: &Redaction,
    ) -> Result<Self, Unusable> {
        let query = read(body)?;
        let user_info = query
            .userinfo
            .ok_or_else(|| unusable("the answer holds no userinfo"))?;
        user_info.is_ours(id)?;
        if query.general.and_then(|general| general.wikiid).as_deref() != Some(wiki.as_str()) {
            return Err(Unusable::Malformed(format!(
                "another wiki answered instead of {wiki}"
            )));
        }
        let user = only_user(query.users, id)?;
        if user.userid != Some(user_info.id) {
            return Err(unusable("userinfo and list=users tell of two accounts"));
        }
        let options = user_info.options;
        let mut snapshot = Snapshot::default();
        user_info.record(&mut snapshot, redaction);
        user.record(&mut snapshot);
        Ok(Self {
            snapshot,
            options,
            defaults: query.defaultoptions,
        })
    }

    /// The answer to [`public_question`].
    pub fn public(body: &'a [u8], id: CentralUserId) -> Result<Self, Unusable> {
        let user = only_user(read(body)?.users, id)?;
        let mut snapshot = Snapshot::default();
        user.record(&mut snapshot);
        user.record_public(&mut snapshot);
        Ok(Self {
            snapshot,
            options: None,
            defaults: None,
        })
    }

    /// Two answers about one account with the same fingerprint tell the same. The preferences count
    /// as they were sent, so that they may differ without telling anything else.
    pub fn fingerprint(&self, redaction: &Redaction) -> [u8; 16] {
        let text = |raw: Option<&'a RawValue>| raw.map_or("", RawValue::get).as_bytes();
        redaction.fingerprint(&[
            READING,
            &self.snapshot.fingerprint(),
            text(self.options),
            text(self.defaults),
        ])
    }

    /// All that it tells.
    pub fn snapshot(self, redaction: &Redaction) -> Result<Snapshot, Unusable> {
        let mut snapshot = self.snapshot;
        let (defaults, options) = (parsed(self.defaults)?, parsed(self.options)?);
        if let Some(options) = options {
            options::record(&mut snapshot, &options, defaults.as_ref(), redaction);
        }
        Ok(snapshot)
    }
}

fn parsed(options: Option<&RawValue>) -> Result<Option<Options<'_>>, Unusable> {
    let options = options
        .map(|raw| serde_json::from_str(raw.get()))
        .transpose();
    options.map_err(|_| unusable("the preferences are not what the API promises"))
}

/// Where it is wrong, and not the error's own text: that quotes what the server sent, however long
/// it is and whatever it holds.
pub(super) fn not_as_promised(error: &serde_json::Error) -> Unusable {
    Unusable::Malformed(format!(
        "the answer is not what the API promises (line {}, column {})",
        error.line(),
        error.column()
    ))
}

fn unusable(why: &str) -> Unusable {
    Unusable::Malformed(why.to_owned())
}

fn somebody_else(why: &str) -> Unusable {
    Unusable::SomebodyElse(why.to_owned())
}

fn read(body: &[u8]) -> Result<Query<'_>, Unusable> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    if let Some(warnings) = &envelope.warnings
        && warnings
            .0
            .iter()
            .any(|warning| warning.code.as_deref() == Some("truncatedresult"))
    {
        return Err(unusable("the wiki cut its answer short"));
    }
    if envelope.continues.is_some() {
        return Err(unusable("the wiki gave only a part of its answer"));
    }
    envelope
        .query
        .ok_or_else(|| unusable("the answer holds no query"))
}

fn only_user(users: Option<List<User>>, id: CentralUserId) -> Result<User, Unusable> {
    let mut users = users.unwrap_or_default().0;
    let (Some(user), true) = (users.pop(), users.is_empty()) else {
        return Err(unusable("list=users does not tell of exactly one account"));
    };
    if user.missing || user.invalid {
        return Err(unusable(
            "the wiki knows no account of this name (a rename may be running)",
        ));
    }
    match user.centralids.as_ref().and_then(|ids| ids.central_auth) {
        Some(central) if central == id.0 => Ok(user),
        _ => Err(somebody_else("list=users tells of another account")),
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    query: Option<Query<'a>>,
    #[serde(rename = "continue")]
    continues: Option<serde::de::IgnoredAny>,
    warnings: Option<List<Warning>>,
}

#[derive(Deserialize)]
struct Warning {
    code: Option<String>,
}

#[derive(Deserialize)]
struct Query<'a> {
    #[serde(borrow)]
    userinfo: Option<UserInfo<'a>>,
    general: Option<General>,
    #[serde(borrow)]
    defaultoptions: Option<&'a RawValue>,
    users: Option<List<User>>,
}

#[derive(Deserialize)]
struct General {
    wikiid: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo<'a> {
    id: u64,
    name: String,
    #[serde(default)]
    anon: bool,
    centralids: Option<CentralIds>,
    attachedlocal: Option<AttachedLocal>,
    groupmemberships: Option<List<GroupMembership>>,
    implicitgroups: Option<List<String>>,
    #[serde(borrow)]
    options: Option<&'a RawValue>,
    editcount: Option<u64>,
    email: Option<String>,
    emailauthenticated: Option<String>,
    latestcontrib: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CentralIds {
    #[serde(rename = "CentralAuth")]
    pub(super) central_auth: Option<u64>,
}

#[derive(Deserialize)]
struct AttachedLocal {
    #[serde(rename = "CentralAuth")]
    central_auth: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct GroupMembership {
    pub(super) group: String,
    pub(super) expiry: Option<String>,
}

impl UserInfo<'_> {
    fn is_ours(&self, id: CentralUserId) -> Result<(), Unusable> {
        if self.anon || self.id == 0 {
            return Err(unusable(
                "the wiki took us for somebody who is not logged in",
            ));
        }
        let central = self.centralids.as_ref().and_then(|ids| ids.central_auth);
        if central != Some(id.0) {
            return Err(somebody_else("the wiki answered for another account"));
        }
        let attached = self
            .attachedlocal
            .as_ref()
            .and_then(|local| local.central_auth);
        if attached == Some(false) {
            return Err(unusable(
                "the account there is not attached to the global account",
            ));
        }
        Ok(())
    }

    fn record(self, snapshot: &mut Snapshot, redaction: &Redaction) {
        insert(snapshot, Kind::Identity, "local_user_id", &json!(self.id));
        insert(snapshot, Kind::Identity, "name", &json!(self.name));
        if let Some(memberships) = &self.groupmemberships {
            record_groups(snapshot, memberships);
        }
        if let Some(groups) = &self.implicitgroups {
            record_implicit_groups(snapshot, groups);
        }
        if let Some(count) = self.editcount {
            insert(snapshot, Kind::Counter, "edit_count", &json!(count));
        }
        // Without any edit there is no latest one; with edits its absence tells nothing.
        if self.editcount == Some(0) {
            snapshot.coverage.add(Subject::LatestEdit);
        }
        if let Some(at) = &self.latestcontrib {
            insert(snapshot, Kind::Counter, "latest_edit_at", &json!(at));
        }
        self.record_email(snapshot, redaction);
    }

    /// Without the grant `privateinfo` there is no `email` at all, which tells nothing; with it, the
    /// empty text says that there is no address.
    fn record_email(&self, snapshot: &mut Snapshot, redaction: &Redaction) {
        let Some(email) = &self.email else { return };
        let Some(kept) = redaction.email(email) else {
            return;
        };
        snapshot.coverage.add(Subject::Email);
        if email.is_empty() {
            return;
        }
        snapshot.insert(
            Property::new(Kind::Identity, "email"),
            Value::from_json_text(kept),
        );
        if let Some(at) = &self.emailauthenticated {
            insert(snapshot, Kind::Identity, "email_confirmed_at", &json!(at));
        }
    }
}

#[derive(Deserialize)]
struct User {
    userid: Option<u64>,
    name: Option<String>,
    #[serde(default)]
    missing: bool,
    #[serde(default)]
    invalid: bool,
    centralids: Option<CentralIds>,
    editcount: Option<u64>,
    #[expect(clippy::option_option, reason = "absent and null are two answers")]
    #[serde(default, deserialize_with = "present")]
    registration: Option<Option<String>>,
    groupmemberships: Option<List<GroupMembership>>,
    implicitgroups: Option<List<String>>,
    #[serde(flatten)]
    block: Block,
    blockcomponents: Option<List<Block>>,
}

impl User {
    /// What is taken from `list=users` in any case: the account's own blocks and the registration.
    fn record(&self, snapshot: &mut Snapshot) {
        snapshot.coverage.add(Subject::Blocks);
        match &self.blockcomponents {
            Some(blocks) => blocks.0.iter().for_each(|block| block.record(snapshot)),
            None => self.block.record(snapshot),
        }
        if let Some(registration) = &self.registration {
            snapshot.coverage.add(Subject::Registration);
            if let Some(at) = registration {
                insert(snapshot, Kind::Identity, "registered_at", &json!(at));
            }
        }
    }

    /// The rest, where `userinfo` is not to be had.
    fn record_public(&self, snapshot: &mut Snapshot) {
        if let Some(id) = self.userid {
            insert(snapshot, Kind::Identity, "local_user_id", &json!(id));
        }
        if let Some(name) = &self.name {
            insert(snapshot, Kind::Identity, "name", &json!(name));
        }
        if let Some(memberships) = &self.groupmemberships {
            record_groups(snapshot, memberships);
        }
        if let Some(groups) = &self.implicitgroups {
            record_implicit_groups(snapshot, groups);
        }
        if let Some(count) = self.editcount {
            insert(snapshot, Kind::Counter, "edit_count", &json!(count));
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Block {
    blockid: Option<u64>,
    blockedby: Option<String>,
    blockreason: Option<String>,
    blockedtimestamp: Option<String>,
    blockexpiry: Option<String>,
    blockpartial: Option<bool>,
    blocknocreate: Option<bool>,
    blockemail: Option<bool>,
    blockowntalk: Option<bool>,
    systemblocktype: Option<String>,
}

impl Block {
    /// One property a block, under its ID. What the API adds in the reader's language is left out:
    /// it changes with time.
    fn record(&self, snapshot: &mut Snapshot) {
        if self.blockexpiry.is_none() && self.blockid.is_none() || self.systemblocktype.is_some() {
            return;
        }
        let id = self.blockid.unwrap_or_default().to_string();
        let mut block = json!({
            "by": self.blockedby,
            "reason": self.blockreason,
            "timestamp": self.blockedtimestamp,
            "expiry": expiry(self.blockexpiry.as_deref()),
            "partial": self.blockpartial.unwrap_or_default(),
            "nocreate": self.blocknocreate,
            "email": self.blockemail,
            "owntalk": self.blockowntalk,
        });
        if let Json::Object(fields) = &mut block {
            // A wiki too old for a field says nothing about it.
            fields.retain(|_, value| !value.is_null());
        }
        insert(snapshot, Kind::Block, &id, &block);
    }
}

fn record_groups(snapshot: &mut Snapshot, memberships: &List<GroupMembership>) {
    snapshot.coverage.add(Subject::Groups);
    for membership in &memberships.0 {
        let expiry = expiry(membership.expiry.as_deref());
        insert(snapshot, Kind::Group, &membership.group, &json!(expiry));
    }
}

fn record_implicit_groups(snapshot: &mut Snapshot, groups: &List<String>) {
    snapshot.coverage.add(Subject::ImplicitGroups);
    for group in &groups.0 {
        insert(snapshot, Kind::ImplicitGroup, group, &json!(true));
    }
}

/// "No expiry" in one word, where MediaWiki has several.
pub(super) fn expiry(text: Option<&str>) -> &str {
    match text {
        None | Some("" | "infinite" | "indefinite" | "never") => "infinity",
        Some(text) => text,
    }
}

pub(super) fn insert(snapshot: &mut Snapshot, kind: Kind, name: &str, value: &Json) {
    snapshot.insert(Property::new(kind, name), Value::new(value));
}
