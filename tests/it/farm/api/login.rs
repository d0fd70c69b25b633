//! `meta=tokens` and `action=login`: bot-password sessions, one for each wiki.

use super::super::auth::Session;
use super::super::json::{self, Object};
use super::super::world::World;
use super::{ApiError, Ask, Page, normal_name};

const WRONG: (&str, &str) = (
    "wrongpassword",
    "Incorrect username or password entered. Please try again.",
);
const THROTTLED: (&str, &str) = (
    "login-throttled",
    "You have made too many recent login attempts. Please wait 5 minutes before trying again.",
);
const LOST: (&str, &str) = (
    "sessionlost",
    "Unable to continue login. Your session most likely timed out.",
);
const LOCKED: (&str, &str) = (
    "centralauth-login-error-locked",
    "You cannot log in because your account is globally locked.",
);
const ALREADY: (&str, &str) = (
    "api-login-fail-badsessionprovider",
    "Cannot log in when using MediaWiki\\Session\\BotPasswordSessionProvider.",
);

/// `meta=tokens`; a login token comes with the cookie it belongs to.
pub fn tokens(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let types = ask.params.list("type");
    let mut tokens = String::new();
    let mut object = Object::open(&mut tokens);
    for kind in if types.is_empty() {
        vec!["csrf"]
    } else {
        types
    } {
        let token = if kind == "login" {
            new_login_token(world, ask, page)
        } else {
            "+\\".to_owned()
        };
        object.text(&format!("{kind}token"), &token);
    }
    object.close();
    page.member("tokens").push_str(&tokens);
    Ok(())
}

/// The token is a function of the cookie, so asking needs no write access to the farm.
fn new_login_token(world: &World, ask: &Ask, page: &mut Page) -> String {
    let seed = super::super::mix(world.counts.requests, 77);
    let cookie = format!("{seed:016x}");
    let id = &world.wikis[ask.wiki].id;
    page.cookies
        .push(format!("{id}_session={cookie}; path=/; HttpOnly"));
    token_of(&cookie)
}

fn token_of(cookie: &str) -> String {
    let hash = cookie
        .bytes()
        .fold(99, |hash, byte| super::super::mix(hash, byte.into()));
    format!("{hash:016x}{:024x}+\\", hash >> 3)
}

pub fn run(world: &mut World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    if ask.request.method != "POST" {
        let text = "The \"login\" module requires a POST request.";
        return Err(ApiError::new("mustbeposted", text, "main"));
    }
    if world.wikis[ask.wiki].readonly {
        return Err(ApiError::readonly());
    }
    let id = world.wikis[ask.wiki].id.clone();
    let Some(token) = ask.params.get("lgtoken") else {
        let token = new_login_token(world, ask, page);
        let text = "Fetching a token via \"action=login\" is deprecated. Use \"action=query&meta=tokens&type=login\" instead.";
        page.warn(
            "login",
            "deprecation",
            text,
            "{\"feature\":\"action=login&!lgtoken\"}",
        );
        page.other = Some((
            "login",
            format!(
                "{{\"result\":\"NeedToken\",\"token\":{}}}",
                json::quoted(&token)
            ),
        ));
        return Ok(());
    };
    let outcome = match ask.request.cookie(&format!("{id}_session")) {
        None => failed("Failed", LOST),
        Some(cookie) if token_of(cookie) != token => "{\"result\":\"WrongToken\"}".to_owned(),
        Some(_) if ask.user(world).is_some() => failed("Aborted", ALREADY),
        Some(_) => try_password(world, ask, page),
    };
    page.other = Some(("login", outcome));
    Ok(())
}

fn try_password(world: &mut World, ask: &Ask, page: &mut Page) -> String {
    let (name, password) = (
        ask.params.get("lgname").unwrap_or_default(),
        ask.params.get("lgpassword").unwrap_or_default(),
    );
    // `Name@app` with the password, or `Name` with `app@password`.
    let (name, app, password) = match (name.rsplit_once('@'), password.split_once('@')) {
        (Some((name, app)), _) => (name, app, password),
        (None, Some((app, password))) => (name, app, password),
        (None, None) => (name, "", password),
    };
    let name = normal_name(name);
    let tries = world
        .credentials
        .wrong_tries
        .get(&name)
        .copied()
        .unwrap_or_default();
    if tries.1 > ask.now {
        return failed("Failed", THROTTLED);
    }
    let mut passwords = world.credentials.bot_passwords.iter();
    let found = passwords.find(|one| {
        one.app == app && one.password == password && world.users[one.user].name == name
    });
    let found = found.map(|one| (one.user, one.grants.clone()));
    let Some((user, grants)) =
        found.filter(|(user, _)| world.users[*user].attached(ask.wiki).is_some())
    else {
        return wrong_password(world, ask, name, tries);
    };
    if world.users[user].locked {
        return failed("Failed", LOCKED);
    }
    world.credentials.wrong_tries.remove(&name);
    let value = world.credentials.secret();
    let id = &world.wikis[ask.wiki].id;
    page.cookies.push(format!(
        "{id}_BPsession=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/; HttpOnly"
    ));
    page.cookies
        .push(format!("{id}_BPsession={value}; path=/; HttpOnly"));
    let local_id = world.users[user]
        .attached(ask.wiki)
        .map_or(0, |account| account.local_id);
    let success = format!(
        "{{\"result\":\"Success\",\"lguserid\":{local_id},\"lgusername\":{}}}",
        json::quoted(&name)
    );
    let session = Session {
        user,
        user_name: name,
        wiki: ask.wiki,
        app: app.to_owned(),
        grants,
    };
    world.credentials.sessions.insert(value, session);
    success
}

/// Five in a row lock the name out for five minutes, on all wikis, right password or not.
fn wrong_password(world: &mut World, ask: &Ask, name: String, (count, _): (u32, i64)) -> String {
    let until = if count >= 4 { ask.now + 300 } else { 0 };
    let count = if until > 0 { 0 } else { count + 1 };
    world.credentials.wrong_tries.insert(name, (count, until));
    failed("Failed", WRONG)
}

fn failed(result: &str, (code, text): (&str, &str)) -> String {
    format!(
        "{{\"result\":\"{result}\",\"reason\":{{\"code\":\"{code}\",\"text\":{}}}}}",
        json::quoted(text)
    )
}
