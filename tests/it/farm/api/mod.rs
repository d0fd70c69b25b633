//! `api.php`: from parameters to an answer, in the order in which `MediaWiki` checks things.
#![allow(clippy::unnecessary_wraps, reason = "modules share one signature")]

mod contribs;
mod error;
mod global_preferences;
mod global_user_info;
mod global_users;
mod log_events;
mod login;
mod page;
mod site_info;
mod user_info;
mod users;

pub use error::ApiError;
pub use page::Page;

use super::auth::{Grants, Refusal, Who};
use super::http::{Reply, Request};
use super::json;
use super::params::Params;
use super::rights;
use super::spoil::Lie;
use super::world::{User, World};

/// A question and what is known about who asks it.
pub struct Ask<'a> {
    pub wiki: usize,
    pub params: &'a Params,
    pub request: &'a Request,
    pub lie: &'a Lie,
    pub who: Who,
    pub now: i64,
}

impl<'a> Ask<'a> {
    /// The session's user, or whoever a mistaken wiki takes for it.
    pub fn user<'w>(&self, world: &'w World) -> Option<&'w User> {
        match self.who {
            _ if self.lie.other_user => Some(&world.stranger),
            Who::Anonymous => None,
            Who::User { user, .. } => world.users.get(user),
        }
    }

    pub fn grants(&self) -> Option<&Grants> {
        match &self.who {
            Who::Anonymous => None,
            Who::User { grants, .. } => Some(grants),
        }
    }

    /// The values of a multi-value parameter, without those that vanished.
    pub fn props(&self, name: &str) -> Vec<&'a str> {
        let mut props = self.params.list(name);
        props.retain(|prop| !self.lie.vanished.iter().any(|gone| gone == prop));
        props
    }
}

const MODULES: [&str; 10] = [
    "users",
    "logevents",
    "usercontribs",
    "globalusers",
    "userinfo",
    "globaluserinfo",
    "siteinfo",
    "globalpreferences",
    "globalrenamestatus",
    "tokens",
];
const WRITES: [&str; 8] = [
    "edit",
    "options",
    "globalpreferences",
    "userrights",
    "block",
    "unblock",
    "move",
    "delete",
];

/// Answers one request to `api.php`.
pub fn answer(
    world: &mut World,
    request: &Request,
    wiki: usize,
    params: &Params,
    lie: &Lie,
) -> Reply {
    if params.get("format") != Some("json") || !params.has("action") {
        return help_page();
    }
    if let Some(reply) = world.replays.whole_answer(wiki, params) {
        return reply;
    }
    let mut page = Page::default();
    let outcome = world.authenticate(request, wiki, params).and_then(|who| {
        let who = if lie.anonymous { Who::Anonymous } else { who };
        page.cookies.extend(world.new_jwt(request, &who));
        let now = world.clock.now();
        let ask = Ask {
            wiki,
            params,
            request,
            lie,
            who,
            now,
        };
        dispatch(world, &ask, &mut page).map_err(Refusal::Api)
    });
    let mut reply = match outcome {
        Ok(()) => page.render(params),
        Err(Refusal::Api(error)) => error.render(&world.wikis[wiki].base, params),
        Err(Refusal::TwoLogins) => return two_logins(),
    };
    for cookie in page.cookies {
        reply.header("Set-Cookie", cookie);
    }
    if lie.suppressed {
        reply.header("MediaWiki-Login-Suppressed", "true");
    }
    reply
}

fn dispatch(world: &mut World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let wiki = &world.wikis[ask.wiki];
    if let Some(error) = ApiError::maxlag(wiki.lag, ask.params).or_else(|| ask.lie.error.clone()) {
        return Err(error);
    }
    if !ask.lie.unasserted {
        check_assertions(world, ask)?;
    }
    page.unknown_params(ask.params);
    if ask.lie.warnings {
        page.warn(
            "main",
            "deprecation",
            "The parameter \"uselang\" has been deprecated.",
            "",
        );
    }
    match ask.params.get("action").unwrap_or_default() {
        "login" => login::run(world, ask, page),
        "query" => query(world, ask, page),
        "centralauthtoken" => {
            let text = "The centralauthtoken can only be obtained during a CentralAuth session.";
            Err(ApiError::new("badsession", text, "centralauthtoken"))
        }
        action if WRITES.contains(&action) => Err(refuse_write(world, ask)),
        other => {
            let text = format!("Unrecognized value for parameter \"action\": {other}.");
            Err(ApiError::new("badvalue", &text, "main"))
        }
    }
}

