//! Where preferences differ between wikis: the majority, those that deviate, the local exceptions
//! to what is set for all wikis, and what could be set for all.

use std::collections::BTreeMap;

use crate::{
    model::Value,
    store::{ValueRow, WikiValueRow},
};

/// What is known of one user's preferences on all attached wikis.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// How many wikis hold which value; the rows of one preference together.
    pub values: Vec<ValueRow>,
    /// Where a local exception holds.
    pub exceptions: Vec<WikiValueRow>,
    /// What is set for all wikis; `None` if nobody has looked yet.
    pub global: Option<BTreeMap<String, String>>,
    /// Whether values kept as a hash are looked at too.
    pub with_redacted: bool,
}

/// A preference that is not the same everywhere, or could be set for all wikis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The preference.
    pub name: String,
    /// Its values: the majority first.
    pub values: Vec<Share>,
    /// The value for all wikis, as JSON text.
    pub global_value: Option<String>,
    /// The wikis with a local exception.
    pub exceptions: Vec<String>,
    /// Whether most of all wikis hold one value that is not their default and none is set for all wikis;
    /// `None` if nobody has looked yet what is set for all.
    pub is_candidate: Option<bool>,
}

/// A value, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The value, as JSON text.
    pub value: String,
    /// Wikis that hold it.
    pub wikis: i64,
    /// Those of them whose default it is.
    pub defaults: i64,
    /// Those of them with a local exception.
    pub exceptions: i64,
}

impl Drift {
    /// Whether the values differ only since the wikis' defaults do.
    pub fn is_by_default(&self) -> bool {
        self.exceptions.is_empty()
            && self
                .values
                .iter()
                .all(|share| share.wikis == share.defaults)
    }

    fn rank(&self) -> u8 {
        match self {
            Self { exceptions, .. } if !exceptions.is_empty() => 0,
            drift if drift.values.len() > 1 && !drift.is_by_default() => 1,
            Self {
                is_candidate: Some(true),
                ..
            } => 2,
            _ => 3,
        }
    }
}

/// A value for all wikis is worth it where so many wikis have it.
const LEAST_WIKIS: i64 = 3;

/// What marks a local exception.
pub const EXCEPTION: &str = "-local-exception";

/// What `GlobalPreferences` does not offer.
const LOCAL_ONLY: [&str; 3] = ["realname", "nickname", "fancysig"];

/// The preferences that differ, and the candidates: local exceptions first, then what the user set
/// differently, then candidates, then what differs since the wikis' defaults do.
pub fn drift(known: &Known) -> Vec<Drift> {
    let mut exceptions: BTreeMap<&str, Vec<&WikiValueRow>> = BTreeMap::new();
    for row in &known.exceptions {
        exceptions.entry(&row.name).or_default().push(row);
    }
    let totals = known.values.chunk_by(|a, b| a.name == b.name);
    let all = totals.map(wikis).max().unwrap_or_default();
    let none = Vec::new();
    let mut found: Vec<Drift> = known
        .values
        .chunk_by(|a, b| a.name == b.name)
        .filter_map(|values| {
            let name = values.first()?.name.as_str();
            let is_hidden =
                |row: &ValueRow| Value::from_json_text(row.value.as_str()).is_redacted();
            let is_left_out =
                name.ends_with(EXCEPTION) || !known.with_redacted && values.iter().any(is_hidden);
            let exceptions = exceptions.get(name).unwrap_or(&none);
            (!is_left_out).then(|| of_one(values, exceptions, known.global.as_ref(), all))
        })
        .filter(|drift| {
            drift.values.len() > 1
                || drift.is_candidate == Some(true)
                || !drift.exceptions.is_empty()
        })
        .collect();
    found.sort_by(|a, b| (a.rank(), &a.name).cmp(&(b.rank(), &b.name)));
    found
}

/// How many wikis know a preference.
fn wikis(rows: &[ValueRow]) -> i64 {
    rows.iter().map(|row| row.wikis).sum()
}

