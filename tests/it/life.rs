//! What happens to an account, night after night, written down twice: by the farm, and in a list of
//! what was made, with which the database is compared afterwards.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the benchmark that lives through a month"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use fastrand::Rng;
use sqlx::Row;
use sultrail::{collect::RunError, mediawiki::Timeouts, model::utc_text};

use super::{
    farm::{ALICE, FarmOptions, Fault, Recording, Rule},
    nights::Nights,
};

/// Verbs know her by her number, whatever her name.
const HER: &str = "#50001";

/// How long, how large, and by which dice.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Nights on which the servers misbehave; two calm ones follow.
    pub nights: i64,
    pub wikis: usize,
    pub seed: u64,
    /// A kill and a rename each night instead of once.
    pub restless: bool,
}

/// Which property of which account: wiki, kind, name.
type Fact = (String, &'static str, String);

/// Something that happened.
#[derive(Clone, Debug)]
struct Made {
    at: i64,
    after: Option<String>,
    why: Why,
}

/// The cause that the history has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Told(&'static str),
    Logged { by: String, comment: String },
}

/// What was true, and what the database said.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub runs: u64,
    pub lost_runs: u64,
    pub killed: u64,
    pub made: u64,
    pub told: u64,
    pub observations: u64,
    pub compared: u64,
    pub unknowable: u64,
    pub met: BTreeMap<&'static str, u64>,
    pub causes: BTreeMap<String, u64>,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.lost_runs += other.lost_runs;
        self.killed += other.killed;
        self.made += other.made;
        self.told += other.told;
        self.observations += other.observations;
        self.compared += other.compared;
        self.unknowable += other.unknowable;
        for (fault, met) in &other.met {
            *self.met.entry(fault).or_default() += met;
        }
        for (cause, count) in &other.causes {
            *self.causes.entry(cause.clone()).or_default() += count;
        }
    }

    #[expect(clippy::print_stdout, reason = "figures for whoever runs it by hand")]
    pub fn print(&self) {
        println!("{self:#?}");
    }
}

/// An account's life on a farm that misbehaves.
pub struct Life {
    nights: Nights,
    plan: Plan,
    dice: Rng,
    wikis: Vec<String>,
    /// Oldest first; one that lies in the future is an expiry.
    made: BTreeMap<Fact, Vec<Made>>,
    first: BTreeMap<Fact, Option<String>>,
    serial: u64,
    tally: Tally,
}

impl Life {
    /// Lives, and compares what was told with what was made.
    pub async fn live(plan: Plan) -> Tally {
        let mut life = Self::begin(plan).await;
        let killed_on = life.dice.i64(1..plan.nights);
        let renamed_on = life.dice.i64(1..plan.nights);
        for day in 0..plan.nights {
            life.nights.wait_until(day, 8);
            if day > 0 {
                life.day(day, day == renamed_on || plan.restless);
            }
            life.nights.wait_until(day, 20);
            let rules = life.misbehave(day);
            life.nights.timeouts.read = Duration::from_millis(250);
            if day == killed_on || plan.restless && day > 0 {
                let (done, polls) = (life.dice.usize(1..plan.wikis), life.dice.u32(0..40));
                life.tally.killed += u64::from(life.nights.killed_run(done, polls).await);
            }
            life.night().await;
            for (name, rule) in rules {
                *life.tally.met.entry(name).or_default() += life.nights.farm.met(rule);
            }
            life.nights.farm.behave();
        }
        life.nights.timeouts = Timeouts::default();
        for day in plan.nights..plan.nights + 2 {
            life.nights.wait_until(day, 20);
            let report = life.nights.run().await.expect("a calm night");
            life.tally.runs += 1;
            assert_eq!(report.failures, [], "on a calm night every wiki answers");
        }
        life.compare_changes().await;
        life.compare_observations().await;
        life.tally
    }

    async fn begin(plan: Plan) -> Self {
        let nights = Nights::begin(FarmOptions {
            wikis: plan.wikis,
            options_per_wiki: 30,
            seed: plan.seed,
            recording: Recording::Counts,
            ..FarmOptions::default()
        })
        .await;
        let mut life = Self {
            dice: Rng::with_seed(plan.seed),
            wikis: nights.farm.wiki_ids(),
            nights,
            plan,
            made: BTreeMap::new(),
            first: BTreeMap::new(),
            serial: 0,
            tally: Tally::default(),
        };
        life.be_born();
        life
    }

