//! `list=users`: accounts as everybody sees them; and the parts that `userinfo` shares with it.

use super::super::clock::{iso, prose};
use super::super::json::{self, Object};
use super::super::rights;
use super::super::world::{Account, Block, Stray, User, World};
use super::{ApiError, Ask, Page, central_ids, is_ip, is_valid_name, normal_name};

const PROPS: [&str; 11] = [
    "blockinfo",
    "groups",
    "groupmemberships",
    "implicitgroups",
    "rights",
    "editcount",
    "registration",
    "emailable",
    "gender",
    "centralids",
    "cancreate",
];

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let names = ask.params.list("ususers");
    let ids: Vec<u64> = ask
        .params
        .list("ususerids")
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let high = ask
        .grants()
        .is_some_and(|grants| rights::granted(grants, "apihighlimits"));
    let limit = if high { 500 } else { 50 };
    if names.len() > limit {
        let text =
            format!("Too many values supplied for parameter \"ususers\". The limit is {limit}.");
        let mut error = ApiError::new("toomanyvalues", &text, "query+users");
        error.data = Some(format!(
            "{{\"limit\":{limit},\"lowlimit\":50,\"highlimit\":500}}"
        ));
        return Err(error);
    }
    let props = ask.props("usprop");
    page.unknown_values(
        "query+users",
        "usprop",
        props.iter().copied().filter(|prop| !PROPS.contains(prop)),
    );
    // Names that cannot exist come first, whatever the order of the question.
    let (valid, invalid): (Vec<&str>, Vec<&str>) = names
        .into_iter()
        .partition(|name| !is_ip(name) && is_valid_name(&normal_name(name)));
    let out = page.member("users");
    out.push('[');
    let mut entry = Entries {
        world,
        ask,
        props: &props,
        out,
        empty: true,
    };
    for name in invalid {
        entry.invalid(name);
    }
    for name in valid {
        entry.named(&normal_name(name));
    }
    for id in ids {
        entry.numbered(id);
    }
    page.close_list();
    Ok(())
}

struct Entries<'a> {
    world: &'a World,
    ask: &'a Ask<'a>,
    props: &'a [&'a str],
    out: &'a mut String,
    empty: bool,
}

impl Entries<'_> {
    fn next(&mut self) -> Object<'_> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(',');
        }
        Object::open(self.out)
    }

    fn invalid(&mut self, name: &str) {
        let mut object = self.next();
        object.text("name", name);
        object.flag("invalid", true);
        object.close();
    }

    fn named(&mut self, name: &str) {
        let (world, wiki) = (self.world, self.ask.wiki);
        let here = |user: &&User| {
            user.accounts[wiki].is_some() && !user.deleted && user.local_name(wiki) == name
        };
        if let Some(user) = world.users.iter().find(here) {
            return self.user(user);
        }
        if let Some(stray) = world
            .strays
            .iter()
            .find(|stray| stray.wiki == wiki && stray.name == name)
        {
            return self.stray(stray);
        }
        let cancreate = self.props.contains(&"cancreate");
        let mut object = self.next();
        object.text("name", name);
        object.flag("missing", true);
        if cancreate {
            object.flag("cancreate", world.find_user(name).is_none());
        }
        object.close();
    }

    fn numbered(&mut self, id: u64) {
        let wiki = self.ask.wiki;
        let here = |user: &&User| {
            user.accounts[wiki]
                .as_ref()
                .is_some_and(|account| account.local_id == id)
        };
        if let Some(user) = self.world.users.iter().find(here) {
            return self.user(user);
        }
        let mut object = self.next();
        object.number("userid", id);
        object.flag("missing", true);
        object.close();
    }

    fn user(&mut self, user: &User) {
        let (ask, props, options) = (self.ask, self.props, &self.world.options);
        let Some(account) = user.accounts[ask.wiki].as_deref() else {
            return;
        };
        let has = |prop: &str| props.contains(&prop);
        let mut object = self.next();
        object.number("userid", account.local_id);
        object.text("name", user.local_name(ask.wiki));
        if has("editcount") {
            object.number("editcount", account.edit_count);
        }
        if has("registration") {
            let at = account
                .registration
                .map_or("null".into(), |at| json::quoted(&iso(at)));
            object.raw("registration", &at);
        }
        groups(&mut object, account, ask.now, &has);
        if has("rights") {
            let mut all = rights_of(user, account, ask.now);
            // The cut to the session's grants hits whoever is asked about.
            all.retain(|right| {
                ask.grants()
                    .is_none_or(|grants| rights::granted(grants, right))
            });
            object.texts("rights", all);
        }
        if has("blockinfo") {
            let mut all: Vec<&Block> = account.blocks(ask.now).collect();
            if !options.multiblocks {
                all.drain(..all.len().saturating_sub(1));
            }
            blocks(&mut object, &all, options.modern, ask.now);
        }
        if has("emailable") {
            object.flag("emailable", user.email_confirmed.is_some());
        }
        if has("gender") {
            object.text("gender", "unknown");
        }
        if has("centralids") {
            let attached = user.attached(ask.wiki).is_some();
            let central = if attached && !user.hidden { user.id } else { 0 };
            central_ids(&mut object, central, account.local_id, attached);
        }
        object.close();
    }

    fn stray(&mut self, stray: &Stray) {
        let props = self.props;
        let mut object = self.next();
        object.number("userid", stray.local_id);
        object.text("name", &stray.name);
        if props.contains(&"editcount") {
            object.number("editcount", stray.edit_count);
        }
        if props.contains(&"registration") {
            object.text("registration", &iso(stray.registration));
        }
        if props.contains(&"centralids") {
            central_ids(&mut object, 0, stray.local_id, false);
        }
        object.close();
    }
}

