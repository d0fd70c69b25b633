//! `meta=globalpreferences`: what is set for all wikis, and this wiki's exceptions.

use super::super::json::{self, Object};
use super::super::world::World;
use super::{ApiError, Ask, Page};

const EXCEPTION: &str = "-local-exception";

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    const MODULE: &str = "query+globalpreferences";
    let Some(user) = ask.user(world) else {
        return Err(ApiError::new(
            "notloggedin",
            "You must be logged in to edit your preferences.",
            MODULE,
        ));
    };
    let Some(account) = user.attached(ask.wiki) else {
        return Err(ApiError::new(
            "notglobalized",
            "Your account is not a global account.",
            MODULE,
        ));
    };
    let mut props = ask.props("gprprop");
    if !ask.params.has("gprprop") {
        props = vec!["preferences", "localoverrides"];
    }
    let mut object = Object::open(page.member("globalpreferences"));
    if props.contains(&"preferences") {
        let mut preferences = Object::open(object.key("preferences"));
        for (name, value) in &user.globals {
            preferences.text(name, &stored(value));
        }
        preferences.close();
    }
    if props.contains(&"localoverrides") {
        let mut overrides = Object::open(object.key("localoverrides"));
        for name in account
            .set
            .keys()
            .filter_map(|name| name.strip_suffix(EXCEPTION))
        {
            if let Some(value) = account.set.get(name) {
                overrides.text(name, &stored(value));
            }
        }
        overrides.close();
    }
    object.close();
    Ok(())
}

/// The text in the database behind a shown value.
fn stored(value: &str) -> String {
    match value {
        "true" => "1".into(),
        "false" => "0".into(),
        "null" => String::new(),
        text if text.starts_with('"') => json::unquoted(text),
        number => number.to_owned(),
    }
}
