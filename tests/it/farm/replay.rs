//! Recorded bodies in place of rendered ones: a module's part of the answer, or the answer whole.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::api::{Ask, normal_name};
use super::auth::Who;
use super::http::Reply;
use super::json::{self, Object};
use super::params::Params;
use super::rights;
use super::world::World;

/// Which part of an answer a recorded body stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    /// Every request to the wiki.
    Any,
    UserInfo,
    SiteInfo,
    Users,
    GlobalUserInfo,
    GlobalUsers,
    GlobalPreferences,
    GlobalRenameStatus,
    LogEvents,
    UserContribs,
}

impl Module {
    fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::UserInfo => "userinfo",
            Self::SiteInfo => "siteinfo",
            Self::Users => "users",
            Self::GlobalUserInfo => "globaluserinfo",
            Self::GlobalUsers => "globalusers",
            Self::GlobalPreferences => "globalpreferences",
            Self::GlobalRenameStatus => "globalrenamestatus",
            Self::LogEvents => "logevents",
            Self::UserContribs => "usercontribs",
        }
    }
}

#[derive(Default)]
pub struct Replays(pub Vec<Replay>);

pub struct Replay {
    /// On this wiki; `None`: on all.
    pub wiki: Option<usize>,
    pub module: Module,
    pub content: Content,
    /// Only where the session is of this user.
    pub session_of: Option<usize>,
    /// Only for `globaluserinfo` about one of these: names, `#ID`, or "" for the session's user.
    pub about: Vec<String>,
    /// Show only what was asked for: the recorded answers hold everything.
    pub filter: bool,
}