/// Lists before meta modules, each kind in the order asked, as `ApiQuery` does it.
fn query(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let private = world.wikis[ask.wiki].private && ask.user(world).is_none();
    let identity_only = |grants: &Grants| {
        grants
            .iter()
            .any(|grant| grant.starts_with("mwoauth-authonly"))
    };
    if private || ask.grants().is_some_and(identity_only) {
        let text = "You need read permission to use this module.";
        return Err(ApiError::new("readapidenied", text, "main"));
    }
    for kind in ["list", "meta"] {
        let asked = ask.params.list(kind);
        let exists = |name: &str| {
            MODULES.contains(&name) && (name != "globalusers" || world.options.globalusers)
        };
        page.unknown_values(
            "query",
            kind,
            asked.iter().copied().filter(|name| !exists(name)),
        );
        for module in asked.into_iter().filter(|name| exists(name)) {
            run(world, ask, page, module)?;
        }
    }
    Ok(())
}

fn run(world: &World, ask: &Ask, page: &mut Page, module: &str) -> Result<(), ApiError> {
    if let Some(part) = world.replays.part(world, ask, module) {
        page.members(&part);
        return Ok(());
    }
    match module {
        "users" => users::run(world, ask, page),
        "logevents" => log_events::run(world, ask, page),
        "usercontribs" => contribs::run(world, ask, page),
        "globalusers" => global_users::run(world, ask, page),
        "userinfo" => user_info::run(world, ask, page),
        "globaluserinfo" => global_user_info::run(world, ask, page),
        "siteinfo" => site_info::run(world, ask, page),
        "globalpreferences" => global_preferences::run(world, ask, page),
        "globalrenamestatus" => global_user_info::rename_status(world, ask, page),
        _ => login::tokens(world, ask, page),
    }
}

fn check_assertions(world: &World, ask: &Ask) -> Result<(), ApiError> {
    let user = ask.user(world);
    let fail = |code: &'static str, text: &str| Err(ApiError::new(code, text, "main"));
    match ask.params.get("assert") {
        Some("user") if user.is_none() => {
            return fail(
                "assertuserfailed",
                "You are no longer logged in, so the action could not be completed.",
            );
        }
        Some("anon") if user.is_some() => {
            return fail(
                "assertanonfailed",
                "You are no longer logged out, so the action could not be completed.",
            );
        }
        Some("bot") if !is_bot(world, ask) => {
            return fail(
                "assertbotfailed",
                "You do not have the \"bot\" right, so the action could not be completed.",
            );
        }
        _ => {}
    }
    let name = user.map(|user| user.local_name(ask.wiki));
    match ask.params.get("assertuser").map(normal_name) {
        Some(wanted) if name != Some(wanted.as_str()) => {
            let text = format!(
                "You are no longer logged in as \"{wanted}\", so the action could not be completed."
            );
            fail("assertnameduserfailed", &text)
        }
        _ => Ok(()),
    }
}

fn is_bot(world: &World, ask: &Ask) -> bool {
    let account = ask.user(world).and_then(|user| user.attached(ask.wiki));
    let member =
        account.is_some_and(|account| account.memberships(ask.now).any(|one| one.group == "bot"));
    member
        && ask
            .grants()
            .is_none_or(|grants| rights::granted(grants, "bot"))
}

fn refuse_write(world: &World, ask: &Ask) -> ApiError {
    if world.wikis[ask.wiki].readonly {
        return ApiError::readonly();
    }
    if ask.request.method != "POST" {
        let text = "The following parameter was found in the query string, but must be in the POST body: token.";
        return ApiError::new("mustpostparams", text, "main");
    }
    ApiError::new("badtoken", "Invalid CSRF token.", "main")
}

/// `alice_Example` as the servers read it: `Alice Example`.
pub fn normal_name(name: &str) -> String {
    let name = name.replace('_', " ");
    let mut chars = name.trim().chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

pub fn is_ip(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}

pub fn is_valid_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !is_ip(name)
        && !name.contains(['#', '<', '>', '[', ']', '|', '{', '}', '@', ':', '/', '\n'])
}

fn help_page() -> Reply {
    let body = "<!DOCTYPE html>\n<html class=\"client-nojs\" lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"UTF-8\"/>\n\
        <title>MediaWiki API help</title>\n</head><body><h1>MediaWiki API help</h1></body></html>\n";
    Reply::new(200, "text/html; charset=utf-8", body)
}

fn two_logins() -> Reply {
    let body = "<!DOCTYPE html>\n<html><head><title>Bad Request</title></head>\n<body><h1>Bad Request</h1><p>Cannot \
        combine multiple request authentication types: MediaWiki\\Extension\\OAuth\\SessionProvider sessions and \
        central cookie-based sessions.</p></body></html>";
    Reply::new(400, "text/html; charset=utf-8", body)
}

/// `{"CentralAuth":…,"local":…}` twice: IDs and whether attached.
fn central_ids(object: &mut json::Object, central: u64, local: u64, attached: bool) {
    object.raw(
        "centralids",
        &format!("{{\"CentralAuth\":{central},\"local\":{local}}}"),
    );
    object.raw(
        "attachedlocal",
        &format!("{{\"CentralAuth\":{attached},\"local\":{}}}", local != 0),
    );
}
