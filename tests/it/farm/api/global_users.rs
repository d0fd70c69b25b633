//! `list=globalusers`, in `MediaWiki` since 1.47: the cheap look at the global account.

use super::super::clock::iso;
use super::super::json::{Object, list};
use super::super::rights;
use super::super::world::{User, World};
use super::{ApiError, Ask, Page, is_valid_name, normal_name};

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let (names, ids) = (
        ask.params.list("gususers"),
        ask.params.list("guscentralids"),
    );
    if names.is_empty() == ids.is_empty() {
        let text = "Exactly one of the parameters \"gususers\" and \"guscentralids\" is required.";
        let code = if names.is_empty() {
            "missingparam"
        } else {
            "invalidparammix"
        };
        return Err(ApiError::new(code, text, "query+globalusers"));
    }
    let visible = |user: &&User| !user.deleted && !user.hidden;
    let props = ask.props("gusprop");
    let by_name = names.into_iter().map(|name| (Err(normal_name(name)), name));
    let by_id = ids
        .into_iter()
        .map(|id| (Ok(id.parse::<u64>().unwrap_or(0)), id));
    list(
        page.member("globalusers"),
        by_name.chain(by_id),
        |out, (key, _)| {
            let mut object = Object::open(out);
            let fits = |user: &&User| match &key {
                Ok(id) => user.id == *id,
                Err(name) => user.name == *name,
            };
            match (world.users.iter().filter(visible).find(fits), &key) {
                (Some(user), _) => describe(world, ask, &mut object, user, &props),
                (None, Ok(id)) => {
                    object.number("centralid", id);
                    object.flag("missing", true);
                }
                (None, Err(name)) => {
                    object.text("name", name);
                    object.flag(
                        if is_valid_name(name) {
                            "missing"
                        } else {
                            "invalid"
                        },
                        true,
                    );
                }
            }
            object.close();
        },
    );
    Ok(())
}

fn describe(world: &World, ask: &Ask, out: &mut Object, user: &User, props: &[&str]) {
    let has = |prop: &str| props.contains(&prop);
    out.number("centralid", user.id);
    out.text("name", &user.name);
    if has("locked") {
        out.flag("locked", user.locked);
    }
    if has("editcount") {
        let attached = (0..world.wikis.len()).filter_map(|wiki| user.attached(wiki));
        out.number(
            "editcount",
            attached.map(|account| account.edit_count).sum::<i64>(),
        );
    }
    if has("registration") {
        out.text("registration", &iso(user.registration));
    }
    if has("localinfo") {
        let mut info = Object::open(out.key("localinfo"));
        let account = user.attached(ask.wiki);
        info.flag("attached", account.is_some());
        if let Some(account) = account {
            info.number("localid", account.local_id);
            info.text("timestamp", &iso(account.attached_at));
        } else {
            info.raw("localid", "null");
            info.raw("timestamp", "null");
        }
        info.close();
    }
    let mut groups: Vec<_> = user
        .groups
        .iter()
        .filter(|one| one.holds(ask.now))
        .collect();
    groups.sort_by(|a, b| a.group.cmp(&b.group));
    if has("groups") {
        out.texts("groups", groups.iter().map(|one| &one.group));
    }
    if has("groupmemberships") {
        super::user_info::memberships(out.key("groupmemberships"), groups.iter().copied());
    }
    if has("rights") {
        out.texts(
            "rights",
            groups.iter().flat_map(|one| rights::of_group(&one.group)),
        );
    }
}
