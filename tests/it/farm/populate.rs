//! The people a farm begins with: Alice Example, at home on `enwiki`, with a modest life elsewhere.

use super::world::{Account, Membership, User, World};
use super::{ALICE, ALICE_ID, TOKEN, mix};

/// 2026-01-01: nothing that farms are born with is younger.
const YOUNGEST: i64 = 1_767_225_600;
const OLDEST: i64 = 1_221_405_377;

impl World {
    pub fn add_alice(&mut self) {
        let wikis = self
            .options
            .attached
            .unwrap_or(self.wikis.len())
            .min(self.wikis.len());
        let all: Vec<usize> = (0..wikis).collect();
        let alice = self.new_user(ALICE, ALICE_ID, &all);
        let user = &mut self.users[alice];
        "alice@example.org".clone_into(&mut user.email);
        user.email_confirmed = Some(OLDEST + 61);
        self.credentials
            .add_token(TOKEN, alice, &["basic", "privateinfo"]);
        for wiki in all {
            self.give_preferences(alice, wiki);
        }
        let home = self.users[alice].home;
        for (wiki, group) in [
            ("enwiki", "extendedconfirmed"),
            ("enwiki", "rollbacker"),
            ("commonswiki", "filemover"),
        ] {
            if let Some(at) = self.wikis.iter().position(|one| one.id == wiki)
                && let Some(account) = &mut self.users[alice].accounts[at]
            {
                account.memberships.push(Membership {
                    group: group.into(),
                    expiry: None,
                });
            }
        }
        if let Some(account) = home.and_then(|at| self.users[alice].accounts[at].as_mut()) {
            account.set.insert(
                "watchlisttoken".into(),
                format!("\"{:040x}\"", 0xfeed).into(),
            );
            account
                .set
                .insert("userjs-notes".into(), "\"private note\"".into());
        }
    }

    /// A global account with one attached account on each of `wikis`.
    pub fn new_user(&mut self, name: &str, id: u64, wikis: &[usize]) -> usize {
        let mut user = User::new(id, name, self.wikis.len());
        let enwiki = self.wikis.iter().position(|wiki| wiki.id == "enwiki");
        user.home = enwiki
            .filter(|at| wikis.contains(at))
            .or_else(|| wikis.first().copied());
        for &wiki in wikis {
            let local_id = self.new_local_id(wiki);
            let home = user.home == Some(wiki);
            user.accounts[wiki] = Some(Box::new(self.born(id, wiki, local_id, home)));
        }
        self.users.push(user);
        self.users.len() - 1
    }

    fn born(&self, id: u64, wiki: usize, local_id: u64, home: bool) -> Account {
        let dice = mix(mix(self.options.seed, id), wiki as u64);
        let age = if home { 0 } else { (dice % 315_000_000) as i64 };
        let mut account = Account::new(local_id, OLDEST + age);
        account.method = if home { "primary" } else { "login" };
        account.edit_count = if home {
            self.options.home_edits
        } else {
            (dice / 7 % 20) as i64
        };
        account.unread = (dice / 3 % 4) as u32;
        let step = (YOUNGEST - OLDEST - age) / (account.edit_count + 1);
        account.edits = (1..=account.edit_count)
            .map(|n| OLDEST + age + n * step)
            .collect();
        account
    }

    fn give_preferences(&mut self, user: usize, wiki: usize) {
        let dice = mix(self.options.seed, 1000 + wiki as u64);
        let defaults = self.wikis[wiki].defaults.clone();
        let gadget = defaults
            .iter()
            .filter(|(name, _)| name.starts_with("gadget-"));
        let gadget = gadget
            .skip((dice % 20) as usize)
            .find(|(_, value)| &**value == "0");
        let Some(account) = &mut self.users[user].accounts[wiki] else {
            return;
        };
        let mut set = |name: &str, value: &str| account.set.insert(name.into(), value.into());
        set("timecorrection", "\"ZoneInfo|60|Europe/Berlin\"");
        if let Some((name, _)) = gadget {
            set(name, "\"1\"");
        }
        if dice.is_multiple_of(3) {
            set("language", "\"en-gb\"");
        }
        if dice.is_multiple_of(10) {
            set("skin", "\"monobook\"");
        }
        if dice.is_multiple_of(5) {
            set("watchlistdays", "\"30\"");
        }
    }
}
