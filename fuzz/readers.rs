//! What each reader of outside data is fed by the fuzzer, and what has to hold whatever it is fed. `tests/it/corpus.rs`
//! feeds the same readers the inputs that were kept.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde_json::Value as Json;
use sultrail::{
    archive::Manifest,
    config::Settings,
    mediawiki::{
        AllowedHosts, Answer, Credential, CredentialKind, EmailPrivacy, Purpose, Redaction,
        check_contact, contributions, evidence, global_preferences,
        global_user_info::{self, Found},
        identity, logs, rename_status,
        user_info::Told,
    },
    model::{CentralUserId, Kind, Moment, Snapshot, WikiId, Zone, same_name},
    report,
    schedule::Schedule,
    store,
};

/// A reader, fed once.
pub(crate) type Reader = fn(&[u8]);

/// Every reader by the name of its target.
pub(crate) const ALL: [(&str, Reader); 15] = [
    ("user_info", user_info),
    ("public_user_info", public_user_info),
    ("global_user_info", global_user_info),
    ("global_preferences", global_preferences),
    ("logs", logs),
    ("about", about),
    ("contributions", contributions),
    ("rename_status", rename_status),
    ("identity", identity),
    ("evidence", evidence),
    ("export_lines", export_lines),
    ("configuration", configuration),
    ("credential", credential),
    ("schedule", schedule),
    ("words", words),
];

const US: CentralUserId = CentralUserId(50_001);
const NAME: &str = "Alice Example";

fn redaction() -> Redaction {
    Redaction::new([7; 32], vec!["*token*".to_owned()], EmailPrivacy::Hash)
}

/// What a wiki says of our own account: of no other account anything is believed, and no secret comes through.
pub(crate) fn user_info(body: &[u8]) {
    let wiki: WikiId = "enwiki".parse().expect("a wiki");
    let read = || Told::own(body, &wiki, US, &redaction())?.snapshot(&redaction());
    let Ok(snapshot) = read() else {
        return;
    };
    let told = json(body);
    tells(&told, "/query/userinfo/centralids/CentralAuth", US.0);
    tells(&told, "/query/general/wikiid", "enwiki");
    holds_together(&snapshot, body);
    for (property, value) in &snapshot.properties {
        let is_secret = property.name.contains("token") && property.kind == Kind::Preference;
        let is_address = property.kind == Kind::Identity && property.name == "email";
        assert!(
            value.is_redacted() || !(is_secret || is_address),
            "{property:?}"
        );
    }
    assert_eq!(
        read().map(|again| again.fingerprint()),
        Ok(snapshot.fingerprint())
    );
}

/// What a wiki says of an account to everybody.
pub(crate) fn public_user_info(body: &[u8]) {
    let told = Told::public(body, US);
    if let Ok(snapshot) = told.and_then(|told| told.snapshot(&redaction())) {
        let told = json(body);
        if let Some(user) = told
            .pointer("/query/users")
            .and_then(|users| items(users).next())
        {
            tells(user, "/centralids/CentralAuth", US.0);
        }
        holds_together(&snapshot, body);
    }
}

/// The list of accounts: no wiki is in it twice, and each has a name that a wiki can have.
pub(crate) fn global_user_info(body: &[u8]) {
    let Ok(Found::Account(list, unheard)) = global_user_info::enumeration(body, now()) else {
        return;
    };
    let told = json(body);
    tells(&told, "/query/globaluserinfo/id", list.account.id.0);
    tells(
        &told,
        "/query/globaluserinfo/name",
        list.account.name.as_str(),
    );
    let mut wikis: Vec<_> = list.attached.iter().map(|account| &account.wiki).collect();
    wikis.sort();
    wikis.dedup();
    assert_eq!(wikis.len(), list.attached.len());
    assert!(wikis.iter().all(|wiki| !wiki.is_global()));
    assert!(wikis.len() + unheard.len() <= body.len());
    holds_together(&global_user_info::snapshot(&list.account), body);
}

/// The preferences for all wikis.
pub(crate) fn global_preferences(body: &[u8]) {
    if let Ok(snapshot) = global_preferences::snapshot(body, US, &redaction()) {
        tells(&json(body), "/query/userinfo/centralids/CentralAuth", US.0);
        assert!(
            snapshot
                .properties
                .keys()
                .all(|one| one.kind == Kind::GlobalPreference)
        );
        holds_together(&snapshot, body);
    }
}

/// Entries of logs: each of them is about our page, or its title is hidden.
pub(crate) fn logs(body: &[u8]) {
    let Ok(events) = logs::events(body, "User:Alice Example") else {
        return;
    };
    entries_are_about_us(body);
    for event in events {
        assert!(serde_json::from_str::<Json>(&event.params).is_ok());
        _ = event.expiries("sysop");
    }
}

/// All that the logs say about us, and our first edit.
pub(crate) fn about(body: &[u8]) {
    let Ok(about) = logs::about(body, "User:Alice Example", NAME) else {
        return;
    };
    entries_are_about_us(body);
    let times = about.page.entries.iter().map(|event| event.logged_at);
    assert!(times.max() <= about.page.read_until);
    let told = json(body);
    if let Some(edit) = list(&told, "usercontribs").next() {
        let author = edit["user"].as_str();
        assert!(author.is_none_or(|author| same_name(author, NAME)));
    }
}

