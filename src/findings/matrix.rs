//! Which groups were held where through a time, and when that changed.

use crate::store::HeldRow;

/// A group on a wiki, through a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Whose.
    pub user: String,
    /// Where; `global` for a global group.
    pub wiki: String,
    /// The group.
    pub group: String,
    /// Whether it was held when the time began, or when the account was first observed in it.
    pub held_at_start: bool,
    /// Its expiry then.
    pub expires_at: Option<String>,
    /// What became of it, in order.
    pub turns: Vec<Turn>,
}

/// One change of a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// `+` gained, `-` lost, `~` its expiry is another.
    pub change: &'static str,
    /// The expiry from then on.
    pub expires_at: Option<String>,
    /// The last observation before it.
    pub happened_after: Option<String>,
    /// The first observation after it.
    pub happened_by: String,
}

/// Every group that was held at some time since an instant, given as the views write it; `rows` as
/// the store orders them.
pub fn memberships(rows: &[HeldRow], since: &str) -> Vec<Membership> {
    let is_same = |a: &HeldRow, b: &HeldRow| {
        (&a.user, &a.wiki, &a.kind, &a.name) == (&b.user, &b.wiki, &b.kind, &b.name)
    };
    rows.chunk_by(is_same)
        .filter_map(|stretches| membership(stretches, since))
        .collect()
}

fn membership(stretches: &[HeldRow], since: &str) -> Option<Membership> {
    let first = stretches.first()?;
    let mut one = Membership {
        user: first.user.clone(),
        wiki: first.wiki.clone(),
        group: first.name.clone(),
        held_at_start: false,
        expires_at: None,
        turns: Vec::new(),
    };
    let mut ended_run = None;
    for (n, row) in stretches.iter().enumerate() {
        let end = row.valid_to.as_ref().or(row.detached_at.as_ref());
        let is_renewal = ended_run == Some(row.from_run);
        ended_run = row.ended_run;
        // All instants are UTC and written alike, so text compares as time does.
        if end.is_some_and(|end| end.as_str() <= since) {
            continue;
        }
        if row.valid_from.as_str() <= since || row.happened_after.is_none() && !is_renewal {
            one.held_at_start = true;
            one.expires_at = expiry(&row.value);
        } else {
            one.turns.push(Turn {
                change: if is_renewal { "~" } else { "+" },
                expires_at: expiry(&row.value),
                happened_after: row.happened_after.clone(),
                happened_by: row.valid_from.clone(),
            });
        }
        let goes_on = stretches
            .get(n + 1)
            .is_some_and(|next| Some(next.from_run) == row.ended_run);
        if let (Some(end), false) = (end, goes_on) {
            one.turns.push(Turn {
                change: "-",
                expires_at: None,
                happened_after: Some(row.seen_until.clone()),
                happened_by: end.clone(),
            });
        }
    }
    (one.held_at_start || !one.turns.is_empty()).then_some(one)
}

fn expiry(value: &str) -> Option<String> {
    let text: String = serde_json::from_str(value).ok()?;
    (text != "infinity").then_some(text)
}
