//! Since when each right has been held without a gap, and what proves it.
//!
//! A renewal is no gap, and neither is a night that could not be read; being detached is, and so is a
//! grant of which the log says that the right was not held before.

use serde_json::Value as Json;

use super::instant;
use crate::store::{GapRow, HeldRow, RightsLogRow};

/// A right, held from one time to another without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Whose.
    pub user: String,
    /// Where; `global` for a global group.
    pub wiki: String,
    /// The group.
    pub group: String,
    /// Since when, in ISO 8601.
    pub since: String,
    /// How that is known.
    pub basis: Basis,
    /// The last observation without it, where it was seen to begin.
    pub happened_after: Option<String>,
    /// The last observation with it.
    pub seen_until: String,
    /// The first observation without it; `None` while it is held.
    pub valid_to: Option<String>,
    /// The expiry last observed; `None`: none, or none was told.
    pub expires_at: Option<String>,
    /// Whole days from `since` to `seen_until`.
    pub days: i64,
    /// How often the expiry was changed in between.
    pub renewals: i64,
    /// How many observations prove it.
    pub observations: i64,
    /// Who gave it, where the log tells.
    pub performer: Option<String>,
}

/// How the beginning is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// It was there when it was first looked for: it may have been held for longer.
    AtLeast,
    /// It was seen to come, between two observations.
    Observed,
    /// The log says when it was given.
    Log,
}

impl Basis {
    /// The words in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => "at least",
            Self::Observed => "observed",
            Self::Log => "log",
        }
    }
}

/// Every right, each time it was held; `rows` as the store orders them.
pub fn tenures(rows: &[HeldRow], gaps: &[GapRow], log: &[RightsLogRow]) -> Vec<Tenure> {
    let is_same = |a: &HeldRow, b: &HeldRow| {
        (&a.user, &a.wiki, &a.kind, &a.name) == (&b.user, &b.wiki, &b.kind, &b.name)
    };
    let mut found = Vec::new();
    for stretches in rows.chunk_by(is_same) {
        let Some(first) = stretches.first() else {
            continue;
        };
        let gaps: Vec<&GapRow> = gaps
            .iter()
            .filter(|gap| gap.user == first.user && gap.wiki == first.wiki)
            .collect();
        let mut tenures = Tenures::default();
        for row in stretches {
            tenures.add(row, &gaps, log);
        }
        found.extend(tenures.found);
    }
    found
}

/// The tenures of one membership, in the making.
#[derive(Default)]
struct Tenures {
    found: Vec<Tenure>,
    seen_run: i64,
    ended_run: Option<i64>,
}

impl Tenures {
    fn add(&mut self, row: &HeldRow, gaps: &[&GapRow], log: &[RightsLogRow]) {
        let was_away =
            |gap: &&&GapRow| gap.first_run > self.seen_run && gap.back_run <= row.from_run;
        let goes_on = self.ended_run == Some(row.from_run)
            && !gaps.iter().any(|gap| was_away(&gap))
            && !is_given(row.params.as_deref(), &row.name);
        let mut observed = row.observed_before;
        match self.found.last_mut() {
            Some(tenure) if goes_on => tenure.renewals += 1,
            _ => self.found.push(begun(row, log)),
        }
        for gap in gaps {
            if gap.first_run > row.from_run && gap.back_run <= row.seen_run {
                self.interrupt(row, gap, observed);
                observed = gap.observed_before;
            }
        }
        self.seen_run = row.seen_run;
        self.ended_run = row.ended_run;
        let Some(tenure) = self.found.last_mut() else {
            return;
        };
        tenure.observations += row.observed_before + row.observations - observed;
        tenure.expires_at = expiry(&row.value);
        tenure.valid_to = row.valid_to.clone().or_else(|| row.detached_at.clone());
        tenure.see_until(&row.seen_until);
    }

