//! What is so on each wiki, and what one day changes: two properties in a thousand.
//!
//! Most wikis are alike and most values defaults. Half of what changes are settings made by hand on some wiki, the
//! other half is a default that moves on many wikis at once; beside it a group comes or goes, and people edit.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::{Value as Json, json};
use sultrail::model::{Coverage, Kind, Property, Snapshot, Subject, Value};

use super::{names, preferences};

/// So many of a million preferences change a day by hand, and as many by a default that moves.
const BY_HAND: usize = 1_000;

/// What a preference may be set to, as JSON text.
const CHOICES: [&str; 12] = [
    "0",
    "1",
    "2",
    "50",
    "250",
    "true",
    "false",
    "null",
    "\"\"",
    "\"monobook\"",
    "[]",
    "{\"a\":1}",
];

/// One wiki, as its answer would tell it.
pub(crate) struct Wiki {
    pub(crate) id: String,
    /// The defaults of its preferences, by name.
    defaults: BTreeMap<String, String>,
    /// Their names, to choose one of them.
    names: Vec<String>,
    pub(crate) snapshot: Snapshot,
}

/// All wikis.
pub(crate) struct World {
    pub(crate) wikis: Vec<Wiki>,
    dice: Rng,
    is_first_day: bool,
}

impl World {
    pub(crate) fn new(wikis: usize, preferences: usize, seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let mut maker = preferences::Maker::new(preferences, seed);
        let ids = names::wiki_ids(wikis).into_iter();
        let wikis = ids.enumerate().map(|(at, id)| {
            let defaults = maker.of(&id);
            let defaults: BTreeMap<String, String> = defaults
                .iter()
                .map(|(name, json)| (name.to_string(), normal(json)))
                .collect();
            Wiki::new(at, id, defaults, &mut dice)
        });
        Self {
            wikis: wikis.collect(),
            dice,
            is_first_day: true,
        }
    }

    /// Lives a day. `[wiki, property, value before, value after]`, each value as JSON text.
    pub(crate) fn live(&mut self) -> Json {
        if std::mem::take(&mut self.is_first_day) {
            let wikis = self.wikis.iter().flat_map(|wiki| {
                let facts = wiki.snapshot.properties.iter();
                facts.map(|(property, value)| json!([wiki.id, key(property), null, value.json()]))
            });
            return Json::Array(wikis.collect());
        }
        let mut day = Day::default();
        let preferences: usize = self.wikis.iter().map(|wiki| wiki.names.len()).sum();
        let count = preferences * BY_HAND / 1_000_000;
        for _ in 0..count {
            self.set_one(&mut day);
        }
        self.move_default(&mut day, count);
        self.give_or_take(&mut day);
        for _ in 0..self.wikis.len() / 100 {
            self.edit(&mut day);
        }
        Json::Array(day.changes)
    }

    fn set_one(&mut self, day: &mut Day) {
        let at = self.dice.usize(..self.wikis.len());
        let wiki = &mut self.wikis[at];
        let name = wiki.names[self.dice.usize(..wiki.names.len())].clone();
        let value = match self.dice.u8(..20) {
            0 => None,
            1..=4 => wiki.defaults.get(&name).cloned(),
            _ => Some(CHOICES[self.dice.usize(..CHOICES.len())].to_owned()),
        };
        day.change(wiki, Property::new(Kind::Preference, name), value);
    }

    /// A preference of one wiki is given another default, on about so many wikis that know it.
    fn move_default(&mut self, day: &mut Day, count: usize) {
        let from = self.dice.usize(..self.wikis.len());
        let names = &self.wikis[from].names;
        let name = names[self.dice.usize(..names.len())].clone();
        let value = CHOICES[self.dice.usize(..CHOICES.len())];
        for step in 0..count.min(self.wikis.len()) {
            let at = (from + step) % self.wikis.len();
            let wiki = &mut self.wikis[at];
            let Some(default) = wiki.defaults.get_mut(&name) else {
                continue;
            };
            let was = std::mem::replace(default, value.to_owned());
            let property = Property::new(Kind::Preference, name.clone());
            let held = wiki.snapshot.properties.get(&property);
            if held.is_some_and(|held| held.json() == was) {
                day.change(wiki, property, Some(value.to_owned()));
            } else if let Some(held) = wiki.snapshot.properties.get_mut(&property) {
                let is_default = held.json() == value;
                *held = held.clone().with_default(Some(is_default));
            }
        }
    }

