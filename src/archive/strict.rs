//! What each line has to be before it may come near the database.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::de::IgnoredAny;

use crate::{
    model::{Kind, Subject, WikiId},
    store::{
        ChangeLine, ContributionLine, CoverageLine, FirstEditLine, HistoryLine, LogEventLine,
        LoggedActionLine, Owner, ReadingLine, RequestLine, RunLine, SnapshotLine,
    },
};

/// A line that can be looked at by itself. What is wrong with it comes back in words.
pub(super) trait Strict {
    fn check(&self) -> Result<(), String>;
}

impl Strict for Owner {
    fn check(&self) -> Result<(), String> {
        holds(!self.name.is_empty(), "name is empty")?;
        url("central_api", &self.central_api)?;
        optional(instant, "listed_at", self.listed_at.as_deref())?;
        optional(instant, "paused_until", self.paused_until.as_deref())
    }
}

impl Strict for RunLine {
    fn check(&self) -> Result<(), String> {
        holds(self.run > 0, "run is no number of a run")?;
        instant("started_at", &self.started_at)?;
        optional(instant, "finished_at", self.finished_at.as_deref())?;
        let tally = [self.unchanged, self.changed, self.first_seen, self.failed];
        let counts = tally
            .into_iter()
            .chain([self.requests])
            .chain(self.accounts);
        holds(
            counts.into_iter().all(|count| count >= 0),
            "a count is negative",
        )
    }
}

impl Strict for CoverageLine {
    fn check(&self) -> Result<(), String> {
        wiki("wiki", &self.wiki)?;
        url("api_url", &self.api_url)?;
        instant("listed_from", &self.listed_from)?;
        for (name, at) in [
            ("attached_at", &self.attached_at),
            ("listed_until", &self.listed_until),
            ("detached_at", &self.detached_at),
            ("failing_since", &self.failing_since),
        ] {
            optional(instant, name, at.as_deref())?;
        }
        let runs_are_in_order = match (self.first_run, self.latest_run) {
            (None, None) => true,
            (Some(first), Some(latest)) => first <= latest,
            _ => false,
        };
        holds(runs_are_in_order, "latest_run is before first_run")?;
        let hidden = self.out_of_sight.iter().map(|entry| &entry.subject);
        let mut subjects = self.subjects.iter().chain(hidden);
        let are_known = subjects.all(|subject| Subject::from_name(subject).is_some());
        holds(are_known, "subjects names what there is not")
    }
}

impl Strict for SnapshotLine {
    fn check(&self) -> Result<(), String> {
        wiki("wiki", &self.wiki)?;
        instant("taken_at", &self.taken_at)?;
        let is_failed = self.outcome == "failed";
        holds(
            is_failed == self.error.is_some(),
            "outcome and error disagree",
        )?;
        let brought = [self.duration_ms, self.bytes, self.waited_ms];
        let is_negative = brought.into_iter().flatten().any(|count| count < 0);
        holds(!is_negative, "a count is negative")
    }
}

impl Strict for RequestLine {
    fn check(&self) -> Result<(), String> {
        let counts = [self.duration_ms, self.bytes, self.attempt, self.waited_ms];
        let is_negative = counts.into_iter().any(|count| count < 0);
        holds(!is_negative, "a count is negative")
    }
}

impl Strict for LogEventLine {
    fn check(&self) -> Result<(), String> {
        wiki("logged_on", &self.logged_on)?;
        wiki("wiki", &self.wiki)?;
        instant("logged_at", &self.logged_at)?;
        optional(hidden, "hidden", self.hidden.as_deref())?;
        json("params", &self.params)
    }
}

impl Strict for FirstEditLine {
    fn check(&self) -> Result<(), String> {
        wiki("wiki", &self.wiki)?;
        instant("made_at", &self.made_at)
    }
}

impl Strict for ContributionLine {
    fn check(&self) -> Result<(), String> {
        wiki("wiki", &self.wiki)?;
        instant("made_at", &self.made_at)?;
        optional(hidden, "hidden", self.hidden.as_deref())?;
        json("tags", &self.tags)
    }
}