    /// Preferences whose beginnings are known, and counters too.
    fn be_born(&mut self) {
        let farm = &self.nights.farm;
        for n in 0..4 {
            farm.add_default(&[], &format!("own-{n}"), "0");
            farm.add_default(&[], &format!("drift-{n}"), "1");
            farm.add_default(&[], &format!("global-{n}"), "0");
        }
        for wiki in self.wikis.clone() {
            self.nights
                .farm
                .set_edit_count(HER, &wiki, 10, Some(1_750_000_000));
            for n in 0..4 {
                self.was(&wiki, "preference", &format!("own-{n}"), Some("0"));
                self.was(&wiki, "preference", &format!("drift-{n}"), Some("1"));
                self.was(&wiki, "preference", &format!("global-{n}"), Some("0"));
            }
            let latest = quoted(&utc_text(instant(1_750_000_000)));
            self.was(&wiki, "counter", "edit_count", Some("10"));
            self.was(&wiki, "counter", "latest_edit_at", Some(&latest));
            self.was(&wiki, "identity", "name", Some(&quoted(ALICE)));
            self.was(&wiki, "identity", "email", Some("\"alice@example.org\""));
            let confirmed = quoted(&utc_text(instant(1_221_405_377 + 61)));
            self.was(&wiki, "identity", "email_confirmed_at", Some(&confirmed));
        }
        let edits = (10 * self.wikis.len()).to_string();
        self.was("global", "counter", "edit_count", Some(&edits));
        self.was("global", "identity", "name", Some(&quoted(ALICE)));
    }

    async fn night(&mut self) {
        match self.nights.run().await {
            Ok(_) => self.tally.runs += 1,
            // The list of accounts could not be read: nothing is known of this night.
            Err(RunError::Unreachable(_)) => self.tally.lost_runs += 1,
            Err(error) => panic!("{:?}: {error}", self.plan),
        }
    }

    /// One request in nine meets something.
    fn misbehave(&mut self, day: i64) -> Vec<(&'static str, usize)> {
        let seed = self.plan.seed * 1000 + day.unsigned_abs();
        let mut kinds = vec![
            ("no end in time", Fault::CutInMiddle, 0.03),
            ("no answer in time", Fault::Reset, 0.016),
            ("silence", Fault::Hang, 0.004),
            (
                "429",
                Fault::Http429Text {
                    retry_after: Some(3),
                },
                0.02,
            ),
            ("HTML page", Fault::WrongContentType, 0.01),
            ("anonymous answer", Fault::Anonymous200, 0.01),
            ("truncated answer", Fault::InvalidJson, 0.01),
            ("other user's answer", Fault::OtherUser200, 0.01),
        ];
        let farm = &self.nights.farm;
        let rules = kinds.drain(..).enumerate().map(|(n, (name, fault, rate))| {
            let rule = Rule::new(fault).rate(rate, seed * 10 + n as u64);
            (name, farm.misbehave(rule))
        });
        rules.collect()
    }
}

/// What happens by day.
impl Life {
    fn day(&mut self, day: i64, renamed: bool) {
        for _ in 0..self.plan.wikis / 3 {
            self.nights.clock.advance(Duration::from_secs(7));
            match self.dice.u32(0..12) {
                0..=2 => self.sets_own_preference(),
                3 | 4 => self.is_granted(day, false),
                5 => self.is_revoked(false),
                6 => self.is_granted(day, true),
                7 => self.is_revoked(true),
                8 => self.is_blocked_or_unblocked(day),
                9 | 10 => self.edits(),
                _ => self.excepts(),
            }
        }
        self.nights.clock.advance(Duration::from_mins(1));
        self.default_flips();
        self.software_comes_and_goes(day);
        self.changes_global_preference();
        self.global_group(day);
        if day % 3 == 2 {
            self.changes_email(day);
        }
        self.nights.clock.advance(Duration::from_mins(1));
        if renamed {
            self.is_renamed();
        }
    }

    fn sets_own_preference(&mut self) {
        let (wiki, name) = (self.wiki(), format!("own-{}", self.dice.u32(0..4)));
        let value = ["0", "\"1\"", "\"w1\"", "\"w2\""][self.dice.usize(0..4)];
        self.nights.farm.set_preference(HER, &wiki, &name, value);
        let shown = if value == "\"1\"" { "1" } else { value };
        self.becomes(
            &wiki,
            "preference",
            &name,
            Some(shown.to_owned()),
            Why::Told("user"),
        );
    }

