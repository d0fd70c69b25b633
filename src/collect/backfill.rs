//! The time before the first snapshot: what the logs say about the user, from their beginning on, and
//! the first edit.
//!
//! Most of a list's entries are few, so each wiki is asked once about the user's page, whatever the
//! log; and the central wiki once more for each wiki, since stewards act from there.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::{
    Collector, Listed, Progress, RunError,
    contribute::place,
    walk::{Errand, List, Place, Recorded, Walk, Walked, page_end},
};
use crate::{
    mediawiki::{
        Answer, PaceSummary, Purpose, Unusable,
        logs::{self, LogEvent},
    },
    model::{Enumeration, Request, WikiId, utc_text},
    store::{
        Account, ListKey, ListKind, ListState, NewFirstEdit, NewLogEvent, Rename, StoreError, User,
    },
};

/// A rename reaches the wikis one by one, and each writes its own entry under the old name.
const RENAME_TAKES: TimeDelta = TimeDelta::days(7);

/// More names than anybody had; whoever has more is a loop.
const MOST_NAMES: usize = 50;

/// What was read of the past.
#[derive(Clone, Debug)]
pub struct Backfilled {
    /// The user's row.
    pub user: i64,
    /// Lists read to their end.
    pub lists: usize,
    /// Entries that were not known.
    pub new: u64,
    /// Which wikis could not be read, and why.
    pub failures: Vec<(String, String)>,
    /// What else the user should know.
    pub warnings: Vec<String>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// How politely it asked.
    pub pace: PaceSummary,
}

/// A name the user has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    text: String,
    /// From when to when it was theirs: what is logged about it later is about somebody else.
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

/// What is logged on one wiki about one page.
#[derive(Clone, Debug)]
struct About {
    user: i64,
    key: ListKey,
    name: Name,
    /// The account whose first edit is asked for along.
    first_edit_of: Option<i64>,
    /// The wiki that an entry of a local log is about.
    wiki: String,
    place: Place,
}

impl Collector {
    /// Reads what the logs say, of all wikis or of those named. The caller holds the run lock.
    pub async fn backfill(
        &self,
        wikis: &[WikiId],
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<Backfilled, RunError> {
        let user = self.ready().await?;
        let outcome = self.read_past(&user, wikis, stop, progress).await;
        // The row may have turned out to be another user's by another name.
        let central = self.hosts.central().url().as_str();
        if let Some(user) = self.store.user(central, &self.user_name).await? {
            self.remember(&user).await?;
        }
        let before = self.clock.now() - self.keep_requests;
        self.store.forget_requests(before).await?;
        outcome
    }

    async fn read_past(
        &self,
        user: &User,
        wikis: &[WikiId],
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<Backfilled, RunError> {
        let (listed, requests) = self.enumerate(user, None, stop).await?;
        self.store.record_requests(None, &requests).await?;
        let Listed {
            enumeration,
            unheard: mut warnings,
            refusal,
            ..
        } = listed;
        let user = &self.same_user(user, &enumeration).await?;
        let accounts = self.record_accounts(user, None, &enumeration, stop).await?;
        if let Some(refusal) = refusal {
            return Err(RunError::Refused(refusal));
        }
        for wiki in wikis.iter().filter(|wiki| !wiki.is_global()) {
            if !enumeration.attached.iter().any(|one| one.wiki == *wiki) {
                warnings.push(format!(
                    "{wiki}: there is no attached account; it was not asked"
                ));
            }
        }
        let past = Past {
            collector: self,
            user,
            enumeration: &enumeration,
            accounts: &accounts,
            wikis,
            stop,
        };
        let mut walked = Walked::default();
        past.ready().await?;
        let names = past.names(&mut walked).await?;
        let lists = past.lists(&names);
        past.read(lists, &mut walked, progress).await?;
        if let Some(error) = walked.ended {
            return Err(error);
        }
        warnings.extend(walked.warnings);
        Ok(Backfilled {
            user: user.id,
            lists: walked.read,
            new: walked.new,
            failures: walked.failures,
            warnings,
            stopped: walked.stopped,
            pace: self.client.pace().summary(),
        })
    }
}

/// What all steps need.
struct Past<'a> {
    collector: &'a Collector,
    user: &'a User,
    enumeration: &'a Enumeration,
    accounts: &'a [Account],
    wikis: &'a [WikiId],
    stop: &'a CancellationToken,
}

impl Past<'_> {
    /// Goes on with what was cut short. Where nothing was, all lists begin again; that is recorded, so
    /// that this too can go on.
    async fn ready(&self) -> Result<(), RunError> {
        let store = &self.collector.store;
        let current = &self.enumeration.account.name;
        let names = names(current, &store.renames(self.user.id).await?);
        let known = store.list_states(self.user.id).await?;
        let mut lists = self.lists(&names);
        lists.extend(names.iter().filter_map(|name| self.renames_to(name)));
        if lists.iter().all(|list| self.is_fresh(known.get(&list.key))) {
            let keys: Vec<&ListKey> = lists.iter().map(|list| &list.key).collect();
            store.begin_lists_again(self.user.id, &keys).await?;
        }
        Ok(())
    }

