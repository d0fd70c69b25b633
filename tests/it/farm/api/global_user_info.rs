//! `meta=globaluserinfo`: the global account and its attached accounts; `meta=globalrenamestatus`.

use super::super::clock::iso;
use super::super::json::{Object, list};
use super::super::rights;
use super::super::world::{Account, Block, User, World};
use super::{ApiError, Ask, Page, is_valid_name, normal_name};

const MODULE: &str = "query+globaluserinfo";

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let target = target(world, ask)?;
    let props = ask.props("guiprop");
    let known = ["groups", "rights", "merged", "unattached", "editcount"];
    page.unknown_values(
        MODULE,
        "guiprop",
        props.iter().copied().filter(|prop| !known.contains(prop)),
    );
    let has = |prop: &str| props.contains(&prop);
    let mut object = Object::open(page.member("globaluserinfo"));
    let name = match target {
        Target::User(user) => {
            global_account(world, ask, &mut object, user, &has);
            user.name.clone()
        }
        Target::Nobody(name) => {
            object.flag("missing", true);
            name
        }
    };
    if has("unattached") {
        unattached(world, ask, object.key("unattached"), &name);
    }
    object.close();
    Ok(())
}

enum Target<'a> {
    User(&'a User),
    Nobody(String),
}

/// The name wins over the number; without either it is the session's user.
fn target<'w>(world: &'w World, ask: &Ask) -> Result<Target<'w>, ApiError> {
    let visible = |user: &'w User| {
        if user.hidden {
            Target::Nobody(user.name.clone())
        } else {
            Target::User(user)
        }
    };
    if ask.lie.other_user {
        return Ok(Target::User(&world.stranger));
    }
    if let Some(given) = ask.params.get("guiuser") {
        let name = normal_name(given);
        if !is_valid_name(&name) {
            let text = format!("Invalid value \"{given}\" for user parameter \"guiuser\".");
            return Err(ApiError::new("baduser", &text, MODULE));
        }
        let found = world
            .find_user(&name)
            .map(|index| visible(&world.users[index]));
        return Ok(found.unwrap_or(Target::Nobody(name)));
    }
    if let Some(id) = ask.params.get("guiid") {
        let of_id = |user: &&User| !user.deleted && user.id.to_string() == id;
        let found = world.users.iter().find(of_id).map(visible);
        return found.ok_or_else(|| {
            ApiError::new(
                "invaliduserid",
                &format!("User ID \"{id}\" is not valid."),
                MODULE,
            )
        });
    }
    let session = ask.user(world).map(Target::User);
    session.ok_or_else(|| ApiError::new("invaliduser", "Invalid username \"127.0.0.1\".", MODULE))
}

fn global_account(
    world: &World,
    ask: &Ask,
    out: &mut Object,
    user: &User,
    has: &dyn Fn(&str) -> bool,
) {
    match user.home {
        Some(home) => out.text("home", &world.wikis[home].id),
        None => out.raw("home", "null"),
    }
    out.number("id", user.id);
    out.text("registration", &iso(user.registration));
    out.text("name", &user.name);
    if user.locked {
        out.flag("locked", true);
    }
    let mut groups: Vec<&str> = user
        .groups
        .iter()
        .filter(|one| one.holds(ask.now))
        .map(|one| one.group.as_str())
        .collect();
    groups.sort_unstable();
    if has("groups") {
        out.texts("groups", &groups);
    }
    if has("rights") {
        let mut all: Vec<&str> = Vec::new();
        for right in groups.iter().flat_map(|group| rights::of_group(group)) {
            if !all.contains(right) {
                all.push(right);
            }
        }
        out.texts("rights", all);
    }
    if has("merged") {
        merged(world, ask, out.key("merged"), user);
    }
    if has("editcount") {
        let attached = (0..world.wikis.len()).filter_map(|wiki| user.attached(wiki));
        out.number(
            "editcount",
            attached.map(|account| account.edit_count).sum::<i64>(),
        );
    }
}