    fn is_granted(&mut self, day: i64, by_steward: bool) {
        let (wiki, group) = (self.wiki(), self.group());
        let ends = self.dice.bool().then(|| {
            let days = self.dice.i64(1..3);
            Nights::at(day + days, 3).timestamp()
        });
        let (by, comment) = self.somebody(by_steward);
        let farm = &self.nights.farm;
        if by_steward {
            farm.grant_from_meta(&wiki, HER, group, ends, &by, &comment);
        } else {
            farm.grant(&wiki, HER, group, ends, &by, &comment);
        }
        let value = ends.map_or("\"infinity\"".to_owned(), |at| {
            quoted(&utc_text(instant(at)))
        });
        self.becomes(
            &wiki,
            "group",
            group,
            Some(value),
            Why::Logged { by, comment },
        );
        self.will_expire(&wiki, "group", group, ends);
    }

    fn is_revoked(&mut self, by_steward: bool) {
        let now = self.nights.farm.now();
        let held: Vec<Fact> = self
            .made
            .keys()
            .filter(|fact| fact.1 == "group" && self.value_at(fact, now).is_some())
            .cloned()
            .collect();
        let Some((wiki, _, group)) = self.dice.choice(held) else {
            return;
        };
        let (by, comment) = self.somebody(by_steward);
        let farm = &self.nights.farm;
        if by_steward {
            farm.revoke_from_meta(&wiki, HER, &group, &by, &comment);
        } else {
            farm.revoke(&wiki, HER, &group, &by, &comment);
        }
        self.becomes(&wiki, "group", &group, None, Why::Logged { by, comment });
    }

    fn is_blocked_or_unblocked(&mut self, day: i64) {
        let (wiki, now) = (self.wiki(), self.nights.farm.now());
        let blocks = self
            .made
            .keys()
            .filter(|fact| fact.0 == wiki && fact.1 == "block");
        let blocked: Vec<Fact> = blocks
            .filter(|fact| self.value_at(fact, now).is_some())
            .cloned()
            .collect();
        let (by, comment) = self.somebody(false);
        if let Some((_, _, id)) = blocked.first() {
            self.nights.farm.unblock(&wiki, HER, &by, &comment);
            self.becomes(&wiki, "block", id, None, Why::Logged { by, comment });
            return;
        }
        let ends = self.dice.bool().then(|| Nights::at(day + 2, 4).timestamp());
        let partial = self.dice.bool();
        let farm = &self.nights.farm;
        let id = farm.block(&wiki, HER, &by, &comment, ends, partial);
        let until = ends.map_or("infinity".to_owned(), |at| utc_text(instant(at)));
        let value = format!("{by} {comment} {until} {partial}");
        self.becomes(
            &wiki,
            "block",
            &id.to_string(),
            Some(value),
            Why::Logged { by, comment },
        );
        self.will_expire(&wiki, "block", &id.to_string(), ends);
    }

    fn edits(&mut self) {
        let wiki = self.wiki();
        self.nights.farm.edit(HER, &wiki);
        let at = quoted(&utc_text(instant(self.nights.farm.now())));
        for account in [wiki.as_str(), "global"] {
            let count = self.value(account, "counter", "edit_count");
            let count: u64 = count.and_then(|text| text.parse().ok()).unwrap_or_default();
            self.becomes(
                account,
                "counter",
                "edit_count",
                Some((count + 1).to_string()),
                Why::Told("user"),
            );
        }
        self.becomes(
            &wiki,
            "counter",
            "latest_edit_at",
            Some(at),
            Why::Told("user"),
        );
    }

    /// A wiki's own value although there is, or will be, one for all wikis.
    fn excepts(&mut self) {
        let (wiki, name) = (self.wiki(), format!("global-{}", self.dice.u32(0..4)));
        let exception = format!("{name}-local-exception");
        let farm = &self.nights.farm;
        if self.value(&wiki, "preference", &exception).is_some() {
            farm.unset_local_exception(HER, &wiki, &name);
            let global = self.value("global", "global_preference", &name);
            self.becomes(&wiki, "preference", &exception, None, Why::Told("user"));
            let shown = global.unwrap_or_else(|| "0".to_owned());
            self.becomes(&wiki, "preference", &name, Some(shown), Why::Told("user"));
        } else {
            farm.set_local_exception(HER, &wiki, &name, "\"here\"");
            let one = Some("1".to_owned());
            self.becomes(&wiki, "preference", &exception, one, Why::Told("user"));
            let here = Some("\"here\"".to_owned());
            self.becomes(&wiki, "preference", &name, here, Why::Told("user"));
        }
    }