pub enum Content {
    /// Members of `query`.
    Members(Vec<(String, String)>),
    Whole {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
}

impl Replay {
    /// The body as it is: its part of `query`, or, if it has none, all of it.
    pub fn new(wiki: Option<usize>, module: Module, body: &str) -> Self {
        let query = json::at(body, &["query"]).filter(|_| module != Module::Any);
        let content = query.map_or_else(|| Content::whole(200, "", body), Content::members);
        Self {
            wiki,
            module,
            content,
            session_of: None,
            about: Vec::new(),
            filter: false,
        }
    }
}

impl Content {
    pub fn members(query: &str) -> Self {
        let members = json::members(query).into_iter();
        Self::Members(
            members
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// `headers`: a recorded `*.headers.txt`; its status line, if any, wins.
    pub fn whole(status: u16, headers: &str, body: &str) -> Self {
        let mut lines = headers.lines();
        let first = lines.next().unwrap_or_default();
        let status = first
            .split(' ')
            .nth(1)
            .and_then(|text| text.parse().ok())
            .unwrap_or(status);
        let skipped = [
            "content-length",
            "transfer-encoding",
            "connection",
            "date",
            "server",
        ];
        let kept = lines.filter_map(|line| line.split_once(": "));
        let kept = kept.filter(|(name, _)| !skipped.contains(&name.to_ascii_lowercase().as_str()));
        let headers = kept
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Self::Whole {
            status,
            headers,
            body: body.to_owned(),
        }
    }
}

impl Replays {
    pub fn whole_answer(&self, wiki: usize, params: &Params) -> Option<Reply> {
        let asked = |module: Module| {
            module == Module::Any
                || ["list", "meta"]
                    .iter()
                    .any(|kind| params.list(kind).contains(&module.name()))
        };
        let here =
            |replay: &&Replay| replay.wiki.is_none_or(|only| only == wiki) && asked(replay.module);
        self.0
            .iter()
            .rev()
            .filter(here)
            .find_map(|replay| match &replay.content {
                Content::Members(_) => None,
                Content::Whole {
                    status,
                    headers,
                    body,
                } => {
                    let mut reply = Reply::json(body.clone());
                    reply.status = *status;
                    if !headers.is_empty() {
                        let own = |(name, value): &(String, String)| {
                            (Cow::Owned(name.clone()), value.clone())
                        };
                        reply.headers = headers.iter().map(own).collect();
                    }
                    Some(reply)
                }
            })
    }

    /// The members of `query` that stand for this module.
    pub fn part(&self, world: &World, ask: &Ask, module: &str) -> Option<Vec<(String, String)>> {
        let fits = |replay: &&Replay| {
            let here =
                replay.wiki.is_none_or(|only| only == ask.wiki) && replay.module.name() == module;
            let session = match (replay.session_of, &ask.who) {
                (None, _) => true,
                (Some(owner), Who::User { user, .. }) => owner == *user && !ask.lie.other_user,
                (Some(_), Who::Anonymous) => false,
            };
            here && session
                && (replay.about.is_empty() || replay.about.contains(&subject(world, ask)))
        };
        let replay = self
            .0
            .iter()
            .rev()
            .filter(fits)
            .find(|one| matches!(one.content, Content::Members(_)))?;
        let Content::Members(members) = &replay.content else {
            return None;
        };
        if !replay.filter {
            return Some(members.clone());
        }
        Some(match module {
            "users" => members
                .iter()
                .map(|(key, list)| (key.clone(), users(ask, list)))
                .collect(),
            "siteinfo" => members
                .iter()
                .filter(|(key, _)| asked(ask, "siprop", key))
                .cloned()
                .collect(),
            _ => members
                .iter()
                .map(|(key, object)| (key.clone(), filtered(ask, module, object)))
                .collect(),
        })
    }
}

/// Whom `globaluserinfo` is asked about.
fn subject(world: &World, ask: &Ask) -> String {
    match (
        ask.params.get("guiuser"),
        ask.params.get("guiid"),
        ask.user(world),
    ) {
        (Some(name), ..) => normal_name(name),
        (None, Some(id), _) => format!("#{id}"),
        (None, None, Some(user)) => format!("#{}", user.id),
        (None, None, None) => String::new(),
    }
}

fn asked(ask: &Ask, parameter: &str, prop: &str) -> bool {
    ask.props(parameter).contains(&prop)
}

/// The members that the question's props ask for.
fn filtered(ask: &Ask, module: &str, object: &str) -> String {
    let parameter = match module {
        "userinfo" => "uiprop",
        "globaluserinfo" => "guiprop",
        "users" => "usprop",
        _ => return object.to_owned(),
    };
    let private = module != "userinfo"
        || ask
            .grants()
            .is_none_or(|grants| rights::granted(grants, "viewmyprivateinfo"));
    let mut out = String::with_capacity(object.len());
    let mut kept = Object::open(&mut out);
    for (key, value) in json::members(object) {
        let prop = match key {
            "emailauthenticated" => "email",
            "messages" => "hasmsg",
            "attachedlocal" => "centralids",
            key if key.starts_with("block") || key == "systemblocktype" => "blockinfo",
            key => key,
        };
        let base = [
            "id", "userid", "name", "home", "locked", "hidden", "missing", "anon",
        ]
        .contains(&key)
            || (module == "globaluserinfo" && key == "registration");
        if base
            || (asked(ask, parameter, prop) && (private || !["email", "realname"].contains(&prop)))
        {
            kept.raw(key, value);
        }
    }
    kept.close();
    out
}

/// The recorded entries of those names that were asked for; the others are missing.
fn users(ask: &Ask, list: &str) -> String {
    let entries = json::items(list);
    let mut out = String::new();
    json::list(&mut out, ask.params.list("ususers"), |out, name| {
        let quoted = json::quoted(&normal_name(name));
        let entry = entries
            .iter()
            .find(|entry| json::at(entry, &["name"]) == Some(&quoted));
        match entry {
            Some(entry) => out.push_str(&filtered(ask, "users", entry)),
            None => _ = write!(out, "{{\"name\":{quoted},\"missing\":true}}"),
        }
    });
    out
}
