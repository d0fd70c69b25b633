//! What happens between two nights: by hand, by new defaults and new software, by others.

use sultrail::model::Kind;

use super::world::{CHOICES, World, family};

/// The rows of `cause`.
const UNKNOWN: i64 = 0;
const USER: i64 = 1;
const DEFAULT: i64 = 2;
const SOFTWARE: i64 = 3;
const GLOBAL: i64 = 4;
const RIGHTS_LOG: i64 = 5;
const EXPIRY: i64 = 6;

/// Of all preferences, so many in a thousand change a day.
const PER_MILLE: usize = 2;
const DAY: i64 = 86_400;

/// A row of `log_event`, as the list of its columns.
pub(crate) type LogEvent = serde_json::Value;

/// Life between the nights.
pub(crate) struct Days {
    /// How many preferences have changed so far.
    done: usize,
    next_log_id: i64,
    /// Groups that end: when, the account, the group.
    ending: Vec<(i64, usize, &'static str)>,
    blocked: Vec<(i64, usize, i64)>,
}

impl Days {
    pub(crate) fn new() -> Self {
        Self {
            done: 0,
            next_log_id: 1,
            ending: Vec::new(),
            blocked: Vec::new(),
        }
    }

    /// The day before a night; what stands in the logs afterwards.
    pub(crate) fn live(&mut self, world: &mut World, night: i64, now: i64) -> Vec<LogEvent> {
        let mut log = Vec::new();
        if night == 0 {
            Self::begin(world);
            return log;
        }
        let plan = world.plan;
        let due =
            plan.wikis * plan.preferences * PER_MILLE * usize::try_from(night).unwrap_or(0) / 1000;
        match night % 26 {
            3 | 11 | 19 => self.new_default(world),
            7 => self.software_goes_or_comes(world),
            _ => {}
        }
        if night % 90 == 45 {
            self.set_globally(world);
        }
        while self.done < due {
            let account = world.dice.usize(..plan.wikis);
            let at = world.dice.usize(..plan.preferences);
            let value = world.dice.u8(..CHOICES);
            if world.accounts[account].preferences[at].is_some_and(|held| held != value) {
                world.set_preference(account, at, Some(value), USER);
                self.done += 1;
            }
        }
        Self::edit(world, now);
        self.keep_rights(world, night, now, &mut log);
        self.meet_admins(world, night, now, &mut log);
        Self::change_identity(world, night);
        log
    }

