//! The state of a synthetic history: what is so on each wiki, and what has been seen of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use fastrand::Rng;
use sultrail::model::{Kind, Property};

use super::names;

/// How large the history is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// How many wikis.
    pub(crate) wikis: usize,
    /// How many preferences each of them knows.
    pub(crate) preferences: usize,
    /// How many nights.
    pub(crate) nights: i64,
    /// Everything that looks random follows from this.
    pub(crate) seed: u64,
}

/// Numbers of rows in `property`, `property_value` and `account`.
pub(crate) type PropertyId = i64;
pub(crate) type ValueId = i64;
pub(crate) type AccountId = i64;

/// Rows with numbers, each written once.
#[derive(Default)]
pub(crate) struct Interned {
    properties: HashMap<(Kind, String), PropertyId>,
    values: HashMap<(String, i8), ValueId>,
    /// Those that count, such as edits.
    pub(crate) counters: HashSet<PropertyId>,
    /// `[id, kind, name, subject]` that are not in the file yet.
    pub(crate) new_properties: Vec<serde_json::Value>,
    /// `[id, json, is_default]` that are not in the file yet.
    pub(crate) new_values: Vec<serde_json::Value>,
}

impl Interned {
    pub(crate) fn property(&mut self, kind: Kind, name: &str) -> PropertyId {
        let next = number(self.properties.len()) + 1;
        let new = &mut self.new_properties;
        let counters = &mut self.counters;
        *self
            .properties
            .entry((kind, name.to_owned()))
            .or_insert_with(|| {
                let subject = Property::new(kind, name).subject() as u32;
                if kind == Kind::Counter {
                    counters.insert(next);
                }
                new.push(serde_json::json!([next, kind.as_str(), name, subject]));
                next
            })
    }

    /// `is_default`: -1 where that means nothing.
    pub(crate) fn value(&mut self, json: &str, is_default: i8) -> ValueId {
        // A new database has the two commonest values, as 0 and 1.
        match (json, is_default) {
            ("0", 1) => return 0,
            ("1", 1) => return 1,
            _ => {}
        }
        let next = number(self.values.len()) + 2;
        let new = &mut self.new_values;
        *self
            .values
            .entry((json.to_owned(), is_default))
            .or_insert_with(|| {
                new.push(serde_json::json!([next, json, is_default]));
                next
            })
    }
}

/// What the program has recorded as held: the value, and the run that found it.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) value: ValueId,
    pub(crate) from_run: i64,
}

/// What came about since the account was last observed: the new value, the cause, the log event.
#[derive(Clone, Copy)]
pub(crate) struct News {
    pub(crate) value: Option<ValueId>,
    pub(crate) cause: i64,
    pub(crate) log_event: Option<i64>,
}

/// One account.
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) wiki: String,
    /// Before this night there is none.
    pub(crate) first_night: i64,
    /// It cannot be read before this night.
    pub(crate) out_until: i64,
    pub(crate) first_run: Option<i64>,
    pub(crate) observed_run: Option<i64>,
    pub(crate) failing_since: Option<i64>,
    pub(crate) edits: i64,
    pub(crate) held: BTreeMap<PropertyId, Held>,
    pub(crate) news: BTreeMap<PropertyId, News>,
    /// The preferences, in the order of `World::preferences_of`: which value each has, as a number
    /// below its choices; `None` while the software does not know it.
    pub(crate) preferences: Vec<Option<u8>>,
}

/// Everything that is so.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) dice: Rng,
    pub(crate) interned: Interned,
    /// The global account is the last.
    pub(crate) accounts: Vec<Account>,
    /// Names of the preferences that all wikis know, then those of each family.
    common: Vec<String>,
    local: Vec<Vec<String>>,
    /// The default of each preference of a family.
    pub(crate) defaults: Vec<Vec<u8>>,
}

