//! One run, from start to finish: enumerate, fan out, record, close.
//!
//! One failed wiki is a row, not an error. A run fails only if the list of accounts cannot be read,
//! the login is lost, or the database cannot be written.

mod doubt;
mod explain;
mod fan_out;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    compare,
    mediawiki::{
        AllowedHosts, Client, Failure, PaceSummary, Purpose, Question, Redaction, RequestRecord,
        global_user_info::{self, Found, Whose},
    },
    model::{
        AttachedAccount, Enumeration, Outcome, Request, RunNumber, RunStatus, Scope, Snapshot,
        Tally, Trigger, WikiId,
    },
    store::{Account, Observed, Store, StoreError, User},
};

/// Takes runs of one user.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Where the history is kept.
    pub store: Store,
    /// The way to the wikis.
    pub client: Arc<Client>,
    /// What time it is.
    pub clock: Clock,
    /// What is kept as a hash.
    pub redaction: Arc<Redaction>,
    /// Which hosts may be asked, the central wiki's first of all.
    pub hosts: AllowedHosts,
    /// The user, as configured.
    pub user_name: String,
    /// Whether we ask as the user, or as anybody.
    pub view: View,
    /// At most so many requests under way.
    pub max_in_flight: usize,
}

/// As whom an account is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As its owner.
    Own,
    /// As anybody.
    Public,
}

/// What a run is to read, and why it runs.
#[derive(Clone, Debug)]
pub struct Order {
    /// Only these wikis; all if there are none.
    pub wikis: Vec<WikiId>,
    /// What started it.
    pub trigger: Trigger,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Accounts to read.
    pub accounts: usize,
    /// Accounts read, or found unreadable.
    pub done: usize,
    /// Accounts that could not be read.
    pub failed: usize,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its number.
    pub run: RunNumber,
    /// How it ended.
    pub status: RunStatus,
    /// What became of its accounts.
    pub tally: Tally,
    /// Which accounts could not be read, and why.
    pub failures: Vec<(WikiId, String)>,
    /// What else the user should know.
    pub warnings: Vec<String>,
    /// How politely it asked.
    pub pace: PaceSummary,
}

