//! `meta=userinfo`: the account that asks, as it sees itself.

use super::super::clock::iso;
use super::super::json::{self, Object, list};
use super::super::preferences::Defaults;
use super::super::rights;
use super::super::world::{Account, Block, Membership, User, World};
use super::{ApiError, Ask, Page, central_ids};

const PROPS: [&str; 18] = [
    "blockinfo",
    "hasmsg",
    "groups",
    "groupmemberships",
    "implicitgroups",
    "rights",
    "changeablegroups",
    "options",
    "editcount",
    "ratelimits",
    "theoreticalratelimits",
    "email",
    "realname",
    "acceptlang",
    "registrationdate",
    "unreadcount",
    "centralids",
    "latestcontrib",
];
const NO_GROUPS: &str = r#"{"add":[],"remove":[],"add-self":[],"remove-self":[]}"#;
const LIMITS: &str = r#"{"edit":{"user":{"hits":90,"seconds":60}},"move":{"user":{"hits":8,"seconds":60}},"rollback":{"user":{"hits":10,"seconds":60}}}"#;
const IP_LIMITS: &str =
    r#"{"edit":{"ip":{"hits":8,"seconds":60}},"upload":{"ip":{"hits":8,"seconds":60}}}"#;

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let props = asked(world, ask, page);
    let session = ask
        .user(world)
        .and_then(|user| Some((user, user.accounts[ask.wiki].as_deref()?)));
    let mut object = Object::open(page.member("userinfo"));
    match session {
        Some((user, account)) => registered(world, ask, &mut object, user, account, &props),
        None => anonymous(world, ask, &mut object, &props),
    }
    object.close();
    Ok(())
}

fn asked<'a>(world: &World, ask: &Ask<'a>, page: &mut Page) -> Vec<&'a str> {
    let props = ask.props("uiprop");
    if props == ["*"] {
        return PROPS.to_vec();
    }
    let known =
        |prop: &str| PROPS.contains(&prop) || (prop == "cancreateaccount" && world.options.modern);
    page.unknown_values(
        "query+userinfo",
        "uiprop",
        props.iter().copied().filter(|prop| !known(prop)),
    );
    props
}

fn registered(
    world: &World,
    ask: &Ask,
    out: &mut Object,
    user: &User,
    account: &Account,
    props: &[&str],
) {
    let has = |prop: &str| props.contains(&prop);
    let wiki = &world.wikis[ask.wiki];
    out.number("id", account.local_id);
    out.text("name", user.local_name(ask.wiki));
    if has("blockinfo") {
        let blocks: Vec<&Block> = account.blocks(ask.now).chain(&wiki.ip_block).collect();
        super::users::blocks(out, &blocks, world.options.modern, ask.now);
    }
    if has("hasmsg") {
        out.flag("messages", false);
    }
    super::users::groups(out, account, ask.now, &has);
    if has("rights") {
        out.texts("rights", session_rights(ask, user, account));
    }
    if has("changeablegroups") {
        out.raw("changeablegroups", NO_GROUPS);
    }
    if has("options") {
        out.raw(
            "options",
            options(&wiki.defaults, user, account, ask.lie.default_options),
        );
    }
    if has("editcount") {
        out.number("editcount", account.edit_count);
    }
    if has("ratelimits") {
        let free = session_rights(ask, user, account).contains(&"noratelimit");
        out.raw("ratelimits", if free { "{}" } else { LIMITS });
    }
    if has("theoreticalratelimits") {
        out.raw("theoreticalratelimits", LIMITS);
    }
    private(ask, out, user, &has);
    if has("registrationdate") {
        registration(
            out,
            "registrationdate",
            account,
            world.options.modern,
            ask.now,
        );
    }
    rest(ask, out, user, account, &has);
}

/// What only the grant `privateinfo` shows; without it the keys are silently absent.
fn private(ask: &Ask, out: &mut Object, user: &User, has: &dyn Fn(&str) -> bool) {
    if !ask
        .grants()
        .is_none_or(|grants| rights::granted(grants, "viewmyprivateinfo"))
    {
        return;
    }
    if has("realname") {
        out.text("realname", "");
    }
    if has("email") {
        out.text("email", &user.email);
        if let Some(at) = user.email_confirmed {
            out.text("emailauthenticated", &iso(at));
        }
    }
}