/// What the user did: nothing that anybody else did is believed.
pub(crate) fn contributions(body: &[u8]) {
    let Ok(told) = contributions::contributions(body, NAME, true, true) else {
        return;
    };
    let query = json(body);
    for name in ["usercontribs", "logevents"] {
        for entry in list(&query, name).filter(|entry| entry.is_object()) {
            let is_hidden = entry["userhidden"] == true;
            let user = entry["user"].as_str();
            assert!(
                user.map_or(is_hidden, |user| same_name(user, NAME)),
                "{entry}"
            );
        }
    }
    let (edits, actions) = (told.edits.expect("edits"), told.actions.expect("actions"));
    assert!(edits.entries.len() >= list(&query, "usercontribs").count());
    assert!(edits.entries.iter().map(|edit| edit.made_at).max() <= edits.read_until);
    assert!(actions.entries.iter().map(|action| action.done_at).max() <= actions.read_until);
}

/// Whether a rename is running.
pub(crate) fn rename_status(body: &[u8]) {
    if let Ok(true) = rename_status::is_running(body) {
        let told = json(body);
        let renames = told.pointer("/query/globalrenamestatus");
        assert!(renames.is_none_or(|renames| items(renames).count() > 0));
    }
}

/// Who we are to the central wiki: nobody has no name and no number.
pub(crate) fn identity(body: &[u8]) {
    let Ok(identity) = identity::identity(body) else {
        return;
    };
    let told = json(body);
    let user = told.pointer("/query/userinfo").unwrap_or(&Json::Null);
    if user["id"] == 0 || user["anon"] == true {
        assert_eq!((identity.name, identity.central_user_id), (None, None));
        assert!(!identity.sees_email && identity.may_write.is_empty());
    }
}

/// An answer as it is kept: still JSON, without the e-mail address and without what is kept as a hash.
pub(crate) fn evidence(body: &[u8]) {
    let answer = Answer {
        status: 200,
        body: body.to_vec(),
        url: "https://en.wikipedia.org/w/api.php".to_owned(),
        request_headers: Vec::new(),
        headers: Vec::new(),
        received_at: now(),
    };
    let kept = evidence::keep(
        &answer,
        Purpose::Account,
        &Snapshot::default(),
        &redaction(),
    );
    let Some(kept) = kept else { return };
    without_secrets(&json(&kept.body));
}

/// The lines of an export: what is written is what was read.
pub(crate) fn export_lines(line: &[u8]) {
    fn same<T: serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug>(
        line: &[u8],
    ) {
        if let Ok(parsed) = serde_json::from_slice::<T>(line) {
            let written = serde_json::to_vec(&parsed).expect("JSON");
            let again: T = serde_json::from_slice(&written).expect("what was written");
            assert_eq!(again, parsed);
        }
    }
    same::<Manifest>(line);
    same::<store::Owner>(line);
    same::<store::RunLine>(line);
    same::<store::CoverageLine>(line);
    same::<store::SnapshotLine>(line);
    same::<store::RequestLine>(line);
    same::<store::LogEventLine>(line);
    same::<store::FirstEditLine>(line);
    same::<store::ContributionLine>(line);
    same::<store::LoggedActionLine>(line);
    same::<store::ReadingLine>(line);
    same::<store::HistoryLine>(line);
    same::<store::ChangeLine>(line);
}

/// A configuration file: read alike each time, and whatever is wrong is told in visible text.
pub(crate) fn configuration(text: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("its text");
    let variables = std::collections::BTreeMap::new();
    let read = || Settings::read(Some(file.path()), &variables);
    match read() {
        Ok(settings) => {
            let again = read().expect("as before");
            assert_eq!(format!("{settings:?}"), format!("{again:?}"));
            for user in &settings.users {
                assert!(!user.name.trim().is_empty());
            }
        }
        Err(error) => assert!(error.0.len() < 10 * text.len() + 10_000),
    }
}

/// A credential file: what is secret in it is shown by nothing.
pub(crate) fn credential(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    for kind in CredentialKind::ALL {
        let Ok(credential) = Credential::parse(kind, text) else {
            continue;
        };
        assert_eq!(credential.kind(), kind);
        let shown = format!("{credential:?} {}", credential.fingerprint());
        let secret = text.trim().lines().last().unwrap_or_default().trim();
        let secret = secret
            .split(['=', '@', ':'])
            .next_back()
            .unwrap_or_default();
        let secret = secret.trim_matches([' ', '"', '}', '\'']);
        let is_told_elsewhere = secret.len() < 12 || text.matches(secret).count() > 1;
        assert!(is_told_elsewhere || !shown.contains(secret), "{kind:?}");
    }
}