impl Strict for LoggedActionLine {
    fn check(&self) -> Result<(), String> {
        wiki("wiki", &self.wiki)?;
        instant("done_at", &self.done_at)?;
        optional(hidden, "hidden", self.hidden.as_deref())?;
        json("tags", &self.tags)?;
        json("params", &self.params)
    }
}

impl Strict for ReadingLine {
    fn check(&self) -> Result<(), String> {
        wiki("asked_on", &self.asked_on)?;
        optional(instant, "read_until", self.read_until.as_deref())?;
        optional(instant, "finished_at", self.finished_at.as_deref())
    }
}

impl Strict for HistoryLine {
    fn check(&self) -> Result<(), String> {
        wiki("wiki", &self.wiki)?;
        kind(&self.kind)?;
        json("value", &self.value)?;
        instant("valid_from", &self.valid_from)?;
        instant("seen_until", &self.seen_until)?;
        optional(instant, "valid_to", self.valid_to.as_deref())?;
        let ended = self.ended_run.unwrap_or(i64::MAX);
        let is_in_order = self.from_run <= self.seen_run && self.seen_run <= ended;
        holds(is_in_order, "the runs of a value are not in order")
    }
}

impl Strict for ChangeLine {
    fn check(&self) -> Result<(), String> {
        wiki("wiki", &self.wiki)?;
        kind(&self.kind)?;
        optional(json, "before", self.before.as_deref())?;
        optional(json, "after", self.after.as_deref())?;
        instant("happened_after", &self.happened_after)?;
        instant("happened_by", &self.happened_by)?;
        let sign = match (&self.before, &self.after) {
            (None, Some(_)) => "+",
            (Some(_), None) => "-",
            (Some(_), Some(_)) => "~",
            (None, None) => return Err("nothing changed".to_owned()),
        };
        holds(self.change == sign, "change and values disagree")?;
        let from = self.before_from.unwrap_or(self.before_seen);
        let is_in_order = from <= self.before_seen && self.before_seen <= self.run;
        holds(is_in_order, "the runs of a change are not in order")?;
        let has_value = self.before.is_some() == self.before_from.is_some();
        holds(has_value, "before and before_from disagree")?;
        holds(
            self.logged_on.is_some() == self.log_id.is_some(),
            "logged_on and log_id disagree",
        )
    }
}

fn holds(condition: bool, otherwise: &str) -> Result<(), String> {
    condition.then_some(()).ok_or_else(|| otherwise.to_owned())
}

fn optional(
    check: impl Fn(&str, &str) -> Result<(), String>,
    name: &str,
    text: Option<&str>,
) -> Result<(), String> {
    text.map_or(Ok(()), |text| check(name, text))
}

fn wiki(name: &str, text: &str) -> Result<(), String> {
    let parsed = text.parse::<WikiId>();
    parsed.map(drop).map_err(|error| format!("{name}: {error}"))
}

fn kind(text: &str) -> Result<(), String> {
    text.parse::<Kind>().map(drop)
}

fn hidden(name: &str, text: &str) -> Result<(), String> {
    const WORDS: [&str; 5] = ["action", "text", "user", "comment", "suppressed"];
    let are_known = text.split(' ').all(|word| WORDS.contains(&word));
    holds(are_known, &format!("{name} names what there is not"))
}

fn url(name: &str, text: &str) -> Result<(), String> {
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    holds(
        is_url && text.len() <= 2048,
        &format!("{name} is no address"),
    )
}

fn json(name: &str, text: &str) -> Result<(), String> {
    let parsed = serde_json::from_str::<IgnoredAny>(text);
    parsed
        .map(drop)
        .map_err(|_| format!("{name} is no JSON text"))
}

fn instant(name: &str, text: &str) -> Result<(), String> {
    let otherwise = format!("{name} is no instant such as 2026-11-21T03:17:04Z");
    holds(is_instant(text), &otherwise)
}

/// Whether a text is an instant in the only way in which an export writes one.
pub(super) fn is_instant(text: &str) -> bool {
    instant_of(text).is_some()
}

/// The instant that such a text tells.
pub(super) fn instant_of(text: &str) -> Option<DateTime<Utc>> {
    const FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";
    let parsed = NaiveDateTime::parse_from_str(text, FORMAT).ok()?;
    let is_same = text.len() == 20 && parsed.format(FORMAT).to_string() == text;
    is_same.then(|| parsed.and_utc())
}
