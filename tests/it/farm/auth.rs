//! Who asks: bearer tokens, OAuth 1.0a signatures, bot-password sessions, or nobody.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::api::ApiError;
use super::gateway::Identity;
use super::http::Request;
use super::oauth1;
use super::params::Params;
use super::world::{Account, World};

pub type Grants = Arc<[String]>;

#[derive(Default)]
pub struct Credentials {
    pub tokens: HashMap<String, Token>,
    pub consumers: Vec<Consumer>,
    pub bot_passwords: Vec<BotPassword>,
    /// By the value of `<wiki>_BPsession`.
    pub sessions: HashMap<String, Session>,
    /// By the value of `<wiki>_session`.
    pub login_tokens: HashMap<String, String>,
    /// Wrong passwords in a row by user name, and until when that locks out.
    pub wrong_tries: HashMap<String, (u32, i64)>,
    pub nonces: HashSet<String>,
    pub serial: u64,
}

pub struct Token {
    pub user: usize,
    pub grants: Grants,
    pub revoked: bool,
}

/// An owner-only OAuth 1.0a consumer.
pub struct Consumer {
    pub key: String,
    pub secret: String,
    pub token: String,
    pub token_secret: String,
    pub access: Token,
}

pub struct BotPassword {
    pub user: usize,
    pub app: String,
    pub password: String,
    pub grants: Grants,
}

pub struct Session {
    pub user: usize,
    /// A session does not survive a rename.
    pub user_name: String,
    pub wiki: usize,
    pub app: String,
    pub grants: Grants,
}

/// The session of a request.
#[derive(Clone)]
pub enum Who {
    Anonymous,
    User { user: usize, grants: Grants },
}

/// Why there is no session.
pub enum Refusal {
    Api(ApiError),
    /// Two logins at once: HTTP 400 with HTML.
    TwoLogins,
}

impl Credentials {
    pub fn add_token(&mut self, token: &str, user: usize, grants: &[&str]) {
        let access = Token {
            user,
            grants: to_grants(grants),
            revoked: false,
        };
        self.tokens.insert(token.to_owned(), access);
    }

    /// A value nobody can guess, for tests nobody need to.
    pub fn secret(&mut self) -> String {
        self.serial += 1;
        format!(
            "{:016x}{:016x}",
            super::mix(self.serial, 11),
            super::mix(self.serial, 12)
        )
    }
}

pub fn to_grants(grants: &[&str]) -> Grants {
    grants.iter().map(|&grant| grant.to_owned()).collect()
}

impl World {
    pub fn authenticate(
        &mut self,
        request: &Request,
        wiki: usize,
        params: &Params,
    ) -> Result<Who, Refusal> {
        let session = self.bot_password_session(request, wiki);
        let header = request.header("authorization").unwrap_or_default();
        let oauth = header.starts_with("OAuth ");
        let bearer = header.strip_prefix("Bearer").map(str::trim);
        if session.is_some() && (oauth || bearer.is_some()) {
            return Err(Refusal::TwoLogins);
        }
        let (user, grants) = if oauth {
            oauth1::verify(self, request, wiki, params)?
        } else if let Some(bearer) = bearer {
            match self.credentials.tokens.get(bearer) {
                None => return Err(invalid("Invalid access token")),
                Some(token) if token.revoked => return Err(revoked()),
                Some(token) => (token.user, token.grants.clone()),
            }
        } else {
            let who = session.map(|(user, grants)| Who::User { user, grants });
            return Ok(who.unwrap_or(Who::Anonymous));
        };
        self.oauth_user(request, user, wiki)?;
        Ok(Who::User { user, grants })
    }

    /// What `OAuth` checks about the account, whichever version it is.
    fn oauth_user(&mut self, request: &Request, user: usize, wiki: usize) -> Result<(), Refusal> {
        let account = &self.users[user];
        if account.locked {
            let text = "The authorization headers in your request are for a user that is blocked";
            return Err(refuse("mwoauth-invalid-authorization-blocked-user", text));
        }
        let missing = account.accounts[wiki].is_none() && !account.deleted;
        if !missing && (account.deleted || account.attached(wiki).is_none()) {
            let text =
                "The authorization headers in your request are for a user that does not exist here";
            return Err(refuse("mwoauth-invalid-authorization-invalid-user", text));
        }
        if jwt(request).is_some_and(|(id, _)| id != account.id) {
            let text = "The sessionJwt cookie belongs to another user";
            return Err(refuse("mwoauth-invalid-authorization-jwt", text));
        }
        if missing {
            self.autocreate(user, wiki);
        }
        Ok(())
    }