/// A schedule: prints as it was written, and its ticks come one after the other, forwards as backwards.
pub(crate) fn schedule(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    // Nothing happens, clocks are put back, clocks are put forward, a whole day is left out.
    for (zone, unix) in [
        ("UTC", 1_795_000_000),
        ("Europe/Berlin", 1_792_886_400),
        ("Europe/Berlin", 1_806_192_000),
        ("Pacific/Apia", 1_325_230_000),
    ] {
        let zone: Zone = zone.parse().expect("a time zone");
        let now = DateTime::from_timestamp(unix, 0).expect("an instant");
        let Ok(schedule) = Schedule::parse(text, zone) else {
            return;
        };
        assert_eq!(
            Schedule::parse(&schedule.to_string(), zone),
            Ok(schedule.clone())
        );
        let Some(tick) = schedule.next_after(now) else {
            continue;
        };
        assert!(tick > now);
        assert_eq!(
            schedule.next_after(tick - TimeDelta::seconds(1)),
            Some(tick),
            "{text:?} in {zone}"
        );
        let next = schedule.next_after(tick);
        assert!(next.is_none_or(|next| next > tick));
        assert_eq!(schedule.last_until(tick), Some(tick), "{text:?} in {zone}");
    }
}

/// Short words from users and wikis: points in time, wikis, addresses, contacts, and text that is to be shown.
pub(crate) fn words(text: &[u8]) {
    let text = &*String::from_utf8_lossy(text);
    if let Ok(Moment::At(at)) = text.parse()
        && (0..=9999).contains(&at.year())
    {
        assert_eq!(at.to_rfc3339().parse(), Ok(Moment::At(at)));
    }
    if let Ok(wiki) = text.parse::<WikiId>() {
        assert_eq!(wiki.as_str(), text);
        assert!(
            text.len() <= 64
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        );
    }
    let hosts = AllowedHosts::new(
        &["*.wikipedia.org", "www.wikidata.org"],
        "https://meta.wikipedia.org/w/api.php",
        false,
    );
    if let Ok(api) = hosts.expect("a farm").api(text) {
        assert!(api.host().ends_with(".wikipedia.org") || api.host() == "www.wikidata.org");
        assert!(
            text.trim_end_matches('/').ends_with(api.host()) || api.url().port().is_some(),
            "{text:?}"
        );
        assert_eq!(api.url().scheme(), "https");
        assert_eq!(
            (
                api.url().username(),
                api.url().password(),
                api.url().query()
            ),
            ("", None, None)
        );
        assert_eq!(api.url().path(), "/w/api.php");
    }
    _ = check_contact(text);
    let shown = report::visible(text);
    assert!(
        !shown
            .chars()
            .any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
        "{text:?}"
    );
    assert_eq!(report::visible(&shown), shown);
}

/// Every value is JSON text, and there is no more of it than was sent.
fn holds_together(snapshot: &Snapshot, body: &[u8]) {
    assert!(snapshot.properties.len() <= body.len());
    for (property, value) in &snapshot.properties {
        assert!(
            serde_json::from_str::<Json>(value.json()).is_ok(),
            "{property:?} {value:?}"
        );
        assert!(snapshot.coverage.covers(property.subject()));
        assert!(value.json().len() <= 6 * body.len() + 100);
    }
}

fn entries_are_about_us(body: &[u8]) {
    let told = json(body);
    for entry in list(&told, "logevents").filter(|entry| entry.is_object()) {
        let title = entry["title"].as_str();
        let name = title.map(|title| title.split_once(':').map_or(title, |(_, name)| name));
        assert!(
            name.map_or(entry["actionhidden"] == true, |name| same_name(name, NAME)),
            "{entry}"
        );
    }
}

fn without_secrets(value: &Json) {
    let is_hash = |value: &Json| {
        value
            .as_str()
            .is_some_and(|text| text.starts_with("hmac-sha256:"))
    };
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                let is_address =
                    name == "email" && value.as_str().is_some_and(|text| !text.is_empty());
                if name.contains("token") || is_address {
                    assert!(is_hash(value), "{name}: {value}");
                } else {
                    without_secrets(value);
                }
            }
        }
        Json::Array(items) => items.iter().for_each(without_secrets),
        _ => {}
    }
}

/// PHP prints a list with gaps as an object.
fn items(value: &Json) -> impl Iterator<Item = &Json> {
    let list = value.as_array().into_iter().flatten();
    list.chain(
        value
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::values),
    )
}

/// The entries of a list of the answer.
fn list<'a>(told: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> {
    told.pointer(&format!("/query/{name}"))
        .into_iter()
        .flat_map(items)
}

/// Where the answer has a value at this place, it is this one.
fn tells(told: &Json, place: &str, value: impl Into<Json>) {
    if let Some(found) = told.pointer(place) {
        assert!(*found == value.into(), "{place} is {found}");
    } else {
        // The fields of an object may come as a list of values, or there is no other view of them.
        assert!(
            told.is_null() || told.to_string().contains('['),
            "{place} is not there"
        );
    }
}

/// Another reader's view of the answer; null where it cannot read what ours does not look at.
fn json(body: &[u8]) -> Json {
    serde_json::from_slice(body).unwrap_or_default()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).expect("an instant")
}