    /// On thirty wikis of a hundred.
    fn default_flips(&mut self) {
        let name = format!("drift-{}", self.dice.u32(0..4));
        let value = ["0", "1", "\"new\""][self.dice.usize(0..3)];
        let wikis = self.some_wikis(30);
        let names: Vec<&str> = wikis.iter().map(String::as_str).collect();
        self.nights.farm.set_default(&names, &name, value);
        for wiki in &wikis {
            self.becomes(
                wiki,
                "preference",
                &name,
                Some(value.to_owned()),
                Why::Told("wiki-default"),
            );
        }
    }

    fn software_comes_and_goes(&mut self, day: i64) {
        let wikis = self.some_wikis(40);
        let names: Vec<&str> = wikis.iter().map(String::as_str).collect();
        let came = format!("software-{day}");
        self.nights.farm.add_default(&names, &came, "\"on\"");
        for wiki in &wikis {
            let on = Some("\"on\"".to_owned());
            self.becomes(wiki, "preference", &came, on, Why::Told("software"));
        }
        let goes = format!("software-{}", day - 2);
        let having: Vec<String> = self
            .wikis
            .iter()
            .filter(|wiki| self.value(wiki, "preference", &goes).is_some())
            .cloned()
            .collect();
        if having.is_empty() {
            return;
        }
        let names: Vec<&str> = having.iter().map(String::as_str).collect();
        self.nights.farm.remove_default(&names, &goes);
        for wiki in &having {
            self.becomes(wiki, "preference", &goes, None, Why::Told("software"));
        }
    }

    fn changes_global_preference(&mut self) {
        let name = format!("global-{}", self.dice.u32(0..4));
        let value = self
            .dice
            .choice([Some("\"g1\""), Some("\"g2\""), Some("\"g3\""), None])
            .flatten();
        let farm = &self.nights.farm;
        match value {
            Some(value) => farm.set_global_preference(HER, &name, value),
            None => farm.unset_global_preference(HER, &name),
        }
        let kept = value.map(str::to_owned);
        self.becomes(
            "global",
            "global_preference",
            &name,
            kept,
            Why::Told("user"),
        );
        let exception = format!("{name}-local-exception");
        for wiki in self.wikis.clone() {
            if self.value(&wiki, "preference", &exception).is_none() {
                let shown = Some(value.unwrap_or("0").to_owned());
                let why = Why::Told("global-preference");
                self.becomes(&wiki, "preference", &name, shown, why);
            }
        }
    }

    fn global_group(&mut self, day: i64) {
        let present = day % 2 == 1;
        let farm = &self.nights.farm;
        farm.set_global_group(HER, "abuse-viewer", present, None);
        let value = present.then(|| "true".to_owned());
        let why = Why::Logged {
            by: "Steward".to_owned(),
            comment: "global request".to_owned(),
        };
        self.becomes("global", "global_group", "abuse-viewer", value, why);
    }

    /// No log tells of it, and nothing else does.
    fn changes_email(&mut self, day: i64) {
        let address = format!("alice{day}@example.org");
        let now = self.nights.farm.now();
        self.nights.farm.set_email(HER, &address, Some(now));
        let confirmed = quoted(&utc_text(instant(now)));
        for wiki in self.wikis.clone() {
            let why = || Why::Told("unknown");
            self.becomes(&wiki, "identity", "email", Some(quoted(&address)), why());
            let at = Some(confirmed.clone());
            self.becomes(&wiki, "identity", "email_confirmed_at", at, why());
        }
    }

    fn is_renamed(&mut self) {
        self.serial += 1;
        let name = format!("Alice Renamed {}", self.serial);
        self.nights.farm.rename(HER, &name);
        let mut accounts = self.wikis.clone();
        accounts.push("global".to_owned());
        for account in accounts {
            let why = Why::Logged {
                by: "Renamer".to_owned(),
                comment: "on request".to_owned(),
            };
            self.becomes(&account, "identity", "name", Some(quoted(&name)), why);
        }
    }
}

/// The list of what was made.
impl Life {
    fn was(&mut self, wiki: &str, kind: &'static str, name: &str, value: Option<&str>) {
        let fact = (wiki.to_owned(), kind, name.to_owned());
        self.first.insert(fact, value.map(str::to_owned));
    }