const KNOWN: [&str; 12] = [
    "skin",
    "language",
    "rclimit",
    "watchlistdays",
    "thumbsize",
    "variant",
    "date",
    "gender",
    "timecorrection",
    "editfont",
    "rcdays",
    "imagesize",
];

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let mut dice = Rng::with_seed(plan.seed);
        let shared = plan.preferences * 2 / 3;
        let invented = (0..).map(|n| match n % 3 {
            0 => format!("echo-subscriptions-web-topic{n}"),
            1 => format!("extension{n}-enable"),
            _ => format!("tool{n}-mode"),
        });
        let common: Vec<String> = KNOWN
            .map(str::to_owned)
            .into_iter()
            .chain(invented)
            .take(shared)
            .collect();
        let rest = plan.preferences - shared;
        let local = (0..48).map(|family| {
            let names = (0..rest).map(|n| format!("gadget-{}", (family * 17 + n * 7) % 2_000));
            names.collect()
        });
        let local: Vec<Vec<String>> = local.collect();
        let defaults = local.iter().map(|_| {
            (0..plan.preferences)
                .map(|_| u8::from(dice.u8(..) < 60))
                .collect()
        });
        let defaults: Vec<Vec<u8>> = defaults.collect();
        let mut world = Self {
            plan,
            dice,
            interned: Interned::default(),
            accounts: Vec::new(),
            common,
            local,
            defaults,
        };
        world.settle();
        world
    }

    fn settle(&mut self) {
        let wikis = names::wiki_ids(self.plan.wikis);
        let late = self.plan.wikis / 50;
        for (at, wiki) in wikis.into_iter().enumerate() {
            let family = family(&wiki);
            let is_late = at >= self.plan.wikis - late;
            let first_night = if is_late {
                self.dice.i64(1..self.plan.nights.max(2))
            } else {
                0
            };
            let mut preferences: Vec<Option<u8>> =
                self.defaults[family].iter().copied().map(Some).collect();
            for value in &mut preferences {
                if self.dice.u8(..) < 8 {
                    *value = Some(self.dice.u8(..CHOICES));
                }
            }
            self.accounts.push(Account {
                id: number(at) + 1,
                wiki,
                first_night,
                out_until: 0,
                first_run: None,
                observed_run: None,
                failing_since: None,
                edits: self.dice.i64(0..20),
                held: BTreeMap::new(),
                news: BTreeMap::new(),
                preferences,
            });
        }
        let id = number(self.accounts.len()) + 1;
        self.accounts.push(Account {
            id,
            wiki: "global".to_owned(),
            first_night: 0,
            out_until: 0,
            first_run: None,
            observed_run: None,
            failing_since: None,
            edits: 10_000,
            held: BTreeMap::new(),
            news: BTreeMap::new(),
            preferences: Vec::new(),
        });
    }

    /// Where the global account stands.
    pub(crate) fn global(&self) -> usize {
        self.accounts.len() - 1
    }

    /// The name of a preference of an account.
    pub(crate) fn preference(&self, account: usize, at: usize) -> &str {
        let family = family(&self.accounts[account].wiki);
        self.common
            .get(at)
            .unwrap_or_else(|| &self.local[family][at - self.common.len()])
    }

    /// What happens to a preference is in the news until the account is observed.
    pub(crate) fn set_preference(
        &mut self,
        account: usize,
        at: usize,
        value: Option<u8>,
        cause: i64,
    ) {
        let name = self.preference(account, at).to_owned();
        let property = self.interned.property(Kind::Preference, &name);
        let default = self.defaults[family(&self.accounts[account].wiki)][at];
        let value_id = value.map(|value| {
            let is_default = i8::from(value == default);
            self.interned.value(&json(at, value), is_default)
        });
        self.accounts[account].preferences[at] = value;
        self.report(account, property, value_id, cause, None);
    }

    /// Any other property.
    pub(crate) fn set(
        &mut self,
        account: usize,
        (kind, name): (Kind, &str),
        json: Option<&str>,
        cause: i64,
        log_event: Option<i64>,
    ) {
        let property = self.interned.property(kind, name);
        let value = json.map(|json| self.interned.value(json, -1));
        self.report(account, property, value, cause, log_event);
    }

    fn report(
        &mut self,
        account: usize,
        property: PropertyId,
        value: Option<ValueId>,
        cause: i64,
        log_event: Option<i64>,
    ) {
        let news = News {
            value,
            cause,
            log_event,
        };
        self.accounts[account].news.insert(property, news);
    }
}

/// So many values a preference can have.
pub(crate) const CHOICES: u8 = 4;

/// The JSON text of a value of a preference.
fn json(at: usize, value: u8) -> String {
    let name = KNOWN.get(at).copied().unwrap_or_default();
    let words = match name {
        "skin" => ["vector", "vector-2022", "monobook", "timeless"],
        "language" | "variant" => ["en", "de", "fr", "he"],
        "timecorrection" => [
            "System|0",
            "ZoneInfo|Europe/Berlin",
            "ZoneInfo|Asia/Tokyo",
            "Offset|60",
        ],
        "editfont" => ["monospace", "sans-serif", "serif", "default"],
        "gender" => ["unknown", "female", "male", "unknown "],
        _ if at.is_multiple_of(29) => [r#"{"a":1}"#, r#"{"a":2}"#, "[]", ""],
        _ => return [0, 1, 50, 250][usize::from(value)].to_string(),
    };
    serde_json::Value::from(words[usize::from(value)]).to_string()
}

/// Which wikis share their preferences.
pub(crate) fn family(wiki: &str) -> usize {
    usize::try_from(names::family(wiki)).unwrap_or_default() % 48
}

/// A count as SQLite has it.
pub(crate) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
