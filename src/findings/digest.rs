//! What happened in a time, ranked for people: the safety of the account first, then rights, then
//! preferences. The same change on many wikis is one line.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, hash_map::Entry},
};

use super::instant;
use crate::{
    findings::drift::EXCEPTION,
    model::{Cause, Kind, Value, WikiId, change_sign},
    store::{ArrivalRow, ChangeGroupRow},
};

/// What a line is about, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Who the account is, and who may use it.
    Account,
    /// Groups.
    Rights,
    /// Preferences.
    Preferences,
    /// Edit counts and the like.
    Counters,
}

impl Subject {
    /// All subjects, in the order of a report.
    pub const ALL: [Self; 4] = [
        Self::Account,
        Self::Rights,
        Self::Preferences,
        Self::Counters,
    ];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Rights => "rights",
            Self::Preferences => "preferences",
            Self::Counters => "counters",
        }
    }
}

/// One thing that happened, on one wiki or on many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub subject: Subject,
    /// What happened, in a word or two: `gained`, `e-mail changed`, …
    pub event: &'static str,
    /// The kind of the property; `account` for one that came or went.
    pub kind: String,
    /// The property; empty for an account that came or went.
    pub name: String,
    /// The value before, as JSON text.
    pub before: Option<String>,
    /// The value after, as JSON text.
    pub after: Option<String>,
    /// Where.
    pub wikis: BTreeSet<String>,
    /// It happened after this observation,
    pub happened_after: Option<String>,
    /// and by this one.
    pub happened_by: String,
    /// Why; the names are those of the view `changes`.
    pub cause: Option<String>,
    /// Who did it, where a log tells.
    pub performer: Option<String>,
    /// What they said; for an account that came, how it was attached and when.
    pub comment: Option<String>,
    rank: u8,
}

impl Line {
    /// `+` it came, `-` it went, `~` it is another.
    pub fn change(&self) -> &'static str {
        change_sign(self.before.as_ref(), self.after.as_ref())
    }

    /// Whether its values are masked unless the user asked to reveal them.
    pub fn is_private(&self) -> bool {
        self.kind == Kind::Identity.as_str() && self.name == "email"
    }
}

/// The lines of a report: what matters most first, then what happened in most places.
pub fn digest(changes: Vec<ChangeGroupRow>, arrivals: Vec<ArrivalRow>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut places: HashMap<[Option<String>; 7], usize> = HashMap::new();
    for line in changes.into_iter().filter_map(of_change) {
        match places.entry(key(&line)) {
            Entry::Occupied(place) => join(&mut lines[*place.get()], line),
            Entry::Vacant(place) => {
                place.insert(lines.len());
                lines.push(line);
            }
        }
    }
    lines.extend(arrivals.into_iter().map(of_arrival));
    lines.sort_by(|a, b| order(a).cmp(&order(b)));
    lines
}

fn order(line: &Line) -> impl Ord + '_ {
    (
        line.subject,
        line.rank,
        Reverse(line.wikis.len()),
        &line.happened_by,
        &line.name,
        &line.wikis,
        (&line.before, &line.after, &line.cause),
    )
}

/// What makes two changes the same. Whose name it was is one change on all wikis, even where only one
/// log tells.
fn key(line: &Line) -> [Option<String>; 7] {
    let is_identity = line.kind == Kind::Identity.as_str();
    let explained = |text: &Option<String>| text.clone().filter(|_| !is_identity);
    [
        Some(line.kind.clone()),
        Some(line.name.clone()),
        line.before.clone(),
        line.after.clone(),
        explained(&line.cause),
        explained(&line.performer),
        explained(&line.comment),
    ]
}

fn join(line: &mut Line, other: Line) {
    line.wikis.extend(other.wikis);
    if other.happened_after < line.happened_after {
        line.happened_after = other.happened_after;
    }
    if other.happened_by > line.happened_by {
        line.happened_by = other.happened_by;
    }
    if line.performer.is_none() && other.performer.is_some() {
        line.cause = other.cause;
        line.performer = other.performer;
        line.comment = other.comment;
    }
}

fn of_change(row: ChangeGroupRow) -> Option<Line> {
    let kind: Kind = row.kind.parse().ok()?;
    let (subject, rank, event) = event(kind, &row);
    let wikis: Vec<String> = serde_json::from_str(&row.wikis).unwrap_or_default();
    Some(Line {
        subject,
        event,
        kind: row.kind,
        name: row.name,
        before: row.before,
        after: row.after,
        wikis: wikis.into_iter().collect(),
        happened_after: Some(row.happened_after),
        happened_by: row.happened_by,
        cause: Some(row.cause),
        performer: row.performer,
        comment: row.comment,
        rank,
    })
}

