//! What is true on the farm: wikis, users, their accounts. No HTTP and no JSON in here.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::answer::Compressed;
use super::auth::Credentials;
use super::clock::Clock;
use super::counts::Counts;
use super::faults::LiveRule;
use super::gateway::Gateway;
use super::preferences::{Defaults, Maker};
use super::replay::Replays;
use super::{FarmOptions, mix, names};

pub type Text = Arc<str>;

/// Everything behind the farm's one lock.
pub struct World {
    pub options: FarmOptions,
    pub clock: Clock,
    pub wikis: Vec<Wiki>,
    /// Indexes of `wikis` in the order of their IDs: the order of `merged`.
    pub sorted: Vec<usize>,
    pub hosts: HashMap<String, usize>,
    pub users: Vec<User>,
    /// The one whose answers a wiki gives by mistake; known to no module.
    pub stranger: User,
    pub strays: Vec<Stray>,
    pub credentials: Credentials,
    pub rules: Vec<LiveRule>,
    pub replays: Replays,
    pub gateway: Gateway,
    pub counts: Counts,
    pub compressed: Compressed,
}

pub struct Wiki {
    pub id: String,
    pub base: String,
    pub language: String,
    pub defaults: Arc<Defaults>,
    pub readonly: bool,
    pub private: bool,
    pub lag: u64,
    /// What `merged[].url` says instead of the truth.
    pub central_url: Option<String>,
    pub ip_block: Option<Block>,
    pub log: Vec<LogEntry>,
    pub last_user_id: u64,
    pub last_log_id: u64,
    pub last_block_id: u64,
    /// `siteinfo` general, cut where time and readonly go.
    pub general: OnceCell<[String; 3]>,
}

pub struct User {
    pub id: u64,
    pub name: String,
    /// Earlier names: verbs still know the user by them, the API does not.
    pub former: Vec<String>,
    pub home: Option<usize>,
    pub registration: i64,
    pub locked: bool,
    pub hidden: bool,
    pub deleted: bool,
    pub email: String,
    pub email_confirmed: Option<i64>,
    pub groups: Vec<Membership>,
    pub globals: BTreeMap<Text, Text>,
    pub accounts: Vec<Option<Box<Account>>>,
    pub rename: Option<Rename>,
    /// The rate class that this user's `sessionJwt` carries.
    pub class: String,
}

pub struct Account {
    pub local_id: u64,
    pub attached: bool,
    pub attached_at: i64,
    pub method: &'static str,
    pub registration: Option<i64>,
    pub memberships: Vec<Membership>,
    pub edit_count: i64,
    /// Overrides what `edits` says about the latest contribution.
    pub latest: Option<i64>,
    pub edits: Vec<i64>,
    /// What is unusual about some of them, by revision.
    pub odd_edits: BTreeMap<u64, OddEdit>,
    /// Stored preferences, local exceptions among them.
    pub set: BTreeMap<Text, Text>,
    pub blocks: Vec<Block>,
    pub unread: u32,
    /// In `merged` twice, or not at all.
    pub twice: bool,
    pub omitted: bool,
    pub options: OnceCell<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub group: String,
    pub expiry: Option<i64>,
}

impl Membership {
    pub fn holds(&self, now: i64) -> bool {
        self.expiry.is_none_or(|expiry| expiry > now)
    }
}

#[derive(Clone)]
pub struct Block {
    pub id: u64,
    pub by: String,
    pub reason: String,
    pub at: i64,
    pub expiry: Option<i64>,
    pub partial: bool,
}

pub struct Rename {
    pub from: String,
    pub pending: BTreeSet<usize>,
}

/// An account that belongs to no global account.
pub struct Stray {
    pub name: String,
    pub wiki: usize,
    pub local_id: u64,
    pub edit_count: i64,
    pub registration: i64,
}

pub struct LogEntry {
    pub id: u64,
    pub kind: String,
    pub action: String,
    pub namespace: i32,
    /// Without its namespace.
    pub title: String,
    /// An object as JSON text.
    pub params: String,
    pub by: String,
    pub at: i64,
    pub comment: String,
    pub hidden: Hidden,
    /// Replicas do not show it before.
    pub visible_from: i64,
}

/// What is unusual about an edit.
#[derive(Clone, Copy, Default)]
pub struct OddEdit {
    /// `action` is the text.
    pub hidden: Hidden,
    /// Its page was deleted: no list shows it.
    pub deleted: bool,
    /// Replicas do not show it before.
    pub visible_from: i64,
}

/// What of a log entry is deleted from public view.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent bits of log_deleted"
)]
pub struct Hidden {
    pub action: bool,
    pub user: bool,
    pub comment: bool,
    pub suppressed: bool,
}