    /// Whether a list was read to its end a short while ago. A clock that was ahead once counts for
    /// nothing.
    fn is_fresh(&self, reading: Option<&ListState>) -> bool {
        let now = self.collector.clock.now();
        let since = now - self.collector.resume_within;
        let is_recent = |at: DateTime<Utc>| at > since && at <= now;
        reading.is_some_and(|reading| {
            reading.go_on.is_none() && reading.finished_at.is_some_and(is_recent)
        })
    }

    /// The log of renames to a name.
    fn renames_to(&self, name: &Name) -> Option<About> {
        let title = format!("Special:CentralAuth/{}", name.text);
        self.about(self.central_wiki()?, title, name, WikiId::GLOBAL)
    }

    /// Every name the user is known to have had: the log of renames is filed under the new name, and
    /// tells the old one, under which there may be an earlier rename.
    async fn names(&self, walked: &mut Walked) -> Result<Vec<Name>, RunError> {
        let store = &self.collector.store;
        let current = self.enumeration.account.name.clone();
        let mut names = names(&current, &store.renames(self.user.id).await?);
        let mut asked = BTreeSet::new();
        loop {
            let fresh: Vec<Name> = names
                .iter()
                .filter(|name| asked.insert(name.text.clone()))
                .cloned()
                .collect();
            if fresh.is_empty() || asked.len() > MOST_NAMES || self.stop.is_cancelled() {
                return Ok(names);
            }
            let lists = fresh.iter().filter_map(|name| self.renames_to(name));
            self.read(lists.collect(), walked, &|_| {}).await?;
            names = self::names(&current, &store.renames(self.user.id).await?);
        }
    }

    /// Everything to be read, under every name.
    fn lists(&self, names: &[Name]) -> Vec<About> {
        let mut lists = Vec::new();
        let is_wanted =
            |wiki: &str| self.wikis.is_empty() || self.wikis.iter().any(|one| one.as_str() == wiki);
        for (nth, name) in names.iter().enumerate() {
            let user_page = format!("User:{}", name.text);
            if let Some(central) = self.central_wiki()
                && is_wanted(WikiId::GLOBAL)
            {
                // Global groups stand under the user's page, read with the local logs below.
                let title = format!("{user_page}@global");
                lists.extend(self.about(central, title, name, WikiId::GLOBAL));
                if !is_wanted(central.as_str()) {
                    lists.extend(self.about(central, user_page.clone(), name, central.as_str()));
                }
            }
            for account in &self.enumeration.attached {
                let wiki = account.wiki.as_str();
                if !is_wanted(wiki) {
                    continue;
                }
                let mut local = self.about(&account.wiki, user_page.clone(), name, wiki);
                if let Some(list) = &mut local
                    && nth == 0
                {
                    let mut rows = self.accounts.iter();
                    let row = rows.find(|row| row.wiki == account.wiki);
                    list.first_edit_of = row.map(|row| row.id);
                }
                lists.extend(local);
                if let Some(central) = self.central_wiki()
                    && *central != account.wiki
                {
                    let title = format!("{user_page}@{wiki}");
                    lists.extend(self.about(central, title, name, wiki));
                }
            }
        }
        lists
    }

    fn about(&self, on: &WikiId, title: String, name: &Name, wiki: &str) -> Option<About> {
        self.url(on)?;
        Some(About {
            user: self.user.id,
            key: ListKey {
                asked_on: on.to_string(),
                list: ListKind::Log,
                about: title,
            },
            name: name.clone(),
            first_edit_of: None,
            wiki: wiki.to_owned(),
            place: Place::default(),
        })
    }

    /// Reads lists, but for those that were read a short while ago.
    async fn read(
        &self,
        mut lists: Vec<About>,
        walked: &mut Walked,
        progress: &dyn Fn(Progress),
    ) -> Result<(), RunError> {
        let collector = self.collector;
        let known = collector.store.list_states(self.user.id).await?;
        lists.retain(|list| !self.is_fresh(known.get(&list.key)));
        let mut queue = VecDeque::new();
        for mut list in lists {
            list.place = list.begin(known.get(&list.key));
            let on = &list.key.asked_on;
            let url = on.parse().ok().and_then(|on| self.url(&on));
            match url.map(|url| collector.hosts.api(url)) {
                Some(Ok(api)) => queue.push_back(Walk::new(api, list)),
                Some(Err(refusal)) => walked.failures.push((on.clone(), refusal.to_string())),
                None => {}
            }
        }
        let errand = Errand {
            run: None,
            user: self.user.id,
            most_requests: None,
        };
        collector
            .walk(errand, queue, walked, self.stop, progress)
            .await
    }

