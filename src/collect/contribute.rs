//! What the user did, on every wiki that a run reads: only what is new since the last run, and no
//! more than a night's share of requests.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::{
    Collector, RunError,
    fan_out::FannedOut,
    walk::{self, List, Place, Recorded, Walk, Walked, page_end},
};
use crate::{
    mediawiki::{Answer, Purpose, Unusable, contributions},
    model::{AttachedAccount, Enumeration, Request, RunNumber, WikiId, utc_text},
    store::{Account, ListKey, ListKind, ListState, NewContributions, StoreError, User},
};

/// Databases lag, and what lags comes late: the last hour is read again. What is known by then is not
/// written twice.
pub(super) const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// What a run read of what the user did.
#[derive(Clone, Debug, Default)]
pub struct Contributed {
    /// Edits and logged actions that were not known.
    pub new: u64,
    /// Wikis left for the next run: this one has asked enough.
    pub left: usize,
    /// On which wikis it could not be read, and why.
    pub failures: Vec<(WikiId, String)>,
}

/// For whom, and how much may be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand<'a> {
    pub(super) run: RunNumber,
    pub(super) user: &'a User,
    pub(super) enumeration: &'a Enumeration,
    pub(super) most: u32,
}

/// Both lists of what the user did on one wiki, each until it is at its end.
#[derive(Clone, Debug)]
struct Done {
    run: RunNumber,
    user: i64,
    account: i64,
    wiki: WikiId,
    name: String,
    edit_count: u64,
    edits: Option<Place>,
    actions: Option<Place>,
}

impl Collector {
    /// Reads what is new of what the user did. Wikis that look as if there was something come first,
    /// then those that have waited longest.
    pub(super) async fn contribute(
        &self,
        errand: Errand<'_>,
        accounts: Vec<Account>,
        stop: &CancellationToken,
        outcome: &mut FannedOut,
    ) -> Result<Contributed, RunError> {
        let known = self.store.list_states(errand.user.id).await?;
        let began = self.store.run_start(errand.run).await?;
        let now = self.clock.now();
        let attached = errand.enumeration.attached.iter();
        let attached: BTreeMap<&WikiId, &AttachedAccount> =
            attached.map(|account| (&account.wiki, account)).collect();
        let mut queue = Vec::new();
        for account in accounts {
            let Some(listed) = attached.get(&account.wiki) else {
                continue;
            };
            let Ok(api) = self.hosts.api(&listed.url) else {
                continue;
            };
            let reading = |list| known.get(&key(&account.wiki, list));
            let (edits, actions) = (reading(ListKind::Edits), reading(ListKind::Actions));
            let is_read = |reading: Option<&ListState>| {
                // A clock that was ahead once must not keep anybody from asking.
                let since = |at: DateTime<Utc>| (began..=now).contains(&at);
                reading.is_some_and(|reading| {
                    reading.go_on.is_none() && reading.finished_at.is_some_and(since)
                })
            };
            // In a run that was interrupted and goes on.
            if is_read(edits) && is_read(actions) {
                continue;
            }
            let waiting_since = edits.and_then(|reading| reading.finished_at);
            let has_new = edits.and_then(|reading| reading.edit_count) != Some(listed.edit_count);
            let list = Done {
                run: errand.run,
                user: errand.user.id,
                account: account.id,
                wiki: account.wiki,
                name: errand.enumeration.account.name.clone(),
                edit_count: listed.edit_count,
                edits: Some(place(edits)),
                actions: Some(place(actions)),
            };
            queue.push((Reverse(has_new), waiting_since, Walk::new(api, list)));
        }
        queue.sort_by_key(|(has_new, waiting_since, _)| (*has_new, *waiting_since));
        let queue = queue.into_iter().map(|(_, _, walk)| walk).collect();
        let mut walked = Walked::default();
        let share = walk::Errand {
            run: Some(errand.run),
            user: errand.user.id,
            most_requests: Some(errand.most),
        };
        self.walk(share, queue, &mut walked, stop, &|_| {}).await?;
        outcome.stopped |= walked.stopped;
        outcome.closed |= walked.closed.is_some();
        outcome.warnings.extend(walked.warnings);
        if outcome.ended.is_none() {
            outcome.ended = walked.ended;
        }
        let failures = walked.failures.into_iter();
        let failures = failures.filter_map(|(wiki, reason)| Some((wiki.parse().ok()?, reason)));
        Ok(Contributed {
            new: walked.new,
            left: walked.left,
            failures: failures.collect(),
        })
    }
}