    /// Everything that the first night finds.
    fn begin(world: &mut World) {
        for account in 0..world.plan.wikis {
            for at in 0..world.plan.preferences {
                let value = world.accounts[account].preferences[at];
                world.set_preference(account, at, value, UNKNOWN);
            }
            let local_id = (1_000 + account * 37).to_string();
            let edits = world.accounts[account].edits.to_string();
            let mut set =
                |kind, name, json: &str| world.set(account, (kind, name), Some(json), 0, None);
            set(Kind::Identity, "local_user_id", &local_id);
            set(Kind::Identity, "name", r#""Alice Example""#);
            set(Kind::Identity, "registered_at", r#""2015-03-04T05:06:07Z""#);
            set(Kind::Identity, "email", r#""alice@example.org""#);
            set(
                Kind::Identity,
                "email_confirmed_at",
                r#""2015-03-04T06:06:07Z""#,
            );
            set(Kind::ImplicitGroup, "user", "true");
            set(Kind::ImplicitGroup, "autoconfirmed", "true");
            set(Kind::Counter, "edit_count", &edits);
            if account % 25 == 0 {
                set(Kind::Group, "extendedconfirmed", r#""infinity""#);
            }
        }
        let global = world.global();
        let mut set = |kind, name, json: &str| world.set(global, (kind, name), Some(json), 0, None);
        set(Kind::Identity, "name", r#""Alice Example""#);
        set(Kind::Identity, "home_wiki", r#""enwiki""#);
        set(Kind::Counter, "edit_count", "10000");
        set(Kind::GlobalGroup, "global-rollbacker", "true");
    }

    /// The default of a preference moves on three wikis in ten, and takes along who follows it.
    fn new_default(&mut self, world: &mut World) {
        let at = world.dice.usize(..world.plan.preferences);
        let value = world.dice.u8(..CHOICES);
        for moved in 0..world.defaults.len() {
            if world.dice.u8(..10) >= 3 || world.defaults[moved][at] == value {
                continue;
            }
            let before = world.defaults[moved][at];
            world.defaults[moved][at] = value;
            for account in 0..world.plan.wikis {
                let follows = world.accounts[account].preferences[at] == Some(before);
                if follows && family(&world.accounts[account].wiki) == moved {
                    world.set_preference(account, at, Some(value), DEFAULT);
                    self.done += 1;
                }
            }
        }
    }

    /// A preference disappears from all wikis, or comes back.
    fn software_goes_or_comes(&mut self, world: &mut World) {
        let at = world
            .dice
            .usize(world.plan.preferences / 3..world.plan.preferences);
        let goes = world.accounts[0].preferences[at].is_some();
        for account in 0..world.plan.wikis {
            let family = family(&world.accounts[account].wiki);
            let value = if goes {
                None
            } else {
                Some(world.defaults[family][at])
            };
            if world.accounts[account].preferences[at] != value {
                world.set_preference(account, at, value, SOFTWARE);
                self.done += 1;
            }
        }
    }

    /// A global preference shows on every wiki.
    fn set_globally(&mut self, world: &mut World) {
        let at = world.dice.usize(..12.min(world.plan.preferences));
        let value = world.dice.u8(..CHOICES);
        let name = world.preference(0, at).to_owned();
        let global = world.global();
        let json = format!("\"choice {value}\"");
        world.set(
            global,
            (Kind::GlobalPreference, &name),
            Some(&json),
            USER,
            None,
        );
        for account in 0..world.plan.wikis {
            if world.accounts[account].preferences[at] != Some(value) {
                world.set_preference(account, at, Some(value), GLOBAL);
                self.done += 1;
            }
        }
    }

    fn edit(world: &mut World, now: i64) {
        let at = format!("\"{}\"", time(now - 7_200));
        for _ in 0..5 {
            let account = world.dice.usize(..world.plan.wikis.min(40));
            world.accounts[account].edits += world.dice.i64(1..5);
            let edits = world.accounts[account].edits.to_string();
            world.set(
                account,
                (Kind::Counter, "edit_count"),
                Some(&edits),
                UNKNOWN,
                None,
            );
            world.set(
                account,
                (Kind::Counter, "latest_edit_at"),
                Some(&at),
                UNKNOWN,
                None,
            );
        }
        let global = world.global();
        world.accounts[global].edits += 12;
        let edits = world.accounts[global].edits.to_string();
        world.set(
            global,
            (Kind::Counter, "edit_count"),
            Some(&edits),
            UNKNOWN,
            None,
        );
    }

    /// A right for ninety days every nine; two in three are renewed before they end.
    fn keep_rights(&mut self, world: &mut World, night: i64, now: i64, log: &mut Vec<LogEvent>) {
        const GROUPS: [&str; 5] = ["rollbacker", "sysop", "patroller", "filemover", "bot"];
        let due: Vec<_> = self
            .ending
            .iter()
            .filter(|(end, ..)| *end <= now)
            .copied()
            .collect();
        self.ending.retain(|(end, ..)| *end > now);
        for (_, account, group) in due {
            world.set(account, (Kind::Group, group), None, EXPIRY, None);
        }
        let renewed: Vec<usize> = (0..self.ending.len())
            .filter(|&at| self.ending[at].0 - now < 3 * DAY && !self.ending[at].1.is_multiple_of(3))
            .collect();
        for at in renewed {
            let (_, account, group) = self.ending[at];
            self.ending[at].0 = now + 90 * DAY;
            self.grant(world, (account, group), now, log);
        }
        if night % 9 == 4 {
            let account = world.dice.usize(..world.plan.wikis.min(60));
            let group = GROUPS[world.dice.usize(..GROUPS.len())];
            if !self
                .ending
                .iter()
                .any(|(_, a, g)| (*a, *g) == (account, group))
            {
                self.ending.push((now + 90 * DAY, account, group));
                self.grant(world, (account, group), now, log);
            }
        }
    }

    fn grant(
        &mut self,
        world: &mut World,
        (account, group): (usize, &str),
        now: i64,
        log: &mut Vec<LogEvent>,
    ) {
        let end = time(now + 90 * DAY);
        let comment = "trusted, see [[Special:Permalink/123]]";
        let params = format!(
            r#"{{"newgroups":["{group}"],"newmetadata":[{{"group":"{group}","expiry":"{end}"}}]}}"#
        );
        let wiki = world.accounts[account].wiki.clone();
        let event = self.note(
            &wiki,
            ("rights", "rights"),
            now - 40_000,
            comment,
            &params,
            log,
        );
        let json = format!("\"{end}\"");
        world.set(
            account,
            (Kind::Group, group),
            Some(&json),
            RIGHTS_LOG,
            Some(event),
        );
    }

    fn meet_admins(&mut self, world: &mut World, night: i64, now: i64, log: &mut Vec<LogEvent>) {
        let over: Vec<_> = self
            .blocked
            .iter()
            .filter(|(end, ..)| *end <= now)
            .copied()
            .collect();
        self.blocked.retain(|(end, ..)| *end > now);
        for (_, account, id) in over {
            world.set(account, (Kind::Block, &id.to_string()), None, EXPIRY, None);
        }
        if night % 120 == 100 {
            let account = world.dice.usize(..world.plan.wikis);
            let wiki = world.accounts[account].wiki.clone();
            let event = self.note(
                &wiki,
                ("block", "block"),
                now - 30_000,
                "edit war",
                "{}",
                log,
            );
            let end = now + 3 * DAY;
            let json = format!(
                r#"{{"by":"Admin","expires_at":"{}","partial":true,"reason":"edit war"}}"#,
                time(end)
            );
            world.set(
                account,
                (Kind::Block, &event.to_string()),
                Some(&json),
                RIGHTS_LOG,
                Some(event),
            );
            self.blocked.push((end, account, event));
        }
    }

    /// One new e-mail address and one rename in all the time.
    fn change_identity(world: &mut World, night: i64) {
        let nights = world.plan.nights;
        let (name, value) = match night {
            n if n == nights / 3 => ("email", r#""alice@example.net""#),
            n if n == nights / 2 => ("name", r#""Alice Sample""#),
            _ => return,
        };
        let first = if name == "name" { world.global() } else { 0 };
        for account in (first..=first).chain(0..world.plan.wikis) {
            world.set(account, (Kind::Identity, name), Some(value), UNKNOWN, None);
        }
    }

    fn note(
        &mut self,
        wiki: &str,
        (kind, action): (&str, &str),
        at: i64,
        comment: &str,
        params: &str,
        log: &mut Vec<LogEvent>,
    ) -> i64 {
        let id = self.next_log_id;
        self.next_log_id += 1;
        log.push(serde_json::json!([
            id,
            wiki,
            kind,
            action,
            at,
            "Bureau Kratin",
            comment,
            params
        ]));
        id
    }
}

/// An instant as MediaWiki writes it.
fn time(seconds: i64) -> String {
    let instant = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
