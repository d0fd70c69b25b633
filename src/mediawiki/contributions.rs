//! `list=usercontribs|logevents`: the edits and the logged actions of the user on one wiki, both in
//! one request.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    list_page::{Continue, Page, Start},
    logs::MOST,
    php_json::List,
    user_info::{Parameters, Unusable, not_as_promised},
};
use crate::model::{Edit, Hidden, LoggedAction, same_name};

/// What one answer tells; `None`: that list was not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributions {
    /// Edits, oldest first.
    pub edits: Option<Page<Edit>>,
    /// Logged actions, oldest first.
    pub actions: Option<Page<LoggedAction>>,
}

/// Asks for a page of the edits, of the logged actions, or of both.
pub fn question<'a>(
    name: &'a str,
    edits: Option<Start<'a>>,
    actions: Option<Start<'a>>,
) -> Parameters<'a> {
    let lists = match (edits, actions) {
        (Some(_), Some(_)) => "usercontribs|logevents",
        (Some(_), None) => "usercontribs",
        (None, _) => "logevents",
    };
    let mut parameters: Parameters<'a> = vec![("list", lists.into())];
    if let Some(start) = edits {
        parameters.push(("ucuser", name.into()));
        let fields = "ids|title|timestamp|comment|size|sizediff|flags|tags";
        parameters.push(("ucprop", fields.into()));
        parameters.push(("ucdir", "newer".into()));
        parameters.push(("uclimit", MOST.into()));
        start.add_to(&mut parameters, "ucstart", "uccontinue");
    }
    if let Some(start) = actions {
        parameters.push(("leuser", name.into()));
        let fields = "ids|title|type|user|timestamp|comment|details|tags";
        parameters.push(("leprop", fields.into()));
        parameters.push(("ledir", "newer".into()));
        parameters.push(("lelimit", MOST.into()));
        start.add_to(&mut parameters, "lestart", "lecontinue");
    }
    parameters
}

/// Reads the answer to [`question`]. It is used only if everything in it was done by the user.
pub fn contributions(
    body: &[u8],
    name: &str,
    with_edits: bool,
    with_actions: bool,
) -> Result<Contributions, Unusable> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| not_as_promised(&error))?;
    let query = envelope
        .query
        .ok_or_else(|| Unusable::Malformed("the answer holds no query".into()))?;
    let (mut uccontinue, mut lecontinue) = (None, None);
    if let Some(keys) = envelope.continues {
        (uccontinue, lecontinue) = (keys.uccontinue, keys.lecontinue);
    }
    let mut told = Contributions {
        edits: None,
        actions: None,
    };
    if with_edits {
        let entries = query.usercontribs.ok_or_else(|| lacks("usercontribs"))?;
        let mut page = Page::new(uccontinue);
        for entry in entries.0 {
            is_by(name, entry.user.as_deref(), entry.userhidden)?;
            let edit = entry.into_edit().ok_or_else(|| lacks("number or time"))?;
            page.add(edit.made_at, Some(edit));
        }
        told.edits = Some(page);
    }
    if with_actions {
        let entries = query.logevents.ok_or_else(|| lacks("logevents"))?;
        let mut page = Page::new(lecontinue);
        for entry in entries.0 {
            is_by(name, entry.user.as_deref(), entry.userhidden)?;
            let action = entry.into_action().ok_or_else(|| lacks("number or time"))?;
            page.add(action.done_at, Some(action));
        }
        told.actions = Some(page);
    }
    Ok(told)
}

fn lacks(what: &str) -> Unusable {
    Unusable::Malformed(format!("the list of what the user did lacks its {what}"))
}

/// Whatever was done by somebody else is no answer to the question.
fn is_by(name: &str, user: Option<&str>, is_hidden: bool) -> Result<(), Unusable> {
    let is_ours = match user {
        Some(user) => same_name(user, name),
        None => is_hidden,
    };
    if is_ours {
        return Ok(());
    }
    Err(Unusable::SomebodyElse(
        "the wiki tells of what somebody else did".into(),
    ))
}

#[derive(Deserialize)]
struct Envelope {
    query: Option<Query>,
    #[serde(rename = "continue")]
    continues: Option<Continue>,
}

#[derive(Deserialize)]
struct Query {
    usercontribs: Option<List<EditEntry>>,
    logevents: Option<List<ActionEntry>>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the wire's own flags")]
struct EditEntry {
    user: Option<String>,
    revid: Option<u64>,
    parentid: Option<u64>,
    pageid: Option<u64>,
    ns: Option<i64>,
    title: Option<String>,
    timestamp: Option<String>,
    comment: Option<String>,
    size: Option<u64>,
    sizediff: Option<i64>,
    #[serde(default)]
    new: bool,
    #[serde(default)]
    minor: bool,
    tags: Option<List<String>>,
    #[serde(default)]
    texthidden: bool,
    #[serde(default)]
    userhidden: bool,
    #[serde(default)]
    commenthidden: bool,
    #[serde(default)]
    suppressed: bool,
}

impl EditEntry {
    fn into_edit(self) -> Option<Edit> {
        let hidden = Hidden::of([
            self.texthidden,
            self.userhidden,
            self.commenthidden,
            self.suppressed,
        ]);
        Some(Edit {
            rev_id: self.revid?,
            parent_id: self.parentid,
            page_id: self.pageid,
            namespace: self.ns.unwrap_or_default(),
            title: self.title,
            made_at: instant(self.timestamp)?,
            size: self.size,
            size_diff: self.sizediff,
            is_new: self.new,
            is_minor: self.minor,
            comment: self.comment,
            tags: self.tags.unwrap_or_default().0,
            hidden,
        })
    }
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the wire's own flags")]
struct ActionEntry {
    logid: Option<u64>,
    #[serde(rename = "type")]
    log_type: Option<String>,
    action: Option<String>,
    ns: Option<i64>,
    title: Option<String>,
    user: Option<String>,
    timestamp: Option<String>,
    comment: Option<String>,
    params: Option<serde_json::Value>,
    tags: Option<List<String>>,
    #[serde(default)]
    actionhidden: bool,
    #[serde(default)]
    userhidden: bool,
    #[serde(default)]
    commenthidden: bool,
    #[serde(default)]
    suppressed: bool,
}

impl ActionEntry {
    fn into_action(self) -> Option<LoggedAction> {
        let hidden = Hidden::of([
            self.actionhidden,
            self.userhidden,
            self.commenthidden,
            self.suppressed,
        ]);
        let params = self.params.unwrap_or_else(|| serde_json::json!({}));
        Some(LoggedAction {
            log_id: self.logid?,
            log_type: self.log_type?,
            action: self.action?,
            namespace: self.ns,
            title: self.title,
            done_at: instant(self.timestamp)?,
            comment: self.comment,
            params: params.to_string(),
            tags: self.tags.unwrap_or_default().0,
            hidden,
        })
    }
}

fn instant(text: Option<String>) -> Option<DateTime<Utc>> {
    text?.parse().ok()
}
