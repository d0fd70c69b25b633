//! `list=usercontribs`: the edits an account made on one wiki.

use super::super::clock::{compact, iso, parse};
use super::super::json::{Object, list};
use super::super::world::{OddEdit, User, World};
use super::log_events::{continue_from, limit};
use super::{ApiError, Ask, Page, normal_name};

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    const MODULE: &str = "query+usercontribs";
    let Some(name) = ask.params.get("ucuser").map(normal_name) else {
        let text = "One of the parameters \"ucuser\", \"ucuserids\", \"ucuserprefix\" and \"uciprange\" is required.";
        return Err(ApiError::new("missingparam", text, MODULE));
    };
    let here =
        |user: &&User| user.accounts[ask.wiki].is_some() && user.local_name(ask.wiki) == name;
    let account = world
        .users
        .iter()
        .find(here)
        .and_then(|user| user.accounts[ask.wiki].as_deref());
    let newer = ask.params.get("ucdir") == Some("newer");
    let limit = limit(world, ask, page, "uclimit", "usercontribs", 10);
    let bound = |name: &str| ask.params.get(name).and_then(parse);
    let (first, last) = if newer {
        ("ucstart", "ucend")
    } else {
        ("ucend", "ucstart")
    };
    let edits = account.map_or(&[][..], |account| &account.edits);
    let mut found: Vec<(i64, u64)> = edits
        .iter()
        .zip(1000..)
        .map(|(&at, revision)| (at, revision))
        .collect();
    found.retain(|(at, _)| {
        bound(first).is_none_or(|first| *at >= first) && bound(last).is_none_or(|last| *at <= last)
    });
    let odd = |revision: u64| -> OddEdit {
        let odd = account.and_then(|account| account.odd_edits.get(&revision));
        odd.copied().unwrap_or_default()
    };
    found.retain(|(_, revision)| {
        let odd = odd(*revision);
        // Whose name is hidden cannot be found by it.
        !odd.deleted && !odd.hidden.user && odd.visible_from <= ask.now
    });
    found.sort_unstable();
    if !newer {
        found.reverse();
    }
    if let Some(from) = ask.params.get("uccontinue") {
        let from = continue_from(from, MODULE)?;
        found.retain(|edit| if newer { *edit >= from } else { *edit <= from });
    }
    if let Some((at, revision)) = found.get(limit) {
        page.continues
            .push(("uccontinue", format!("{}|{revision}", compact(*at))));
    }
    found.truncate(limit);
    let props = ask.props("ucprop");
    let default = ["ids", "title", "timestamp", "comment", "size", "flags"];
    let has = |prop: &str| {
        props.contains(&prop) || (!ask.params.has("ucprop") && default.contains(&prop))
    };
    let local_id = account.map_or(0, |account| account.local_id);
    list(page.member("usercontribs"), found, |out, edit| {
        let name = if ask.lie.other_user {
            "Somebody Else"
        } else {
            &name
        };
        write(out, edit, odd(edit.1), local_id, name, &has);
    });
    Ok(())
}

fn write(
    out: &mut String,
    (at, revision): (i64, u64),
    odd: OddEdit,
    user: u64,
    name: &str,
    has: &dyn Fn(&str) -> bool,
) {
    let mut object = Object::open(out);
    object.number("userid", user);
    object.text("user", name);
    if has("ids") {
        object.number("pageid", revision % 50 + 1);
        object.number("revid", revision);
        object.number("parentid", if revision < 1050 { 0 } else { revision - 50 });
    }
    if has("title") {
        object.raw("ns", "0");
        object.text("title", &format!("Article {}", revision % 50));
    }
    if has("timestamp") {
        object.text("timestamp", &iso(at));
    }
    if has("flags") {
        object.flag("new", revision < 1050);
        object.flag("minor", false);
        object.flag("top", false);
    }
    if odd.hidden.action {
        object.flag("texthidden", true);
    }
    if odd.hidden.suppressed {
        object.flag("suppressed", true);
    }
    if has("comment") && odd.hidden.comment {
        object.flag("commenthidden", true);
    } else if has("comment") {
        object.text("comment", &format!("edit {} – пробa ✓", revision - 1000));
    }
    if has("size") {
        object.number("size", 20 + revision % 300);
    }
    if has("sizediff") {
        let diff = (revision % 300) as i64 - 100;
        object.raw("sizediff", &diff.to_string());
    }
    if has("tags") {
        let tags = if revision % 7 == 0 {
            "[\"visualeditor\"]"
        } else {
            "[]"
        };
        object.raw("tags", tags);
    }
    object.close();
}