    /// The account was away and came back with the right.
    fn interrupt(&mut self, row: &HeldRow, gap: &GapRow, observed: i64) {
        if let Some(tenure) = self.found.last_mut() {
            tenure.observations += gap.observed_before - observed;
            tenure.expires_at = expiry(&row.value);
            tenure.valid_to = Some(gap.first_at.clone());
            tenure.see_until(&gap.seen_at);
        }
        self.found.push(Tenure {
            since: gap.back_at.clone(),
            basis: Basis::Observed,
            happened_after: Some(gap.first_at.clone()),
            performer: None,
            ..empty(row)
        });
    }
}

impl Tenure {
    fn see_until(&mut self, seen_until: &str) {
        seen_until.clone_into(&mut self.seen_until);
        let days = instant(&self.since)
            .zip(instant(seen_until))
            .map(|(since, until)| (until - since).num_days());
        self.days = days.unwrap_or_default().max(0);
    }
}

/// How a stretch began that goes on with nothing.
fn begun(row: &HeldRow, log: &[RightsLogRow]) -> Tenure {
    let logged = match (&row.happened_after, &row.logged_at) {
        (None, _) => given_before(row, log),
        (Some(_), Some(at)) if is_given(row.params.as_deref(), &row.name) => {
            Some((at.clone(), row.performer.clone()))
        }
        _ => None,
    };
    let (since, basis, performer) = match logged {
        Some((at, performer)) => (at, Basis::Log, performer),
        None if row.happened_after.is_none() => (row.valid_from.clone(), Basis::AtLeast, None),
        None => (row.valid_from.clone(), Basis::Observed, None),
    };
    Tenure {
        since,
        basis,
        happened_after: row.happened_after.clone(),
        performer,
        ..empty(row)
    }
}

fn empty(row: &HeldRow) -> Tenure {
    Tenure {
        user: row.user.clone(),
        wiki: row.wiki.clone(),
        group: row.name.clone(),
        since: String::new(),
        basis: Basis::AtLeast,
        happened_after: None,
        seen_until: String::new(),
        valid_to: None,
        expires_at: None,
        days: 0,
        renewals: 0,
        observations: 0,
        performer: None,
    }
}

/// When the log says that a right was given which was there when the account was first seen.
fn given_before(row: &HeldRow, log: &[RightsLogRow]) -> Option<(String, Option<String>)> {
    let mut given = None;
    for entry in log.iter().filter(|entry| {
        entry.user == row.user && entry.wiki == row.wiki && entry.logged_at <= row.valid_from
    }) {
        match turn(&entry.params, &row.name) {
            Some((false, true)) => given = Some((entry.logged_at.clone(), entry.performer.clone())),
            Some((_, false)) => given = None,
            _ => {}
        }
    }
    given
}

/// Whether an entry says that a group was not held before it, and is after it.
fn is_given(params: Option<&str>, group: &str) -> bool {
    params.and_then(|params| turn(params, group)) == Some((false, true))
}

/// Whether a group was held before and after an entry. Very old entries do not say.
fn turn(params: &str, group: &str) -> Option<(bool, bool)> {
    let params: Json = serde_json::from_str(params).ok()?;
    let held = |keys: [&str; 2]| {
        let groups = keys.iter().find_map(|key| params.get(key))?;
        let names = match groups {
            Json::Array(names) => names.iter().collect::<Vec<_>>(),
            // PHP makes an object of a list with holes.
            Json::Object(names) => names.values().collect(),
            _ => return None,
        };
        Some(names.iter().any(|name| name.as_str() == Some(group)))
    };
    Some((
        held(["oldgroups", "oldGroups"])?,
        held(["newgroups", "newGroups"])?,
    ))
}

