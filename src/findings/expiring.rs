//! What ends soon, and what should have ended: memberships of groups, local and global, and blocks.

use chrono::{DateTime, TimeDelta, Utc};

use super::instant;
use crate::store::EndingRow;

/// Something that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// Whose.
    pub user: String,
    /// What survives a rename of the user.
    pub user_number: i64,
    /// Where; `global` is the global account.
    pub wiki: String,
    /// `group`, `global_group` or `block`.
    pub kind: String,
    /// Which group; the ID of a block.
    pub name: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Whole days until then, rounded down: 0 is within a day, less than 0 is over.
    pub days_left: i64,
    /// When it was last observed.
    pub seen_until: DateTime<Utc>,
    /// How it stands.
    pub state: Ending,
}

/// How something stands that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its end is to come.
    Held,
    /// Its end has come, and the account has not been read since.
    Unseen,
    /// Its end has come, and it was still there afterwards.
    Overdue,
}

impl Ending {
    /// The word in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Unseen => "unseen",
            Self::Overdue => "overdue",
        }
    }
}

/// What ends within a time from now, and what should have ended and was not seen to; by its end.
pub fn expiring(rows: Vec<EndingRow>, now: DateTime<Utc>, within: TimeDelta) -> Vec<Expiring> {
    let mut found: Vec<Expiring> = rows
        .into_iter()
        .filter_map(|row| ending(row, now))
        .filter(|ending| ending.expires_at <= now + within)
        .collect();
    found.sort_by(|a, b| {
        let key = |one: &Expiring| {
            (
                one.expires_at,
                one.user.clone(),
                one.wiki.clone(),
                one.name.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    found
}

fn ending(row: EndingRow, now: DateTime<Utc>) -> Option<Expiring> {
    let value: serde_json::Value = serde_json::from_str(&row.value).ok()?;
    let expiry = value.get("expiry").unwrap_or(&value);
    let expires_at = instant(expiry.as_str()?)?;
    let seen_until = instant(&row.seen_until)?;
    let state = match () {
        () if expires_at > now => Ending::Held,
        () if seen_until >= expires_at => Ending::Overdue,
        () => Ending::Unseen,
    };
    Some(Expiring {
        user: row.user,
        user_number: row.user_number,
        wiki: row.wiki,
        kind: row.kind,
        name: row.name,
        expires_at,
        days_left: (expires_at - now).num_seconds().div_euclid(86_400),
        seen_until,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &str, seen_until: &str) -> EndingRow {
        EndingRow {
            user: "Alice".into(),
            user_number: 1,
            wiki: "enwiki".into(),
            kind: "group".into(),
            name: "sysop".into(),
            value: value.into(),
            seen_until: seen_until.into(),
        }
    }

    #[test]
    fn days_are_whole_and_what_is_over_is_said_to_be() {
        let now = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let told = |value: &str, seen: &str| {
            let found = expiring(vec![row(value, seen)], now, TimeDelta::days(30));
            let told = |one: &Expiring| (one.days_left, one.state.as_str());
            found.first().map(told)
        };
        let seen = "2026-11-21T03:17:00Z";
        for (value, expected) in [
            ("\"2026-11-21T12:00:01Z\"", Some((0, "held"))),
            ("\"2026-12-21T12:00:00Z\"", Some((30, "held"))),
            ("\"2026-12-21T12:00:01Z\"", None),
            ("\"2026-11-21T12:00:00Z\"", Some((0, "unseen"))),
            ("\"2026-11-21T11:59:59Z\"", Some((-1, "unseen"))),
            ("\"2026-11-21T03:17:00Z\"", Some((-1, "overdue"))),
            (
                r#"{"expiry":"2026-11-22T12:00:00Z","by":"X"}"#,
                Some((1, "held")),
            ),
            (r#"{"expiry":"infinity"}"#, None),
            ("\"infinity\"", None),
            ("true", None),
            ("nonsense", None),
        ] {
            assert_eq!(told(value, seen), expected, "{value}");
        }
    }
}
