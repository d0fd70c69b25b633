//! A report for people: sections with headings, the most important first.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Report;
use crate::{
    cli::history::private,
    findings::{
        digest::{Line, Subject, is_global},
        expiring::{Ending, Expiring},
        instant,
    },
    model::{Cause, Kind, WikiId, Zone},
    report::{Cell, Column, ColumnKind, Document, Listing, Section},
};

/// How people want it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// In which they live.
    pub(crate) time_zone: Zone,
    /// Whether each change names all its wikis.
    pub(crate) all_wikis: bool,
}

impl Look {
    /// An instant in the user's time zone, to the minute.
    fn time(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.time_zone)
            .format("%Y-%m-%d %H:%M")
            .to_string()
    }

    fn text(self, text: &str) -> String {
        instant(text).map_or_else(|| text.to_owned(), |at| self.time(at))
    }

    /// Up to three wikis by name, more by number.
    fn place(self, wikis: &BTreeSet<String>) -> String {
        const NAMED: usize = 3;
        if is_global(wikis) {
            return "global account".to_owned();
        }
        let local = wikis.iter().filter(|wiki| *wiki != WikiId::GLOBAL);
        let local: Vec<&str> = local.map(String::as_str).collect();
        if self.all_wikis || local.len() <= NAMED {
            local.join(", ")
        } else {
            format!("{} wikis", local.len())
        }
    }
}

pub(super) fn document(report: &Report, look: Look) -> Document {
    let mut document = Document {
        notice: None,
        title: format!("Report for {}", report.user.name),
        lead: lead(report, look),
        sections: Vec::new(),
    };
    for subject in Subject::ALL {
        let lines: Vec<&Line> = report
            .lines
            .iter()
            .filter(|line| line.subject == subject)
            .collect();
        if !lines.is_empty() {
            let listing = changes(heading(subject), &lines, look);
            document.sections.push(Section::of(listing));
        }
    }
    if !report.explained.is_empty() {
        let lines: Vec<&Line> = report.explained.iter().collect();
        let listing = changes("Told before, explained now", &lines, look);
        document.sections.push(Section::of(listing));
    }
    if !report.expiring.is_empty() {
        document.sections.push(Section::of(endings(report, look)));
    }
    if !report.unread.is_empty() {
        document.sections.push(Section::of(unread(report, look)));
    }
    if !report.bad_runs.is_empty() {
        document.sections.push(Section::of(bad_runs(report, look)));
    }
    document
}

pub(super) fn heading(subject: Subject) -> &'static str {
    match subject {
        Subject::Account => "Your account",
        Subject::Rights => "Rights",
        Subject::Preferences => "Preferences",
        Subject::Counters => "Counters",
    }
}

/// The period, and what was read in it: that nothing was read must not look like that nothing changed.
fn lead(report: &Report, look: Look) -> Vec<String> {
    let coverage = &report.coverage;
    let zone = look.time_zone.name();
    let until = coverage.until.as_deref().map(|until| look.text(until));
    let period = match (&coverage.since, until) {
        (_, None) => format!("Times are {zone}."),
        (None, Some(until)) => format!("From the first run until {until}. Times are {zone}."),
        (Some(since), Some(until)) => {
            format!("From {} until {until}. Times are {zone}.", look.text(since))
        }
    };
    let (runs, read) = (coverage.finished, coverage.read);
    let told = if read == 0 {
        let why = if runs == 0 {
            "no run ended"
        } else {
            "no wiki answered"
        };
        format!("Nothing was read: {why}. Whether anything changed is not known.")
    } else {
        let runs = match runs {
            0 => "A run that has not ended".to_owned(),
            1 => "1 run".to_owned(),
            runs => format!("{runs} runs"),
        };
        let read = match coverage.accounts {
            1 => "the only wiki".to_owned(),
            all if all == read && report.unread.is_empty() => format!("all {all} wikis"),
            all if all == read => {
                let unread = report.unread.len();
                format!("all {all} wikis; {unread} of them cannot be read any more")
            }
            all => format!("{read} of {all} wikis; of the others nothing is known"),
        };
        let found = if report.lines.is_empty() {
            " No change was found there."
        } else {
            ""
        };
        format!("{runs} read {read}.{found}")
    };
    vec![period, told]
}

fn changes(title: &'static str, lines: &[&Line], look: Look) -> Listing {
    let columns = vec![
        Column::new("change", " ", ColumnKind::Change),
        Column::new("event", "what", ColumnKind::Word),
        Column::new("name", "which", ColumnKind::Text),
        Column::new("before", "before", ColumnKind::Json),
        Column::new("after", "after", ColumnKind::Json),
        Column::new("wikis", "where", ColumnKind::Text),
        Column::new("when", "between", ColumnKind::Word),
        Column::new("why", "why", ColumnKind::Text),
    ];
    let mut listing = Listing::new(title, columns, "No changes.");
    for line in lines {
        let happened_by = look.text(&line.happened_by);
        let when = match &line.happened_after {
            Some(after) => format!("{} – {happened_by}", look.text(after)),
            None => format!("seen {happened_by}"),
        };
        listing.push(vec![
            line.change().into(),
            line.event.into(),
            name(line).into(),
            value(line, line.before.as_ref(), look),
            value(line, line.after.as_ref(), look),
            look.place(&line.wikis).into(),
            when.into(),
            why(line, look).into(),
        ]);
    }
    listing
}

/// What the event does not name already.
pub(super) fn name(line: &Line) -> &str {
    let kinds = [Kind::Identity, Kind::Lock, Kind::Block].map(Kind::as_str);
    if kinds.contains(&line.kind.as_str()) {
        ""
    } else {
        &line.name
    }
}