fn expiry(value: &str) -> Option<String> {
    let text: String = serde_json::from_str(value).ok()?;
    (text != "infinity").then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Held from the `from`th to the `until`th of November, observed each night; run numbers are days.
    fn held(from: i64, until: i64, ended: Option<i64>, value: &str) -> HeldRow {
        HeldRow {
            user: "Alice".into(),
            wiki: "enwiki".into(),
            kind: "group".into(),
            name: "sysop".into(),
            value: format!("\"{value}\""),
            from_run: from,
            seen_run: until,
            ended_run: ended,
            valid_from: day(from),
            seen_until: day(until),
            valid_to: ended.map(day),
            happened_after: (from > 1).then(|| day(from - 1)),
            logged_at: None,
            params: None,
            performer: None,
            observations: until - from + 1,
            observed_before: from - 1,
            detached_at: None,
        }
    }

    fn day(day: i64) -> String {
        format!("2026-11-{day:02}T03:00:00Z")
    }

    fn told(rows: &[HeldRow], gaps: &[GapRow], log: &[RightsLogRow]) -> Vec<String> {
        let tell = |one: Tenure| {
            format!(
                "{} {} {}d {}x r{} {}",
                one.basis.as_str(),
                &one.since[8..10],
                one.days,
                one.observations,
                one.renewals,
                one.valid_to
                    .map_or("held".into(), |to| to[8..10].to_owned()),
            )
        };
        tenures(rows, gaps, log).into_iter().map(tell).collect()
    }

    #[test]
    fn a_renewal_is_no_gap_but_an_absence_is() {
        let renewed = [
            held(1, 4, Some(5), "2026-11-09T00:00:00Z"),
            held(5, 20, None, "infinity"),
        ];
        assert_eq!(told(&renewed, &[], &[]), ["at least 01 19d 20x r1 held"]);
        let lost = [
            held(2, 4, Some(5), "infinity"),
            held(9, 20, None, "infinity"),
        ];
        assert_eq!(
            told(&lost, &[], &[]),
            ["observed 02 2d 3x r0 05", "observed 09 11d 12x r0 held"]
        );
    }

    #[test]
    fn being_detached_is_a_gap() {
        let gap = GapRow {
            user: "Alice".into(),
            wiki: "enwiki".into(),
            first_run: 5,
            first_at: day(5),
            back_run: 8,
            back_at: day(8),
            observed_before: 4,
            seen_at: day(4),
        };
        let mut row = held(1, 20, None, "infinity");
        row.observations = 17;
        let expected = ["at least 01 3d 4x r0 05", "observed 08 12d 13x r0 held"];
        assert_eq!(told(&[row], std::slice::from_ref(&gap), &[]), expected);
        let elsewhere = GapRow {
            wiki: "dewiki".into(),
            ..gap
        };
        let row = held(1, 20, None, "infinity");
        assert_eq!(
            told(&[row], &[elsewhere], &[]),
            ["at least 01 19d 20x r0 held"]
        );
        let mut gone = held(1, 20, None, "infinity");
        gone.detached_at = Some(day(22));
        assert_eq!(told(&[gone], &[], &[]), ["at least 01 19d 20x r0 22"]);
    }

    #[test]
    fn the_log_knows_more() {
        let entry = |at: i64, params: &str| RightsLogRow {
            user: "Alice".into(),
            wiki: "enwiki".into(),
            logged_at: format!("2026-10-{at:02}T03:00:00Z"),
            params: params.into(),
            performer: Some("Steward".into()),
        };
        let given = r#"{"oldgroups":["bot"],"newgroups":["bot","sysop"]}"#;
        let prolonged = r#"{"oldgroups":["sysop"],"newgroups":["sysop"]}"#;
        let taken = r#"{"oldgroups":["sysop"],"newgroups":{"1":"bot"}}"#;
        let row = || held(1, 20, None, "infinity");
        let log = [entry(2, given), entry(5, prolonged)];
        assert_eq!(told(&[row()], &[], &log), ["log 02 49d 20x r0 held"]);
        let log = [entry(2, given), entry(5, taken)];
        assert_eq!(told(&[row()], &[], &log), ["at least 01 19d 20x r0 held"]);
        // It ended, and was given anew before anybody looked.
        let mut anew = held(5, 20, None, "infinity");
        anew.params = Some(given.into());
        anew.logged_at = Some("2026-11-04T12:00:00Z".into());
        let rows = [held(1, 4, Some(5), "2026-11-04T06:00:00Z"), anew];
        assert_eq!(
            told(&rows, &[], &[]),
            ["at least 01 3d 4x r0 05", "log 04 15d 16x r0 held"]
        );
    }
}
