//! `rest.php/oauth2/resource/profile`: who a bearer token belongs to and what it may do.

use super::api::Ask;
use super::auth::{Refusal, Who};
use super::clock::compact;
use super::http::{Reply, Request};
use super::json::Object;
use super::params::Params;
use super::rights;
use super::spoil::Lie;
use super::world::World;

pub fn answer(world: &mut World, request: &Request, wiki: usize, params: &Params) -> Reply {
    let lie = Lie::default();
    let who = world.authenticate(request, wiki, params);
    let now = world.clock.now();
    match who {
        Ok(who @ Who::User { .. }) => {
            let body = describe(
                world,
                &Ask {
                    wiki,
                    params,
                    request,
                    lie: &lie,
                    who,
                    now,
                },
            );
            Reply::new(200, "application/json", body)
        }
        Ok(Who::Anonymous) | Err(Refusal::TwoLogins) => Reply::new(
            500,
            "application/json",
            "{\"message\":\"Error: exception\",\"httpCode\":500}",
        ),
        Err(Refusal::Api(_)) => {
            let text = "The resource owner or authorization server denied the request.";
            let body = format!(
                "{{\"error\":\"access_denied\",\"error_description\":\"{text}\",\"message\":\"{text}\"}}"
            );
            Reply::new(401, "application/json", body)
        }
    }
}

fn describe(world: &World, ask: &Ask) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    if let (Some(user), Some(grants)) = (ask.user(world), ask.grants()) {
        let account = user.attached(ask.wiki);
        object.text("sub", &user.id.to_string());
        object.text("username", &user.name);
        object.number("editcount", account.map_or(0, |account| account.edit_count));
        object.flag("confirmed_email", user.email_confirmed.is_some());
        object.flag(
            "blocked",
            account.is_some_and(|account| account.blocks(ask.now).next().is_some()),
        );
        object.text(
            "registered",
            &compact(
                account
                    .and_then(|account| account.registration)
                    .unwrap_or(ask.now),
            ),
        );
        let groups = account
            .into_iter()
            .flat_map(|account| account.memberships(ask.now));
        let groups: Vec<&str> = groups.map(|one| one.group.as_str()).collect();
        object.texts(
            "groups",
            groups.iter().copied().chain(["*", "user", "autoconfirmed"]),
        );
        let rights = rights::of_groups(groups)
            .into_iter()
            .filter(|right| rights::granted(grants, right));
        object.texts("rights", rights);
        object.texts("grants", grants.iter());
        if rights::granted(grants, "viewmyprivateinfo") {
            object.text("realname", "");
            object.text("email", &user.email);
        }
    }
    object.close();
    out
}