/// `groups`, `groupmemberships` and `implicitgroups`.
pub fn groups(out: &mut Object, account: &Account, now: i64, has: &dyn Fn(&str) -> bool) {
    const IMPLICIT: [&str; 3] = ["*", "user", "autoconfirmed"];
    if has("groups") {
        let explicit = account
            .memberships(now)
            .map(|membership| membership.group.as_str());
        out.texts("groups", explicit.chain(IMPLICIT));
    }
    if has("groupmemberships") {
        super::user_info::memberships(out.key("groupmemberships"), account.memberships(now));
    }
    if has("implicitgroups") {
        out.texts("implicitgroups", IMPLICIT);
    }
}

pub fn rights_of(user: &User, account: &Account, now: i64) -> Vec<&'static str> {
    let global = user.groups.iter().filter(|group| group.holds(now));
    rights::of_groups(
        global
            .chain(account.memberships(now))
            .map(|membership| membership.group.as_str()),
    )
}

/// The block keys, flattened into the object; several blocks become one composite.
pub fn blocks(out: &mut Object, blocks: &[&Block], modern: bool, now: i64) {
    match blocks {
        [] => {}
        [block] => one_block(out, block, modern, now),
        several => {
            composite(out, several, modern, now);
            json::list(out.key("blockcomponents"), several, |out, block| {
                let mut object = Object::open(out);
                one_block(&mut object, block, modern, now);
                object.close();
            });
        }
    }
}

fn one_block(out: &mut Object, block: &Block, modern: bool, now: i64) {
    out.number("blockid", block.id);
    out.text("blockedby", &block.by);
    out.number("blockedbyid", 1);
    block_body(out, block, modern, now);
}

fn composite(out: &mut Object, blocks: &[&Block], modern: bool, now: i64) {
    let endless = blocks.iter().any(|block| block.expiry.is_none());
    let whole = Block {
        id: 0,
        by: String::new(),
        reason: "There are multiple blocks against your account and/or IP address.".into(),
        at: blocks.iter().map(|block| block.at).min().unwrap_or(now),
        expiry: if endless {
            None
        } else {
            blocks.iter().filter_map(|block| block.expiry).max()
        },
        partial: blocks.iter().all(|block| block.partial),
    };
    out.raw("blockid", "null");
    out.text("blockedby", "");
    out.number("blockedbyid", 0);
    block_body(out, &whole, modern, now);
}

fn block_body(out: &mut Object, block: &Block, modern: bool, now: i64) {
    out.text("blockreason", &block.reason);
    out.text("blockedtimestamp", &iso(block.at));
    out.text("blockexpiry", &block.expiry.map_or("infinite".into(), iso));
    out.flag("blockpartial", block.partial);
    out.flag("blocknocreate", !block.partial);
    out.flag("blockanononly", false);
    if modern {
        out.flag("blockemail", false);
        out.flag("blockowntalk", false);
    }
    out.text("blockedtimestampformatted", &prose(block.at));
    if let Some(expiry) = block.expiry {
        out.text("blockexpiryformatted", &prose(expiry));
        // Says something else tomorrow although nothing has changed.
        let hours = (expiry - now) / 3600;
        let relative = if modern {
            format!("{hours} hours from now")
        } else {
            prose(expiry)
        };
        out.text("blockexpiryrelative", &relative);
    }
}
