//! `list=logevents`: who changed what, newest first unless asked otherwise.

use super::super::clock::{compact, iso, parse};
use super::super::json::{self, Object, list};
use super::super::names::user_namespace;
use super::super::rights;
use super::super::world::{LogEntry, World};
use super::{ApiError, Ask, Page, normal_name};

pub fn run(world: &World, ask: &Ask, page: &mut Page) -> Result<(), ApiError> {
    let wiki = &world.wikis[ask.wiki];
    let params = ask.params;
    let newer = params.get("ledir") == Some("newer");
    let limit = limit(world, ask, page, "lelimit", "logevents", 10);
    let mut found: Vec<&LogEntry> = wiki.log.iter().filter(|entry| fits(ask, entry)).collect();
    found.sort_by_key(|entry| (entry.at, entry.id));
    if !newer {
        found.reverse();
    }
    if let Some(from) = params.get("lecontinue") {
        let (at, id) = continue_from(from, "query+logevents")?;
        found.retain(|entry| {
            if newer {
                (entry.at, entry.id) >= (at, id)
            } else {
                (entry.at, entry.id) <= (at, id)
            }
        });
    }
    if let Some(next) = found.get(limit) {
        page.continues
            .push(("lecontinue", format!("{}|{}", compact(next.at), next.id)));
    }
    found.truncate(limit);
    let props = ask.props("leprop");
    let default = [
        "ids",
        "title",
        "type",
        "user",
        "timestamp",
        "comment",
        "details",
    ];
    let has =
        |prop: &str| props.contains(&prop) || (!params.has("leprop") && default.contains(&prop));
    list(page.member("logevents"), found, |out, entry| {
        write(out, entry, &wiki.language, ask.lie.other_user, &has);
    });
    Ok(())
}

/// A limit parameter: a number, or `max`, which is then named in the answer.
pub fn limit(
    world: &World,
    ask: &Ask,
    page: &mut Page,
    name: &str,
    module: &'static str,
    default: usize,
) -> usize {
    let high = ask
        .grants()
        .is_some_and(|grants| rights::granted(grants, "apihighlimits"));
    let most = if high { 5000 } else { 500 };
    let limit = match ask.params.get(name) {
        Some("max") => {
            page.limits.push((module, most as u32));
            most
        }
        Some(number) => number.parse().unwrap_or(default).clamp(1, most),
        None => default,
    };
    limit.min(world.options.most_entries)
}

/// `20261121090438|14`
pub fn continue_from(text: &str, module: &'static str) -> Result<(i64, u64), ApiError> {
    let parts = text
        .split_once('|')
        .and_then(|(at, id)| Some((parse(at)?, id.parse().ok()?)));
    let bad = "Invalid continue param. You should pass the original value returned by the previous query.";
    parts.ok_or_else(|| ApiError::new("badcontinue", bad, module))
}

fn fits(ask: &Ask, entry: &LogEntry) -> bool {
    let params = ask.params;
    let kind = params.get("letype").is_none_or(|kind| kind == entry.kind);
    let action = params
        .get("leaction")
        .is_none_or(|action| action == format!("{}/{}", entry.kind, entry.action));
    let user = params
        .get("leuser")
        .is_none_or(|user| normal_name(user) == entry.by && !entry.hidden.user);
    let title = params
        .get("letitle")
        .is_none_or(|title| same_title(title, entry) && !entry.hidden.action);
    let newer = params.get("ledir") == Some("newer");
    let bound = |name: &str| params.get(name).and_then(parse);
    let (first, last) = if newer {
        ("lestart", "leend")
    } else {
        ("leend", "lestart")
    };
    let since = bound(first).is_none_or(|first| entry.at >= first);
    let visible = entry.visible_from <= ask.now;
    visible
        && kind
        && action
        && user
        && title
        && since
        && bound(last).is_none_or(|last| entry.at <= last)
}

/// The namespace may be asked in English whatever the wiki's language.
fn same_title(asked: &str, entry: &LogEntry) -> bool {
    let (namespace, title) = asked.split_once(':').unwrap_or(("", asked));
    let number = if namespace.eq_ignore_ascii_case("special") {
        -1
    } else {
        2
    };
    number == entry.namespace && normal_name(title) == normal_name(&entry.title)
}

fn write(
    out: &mut String,
    entry: &LogEntry,
    language: &str,
    others: bool,
    has: &dyn Fn(&str) -> bool,
) {
    let mut object = Object::open(out);
    if has("ids") {
        object.number("logid", entry.id);
    }
    let hidden = entry.hidden;
    if hidden.action && (has("title") || has("ids") || has("details")) {
        object.flag("actionhidden", true);
    } else {
        if has("title") {
            let namespace = if entry.namespace == 2 {
                user_namespace(language)
            } else {
                "Special"
            };
            object.number("ns", entry.namespace);
            let title = if others {
                "Somebody Else"
            } else {
                &entry.title
            };
            object.text("title", &format!("{namespace}:{title}"));
        }
        if has("ids") {
            object.raw("pageid", "0");
            object.raw("logpage", "0");
        }
        if has("details") {
            object.raw("params", &entry.params);
        }
    }
    if has("type") {
        object.text("type", &entry.kind);
        object.text("action", &entry.action);
    }
    if hidden.user && (has("user") || has("userid")) {
        object.flag("userhidden", true);
    } else {
        if has("user") {
            object.text("user", if others { "Somebody Else" } else { &entry.by });
        }
        if has("userid") {
            object.raw("userid", "1");
        }
    }
    if has("timestamp") {
        object.text("timestamp", &iso(entry.at));
    }
    comment(&mut object, entry, has);
    if hidden.suppressed {
        object.flag("suppressed", true);
    }
    object.close();
}

fn comment(object: &mut Object, entry: &LogEntry, has: &dyn Fn(&str) -> bool) {
    if entry.hidden.comment && (has("comment") || has("parsedcomment")) {
        object.flag("commenthidden", true);
    } else {
        for name in ["comment", "parsedcomment"]
            .into_iter()
            .filter(|name| has(name))
        {
            object.text(name, &entry.comment);
        }
    }
    if has("tags") {
        json::texts(object.key("tags"), [""; 0]);
    }
}