fn rest(ask: &Ask, out: &mut Object, user: &User, account: &Account, has: &dyn Fn(&str) -> bool) {
    if has("acceptlang") {
        out.raw("acceptlang", "[]");
    }
    if has("unreadcount") {
        match account.unread {
            // The one number that turns into text when it grows.
            1000.. => out.text("unreadcount", "1000+"),
            count => out.number("unreadcount", count),
        }
    }
    if has("centralids") {
        let attached = user.attached(ask.wiki).is_some();
        central_ids(
            out,
            if attached { user.id } else { 0 },
            account.local_id,
            attached,
        );
    }
    if let (true, Some(at)) = (has("latestcontrib"), account.latest()) {
        out.text("latestcontrib", &iso(at));
    }
}

fn anonymous(world: &World, ask: &Ask, out: &mut Object, props: &[&str]) {
    let has = |prop: &str| props.contains(&prop);
    let wiki = &world.wikis[ask.wiki];
    out.raw("id", "0");
    out.text("name", "127.0.0.1");
    out.flag("anon", true);
    if let (true, Some(block)) = (has("blockinfo"), &wiki.ip_block) {
        super::users::blocks(out, &[block], world.options.modern, ask.now);
    }
    let fixed = [
        ("hasmsg", "messages", "false"),
        ("groups", "groups", "[\"*\"]"),
        ("groupmemberships", "groupmemberships", "[]"),
        ("implicitgroups", "implicitgroups", "[\"*\"]"),
    ];
    let more = [
        ("changeablegroups", "changeablegroups", NO_GROUPS),
        ("options", "options", wiki.defaults.json.as_str()),
        ("editcount", "editcount", "0"),
        ("ratelimits", "ratelimits", IP_LIMITS),
        ("theoreticalratelimits", "theoreticalratelimits", IP_LIMITS),
        ("realname", "realname", "\"\""),
        ("email", "email", "\"\""),
        ("acceptlang", "acceptlang", "[]"),
        ("unreadcount", "unreadcount", "0"),
    ];
    fixed
        .iter()
        .filter(|(prop, ..)| has(prop))
        .for_each(|(_, key, value)| out.raw(key, value));
    if has("rights") {
        out.texts("rights", rights::ANONYMOUS);
    }
    more.iter()
        .filter(|(prop, ..)| has(prop))
        .for_each(|(_, key, value)| out.raw(key, value));
    if has("centralids") {
        central_ids(out, 0, 0, false);
    }
}

/// Cut down to what the credential's grants allow.
fn session_rights(ask: &Ask, user: &User, account: &Account) -> Vec<&'static str> {
    let mut all = super::users::rights_of(user, account, ask.now);
    if let Some(grants) = ask.grants() {
        all.retain(|right| rights::granted(grants, right));
    }
    all
}

/// Null in the database: null today, in 1.39 the current time.
fn registration(out: &mut Object, key: &str, account: &Account, modern: bool, now: i64) {
    match account.registration {
        None if modern => out.raw(key, "null"),
        at => out.text(key, &iso(at.unwrap_or(now))),
    }
}

/// The effective preferences: stored ones first, then the defaults; global ones win over both
/// unless there is a local exception.
fn options<'a>(
    defaults: &'a Defaults,
    user: &User,
    account: &'a Account,
    all_default: bool,
) -> &'a str {
    if all_default {
        return &defaults.json;
    }
    account.options.get_or_init(|| {
        let mut out = String::with_capacity(defaults.json.len() + 500);
        let excepted = |name: &str| {
            account
                .set
                .contains_key(format!("{name}-local-exception").as_str())
        };
        let global = |name: &str| user.globals.get(name).filter(|_| !excepted(name));
        let mut object = Object::open(&mut out);
        for (name, value) in &account.set {
            object.raw(name, global(name).unwrap_or(value));
        }
        for (name, value) in defaults
            .iter()
            .filter(|(name, _)| !account.set.contains_key(name))
        {
            object.raw(name, global(name).unwrap_or(value));
        }
        let known = |name: &str| account.set.contains_key(name) || defaults.get(name).is_some();
        for (name, value) in user.globals.iter().filter(|(name, _)| !known(name)) {
            object.raw(name, value);
        }
        object.close();
        out
    })
}

/// `[{"group":…,"expiry":…}]`
pub fn memberships<'a>(out: &mut String, memberships: impl Iterator<Item = &'a Membership>) {
    list(out, memberships, |out, membership| {
        out.push_str("{\"group\":");
        json::text(out, &membership.group);
        out.push_str(",\"expiry\":");
        json::text(out, &membership.expiry.map_or("infinity".into(), iso));
        out.push('}');
    });
}