    fn give_or_take(&mut self, day: &mut Day) {
        let at = self.dice.usize(..self.wikis.len());
        let wiki = &mut self.wikis[at];
        let property = Property::new(Kind::Group, ["sysop", "rollbacker"][self.dice.usize(..2)]);
        let is_held = wiki.snapshot.properties.contains_key(&property);
        let value = (!is_held).then(|| "\"infinity\"".to_owned());
        day.change(wiki, property, value);
    }

    fn edit(&mut self, day: &mut Day) {
        let at = self.dice.usize(..self.wikis.len());
        let wiki = &mut self.wikis[at];
        let property = Property::new(Kind::Counter, "edit_count");
        let edits = wiki.snapshot.properties.get(&property);
        let edits: i64 = edits
            .and_then(|value| value.json().parse().ok())
            .unwrap_or(0);
        day.change(wiki, property, Some((edits + 1).to_string()));
    }
}

impl Wiki {
    fn new(at: usize, id: String, defaults: BTreeMap<String, String>, dice: &mut Rng) -> Self {
        let names: Vec<String> = defaults.keys().cloned().collect();
        let mut snapshot = Snapshot {
            coverage: covered(),
            ..Snapshot::default()
        };
        for (name, default) in &defaults {
            // One in thirty is set by hand.
            let json = match dice.u8(..30) {
                0 => CHOICES[dice.usize(..CHOICES.len())],
                _ => default,
            };
            let value = Value::from_json_text(json).with_default(Some(json == default));
            snapshot.insert(Property::new(Kind::Preference, name.clone()), value);
        }
        for (kind, name, json) in [
            (Kind::Identity, "name", "\"Alice Example\"".to_owned()),
            (
                Kind::Identity,
                "local_user_id",
                (4_711 + at * 13).to_string(),
            ),
            (
                Kind::Identity,
                "registered_at",
                "\"2015-03-04T05:06:07Z\"".to_owned(),
            ),
            (Kind::ImplicitGroup, "*", "true".to_owned()),
            (Kind::ImplicitGroup, "user", "true".to_owned()),
            (Kind::ImplicitGroup, "autoconfirmed", "true".to_owned()),
            (Kind::Counter, "edit_count", dice.u32(..20).to_string()),
        ] {
            snapshot.insert(Property::new(kind, name), Value::from_json_text(json));
        }
        Self {
            id,
            defaults,
            names,
            snapshot,
        }
    }
}

/// What changes on one day, each property at most once.
#[derive(Default)]
struct Day {
    touched: BTreeSet<(String, Property)>,
    changes: Vec<Json>,
}

impl Day {
    fn change(&mut self, wiki: &mut Wiki, property: Property, value: Option<String>) {
        let before = wiki.snapshot.properties.get(&property);
        let before = before.map(|value| value.json().to_owned());
        if before == value || !self.touched.insert((wiki.id.clone(), property.clone())) {
            return;
        }
        let row = json!([wiki.id, key(&property), before, value]);
        self.changes.push(row);
        let default = wiki.defaults.get(&property.name);
        let is_default = default
            .filter(|_| property.kind == Kind::Preference)
            .map(|default| value.as_ref() == Some(default));
        match value {
            Some(json) => {
                let value = Value::from_json_text(json).with_default(is_default);
                wiki.snapshot.properties.insert(property, value);
            }
            None => {
                wiki.snapshot.properties.remove(&property);
            }
        }
    }
}

/// What the answer to the owner of an account covers.
fn covered() -> Coverage {
    let mut coverage = Coverage::default();
    for subject in [
        Subject::Groups,
        Subject::ImplicitGroups,
        Subject::Preferences,
        Subject::Blocks,
        Subject::Name,
        Subject::LocalUserId,
        Subject::Registration,
    ] {
        coverage.add(subject);
    }
    coverage
}

/// A property in one word.
pub(crate) fn key(property: &Property) -> String {
    format!("{}/{}", property.kind, property.name)
}

fn normal(json: &str) -> String {
    serde_json::from_str::<Json>(json).map_or_else(|_| json.to_owned(), |value| value.to_string())
}