fn key(wiki: &WikiId, list: ListKind) -> ListKey {
    ListKey {
        asked_on: wiki.to_string(),
        list,
        about: String::new(),
    }
}

/// Where a list goes on after what has been read of it.
pub(super) fn place(reading: Option<&ListState>) -> Place {
    let since = |at: DateTime<Utc>| utc_text(at - OVERLAP);
    Place {
        since: reading.and_then(|reading| reading.read_until).map(since),
        go_on: reading.and_then(|reading| reading.go_on.clone()),
    }
}

impl List for Done {
    const PURPOSE: Purpose = Purpose::Contributions;

    fn wiki(&self) -> &str {
        self.wiki.as_str()
    }

    fn parameters(&self) -> Vec<(&str, Cow<'_, str>)> {
        let edits = self.edits.as_ref().map(Place::start);
        let actions = self.actions.as_ref().map(Place::start);
        contributions::question(&self.name, edits, actions)
    }

    fn has_place(&self) -> bool {
        let places = self.edits.iter().chain(&self.actions);
        places.into_iter().any(|place| place.go_on.is_some())
    }

    async fn record(
        &mut self,
        collector: &Collector,
        answer: &Answer,
        requests: &[Request],
    ) -> Result<Result<Recorded, Unusable>, StoreError> {
        let (with_edits, with_actions) = (self.edits.is_some(), self.actions.is_some());
        let told = contributions::contributions(&answer.body, &self.name, with_edits, with_actions);
        let told = match told {
            Ok(told) => told,
            Err(unusable) => return Ok(Err(unusable)),
        };
        let (edits_key, actions_key) = (
            key(&self.wiki, ListKind::Edits),
            key(&self.wiki, ListKind::Actions),
        );
        let mut new = NewContributions {
            user: self.user,
            account: self.account,
            run: self.run,
            edits: None,
            actions: None,
            requests,
        };
        let count = Some(self.edit_count);
        if let (Some(page), Some(sent)) = (&told.edits, &self.edits) {
            match page_end(page, sent, answer, count) {
                Ok(end) => new.edits = Some((&edits_key, &page.entries, end)),
                Err(unusable) => return Ok(Err(unusable)),
            }
        }
        if let (Some(page), Some(sent)) = (&told.actions, &self.actions) {
            match page_end(page, sent, answer, None) {
                Ok(end) => new.actions = Some((&actions_key, &page.entries, end)),
                Err(unusable) => return Ok(Err(unusable)),
            }
        }
        let new = collector.store.record_contributions(new).await?;
        self.edits = told.edits.and_then(|page| next(page.go_on));
        self.actions = told.actions.and_then(|page| next(page.go_on));
        let goes_on = self.edits.is_some() || self.actions.is_some();
        Ok(Ok(Recorded { new, goes_on }))
    }

    async fn forget_place(&mut self, collector: &Collector) -> Result<(), StoreError> {
        for (list, place) in [
            (ListKind::Edits, &mut self.edits),
            (ListKind::Actions, &mut self.actions),
        ] {
            let key = key(&self.wiki, list);
            if let Some(Place { go_on: Some(_), .. }) = place {
                collector
                    .store
                    .begin_lists_again(self.user, &[&key])
                    .await?;
                let known = collector.store.list_states(self.user).await?;
                *place = Some(super::contribute::place(known.get(&key)));
            }
        }
        Ok(())
    }
}

fn next(go_on: Option<String>) -> Option<Place> {
    go_on.map(|go_on| Place {
        since: None,
        go_on: Some(go_on),
    })
}
