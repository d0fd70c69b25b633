//! Two snapshots in, changes out, each with its cause. Pure.
//!
//! Compares facts, not fetches: what the newer answer could not tell is not compared at all, and
//! what was never looked for before is a first sight and no change.

use std::{cmp::Ordering, collections::btree_map, iter::Peekable};

use chrono::{DateTime, Utc};

use crate::model::{Cause, Change, Difference, Kind, Property, Snapshot, Value};

/// Compares what is known of an account with a new answer, received at `now`.
///
/// `before.coverage` is what has ever been observed of the account, `after.coverage` what the new
/// answer could tell.
pub fn difference(before: &Snapshot, after: &Snapshot, now: DateTime<Utc>) -> Difference {
    let mut difference = Difference::default();
    for pair in side_by_side(before, after) {
        match pair {
            Pair::Gone(property, was) => {
                if after.coverage.covers(property.subject()) {
                    difference
                        .changes
                        .push(change(property, Some(was), None, now));
                }
            }
            Pair::New(property, is) => {
                if before.coverage.covers(property.subject()) {
                    difference
                        .changes
                        .push(change(property, None, Some(is), now));
                } else {
                    difference.first_seen.push((property.clone(), is.clone()));
                }
            }
            Pair::Both(property, was, is) => match relation(property.kind, was, is) {
                Relation::Same => {}
                Relation::Restated => {
                    difference.restated.push((property.clone(), is.clone()));
                }
                Relation::Changed => {
                    let change = change(property, Some(was), Some(is), now);
                    difference.changes.push(change);
                }
            },
        }
    }
    difference
}

/// How the value of one property relates to what it was.
enum Relation {
    Same,
    Restated,
    Changed,
}

/// The value of a global group where the answer names it without its expiry.
const MEMBER: &str = "true";

fn relation(kind: Kind, was: &Value, is: &Value) -> Relation {
    if was == is || (kind == Kind::GlobalGroup && is.json() == MEMBER) {
        Relation::Same
    } else if was.json() == is.json()
        // Only what may be kept has changed.
        || was.is_redacted() != is.is_redacted()
        // What it was is not known here, so nobody can say that it differs.
        || was.is_withheld()
        // Only now is the expiry told.
        || (kind == Kind::GlobalGroup && was.json() == MEMBER)
    {
        Relation::Restated
    } else {
        Relation::Changed
    }
}

fn change(
    property: &Property,
    before: Option<&Value>,
    after: Option<&Value>,
    now: DateTime<Utc>,
) -> Change {
    Change {
        property: property.clone(),
        before: before.cloned(),
        after: after.cloned(),
        cause: cause(property.kind, before, after, now),
    }
}

/// The cause as far as the two values tell; logs and global preferences may tell more.
fn cause(kind: Kind, before: Option<&Value>, after: Option<&Value>, now: DateTime<Utc>) -> Cause {
    match kind {
        Kind::Preference => preference_cause(before, after),
        Kind::Group | Kind::GlobalGroup | Kind::Block => match (before, after) {
            (Some(was), None) if ends_by(was, now) => Cause::Expiry,
            _ => Cause::Unknown,
        },
        Kind::Counter | Kind::GlobalPreference => Cause::User,
        _ => Cause::Unknown,
    }
}

/// A value that follows the default moves with it. One that comes or goes as a default came or went
/// with the software, since nobody had stored it.
fn preference_cause(before: Option<&Value>, after: Option<&Value>) -> Cause {
    let default = |value: &Value| value.is_default();
    match (before.map(default), after.map(default)) {
        (Some(None), _) | (_, Some(None)) => Cause::Unknown,
        (Some(Some(true)), Some(Some(true))) => Cause::WikiDefault,
        (None, Some(Some(true))) | (Some(Some(true)), None) => Cause::Software,
        _ => Cause::User,
    }
}

/// Whether a membership or a block was to end at `now` or before.
fn ends_by(value: &Value, now: DateTime<Utc>) -> bool {
    let json: serde_json::Value = serde_json::from_str(value.json()).unwrap_or_default();
    let expiry = json.get("expiry").unwrap_or(&json);
    expiry
        .as_str()
        .and_then(|text| text.parse::<DateTime<Utc>>().ok())
        .is_some_and(|expiry| expiry <= now)
}

/// One property, as it is found in two snapshots.
enum Pair<'a> {
    Gone(&'a Property, &'a Value),
    New(&'a Property, &'a Value),
    Both(&'a Property, &'a Value, &'a Value),
}

/// Walks two ordered maps together.
fn side_by_side<'a>(before: &'a Snapshot, after: &'a Snapshot) -> impl Iterator<Item = Pair<'a>> {
    let mut before = before.properties.iter().peekable();
    let mut after = after.properties.iter().peekable();
    std::iter::from_fn(move || next_pair(&mut before, &mut after))
}

type Properties<'a> = Peekable<btree_map::Iter<'a, Property, Value>>;

fn next_pair<'a>(before: &mut Properties<'a>, after: &mut Properties<'a>) -> Option<Pair<'a>> {
    let order = match (before.peek(), after.peek()) {
        (None, None) => return None,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some((was, _)), Some((is, _))) => was.cmp(is),
    };
    match order {
        Ordering::Less => before
            .next()
            .map(|(property, was)| Pair::Gone(property, was)),
        Ordering::Greater => after.next().map(|(property, is)| Pair::New(property, is)),
        Ordering::Equal => {
            let (property, was) = before.next()?;
            let (_, is) = after.next()?;
            Some(Pair::Both(property, was, is))
        }
    }
}

#[cfg(test)]
mod tests;