impl World {
    pub fn new(options: FarmOptions, bases: Vec<(String, String, String)>) -> Self {
        let mut maker = Maker::new(options.options_per_wiki, options.seed);
        let mut hosts = HashMap::new();
        let mut wikis = Vec::with_capacity(bases.len());
        for (index, (id, host, base)) in bases.into_iter().enumerate() {
            hosts.insert(host, index);
            wikis.push(Wiki::new(id, base, &mut maker));
        }
        let mut sorted: Vec<usize> = (0..wikis.len()).collect();
        sorted.sort_by(|&a, &b| wikis[a].id.cmp(&wikis[b].id));
        let clock = Clock::new(options.simulated_time, options.now);
        let stranger = User::new(59_999, "Somebody Else", wikis.len());
        let mut world = Self {
            clock,
            sorted,
            hosts,
            wikis,
            stranger,
            users: Vec::new(),
            strays: Vec::new(),
            credentials: Credentials::default(),
            rules: Vec::new(),
            replays: Replays::default(),
            gateway: Gateway::new(options.rate_class.clone()),
            counts: Counts::new(options.recording),
            compressed: Compressed::new(),
            options,
        };
        for wiki in 0..world.wikis.len() {
            world.stranger.accounts[wiki] = Some(Box::new(Account::new(999, 1_300_000_000)));
        }
        world
    }

    pub fn wiki(&self, id: &str) -> usize {
        let found = self.wikis.iter().position(|wiki| wiki.id == id);
        found.unwrap_or_else(|| panic!("the farm has no wiki {id}"))
    }

    /// By a name the user has or had, or by `#CENTRALID`.
    pub fn user(&self, name: &str) -> usize {
        let by_id = |user: &User| {
            name.strip_prefix('#')
                .is_some_and(|id| id == user.id.to_string())
        };
        let current = self
            .users
            .iter()
            .position(|user| user.name == name || by_id(user));
        let former = || {
            self.users
                .iter()
                .position(|user| user.former.iter().any(|old| old == name))
        };
        current
            .or_else(former)
            .unwrap_or_else(|| panic!("the farm has no user {name}"))
    }

    /// As the API looks a name up.
    pub fn find_user(&self, name: &str) -> Option<usize> {
        self.users
            .iter()
            .position(|user| user.name == name && !user.deleted)
    }

    pub fn account(&mut self, user: &str, wiki: &str) -> &mut Account {
        let (user_index, wiki_index) = (self.user(user), self.wiki(wiki));
        let account = self.users[user_index].accounts[wiki_index].as_deref_mut();
        account.unwrap_or_else(|| panic!("{user} has no account on {wiki}"))
    }

    pub fn new_local_id(&mut self, wiki: usize) -> u64 {
        self.wikis[wiki].last_user_id += 1;
        self.wikis[wiki].last_user_id
    }
}

impl Wiki {
    fn new(id: String, base: String, maker: &mut Maker) -> Self {
        let language = names::language(&id);
        let defaults = maker.of(&id);
        let first = mix(1, id.bytes().fold(7, |hash, byte| mix(hash, byte.into()))) % 40_000_000;
        Self {
            base,
            language,
            defaults,
            readonly: false,
            private: false,
            lag: 0,
            central_url: None,
            ip_block: None,
            log: Vec::new(),
            last_user_id: 1000 + first,
            last_log_id: 100 + first,
            last_block_id: first / 100,
            general: OnceCell::new(),
            id,
        }
    }

    pub fn host(&self) -> &str {
        self.base.trim_start_matches("http://")
    }
}

impl User {
    pub fn new(id: u64, name: &str, wikis: usize) -> Self {
        Self {
            id,
            name: name.to_owned(),
            former: Vec::new(),
            home: None,
            registration: 1_221_405_377,
            locked: false,
            hidden: false,
            deleted: false,
            email: String::new(),
            email_confirmed: None,
            groups: Vec::new(),
            globals: BTreeMap::new(),
            accounts: (0..wikis).map(|_| None).collect(),
            rename: None,
            class: "authed-user".to_owned(),
        }
    }

    /// The attached account there. While a rename is running, wikis it has not reached have none.
    pub fn attached(&self, wiki: usize) -> Option<&Account> {
        let account = self.accounts[wiki].as_deref()?;
        (account.attached && !self.renaming(wiki)).then_some(account)
    }

    pub fn renaming(&self, wiki: usize) -> bool {
        self.rename
            .as_ref()
            .is_some_and(|rename| rename.pending.contains(&wiki))
    }

    /// The name of the account on that wiki.
    pub fn local_name(&self, wiki: usize) -> &str {
        match &self.rename {
            Some(rename) if rename.pending.contains(&wiki) => &rename.from,
            _ => &self.name,
        }
    }

    pub fn forget_options(&mut self) {
        for account in self.accounts.iter_mut().flatten() {
            account.options.take();
        }
    }
}

impl Account {
    pub fn new(local_id: u64, registration: i64) -> Self {
        Self {
            local_id,
            attached: true,
            attached_at: registration,
            method: "login",
            registration: Some(registration),
            memberships: Vec::new(),
            edit_count: 0,
            latest: None,
            edits: Vec::new(),
            odd_edits: BTreeMap::new(),
            set: BTreeMap::new(),
            blocks: Vec::new(),
            unread: 0,
            twice: false,
            omitted: false,
            options: OnceCell::new(),
        }
    }

    pub fn memberships(&self, now: i64) -> impl Iterator<Item = &Membership> {
        self.memberships
            .iter()
            .filter(move |membership| membership.holds(now))
    }

    pub fn blocks(&self, now: i64) -> impl Iterator<Item = &Block> {
        self.blocks
            .iter()
            .filter(move |block| block.expiry.is_none_or(|expiry| expiry > now))
    }

    pub fn latest(&self) -> Option<i64> {
        self.latest.or_else(|| self.edits.iter().copied().max())
    }
}