    fn becomes(
        &mut self,
        wiki: &str,
        kind: &'static str,
        name: &str,
        after: Option<String>,
        why: Why,
    ) {
        let fact = (wiki.to_owned(), kind, name.to_owned());
        let at = self.nights.farm.now();
        let differs = self.value_at(&fact, at) != after;
        let made = self.made.entry(fact).or_default();
        // What was to expire does not any more.
        made.retain(|one| one.at <= at);
        if differs {
            made.push(Made { at, after, why });
        }
    }

    fn will_expire(&mut self, wiki: &str, kind: &'static str, name: &str, at: Option<i64>) {
        let Some(at) = at else { return };
        let fact = (wiki.to_owned(), kind, name.to_owned());
        self.made.entry(fact).or_default().push(Made {
            at,
            after: None,
            why: Why::Told("expiry"),
        });
    }

    fn value(&self, wiki: &str, kind: &'static str, name: &str) -> Option<String> {
        let fact = (wiki.to_owned(), kind, name.to_owned());
        self.value_at(&fact, self.nights.farm.now())
    }

    fn value_at(&self, fact: &Fact, at: i64) -> Option<String> {
        let mut made = self.made.get(fact).into_iter().flatten();
        match made.rfind(|one| one.at <= at) {
            Some(one) => one.after.clone(),
            None => self.first.get(fact).cloned().flatten(),
        }
    }

    fn wiki(&mut self) -> String {
        let at = self.dice.usize(0..self.wikis.len());
        self.wikis[at].clone()
    }

    fn some_wikis(&mut self, percent: usize) -> Vec<String> {
        let mut wikis = self.wikis.clone();
        self.dice.shuffle(&mut wikis);
        wikis.truncate(wikis.len() * percent / 100);
        wikis
    }

    fn group(&mut self) -> &'static str {
        ["sysop", "bot", "patroller"][self.dice.usize(0..3)]
    }

    /// Who did it, and why: never the same twice, so that no entry can be taken for another.
    fn somebody(&mut self, steward: bool) -> (String, String) {
        self.serial += 1;
        let role = if steward { "Steward" } else { "Bureaucrat" };
        (
            format!("{role} {}", self.serial),
            format!("request {}", self.serial),
        )
    }
}

/// What the database says, beside what was made.
impl Life {
    /// No phantoms, and every cause right.
    async fn compare_changes(&mut self) {
        let rows = self
            .nights
            .ask(
                "select run, wiki, kind, name, before, after, \
                 unixepoch(happened_after) as since, unixepoch(happened_by) as until, \
                 cause, performer, comment from changes order by run, wiki, kind, name",
            )
            .await;
        let mut lies = Vec::new();
        let mut kinds = BTreeMap::new();
        for row in &rows {
            let told = Told::read(row);
            *self.tally.causes.entry(told.cause.clone()).or_default() += 1;
            if let Err(lie) = self.check(&told) {
                *kinds.entry((lie, told.fact.1)).or_insert(0) += 1;
                lies.push(format!("{lie}: {told:?}; made: {:?}", self.made_of(&told)));
            }
            self.tally.unknowable += u64::from(self.is_unknowable(&told));
        }
        self.tally.told += rows.len() as u64;
        self.tally.made += self
            .made
            .values()
            .map(|made| made.len() as u64)
            .sum::<u64>();
        let (plan, count) = (self.plan, lies.len());
        lies.truncate(5);
        assert!(
            count == 0,
            "{plan:?}: {count} lies, {kinds:?}\n{}",
            lies.join("\n")
        );
    }

    /// Since the value before was seen, and one more.
    fn made_of(&self, told: &Told) -> Vec<&Made> {
        let made = self.made.get(&told.fact).into_iter().flatten();
        let since = made.skip_while(|one| one.at < told.since);
        since.take(4).collect()
    }

    /// A value for all wikis that came and went while nobody could look at it.
    fn is_unknowable(&self, told: &Told) -> bool {
        let made = self.made.get(&told.fact).into_iter().flatten();
        let mut made = made.filter(|one| (told.since..=told.until).contains(&one.at));
        told.cause == "unknown" && made.any(|one| one.why == Why::Told("global-preference"))
    }