fn of_arrival(row: ArrivalRow) -> Line {
    let (rank, event, happened_by, before, after) = match row.gone_at {
        None => (5, "new account", row.first_seen_at, None, Some("true")),
        Some(gone_at) => (6, "account detached", gone_at, Some("true"), None),
    };
    let how = row.attached_by.as_deref().unwrap_or("?");
    let when = row.attached_at.as_deref().unwrap_or("?");
    Line {
        subject: Subject::Account,
        event,
        kind: "account".to_owned(),
        name: String::new(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        wikis: [row.wiki].into(),
        happened_after: None,
        happened_by,
        cause: None,
        performer: None,
        comment: Some(format!("attached {when} by {how}")),
        rank,
    }
}

/// What a change is about, how important it is there, and what to call it.
fn event(kind: Kind, row: &ChangeGroupRow) -> (Subject, u8, &'static str) {
    match kind {
        Kind::Identity => identity(row),
        Kind::Lock => one_of(row, Subject::Account, [2, 9, 2], lock_words(&row.name)),
        Kind::Block => {
            let words = ["blocked", "unblocked", "block changed"];
            one_of(row, Subject::Account, [3, 9, 3], words)
        }
        Kind::Rights => {
            let words = ["has effect again", "has no effect", "effect changed"];
            one_of(row, Subject::Account, [9, 8, 8], words)
        }
        Kind::Group | Kind::GlobalGroup => {
            let renewed = if is_longer(row) {
                "renewed"
            } else {
                "shortened"
            };
            one_of(row, Subject::Rights, [0, 1, 2], ["gained", "lost", renewed])
        }
        Kind::ImplicitGroup => one_of(
            row,
            Subject::Rights,
            [5, 5, 5],
            ["gained", "lost", "changed"],
        ),
        Kind::Preference => preference(row),
        Kind::GlobalPreference => {
            let words = [
                "set for all wikis",
                "unset for all wikis",
                "changed for all wikis",
            ];
            one_of(row, Subject::Preferences, [0, 0, 0], words)
        }
        Kind::Counter => one_of(
            row,
            Subject::Counters,
            [0, 0, 0],
            ["appeared", "gone", "changed"],
        ),
    }
}

/// Ranks and words for what came, what went, and what became another.
fn one_of(
    row: &ChangeGroupRow,
    subject: Subject,
    ranks: [u8; 3],
    words: [&'static str; 3],
) -> (Subject, u8, &'static str) {
    let n = match (&row.before, &row.after) {
        (None, _) => 0,
        (_, None) => 1,
        _ => 2,
    };
    (subject, ranks[n], words[n])
}

fn identity(row: &ChangeGroupRow) -> (Subject, u8, &'static str) {
    let (ranks, words) = match row.name.as_str() {
        "email" => (
            [0, 0, 0],
            ["e-mail set", "e-mail removed", "e-mail changed"],
        ),
        "email_confirmed_at" => (
            [9, 1, 9],
            [
                "e-mail confirmed",
                "e-mail unconfirmed",
                "e-mail confirmed anew",
            ],
        ),
        "name" => ([4, 4, 4], ["named", "nameless", "renamed"]),
        _ => ([9, 9, 9], ["became known", "not told any more", "changed"]),
    };
    one_of(row, Subject::Account, ranks, words)
}

fn lock_words(name: &str) -> [&'static str; 3] {
    match name {
        "hidden" => ["hidden", "unhidden", "hidden"],
        _ => ["locked", "unlocked", "locked"],
    }
}

/// What the user did comes before what the wikis did. A secret that changed is a matter of safety.
fn preference(row: &ChangeGroupRow) -> (Subject, u8, &'static str) {
    let is_redacted = [&row.before, &row.after]
        .into_iter()
        .flatten()
        .any(|json| Value::from_json_text(json.as_str()).is_redacted());
    if is_redacted && !row.name.starts_with("userjs-") {
        let words = ["secret set", "secret removed", "secret changed"];
        return one_of(row, Subject::Account, [7, 7, 7], words);
    }
    let rank = [Cause::User, Cause::Unknown, Cause::GlobalPreference]
        .iter()
        .position(|cause| cause.as_str() == row.cause);
    let rank = rank
        .and_then(|rank| u8::try_from(rank + 1).ok())
        .unwrap_or(9);
    let words = if row.name.ends_with(EXCEPTION) {
        ["local exception", "no local exception", "local exception"]
    } else {
        ["appeared", "gone", "changed"]
    };
    one_of(row, Subject::Preferences, [rank; 3], words)
}

/// Whether a membership lasts at least as long as before.
fn is_longer(row: &ChangeGroupRow) -> bool {
    let end = |json: &Option<String>| {
        let text: String = serde_json::from_str(json.as_deref()?).ok()?;
        instant(&text)
    };
    match (end(&row.before), end(&row.after)) {
        (Some(before), Some(after)) => before <= after,
        (None, Some(_)) => false,
        (_, None) => true,
    }
}

/// Whether a line is about the global account alone.
pub fn is_global(wikis: &BTreeSet<String>) -> bool {
    wikis.len() == 1 && wikis.contains(WikiId::GLOBAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: &str, name: &str, before: &str, after: &str, wikis: &str) -> ChangeGroupRow {
        let some = |json: &str| Some(json.to_owned()).filter(|json| !json.is_empty());
        ChangeGroupRow {
            kind: kind.into(),
            name: name.into(),
            before: some(before),
            after: some(after),
            cause: "unknown".into(),
            performer: None,
            comment: None,
            wikis: wikis.into(),
            happened_after: "2026-11-20T03:00:00Z".into(),
            happened_by: "2026-11-21T03:00:00Z".into(),
        }
    }

    fn told(changes: Vec<ChangeGroupRow>) -> Vec<String> {
        let tell = |line: Line| {
            let (subject, event) = (line.subject.as_str(), line.event);
            format!("{subject}: {event} {} {}", line.name, line.wikis.len())
        };
        digest(changes, Vec::new()).into_iter().map(tell).collect()
    }

    #[test]
    fn safety_comes_first() {
        let (one, two) = (r#"["enwiki"]"#, r#"["dewiki","enwiki"]"#);
        let secret = "\"hmac-sha256:0\"";
        let told = told(vec![
            change("preference", "skin", "1", "2", two),
            change("preference", "userjs-x", "1", secret, one),
            change(
                "group",
                "bot",
                "\"2026-12-01T00:00:00Z\"",
                "\"infinity\"",
                one,
            ),
            change("group", "sysop", "\"infinity\"", "", one),
            change("group", "rollbacker", "", "\"infinity\"", one),
            change(
                "group",
                "x",
                "\"infinity\"",
                "\"2026-12-01T00:00:00Z\"",
                one,
            ),
            change(
                "preference",
                "watchlisttoken",
                secret,
                "\"hmac-sha256:1\"",
                one,
            ),
            change("identity", "name", "\"A\"", "\"B\"", two),
            change("block", "17", "", "{}", one),
            change("lock", "locked", "", "true", r#"["global"]"#),
            change("identity", "email_confirmed_at", "\"2026\"", "", two),
            change("identity", "email", "\"a@b\"", "\"c@d\"", two),
            change("implicit_group", "autoconfirmed", "", "true", one),
            change("counter", "edit_count", "1", "2", one),
        ]);
        assert_eq!(
            told,
            [
                "account: e-mail changed email 2",
                "account: e-mail unconfirmed email_confirmed_at 2",
                "account: locked locked 1",
                "account: blocked 17 1",
                "account: renamed name 2",
                "account: secret changed watchlisttoken 1",
                "rights: gained rollbacker 1",
                "rights: lost sysop 1",
                "rights: renewed bot 1",
                "rights: shortened x 1",
                "rights: gained autoconfirmed 1",
                "preferences: changed skin 2",
                "preferences: changed userjs-x 1",
                "counters: changed edit_count 1",
            ]
        );
    }

    #[test]
    fn the_same_change_on_many_wikis_is_one_line() {
        let by = |cause: &str, wikis: &str| ChangeGroupRow {
            cause: cause.into(),
            ..change("preference", "skin", "1", "2", wikis)
        };
        let mut early = by("wiki-default", r#"["enwiki","enwiki"]"#);
        early.happened_after = "2026-11-18T03:00:00Z".into();
        early.happened_by = "2026-11-19T03:00:00Z".into();
        let rows = vec![
            by("wiki-default", r#"["dewiki"]"#),
            early,
            by("user", r#"["frwiki"]"#),
        ];
        let lines = digest(rows, Vec::new());
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].cause.as_deref(), Some("user"));
        assert_eq!(lines[1].wikis.len(), 2);
        assert_eq!(
            lines[1].happened_after.as_deref(),
            Some("2026-11-18T03:00:00Z")
        );
        assert_eq!(lines[1].happened_by, "2026-11-21T03:00:00Z");
        // A rename that only one log tells of.
        let mut logged = change("identity", "name", "\"A\"", "\"B\"", r#"["global"]"#);
        logged.performer = Some("Renamer".into());
        let silent = change("identity", "name", "\"A\"", "\"B\"", r#"["enwiki"]"#);
        let lines = digest(vec![silent, logged], Vec::new());
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].performer.as_deref(), Some("Renamer"));
    }
}
