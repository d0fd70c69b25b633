//! A farm made of the recorded answers: Alice Example on seven wikis of a real `MediaWiki` 1.39 farm,
//! before and after each recorded change.

use super::json::{self, Object};
use super::options::FarmOptions;
use super::replay::{Content, Module, Replay};
use super::world::{LogEntry, World};
use super::{ALICE, ALICE_ID, Farm, TOKEN, clock};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../recorded/", $name, ".json"))
    };
}

/// Wiki, its host on the recorded farm, `userinfo`, `siteinfo`.
const WIKIS: [(&str, &str, &str, &str); 7] = [
    (
        "metawiki",
        "meta",
        recorded!("ui-all-metawiki-bearer-read"),
        recorded!("siteinfo-metawiki"),
    ),
    (
        "enwiki",
        "en",
        recorded!("ui-all-enwiki-bearer-read"),
        recorded!("siteinfo-enwiki"),
    ),
    (
        "dewiki",
        "de",
        recorded!("ui-all-dewiki-bearer-read"),
        recorded!("siteinfo-dewiki"),
    ),
    (
        "frwiki",
        "fr",
        recorded!("ui-all-frwiki-bearer-read"),
        recorded!("siteinfo-frwiki"),
    ),
    (
        "commonswiki",
        "commons",
        recorded!("ui-all-commonswiki-bearer-read"),
        recorded!("siteinfo-commonswiki"),
    ),
    (
        "officewiki",
        "office",
        recorded!("ui-all-officewiki-bearer-read"),
        recorded!("siteinfo-officewiki"),
    ),
    (
        "be_x_oldwiki",
        "be-tarask",
        recorded!("ui-all-be_x_oldwiki-bearer-read"),
        recorded!("siteinfo-be_x_oldwiki"),
    ),
];
const FULL: &str = recorded!("siteinfo-full");
const RENAMED: &str = "Alice Renamed";

/// The changes that [`Farm::apply_recorded`] knows.
pub const RECORDED_CHANGES: [&str; 8] = [
    "grant",
    "block",
    "pref",
    "emailunconfirm",
    "readonly",
    "rename-half",
    "rename",
    "tokenrevoke",
];

impl Farm {
    /// Alice Example's recorded accounts, at 2026-11-21T09:27:00Z. The token is [`Farm::token`],
    /// with the grants of the recorded application.
    pub fn recorded() -> Self {
        let wiki_ids = WIKIS.map(|(wiki, ..)| wiki.to_owned()).to_vec();
        let now = clock::parse("2026-11-21T09:27:00Z");
        let farm = Self::start(FarmOptions {
            wiki_ids,
            modern: false,
            now,
            ..FarmOptions::default()
        });
        farm.set_private("officewiki", true);
        farm.with(|world| {
            world.credentials.add_token(
                TOKEN,
                0,
                &[
                    "basic",
                    "highvolume",
                    "privateinfo",
                    "editmyoptions",
                    "viewmywatchlist",
                ],
            );
            for (wiki, _, ui, _) in WIKIS {
                let id = json::at(ui, &["query", "userinfo", "id"]).and_then(|id| id.parse().ok());
                world.account(ALICE, wiki).local_id = id.unwrap_or_default();
            }
        });
        farm.apply_recorded("");
        farm
    }

    /// The state after one recorded change, all others undone: `grant`, `block`, `pref`,
    /// `emailunconfirm`, `readonly`, `rename-half`, `rename`, `tokenrevoke`; "" undoes all.
    pub fn apply_recorded(&self, change: &str) {
        assert!(
            change.is_empty() || RECORDED_CHANGES.contains(&change),
            "no recorded change {change}"
        );
        self.restore_token(ALICE);
        self.set_readonly("enwiki", change == "readonly");
        self.with(|world| {
            let at = world.user(ALICE);
            let alice = &mut world.users[at];
            (alice.name, alice.rename) = (ALICE.to_owned(), None);
            import_logs(world, change);
        });
        match change {
            "rename" => self.rename(ALICE, RENAMED),
            "rename-half" => self.begin_rename(ALICE, RENAMED),
            "tokenrevoke" => self.revoke_token(ALICE),
            _ => {}
        }
        self.with(|world| {
            world.replays.0.clear();
            replay_all(world, change);
        });
    }
}