fn of_one(
    rows: &[ValueRow],
    exceptions: &[&WikiValueRow],
    global: Option<&BTreeMap<String, String>>,
    all: i64,
) -> Drift {
    let name = rows.first().map_or("", |row| row.name.as_str());
    let mut values: Vec<Share> = rows
        .iter()
        .map(|row| {
            let here = exceptions
                .iter()
                .filter(|exception| exception.value.as_ref() == Some(&row.value));
            Share {
                value: row.value.clone(),
                wikis: row.wikis,
                defaults: row.defaults,
                exceptions: i64::try_from(here.count()).unwrap_or(i64::MAX),
            }
        })
        .collect();
    // What the user chose comes first where as many wikis hold one value as another.
    values.sort_by(|a, b| {
        let key = |share: &Share| (-share.wikis, share.defaults);
        (key(a), &a.value).cmp(&(key(b), &b.value))
    });
    let global_value = global.and_then(|global| global.get(name)).cloned();
    let is_candidate = global.map(|_| global_value.is_none() && is_worth_it(name, &values, all));
    Drift {
        name: name.to_owned(),
        values,
        global_value,
        exceptions: exceptions.iter().map(|row| row.wiki.clone()).collect(),
        is_candidate,
    }
}

fn is_worth_it(name: &str, values: &[Share], all: i64) -> bool {
    let Some(majority) = values.first() else {
        return false;
    };
    let chosen = majority.wikis - majority.defaults;
    let may_be_global = !LOCAL_ONLY.contains(&name)
        && !name.starts_with("userjs-")
        && !Value::from_json_text(majority.value.as_str()).is_redacted();
    may_be_global && chosen >= LEAST_WIKIS && chosen * 2 > all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: &str, wikis: i64, defaults: i64) -> ValueRow {
        ValueRow {
            name: name.into(),
            value: value.into(),
            wikis,
            defaults,
        }
    }

    fn names(known: &Known) -> Vec<(String, Option<bool>)> {
        let told = drift(known).into_iter();
        told.map(|drift| (drift.name, drift.is_candidate)).collect()
    }

    #[test]
    fn only_what_differs_or_could_be_global_is_told() {
        let mut known = Known {
            values: vec![
                row("alike", "1", 9, 0),
                row("alike-by-default", "1", 9, 9),
                row("by-default", "1", 4, 4),
                row("by-default", "2", 5, 5),
                row("few", "1", 4, 0),
                row("mostly", "1", 5, 0),
                row("mostly", "2", 4, 4),
                row("nickname", "\"A\"", 9, 0),
                row("set-once", "1", 1, 0),
                row("set-once", "2", 8, 8),
                row("x-local-exception", "1", 1, 0),
                row("x-local-exception", "0", 8, 0),
                row("secret", "\"hmac-sha256:1\"", 4, 0),
                row("secret", "\"hmac-sha256:2\"", 4, 0),
            ],
            global: Some(BTreeMap::new()),
            ..Known::default()
        };
        let expected = [
            ("mostly", Some(true)),
            ("set-once", Some(false)),
            ("alike", Some(true)),
            ("by-default", Some(false)),
        ];
        assert_eq!(
            names(&known),
            expected.map(|(name, is)| (name.to_owned(), is))
        );
        // Nobody knows whether what is alike is set for all wikis already.
        known.global = None;
        let expected = ["mostly", "set-once", "by-default"];
        assert_eq!(names(&known), expected.map(|name| (name.to_owned(), None)));
        let is_set = |name: &str| (name.to_owned(), "1".to_owned());
        known.global = Some([is_set("alike"), is_set("mostly")].into());
        assert_eq!(names(&known)[0], ("mostly".to_owned(), Some(false)));
    }

    #[test]
    fn a_local_exception_is_told_even_where_nothing_differs() {
        let exception = |wiki: &str, value: Option<&str>| WikiValueRow {
            wiki: wiki.into(),
            name: "skin".into(),
            value: value.map(str::to_owned),
            is_default: Some(0),
        };
        let known = Known {
            values: vec![row("skin", "\"vector\"", 3, 0)],
            exceptions: vec![exception("dewiki", Some("\"vector\""))],
            global: Some([("skin".to_owned(), "\"vector\"".to_owned())].into()),
            with_redacted: false,
        };
        let found = drift(&known);
        assert_eq!(found[0].exceptions, ["dewiki"]);
        assert_eq!(found[0].values[0].exceptions, 1);
        assert_eq!(found[0].is_candidate, Some(false));
    }
}