/// A value, in few words where it has many. An account that came or went has none.
pub(super) fn value(line: &Line, json: Option<&String>, look: Look) -> Cell {
    let Some(json) = json else { return Cell::Null };
    if line.kind == "account" || line.kind == Kind::Lock.as_str() {
        return Cell::Null;
    }
    let parsed: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    if line.kind == Kind::Block.as_str() {
        let field = |name: &str| parsed.get(name).and_then(|field| field.as_str());
        let until = match field("expiry") {
            None | Some("infinity") => "without end".to_owned(),
            Some(expiry) => format!("until {}", look.text(expiry)),
        };
        let (by, reason) = (field("by").unwrap_or("?"), field("reason").unwrap_or("?"));
        // Where the log tells, it is told there.
        return match line.performer {
            Some(_) => until.into(),
            None => format!("{until}, by {by}: {reason}").into(),
        };
    }
    if line.subject == Subject::Rights {
        return match parsed.as_str() {
            Some("infinity") => "without end".into(),
            Some(expiry) => format!("until {}", look.text(expiry)).into(),
            None => Cell::Null,
        };
    }
    if json.starts_with(crate::model::Value::REDACTED) {
        return "(hidden)".into();
    }
    private(&line.kind, &line.name, Some(json.clone()))
}

pub(super) fn why(line: &Line, look: Look) -> String {
    if line.kind == "account" {
        let comment = line.comment.as_deref().unwrap_or_default();
        let words = comment.split(' ').map(|word| look.text(word));
        return words.collect::<Vec<_>>().join(" ");
    }
    match (&line.performer, line.comment.as_deref()) {
        (Some(performer), None | Some("")) => return performer.clone(),
        (Some(performer), Some(comment)) => return format!("{performer}: {comment}"),
        (None, Some(comment)) if !comment.is_empty() => return comment.to_owned(),
        _ => {}
    }
    let is_gone = line.after.is_none();
    let by_user = match line.subject {
        // Was it really you?
        Subject::Account => "set in the account",
        _ => "set by you",
    };
    let causes = [
        (Cause::Unknown, ""),
        (Cause::User, by_user),
        (Cause::WikiDefault, "new wiki default"),
        (
            Cause::Software,
            if is_gone {
                "software gone"
            } else {
                "new software"
            },
        ),
        (Cause::GlobalPreference, "set for all wikis"),
        (Cause::RightsLog, "in the log"),
        (Cause::Expiry, "expired"),
    ];
    let cause = line.cause.as_deref().unwrap_or_default();
    // Counters go up by use.
    let known = causes
        .iter()
        .find(|(known, _)| known.as_str() == cause && line.subject != Subject::Counters);
    known.map_or("", |(_, words)| words).to_owned()
}

fn endings(report: &Report, look: Look) -> Listing {
    let columns = vec![
        Column::new("name", "which", ColumnKind::Text),
        Column::new("wiki", "where", ColumnKind::Word),
        Column::new("expires_at", "ends", ColumnKind::Word),
        Column::new("days_left", "days left", ColumnKind::Number),
        Column::new("seen_until", "seen until", ColumnKind::Word),
        Column::new("state", "", ColumnKind::Text),
    ];
    let mut listing = Listing::new("Ending soon", columns, "Nothing ends soon.");
    for one in &report.expiring {
        listing.push(vec![
            ending_name(one).into(),
            one.wiki.as_str().into(),
            look.time(one.expires_at).into(),
            one.days_left.into(),
            look.time(one.seen_until).into(),
            ending_state(one.state).into(),
        ]);
    }
    listing
}

pub(crate) fn ending_name(one: &Expiring) -> String {
    if one.kind == Kind::Block.as_str() {
        "block".to_owned()
    } else {
        one.name.clone()
    }
}

pub(crate) fn ending_state(state: Ending) -> &'static str {
    match state {
        Ending::Held => "",
        Ending::Unseen => "over; not read since",
        Ending::Overdue => "still there after its end",
    }
}

/// Wikis that failed alike together.
fn unread(report: &Report, look: Look) -> Listing {
    let columns = vec![
        Column::new("wikis", "where", ColumnKind::Text),
        Column::new("since", "nothing known since", ColumnKind::Word),
        Column::new("error", "why", ColumnKind::Text),
    ];
    let mut alike: BTreeMap<(String, &str), BTreeSet<String>> = BTreeMap::new();
    for row in &report.unread {
        let error = row.error.as_deref().unwrap_or("no run asked for it");
        let wikis = alike.entry((look.text(&row.since), error)).or_default();
        wikis.insert(row.wiki.clone());
    }
    let mut listing = Listing::new("Not read", columns, "All wikis were read.");
    for ((since, error), wikis) in alike {
        listing.push(vec![look.place(&wikis).into(), since.into(), error.into()]);
    }
    listing
}

fn bad_runs(report: &Report, look: Look) -> Listing {
    let columns = vec![
        Column::new("status", "status", ColumnKind::Word),
        Column::new("runs", "runs", ColumnKind::Number),
        Column::new("first_at", "first", ColumnKind::Word),
        Column::new("last_at", "last", ColumnKind::Word),
        Column::new("error", "why", ColumnKind::Text),
    ];
    let title = "Runs that did not end well";
    let mut listing = Listing::new(title, columns, "All runs ended well.");
    for row in &report.bad_runs {
        let status = match row.status.as_str() {
            "running" => "under way",
            status => status,
        };
        listing.push(vec![
            status.into(),
            row.runs.into(),
            look.text(&row.first_at).into(),
            look.text(&row.last_at).into(),
            row.error.clone().into(),
        ]);
    }
    listing
}