/// Why a run could not be done at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The central wiki could not be reached.
    #[error("the central wiki cannot be reached: {0}")]
    Unreachable(String),
    /// The credential is refused, or belongs to somebody else.
    #[error("{0}")]
    Refused(String),
    /// There is no such account, or it is hidden.
    #[error(
        "the central wiki knows no global account {0:?}: check the spelling. An account that is \
         hidden, or being deleted, looks the same"
    )]
    NoSuchUser(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl Collector {
    /// Takes one run. The caller holds the run lock. `progress` is called after each account;
    /// `stop` ends the run after the requests that are under way.
    pub async fn take_run(
        &self,
        order: &Order,
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<Report, RunError> {
        let user = self
            .store
            .user_or_new(self.hosts.central().url().as_str(), &self.user_name)
            .await?;
        let scope = if order.wikis.is_empty() {
            Scope::Full
        } else {
            Scope::Wikis
        };
        let now = self.clock.now();
        let run = self
            .store
            .begin_run(user.id, scope, order.trigger, now)
            .await?;
        let outcome = self.collect(&user, run, order, stop, progress).await;
        if let Err(error) = &outcome
            && !matches!(error, RunError::Store(_))
        {
            let text = error.to_string();
            let now = self.clock.now();
            self.store
                .finish_run(run, RunStatus::Failed, Some(&text), now)
                .await?;
        }
        outcome
    }

    async fn collect(
        &self,
        user: &User,
        run: RunNumber,
        order: &Order,
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<Report, RunError> {
        let (enumeration, requests, mut warnings) = self.enumerate(user, run, stop).await?;
        let listed = self.record_accounts(user, &enumeration).await?;
        let (global, accounts): (Vec<Account>, Vec<Account>) = listed
            .into_iter()
            .partition(|account| account.wiki.is_global());
        for account in &global {
            let snapshot = global_user_info::snapshot(&enumeration.account);
            let before = self.store.latest_snapshot(account.id).await?;
            self.record(run, account, before.as_ref(), &snapshot, &requests)
                .await?;
        }
        let accounts = wanted(accounts, &order.wikis, &mut warnings);
        let queue = fan_out::queue(accounts, &enumeration);
        let size = u32::try_from(queue.len()).unwrap_or(u32::MAX);
        self.store.set_run_size(run, size).await?;
        let outcome = self
            .fan_out(run, &enumeration.account, queue, stop, progress)
            .await?;
        if outcome.ended.is_none() && !stop.is_cancelled() {
            self.explain(run, user, &enumeration, stop).await?;
        }
        let status = outcome.status();
        let error = outcome.ended.as_ref().map(ToString::to_string);
        warnings.extend(outcome.warnings);
        let now = self.clock.now();
        let tally = self
            .store
            .finish_run(run, status, error.as_deref(), now)
            .await?;
        if let Some(RunError::Refused(reason)) = outcome.ended {
            return Err(RunError::Refused(reason));
        }
        Ok(Report {
            run,
            status,
            tally,
            failures: outcome.failures,
            warnings,
            pace: self.client.pace().summary(),
        })
    }

    /// Asks the central wiki for the accounts: by number once it is known, since names change.
    async fn enumerate(
        &self,
        user: &User,
        run: RunNumber,
        stop: &CancellationToken,
    ) -> Result<(Enumeration, Vec<Request>, Vec<String>), RunError> {
        let whose = match user.central_user_id {
            Some(id) => Whose::Id(id),
            None => Whose::Name(&self.user_name),
        };
        let parameters = global_user_info::question(whose);
        let question = Question::new(Purpose::Enumeration, parameters);
        let reply = self.client.ask(self.hosts.central(), &question, stop).await;
        let requests = ledger(reply.requests);
        let answer = match reply.answer {
            Ok(answer) => answer,
            Err(failure) => {
                self.store.record_requests(run, &requests).await?;
                return Err(self.enumeration_error(&failure));
            }
        };
        let error = match global_user_info::enumeration(&answer.body, answer.received_at) {
            Err(unusable) => RunError::Unreachable(unusable.to_string()),
            Ok(Found::Missing) => RunError::NoSuchUser(self.user_name.clone()),
            Ok(Found::Account(enumeration, unheard)) => {
                let id = enumeration.account.id;
                if user.central_user_id.is_none_or(|known| known == id) {
                    return Ok((*enumeration, requests, unheard));
                }
                RunError::Unreachable("it answered for another account".to_owned())
            }
        };
        self.store.record_requests(run, &requests).await?;
        Err(error)
    }

    fn enumeration_error(&self, failure: &Failure) -> RunError {
        const NO_SUCH: [&str; 3] = ["invaliduser", "invaliduserid", "baduser"];
        match failure {
            failure if failure.code().is_some_and(|code| NO_SUCH.contains(&code)) => {
                RunError::NoSuchUser(self.user_name.clone())
            }
            Failure::StopAccount(reason) => RunError::Refused(reason.to_string()),
            other => RunError::Unreachable(other.to_string()),
        }
    }

    async fn record_accounts(
        &self,
        user: &User,
        enumeration: &Enumeration,
    ) -> Result<Vec<Account>, RunError> {
        let central = self.hosts.central().url();
        let api_url = |account: &AttachedAccount| format!("{}{}", account.url, central.path());
        let now = self.clock.now();
        let accounts = self
            .store
            .record_enumeration(user, enumeration, api_url, central.as_str(), now, false)
            .await?;
        Ok(accounts)
    }

    /// Records what an answer told: a baseline the first time, the difference from then on.
    async fn record(
        &self,
        run: RunNumber,
        account: &Account,
        before: Option<&Snapshot>,
        snapshot: &Snapshot,
        requests: &[Request],
    ) -> Result<Outcome, StoreError> {
        let observed = Observed {
            run,
            account: account.id,
            at: self.clock.now(),
            requests,
        };
        match before {
            None => self.store.record_baseline(observed, snapshot).await,
            Some(before) => {
                let difference = compare::difference(before, snapshot, observed.at);
                self.store
                    .record_snapshot(observed, snapshot.coverage, &difference)
                    .await
            }
        }
    }
}

/// The requests of a reply as the ledger keeps them.
fn ledger(requests: Vec<RequestRecord>) -> Vec<Request> {
    let requests = requests.into_iter().map(|request| Request {
        sent_at: request.sent_at,
        host: request.host,
        purpose: request.purpose.as_str(),
        status: request.status,
        duration_ms: request.duration_ms,
        bytes: request.bytes,
        attempt: request.attempt,
        waited_ms: request.waited_ms,
    });
    requests.collect()
}

/// The accounts that the order names; all if it names none.
fn wanted(accounts: Vec<Account>, wikis: &[WikiId], warnings: &mut Vec<String>) -> Vec<Account> {
    if wikis.is_empty() {
        return accounts;
    }
    for wiki in wikis {
        if !accounts.iter().any(|account| account.wiki == *wiki) {
            warnings.push(format!(
                "{wiki}: there is no attached account; it was not asked"
            ));
        }
    }
    let is_wanted = |account: &Account| wikis.contains(&account.wiki);
    accounts.into_iter().filter(is_wanted).collect()
}