fn replay_all(world: &mut World, change: &str) {
    let (gui, old) = match change {
        "grant" => (recorded!("after-grant-gui"), ""),
        "block" => (recorded!("after-block-gui"), ""),
        "rename" => (
            recorded!("after-rename-gui-new"),
            recorded!("after-rename-gui-old"),
        ),
        "rename-half" => (
            recorded!("after-rename-half-gui-new"),
            recorded!("after-rename-half-gui-old"),
        ),
        _ => (recorded!("gui-alice-anon"), ""),
    };
    let name = if old.is_empty() { ALICE } else { RENAMED };
    global(world, gui, &[name, &format!("#{ALICE_ID}")]);
    if !old.is_empty() {
        global(world, old, &[ALICE]);
    }
    for (wiki, host, ui, site) in WIKIS {
        let ui = match (change, wiki) {
            ("grant", "commonswiki") => recorded!("after-grant-ui"),
            ("block", "commonswiki") => recorded!("after-block-ui"),
            ("pref", "enwiki") => recorded!("after-pref-ui"),
            ("emailunconfirm", "enwiki") => recorded!("after-emailunconfirm-ui"),
            ("readonly", "enwiki") => recorded!("after-readonly-ui"),
            ("rename", "enwiki") => recorded!("after-rename-ui-bearer"),
            _ => ui,
        };
        let site = if (change, wiki) == ("readonly", "enwiki") {
            recorded!("after-readonly-siteinfo")
        } else {
            site
        };
        let renamed = ui.replace(
            &format!("\"name\":\"{ALICE}\""),
            &format!("\"name\":\"{RENAMED}\""),
        );
        account(
            world,
            wiki,
            host,
            if change == "rename" { &renamed } else { ui },
            site,
        );
        preferences(world, wiki, change);
    }
}

/// `globaluserinfo`, the same from every wiki, with this farm's addresses.
fn global(world: &mut World, body: &str, about: &[&str]) {
    let mut text = body.to_owned();
    for (wiki, host, ..) in WIKIS {
        text = text.replace(
            &format!("http://{host}.sul.test:8100"),
            &world.wikis[world.wiki(wiki)].base,
        );
    }
    let mut replay = Replay::new(None, Module::GlobalUserInfo, &text);
    replay.about = about.iter().map(|&name| name.to_owned()).collect();
    replay.filter = true;
    world.replays.0.push(replay);
}

/// `userinfo`, `siteinfo`, and a `list=users` that agrees with them.
fn account(world: &mut World, wiki: &str, host: &str, ui: &str, site: &str) {
    let (at, alice) = (world.wiki(wiki), world.user(ALICE));
    let base = world.wikis[at].base.clone();
    let mut push = |module, content, session_of| {
        world.replays.0.push(Replay {
            wiki: Some(at),
            module,
            content,
            session_of,
            about: Vec::new(),
            filter: true,
        });
    };
    let info = json::at(ui, &["query", "userinfo"]).unwrap_or_default();
    push(
        Module::UserInfo,
        Content::Members(vec![("userinfo".into(), info.into())]),
        Some(alice),
    );
    let user = format!("[{}]", public(wiki, info));
    push(
        Module::Users,
        Content::Members(vec![("users".into(), user)]),
        None,
    );
    let general = json::at(site, &["query", "general"]).unwrap_or_default();
    let general = general.replace(&format!("http://{host}.sul.test:8100"), &base);
    let mut members = vec![
        ("general".to_owned(), general),
        ("defaultoptions".to_owned(), defaults(info, site)),
    ];
    let rest = json::members(json::at(FULL, &["query"]).unwrap_or_default());
    let rest = rest
        .into_iter()
        .filter(|(key, _)| !["general", "defaultoptions"].contains(key));
    members.extend(rest.map(|(key, value)| (key.to_owned(), value.to_owned())));
    push(Module::SiteInfo, Content::Members(members), None);
}