    /// The trap: a valid OAuth request on a wiki never visited creates an account there.
    fn autocreate(&mut self, user: usize, wiki: usize) {
        let (now, local_id) = (self.clock.now(), self.new_local_id(wiki));
        self.users[user].accounts[wiki] = Some(Box::new(Account::new(local_id, now)));
        self.counts.autocreated += 1;
        let name = self.users[user].name.clone();
        let params = format!("{{\"userid\":{local_id}}}");
        self.log(wiki, ("newusers", "autocreate"), &name, params, &name, "");
    }

    fn bot_password_session(&self, request: &Request, wiki: usize) -> Option<(usize, Grants)> {
        let value = request.cookie(&format!("{}_BPsession", self.wikis[wiki].id))?;
        let session = self
            .credentials
            .sessions
            .get(value)
            .filter(|session| session.wiki == wiki)?;
        let user = &self.users[session.user];
        let same_name = user.local_name(wiki) == session.user_name && user.rename.is_none();
        let mut passwords = self.credentials.bot_passwords.iter();
        let alive = passwords.any(|one| one.user == session.user && one.app == session.app);
        let jwt_fits = jwt(request).is_none_or(|(id, _)| id == user.id);
        let usable = same_name && alive && jwt_fits && !user.deleted;
        usable.then(|| (session.user, session.grants.clone()))
    }

    /// Who asks, as the gateway sees it: cheap, and without checking anything.
    pub fn identity(&self, request: &Request) -> Identity {
        if let Some((id, class)) = jwt(request) {
            return Identity {
                key: format!("user:{id}"),
                class: class.to_owned(),
            };
        }
        let bearer = request
            .header("authorization")
            .and_then(|header| header.strip_prefix("Bearer "));
        if let Some(token) = bearer.and_then(|bearer| self.credentials.tokens.get(bearer)) {
            let id = self.users[token.user].id;
            return Identity {
                key: format!("user:{id}"),
                class: "authed-user".into(),
            };
        }
        let agent = request.header("user-agent").unwrap_or_default();
        if agent.contains('@') || agent.contains("http") {
            return Identity {
                key: format!("ua:{agent}"),
                class: "unauthed-bot".into(),
            };
        }
        Identity {
            key: "ip".into(),
            class: "anon".into(),
        }
    }

    /// The `sessionJwt` to hand out with this answer, if any.
    pub fn new_jwt(&mut self, request: &Request, who: &Who) -> Option<String> {
        let Who::User { user, .. } = who else {
            return None;
        };
        if !self.options.issue_session_jwt || jwt(request).is_some() {
            return None;
        }
        let user = &self.users[*user];
        let value = format!("eyJhbGciOiJSUzI1NiJ9.{}-{}", user.id, user.class);
        let serial = self.credentials.secret();
        Some(format!(
            "sessionJwt={value}.{serial}; Max-Age=604800; path=/; HttpOnly"
        ))
    }
}

/// The user and the rate class that a `sessionJwt` cookie names.
fn jwt(request: &Request) -> Option<(u64, &str)> {
    let (id, class) = request
        .cookie("sessionJwt")?
        .split('.')
        .nth(1)?
        .split_once('-')?;
    Some((id.parse().ok()?, class))
}

pub fn invalid(why: &str) -> Refusal {
    let text = format!("The authorization headers in your request are not valid: {why}");
    refuse("mwoauth-invalid-authorization", &text)
}

pub fn revoked() -> Refusal {
    invalid("Cannot create access token, user did not approve issuing this access token")
}

fn refuse(code: &'static str, text: &str) -> Refusal {
    Refusal::Api(ApiError::new(code, text, ""))
}