    /// The attached account on the central wiki. Without one nobody is asked there: that would make
    /// an account.
    fn central_wiki(&self) -> Option<&WikiId> {
        let hosts = &self.collector.hosts;
        let is_central = |url: &str| {
            let api = hosts.api(url);
            api.is_ok_and(|api| api.url() == hosts.central().url())
        };
        let mut attached = self.enumeration.attached.iter();
        let account = attached.find(|account| is_central(&account.url))?;
        Some(&account.wiki)
    }

    fn url(&self, wiki: &WikiId) -> Option<&str> {
        let mut attached = self.enumeration.attached.iter();
        let account = attached.find(|account| account.wiki == *wiki)?;
        Some(&account.url)
    }
}

/// The current name, then the former ones, each with the time in which it was the user's.
fn names(current: &str, renames: &[Rename]) -> Vec<Name> {
    // A log tells the moment; what was observed only tells by when.
    let mut given_up: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for rename in renames.iter().filter(|rename| rename.from != current) {
        let at = given_up.entry(&rename.from).or_insert(rename.at);
        *at = rename.at.min(*at);
    }
    let taken = |name: &str| {
        let renames = renames.iter();
        let to_it = renames.filter(|rename| rename.to.as_deref() == Some(name));
        to_it.map(|rename| rename.at).min()
    };
    let current = Name {
        text: current.to_owned(),
        since: None,
        until: None,
    };
    let former = given_up.into_iter().map(|(name, until)| Name {
        text: name.to_owned(),
        since: taken(name).filter(|since| *since < until),
        until: Some(until),
    });
    std::iter::once(current).chain(former).collect()
}

impl About {
    fn begin(&self, reading: Option<&ListState>) -> Place {
        let mut place = place(reading);
        if place.since.is_none() {
            place.since = self.name.since.map(utc_text);
        }
        place
    }

    /// Whether an entry is about the user: an old name may be somebody else's by now.
    fn is_theirs(&self, event: &LogEvent) -> bool {
        let is_late = self.name.until.is_some_and(|until| event.logged_at > until);
        !is_late || event.log_type == "renameuser"
    }

    /// The wiki that an entry is about.
    fn wiki_of(&self, event: &LogEvent) -> &str {
        match event.log_type.as_str() {
            "gblrights" | "gblblock" | "globalauth" | "gblrename" => WikiId::GLOBAL,
            _ => &self.wiki,
        }
    }
}

impl List for About {
    const PURPOSE: Purpose = Purpose::Log;

    fn wiki(&self) -> &str {
        &self.key.asked_on
    }

    fn parameters(&self) -> Vec<(&str, Cow<'_, str>)> {
        let until = self.name.until.map(|until| utc_text(until + RENAME_TAKES));
        let is_first = self.place.go_on.is_none();
        let first_edit_of = self
            .first_edit_of
            .filter(|_| is_first)
            .map(|_| self.name.text.as_str());
        logs::about_question(&self.key.about, self.place.start(), until, first_edit_of)
    }

    fn has_place(&self) -> bool {
        self.place.go_on.is_some()
    }

    async fn record(
        &mut self,
        collector: &Collector,
        answer: &Answer,
        requests: &[Request],
    ) -> Result<Result<Recorded, Unusable>, StoreError> {
        let told = match logs::about(&answer.body, &self.key.about, &self.name.text) {
            Ok(told) => told,
            Err(unusable) => return Ok(Err(unusable)),
        };
        let end = match page_end(&told.page, &self.place, answer, None) {
            Ok(end) => end,
            Err(unusable) => return Ok(Err(unusable)),
        };
        let entries = told.page.entries.iter();
        let events: Vec<NewLogEvent<'_>> = entries
            .filter(|event| self.is_theirs(event))
            .map(|event| NewLogEvent {
                logged_on: &self.key.asked_on,
                wiki: self.wiki_of(event),
                log_id: event.log_id,
                log_type: &event.log_type,
                action: &event.action,
                logged_at: event.logged_at,
                performer: event.performer.as_deref(),
                comment: event.comment.as_deref(),
                params: &event.params,
                hidden: event.hidden,
            })
            .collect();
        let first_edit = self.first_edit_of.zip(told.first_edit);
        let first_edit = first_edit.map(|(account, edit)| NewFirstEdit {
            account,
            rev_id: edit.rev_id,
            made_at: edit.made_at,
        });
        let new = collector
            .store
            .record_log_page(self.user, &self.key, &events, first_edit, end, requests)
            .await?;
        self.place = Place {
            since: None,
            go_on: told.page.go_on,
        };
        let goes_on = self.place.go_on.is_some();
        Ok(Ok(Recorded { new, goes_on }))
    }

    async fn forget_place(&mut self, collector: &Collector) -> Result<(), StoreError> {
        let lists = [&self.key];
        collector.store.begin_lists_again(self.user, &lists).await?;
        let known = collector.store.list_states(self.user).await?;
        self.place = self.begin(known.get(&self.key));
        Ok(())
    }
}