fn merged(world: &World, ask: &Ask, out: &mut String, user: &User) {
    let attached = world
        .sorted
        .iter()
        .filter_map(|&wiki| Some((wiki, user.attached(wiki)?)));
    let listed = attached.enumerate().filter(|(index, (_, account))| {
        !account.omitted && (!ask.lie.missing_accounts || index % 3 != 2)
    });
    let doubled = listed.flat_map(|(index, (wiki, account))| {
        let twice = account.twice || (ask.lie.duplicate_accounts && index.is_multiple_of(3));
        std::iter::repeat_n((wiki, account), 1 + usize::from(twice))
    });
    list(out, doubled, |out, (wiki, account)| {
        let at = &world.wikis[wiki];
        let mut object = Object::open(out);
        object.text("wiki", &at.id);
        object.text("url", at.central_url.as_ref().unwrap_or(&at.base));
        if world.options.modern {
            object.number("id", account.local_id);
        }
        object.text("timestamp", &iso(account.attached_at));
        object.text("method", account.method);
        object.number("editcount", account.edit_count);
        local_facts(&mut object, account, ask.now);
        object.close();
    });
}

/// Registration, groups and one block. A null registration comes out as the current time.
fn local_facts(out: &mut Object, account: &Account, now: i64) {
    out.text("registration", &iso(account.registration.unwrap_or(now)));
    if account.memberships(now).next().is_some() {
        let mut groups: Vec<&str> = account
            .memberships(now)
            .map(|one| one.group.as_str())
            .collect();
        groups.sort_unstable();
        out.texts("groups", groups);
    }
    if let Some(block) = account.blocks(now).last() {
        blocked(out, block);
    }
}

/// No word about it being partial.
fn blocked(out: &mut Object, block: &Block) {
    let mut object = Object::open(out.key("blocked"));
    object.text("expiry", &block.expiry.map_or("infinity".into(), iso));
    object.text("reason", &block.reason);
    object.close();
}

/// Accounts of that name which belong to no global account, or not yet again.
fn unattached(world: &World, ask: &Ask, out: &mut String, name: &str) {
    out.push('[');
    let mut first = true;
    for &wiki in &world.sorted {
        let id = &world.wikis[wiki].id;
        let alone = |user: &&User| user.attached(wiki).is_none() && user.local_name(wiki) == name;
        let detached = world
            .users
            .iter()
            .filter(alone)
            .filter_map(|user| user.accounts[wiki].as_deref());
        let strays = world
            .strays
            .iter()
            .filter(|stray| stray.wiki == wiki && stray.name == name);
        for account in detached {
            let mut object = open(out, &mut first, id, account.edit_count);
            local_facts(&mut object, account, ask.now);
            object.close();
        }
        for stray in strays {
            let mut object = open(out, &mut first, id, stray.edit_count);
            object.text("registration", &iso(stray.registration));
            object.close();
        }
    }
    out.push(']');
}

fn open<'a>(out: &'a mut String, first: &mut bool, wiki: &str, edit_count: i64) -> Object<'a> {
    if !std::mem::replace(first, false) {
        out.push(',');
    }
    let mut object = Object::open(out);
    object.text("wiki", wiki);
    // Not cast by the servers: text.
    object.text("editcount", &edit_count.to_string());
    object
}

pub fn rename_status(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let only = ask.params.get("grsuser").map(normal_name);
    let about = |user: &&User| only.as_ref().is_none_or(|name| *name == user.name);
    let running: Vec<&User> = world
        .users
        .iter()
        .filter(about)
        .filter(|user| user.rename.is_some())
        .collect();
    if running.is_empty() {
        return Ok(());
    }
    let mut names = Object::open(page.member("globalrenamestatus"));
    for user in running {
        let Some(rename) = &user.rename else { continue };
        let mut object = Object::open(names.key(&user.name));
        object.text("from", &rename.from);
        object.text("to", &user.name);
        let mut status = Object::open(object.key("status"));
        for wiki in world
            .sorted
            .iter()
            .filter(|wiki| rename.pending.contains(wiki))
        {
            status.text(&world.wikis[*wiki].id, "queued");
        }
        status.close();
        object.close();
    }
    names.close();
    Ok(())
}