    fn check(&self, told: &Told) -> Result<(), &'static str> {
        let (since, until) = (told.since - 1, told.until + 1);
        if told.before == told.after {
            return Err("a change of nothing");
        }
        if self.value_at(&told.fact, told.since) != told.before {
            return Err("it was something else before");
        }
        if self.value_at(&told.fact, told.until) != told.after {
            return Err("it became something else");
        }
        let made = self.made.get(&told.fact).into_iter().flatten();
        let mut made = made.filter(|one| (since..=until).contains(&one.at));
        if made.clone().next().is_none() {
            return Err("nothing happened");
        }
        // If the user did several things to one preference, any of them is why it is as it is.
        if self.is_unknowable(told) {
            return Ok(());
        }
        let led_here = |one: &Made| one.after == told.after || told.fact.1 == "preference";
        if !made.any(|one| led_here(one) && told.has_cause(&one.why)) {
            return Err("it has another cause");
        }
        Ok(())
    }

    /// Nothing missed: whenever a wiki was observed, the history says of each property what was true.
    async fn compare_observations(&mut self) {
        let mut history: BTreeMap<Fact, Vec<(i64, i64, String)>> = BTreeMap::new();
        let rows = self
            .nights
            .ask(
                "select wiki, kind, name, value, unixepoch(valid_from) as since, \
                 coalesce(unixepoch(valid_to), 9000000000000000) as until from history",
            )
            .await;
        for row in &rows {
            let fact = fact(row);
            let value = shown(fact.1, row.get("value"));
            let span = (row.get("since"), row.get("until"), value);
            history.entry(fact).or_default().push(span);
        }
        let observations = self
            .nights
            .ask(
                "select wiki, unixepoch(taken_at) as at from snapshots \
                 where outcome <> 'failed' order by taken_at",
            )
            .await;
        let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for row in &observations {
            times
                .entry(row.get("wiki"))
                .or_default()
                .push(row.get("at"));
        }
        self.tally.observations += observations.len() as u64;
        let facts: BTreeSet<&Fact> = self.made.keys().chain(self.first.keys()).collect();
        let mut missed = Vec::new();
        for fact in facts {
            // Looked for only when something on the wikis asks for it.
            if fact.1 == "global_preference" {
                continue;
            }
            for at in times.get(&fact.0).into_iter().flatten() {
                let held = history.get(fact).into_iter().flatten();
                let said = held
                    .filter(|(since, until, _)| since <= at && at < until)
                    .map(|(_, _, value)| value.clone())
                    .next();
                self.tally.compared += 1;
                let was = self.value_at(fact, *at);
                if said != was {
                    missed.push(format!("{fact:?} at {at} was {was:?}, said {said:?}"));
                }
            }
        }
        let (plan, count) = (self.plan, missed.len());
        missed.truncate(5);
        assert!(
            count == 0,
            "{plan:?}: {count} missed\n{}",
            missed.join("\n")
        );
    }
}

/// A row of the view `changes`.
#[derive(Debug)]
struct Told {
    run: i64,
    fact: Fact,
    before: Option<String>,
    after: Option<String>,
    since: i64,
    until: i64,
    cause: String,
    performer: Option<String>,
    comment: Option<String>,
}

impl Told {
    fn read(row: &sqlx::sqlite::SqliteRow) -> Self {
        let fact = fact(row);
        let value = |column: &str| {
            let value: Option<String> = row.get(column);
            value.map(|json| shown(fact.1, json))
        };
        Self {
            run: row.get("run"),
            before: value("before"),
            after: value("after"),
            since: row.get("since"),
            until: row.get("until"),
            cause: row.get("cause"),
            performer: row.get("performer"),
            comment: row.get("comment"),
            fact,
        }
    }

    fn has_cause(&self, why: &Why) -> bool {
        match why {
            Why::Told(cause) => self.cause == *cause && self.performer.is_none(),
            Why::Logged { by, comment } => {
                self.cause == "rights-log"
                    && self.performer.as_ref() == Some(by)
                    && self.comment.as_ref() == Some(comment)
            }
        }
    }
}

fn fact(row: &sqlx::sqlite::SqliteRow) -> Fact {
    const KINDS: [&str; 10] = [
        "group",
        "implicit_group",
        "global_group",
        "preference",
        "global_preference",
        "rights",
        "block",
        "lock",
        "identity",
        "counter",
    ];
    let kind: String = row.get("kind");
    let kind = KINDS.into_iter().find(|known| **known == kind);
    (
        row.get("wiki"),
        kind.expect("a kind of the contract"),
        row.get("name"),
    )
}

/// A value as it is compared: of a block what its log entry tells.
fn shown(kind: &str, json: String) -> String {
    if kind != "block" {
        return json;
    }
    let block: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let text = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
    format!(
        "{} {} {} {}",
        text("by"),
        text("reason"),
        text("expiry"),
        block["partial"]
    )
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn instant(unix: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(unix, 0).expect("an instant")
}
