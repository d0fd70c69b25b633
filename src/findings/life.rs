//! The whole life of one property: each state it was in, what led to it, and which observations
//! bound it.

use crate::store::{ChangeRow, HistoryRow};

/// A state of a property, from one change to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The value, as JSON text; `None`: it was not there.
    pub value: Option<String>,
    /// Whether it was the wiki's default.
    pub is_default: Option<bool>,
    /// The last observation before it; `None`: it was so when it was first looked at.
    pub happened_after: Option<String>,
    /// The first observation of it.
    pub valid_from: String,
    /// The last observation of it; `None` where it was not there.
    pub seen_until: Option<String>,
    /// The first observation of the next state; `None`: it is so now.
    pub valid_to: Option<String>,
    /// Why it came to be so; `None`: it was so when it was first looked at.
    pub cause: Option<String>,
    /// Who did it, where a log tells.
    pub performer: Option<String>,
    /// What they said.
    pub comment: Option<String>,
}

/// The states of one property, the oldest first, from the rows of its values and its changes.
pub fn life(values: &[HistoryRow], changes: &[ChangeRow]) -> Vec<State> {
    let mut states: Vec<State> = values
        .iter()
        .map(|row| {
            let begun = |change: &&ChangeRow| {
                change.after.is_some() && **change.happened_by == *row.valid_from
            };
            let change = changes.iter().find(begun);
            State {
                value: Some(row.value.clone()),
                is_default: row.is_default.map(|is| is == 1),
                seen_until: Some(row.seen_until.clone()),
                valid_to: row.valid_to.clone(),
                ..state(&row.valid_from, change)
            }
        })
        .collect();
    let gone = changes.iter().filter(|change| change.after.is_none());
    states.extend(gone.map(|change| {
        let next = values.iter().map(|row| &row.valid_from);
        State {
            valid_to: next
                .filter(|from| from.as_str() > &**change.happened_by)
                .min()
                .cloned(),
            ..state(change.happened_by, Some(change))
        }
    }));
    states.sort_by(|a, b| a.valid_from.cmp(&b.valid_from));
    states
}

fn state(valid_from: &str, change: Option<&ChangeRow>) -> State {
    State {
        value: None,
        is_default: None,
        happened_after: change.map(|change| change.happened_after.to_string()),
        valid_from: valid_from.to_owned(),
        seen_until: None,
        valid_to: None,
        cause: change.map(|change| change.cause.to_string()),
        performer: change.and_then(|change| change.performer.map(str::to_owned)),
        comment: change.and_then(|change| change.comment.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_was_gone_for_a_while_is_a_state_too() {
        let value = |from: &str, seen: &str, to: Option<&str>| HistoryRow {
            user: "Alice".into(),
            wiki: "enwiki".into(),
            kind: "group".into(),
            name: "sysop".into(),
            value: "\"infinity\"".into(),
            is_default: None,
            valid_from: from.into(),
            seen_until: seen.into(),
            valid_to: to.map(str::to_owned),
        };
        let word = Arc::<str>::from;
        let (user, wiki, kind, name) =
            (word("Alice"), word("enwiki"), word("group"), word("sysop"));
        let (infinity, cause) = (word("\"infinity\""), word("rights-log"));
        let [three, four, five, six] = ["3", "4", "5", "6"].map(word);
        let change = |after, happened_after, happened_by| ChangeRow {
            run: 1,
            user: &user,
            wiki: &wiki,
            kind: &kind,
            name: &name,
            before: None,
            after,
            happened_after,
            happened_by,
            cause: &cause,
            performer: Some("Steward"),
            comment: None,
        };
        let values = [value("1", "3", Some("4")), value("6", "9", None)];
        let changes = [
            change(None, &three, &four),
            change(Some(&infinity), &five, &six),
        ];
        let told: Vec<String> = life(&values, &changes)
            .into_iter()
            .map(|state| {
                let or = |text: Option<String>| text.unwrap_or_else(|| "-".into());
                let is_there = if state.value.is_some() {
                    "held"
                } else {
                    "gone"
                };
                format!(
                    "{is_there} {} {} {} {} {}",
                    or(state.happened_after),
                    state.valid_from,
                    or(state.seen_until),
                    or(state.valid_to),
                    or(state.cause),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "held - 1 3 4 -",
                "gone 3 4 - 6 rights-log",
                "held 5 6 9 - rights-log",
            ]
        );
    }
}