/// The account as `list=users` shows it. Only frwiki's registration differs: null in the database.
fn public(wiki: &str, info: &str) -> String {
    let mut out = String::new();
    let mut user = Object::open(&mut out);
    let members = json::members(info);
    let get = |key: &str| {
        members
            .iter()
            .find(|(name, _)| *name == key)
            .map_or("null", |(_, value)| *value)
    };
    user.raw("userid", get("id"));
    user.raw("name", get("name"));
    user.raw("editcount", get("editcount"));
    user.raw(
        "registration",
        if wiki == "frwiki" {
            "null"
        } else {
            get("registrationdate")
        },
    );
    for key in ["groups", "groupmemberships", "implicitgroups", "rights"] {
        user.raw(key, get(key));
    }
    for (key, value) in members.iter().filter(|(key, _)| key.starts_with("block")) {
        user.raw(key, value);
    }
    user.flag("emailable", get("emailauthenticated") != "null");
    user.text("gender", "unknown");
    user.raw("centralids", get("centralids"));
    user.raw("attachedlocal", get("attachedlocal"));
    user.close();
    out
}

/// Only enwiki's defaults were recorded: the others know no gadgets and speak their own language.
fn defaults(info: &str, site: &str) -> String {
    let options = json::members(json::at(info, &["options"]).unwrap_or_default());
    let language = json::at(site, &["query", "general", "lang"]).unwrap_or("\"en\"");
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    for (name, value) in
        json::members(json::at(FULL, &["query", "defaultoptions"]).unwrap_or_default())
    {
        if options.iter().any(|(option, _)| *option == name) {
            object.raw(
                name,
                if ["language", "variant"].contains(&name) {
                    language
                } else {
                    value
                },
            );
        }
    }
    object.close();
    out
}

/// Recorded on enwiki and dewiki; elsewhere there are no exceptions.
fn preferences(world: &mut World, wiki: &str, change: &str) {
    let body = match (wiki, change) {
        ("enwiki", "pref") => recorded!("after-pref-gprefs"),
        ("enwiki", _) => recorded!("globalpreferences-read"),
        _ => recorded!("globalpreferences-dewiki"),
    };
    let mut text = body.to_owned();
    if !["enwiki", "dewiki"].contains(&wiki) {
        text = text.replace("{\"skin\":\"monobook\"}", "{}");
    }
    let mut replay = Replay::new(Some(world.wiki(wiki)), Module::GlobalPreferences, &text);
    replay.session_of = Some(world.user(ALICE));
    world.replays.0.push(replay);
}

/// The recorded log entries become the farm's own, so that all the filters work on them.
fn import_logs(world: &mut World, change: &str) {
    world.wikis.iter_mut().for_each(|wiki| wiki.log.clear());
    let grant = if change == "grant" {
        recorded!("after-grant-log")
    } else {
        ""
    };
    let logs = [
        ("commonswiki", grant),
        ("dewiki", recorded!("log-rights-dewiki")),
        ("enwiki", recorded!("log-rights-enwiki")),
        ("metawiki", recorded!("log-rights-meta-remote")),
        ("metawiki", recorded!("log-gblrights")),
        ("frwiki", recorded!("log-block")),
    ];
    for (wiki, body) in logs {
        let at = world.wiki(wiki);
        for entry in json::items(json::at(body, &["query", "logevents"]).unwrap_or("[]")) {
            world.wikis[at].log.push(log_entry(entry));
        }
    }
}

fn log_entry(entry: &str) -> LogEntry {
    let text = |key: &str| {
        json::at(entry, &[key])
            .map(json::unquoted)
            .unwrap_or_default()
    };
    let title = text("title");
    LogEntry {
        id: json::at(entry, &["logid"])
            .and_then(|id| id.parse().ok())
            .unwrap_or_default(),
        kind: text("type"),
        action: text("action"),
        namespace: 2,
        title: title
            .split_once(':')
            .map_or(title.as_str(), |(_, title)| title)
            .to_owned(),
        params: json::at(entry, &["params"]).unwrap_or("{}").to_owned(),
        by: text("user"),
        at: clock::parse(&text("timestamp")).unwrap_or_default(),
        comment: text("comment"),
        hidden: super::world::Hidden::default(),
        visible_from: 0,
    }
}
