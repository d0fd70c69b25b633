//! One run, from start to finish: enumerate, fan out, record, close.
//!
//! One failed wiki is a row, not an error. A run fails only if the list of accounts cannot be read,
//! the login is lost, or the database cannot be written.

mod backfill;
mod contribute;
mod doubt;
mod explain;
mod fan_out;
mod pulse;
mod walk;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use fan_out::Read;

pub use backfill::Backfilled;
pub use contribute::Contributed;

use crate::{
    clock::Clock,
    compare,
    mediawiki::{
        AllowedHosts, Answer, Client, Failure, PaceSummary, Purpose, Question, Redaction,
        RequestRecord, evidence,
        global_user_info::{self, Found, Whose},
        rename_status,
    },
    model::{
        AttachedAccount, Change, Enumeration, GlobalAccount, KeepAnswers, KeptAnswer, Outcome,
        Request, RunNumber, RunStatus, Scope, Snapshot, Tally, Trigger, WikiId, same_name,
    },
    store::{Account, Observed, RunLock, Store, StoreError, User},
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
    /// A name for the credential that does not give it away.
    pub fingerprint: String,
    /// Whether we ask as the user, or as anybody.
    pub view: View,
    /// At most so many requests under way.
    pub max_in_flight: usize,
    /// An interrupted run younger than this goes on where it stopped.
    pub resume_within: TimeDelta,
    /// How long the ledger of requests is kept.
    pub keep_requests: TimeDelta,
    /// At most so many requests a run for what the user did; `None`: that is not collected.
    pub contributions: Option<u32>,
    /// Which answers are kept,
    pub keep_answers: KeepAnswers,
    /// and for how long; `None`: for ever.
    pub keep_answers_for: Option<TimeDelta>,
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
    /// Which accounts.
    pub wanted: Wanted,
    /// What started it.
    pub trigger: Trigger,
}

/// Which accounts a run reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All. Goes on with an interrupted run that is younger than the collector's limit.
    All,
    /// Those that look different from the central wiki, and those that could not be read.
    LookingDifferent,
    /// Those on these wikis.
    On(Vec<WikiId>),
}

impl Wanted {
    fn scope(&self) -> Scope {
        match self {
            Self::All => Scope::Full,
            Self::LookingDifferent => Scope::Pulse,
            Self::On(_) => Scope::Wikis,
        }
    }
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
    /// What was read of what the user did, if that is collected.
    pub contributed: Option<Contributed>,
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

/// What the central wiki told.
struct Listed {
    enumeration: Enumeration,
    /// What cannot be used of it.
    unheard: Vec<String>,
    at: DateTime<Utc>,
    /// The answer, where answers are kept.
    kept: Option<KeptAnswer>,
    /// Why the credential is refused: everybody was told the rest.
    refusal: Option<String>,
}

/// What the wikis answer to the token of a locked account.
const LOCKED: &str = "mwoauth-invalid-authorization-blocked-user";

impl Collector {
    /// Takes one run. `progress` is called after each account; `stop` ends the run after the requests
    /// that are under way.
    pub async fn take_run(
        &self,
        lock: &RunLock,
        order: &Order,
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<Report, RunError> {
        let user = self.ready().await?;
        let run = self.begin(&user, order).await?;
        let outcome = self.collect(&user, run, order, stop, progress).await;
        self.remember(&user).await?;
        let now = self.clock.now();
        if let Err(error) = &outcome
            && !matches!(error, RunError::Store(_))
        {
            let text = error.to_string();
            self.store
                .finish_run(run, RunStatus::Failed, Some(&text), now)
                .await?;
        }
        self.store.forget_requests(now - self.keep_requests).await?;
        if let Some(keep) = self.keep_answers_for {
            self.store.forget_answers(now - keep).await?;
        }
        self.store.optimize().await?;
        if let Ok(report) = &outcome
            && let Err(error) = self.store.pack_after(report.tally.first_seen, lock).await
        {
            // What was recorded stands; the file is only larger than it could be.
            tracing::warn!("the database could not be packed: {error}");
        }
        outcome
    }

    /// The user, once it is clear that anybody may be asked; what earlier runs were told holds.
    async fn ready(&self) -> Result<User, RunError> {
        let central = self.hosts.central().url().as_str();
        let user = self.store.user_or_new(central, &self.user_name).await?;
        self.refuse_known_refusal(&user).await?;
        self.client.pace().begin_run();
        if let Some(until) = self.store.paused_until(user.id).await? {
            self.client.pace().pause_until(until);
        }
        Ok(user)
    }

    /// Begins a run, or goes on with the one that was cut short.
    async fn begin(&self, user: &User, order: &Order) -> Result<RunNumber, StoreError> {
        let now = self.clock.now();
        if order.wanted == Wanted::All {
            let since = now - self.resume_within;
            if let Some(run) = self.store.resume_run(user.id, since).await? {
                tracing::info!(run = run.0, "run {} was interrupted and goes on", run.0);
                return Ok(run);
            }
        }
        let scope = order.wanted.scope();
        self.store
            .begin_run(user.id, scope, order.trigger, now)
            .await
    }

    /// A bot password that was refused once is never sent again: five wrong tries lock the account
    /// for five minutes on all wikis.
    async fn refuse_known_refusal(&self, user: &User) -> Result<(), RunError> {
        let refused = self.store.refused_credential(user.id).await?;
        if refused.is_some_and(|fingerprint| fingerprint == self.fingerprint) {
            let text = "this bot password was refused before and is not tried again, since wrong \
                        tries lock the account: make a new one on Special:BotPasswords";
            return Err(RunError::Refused(text.to_owned()));
        }
        Ok(())
    }

    /// Keeps what the next run has to know: a pause, a refusal, the cookies.
    async fn remember(&self, user: &User) -> Result<(), StoreError> {
        self.remember_pause(user.id).await?;
        if self.client.login_refused().is_some() {
            self.store
                .record_refusal(user.id, &self.fingerprint)
                .await?;
        }
        if let Err(error) = self.client.save_cookies() {
            tracing::warn!("the cookies could not be kept: {error}");
        }
        Ok(())
    }

    /// A pause counts after a restart too, so it is written down at once.
    async fn remember_pause(&self, user: i64) -> Result<(), StoreError> {
        match self.client.pace().paused_until() {
            Some(until) => self.store.record_pause(user, until).await,
            None => Ok(()),
        }
    }

    async fn collect(
        &self,
        user: &User,
        run: RunNumber,
        order: &Order,
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<Report, RunError> {
        let (listed, requests) = self.enumerate(user, Some(run), stop).await?;
        let Listed {
            enumeration,
            unheard: mut warnings,
            at,
            kept,
            refusal,
        } = listed;
        let user = &self.same_user(user, &enumeration).await?;
        note_unattached(&enumeration);
        let listed = self
            .record_accounts(user, Some(run), &enumeration, stop)
            .await?;
        let observed = self.store.observed_accounts(run).await?;
        let (global, accounts): (Vec<Account>, Vec<Account>) = listed
            .into_iter()
            .partition(|account| account.wiki.is_global());
        for account in &global {
            if observed.contains(&account.id) {
                self.store.record_requests(Some(run), &requests).await?;
                continue;
            }
            let snapshot = global_user_info::snapshot(&enumeration.account);
            let fingerprint = snapshot.fingerprint();
            let is_known = account.fingerprint == Some(fingerprint);
            let read = Read {
                fingerprint,
                snapshot: (!is_known).then_some(snapshot),
                at,
                kept: kept.clone(),
            };
            self.record(run, account, &read, &requests, true).await?;
        }
        if let Some(refusal) = refusal {
            return Err(RunError::Refused(refusal));
        }
        let accounts = self
            .wanted(user, order, accounts, &enumeration, &mut warnings)
            .await?;
        let size = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
        self.store.set_run_size(run, size).await?;
        let left = accounts
            .iter()
            .filter(|account| !observed.contains(&account.id))
            .cloned();
        let queue = fan_out::queue(left.collect(), &enumeration);
        let task = fan_out::Task {
            run,
            user: user.id,
            global: &enumeration.account,
            accounts: size as usize,
        };
        let outcome = self.fan_out(task, queue, stop, progress).await?;
        if outcome.ended.is_none() && !outcome.closed && !stop.is_cancelled() {
            self.explain(run, user, &enumeration, stop).await?;
        }
        let mut outcome = outcome;
        let contributed = match self.contributions {
            Some(most) if outcome.ended.is_none() && !outcome.closed && !stop.is_cancelled() => {
                let readable = accounts.into_iter().filter(|account| {
                    let mut failures = outcome.failures.iter();
                    !failures.any(|(wiki, _)| *wiki == account.wiki)
                });
                let errand = contribute::Errand {
                    run,
                    user,
                    enumeration: &enumeration,
                    most,
                };
                let contributed = self
                    .contribute(errand, readable.collect(), stop, &mut outcome)
                    .await?;
                Some(contributed)
            }
            _ => None,
        };
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
            contributed,
            pace: self.client.pace().summary(),
        })
    }

    /// The user whom the number means: a second name in the configuration, or another spelling, may
    /// have made a second row of one user.
    async fn same_user(&self, user: &User, enumeration: &Enumeration) -> Result<User, StoreError> {
        if user.central_user_id.is_some() {
            return Ok(user.clone());
        }
        let id = enumeration.account.id;
        let known = self.store.user_of_id(user.id, id).await?;
        match known {
            None => Ok(user.clone()),
            Some(known) => {
                self.store.merge_user(user.id, known.id).await?;
                Ok(known)
            }
        }
    }

    /// Asks the central wiki for the accounts: by number once it is known, since names change.
    async fn enumerate(
        &self,
        user: &User,
        run: Option<RunNumber>,
        stop: &CancellationToken,
    ) -> Result<(Listed, Vec<Request>), RunError> {
        let whose = match user.central_user_id {
            Some(id) => Whose::Id(id),
            None => Whose::Name(&self.user_name),
        };
        let mut parameters = global_user_info::question(whose);
        if let Some(id) = user.central_user_id {
            parameters = global_user_info::with_expiry(parameters, id);
        }
        let mut question = Question::new(Purpose::Enumeration, parameters);
        let mut reply = self.client.ask(self.hosts.central(), &question, stop).await;
        let mut requests = ledger(reply.requests);
        // The token of a locked account is refused, and the lock is what the user has to know.
        let refusal = match &reply.answer {
            Err(failure) if failure.code() == Some(LOCKED) => Some(failure.to_string()),
            _ => None,
        };
        if refusal.is_some() {
            question.as_nobody = true;
            reply = self.client.ask(self.hosts.central(), &question, stop).await;
            requests.extend(ledger(reply.requests));
        }
        let answer = match reply.answer {
            Ok(answer) => answer,
            Err(failure) => {
                self.store.record_requests(run, &requests).await?;
                let error = self.enumeration_error(&failure);
                return Err(refusal.map_or(error, RunError::Refused));
            }
        };
        let error = match global_user_info::enumeration(&answer.body, answer.received_at) {
            Err(unusable) => RunError::Unreachable(unusable.to_string()),
            Ok(Found::Missing) => RunError::NoSuchUser(self.user_name.clone()),
            Ok(Found::Account(enumeration, unheard)) => {
                let GlobalAccount { id, name, .. } = &enumeration.account;
                let is_ours = match user.central_user_id {
                    Some(known) => known == *id,
                    // Only the name tells whom the first answer is about.
                    None => same_name(name, &self.user_name),
                };
                if is_ours {
                    let snapshot = global_user_info::snapshot(&enumeration.account);
                    let listed = Listed {
                        kept: self.kept(&answer, Purpose::Enumeration, &snapshot),
                        enumeration: *enumeration,
                        unheard,
                        at: answer.received_at,
                        refusal,
                    };
                    return Ok((listed, requests));
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
        run: Option<RunNumber>,
        enumeration: &Enumeration,
        stop: &CancellationToken,
    ) -> Result<Vec<Account>, RunError> {
        let is_renamed = if self.store.absent_accounts(user.id, enumeration).await? > 0 {
            self.is_being_renamed(run, &enumeration.account.name, stop)
                .await?
        } else {
            false
        };
        let central = self.hosts.central().url();
        let api_url = |account: &AttachedAccount| format!("{}{}", account.url, central.path());
        let now = self.clock.now();
        let accounts = self
            .store
            .record_enumeration(
                user,
                enumeration,
                api_url,
                central.as_str(),
                now,
                is_renamed,
            )
            .await?;
        Ok(accounts)
    }

    /// Whether a rename is under way: it takes accounts off the list and puts them back one by one.
    /// Without an answer it may well be.
    async fn is_being_renamed(
        &self,
        run: Option<RunNumber>,
        name: &str,
        stop: &CancellationToken,
    ) -> Result<bool, StoreError> {
        let question = Question::new(Purpose::RenameStatus, rename_status::question(name));
        let reply = self.client.ask(self.hosts.central(), &question, stop).await;
        self.store
            .record_requests(run, &ledger(reply.requests))
            .await?;
        let answer = reply.answer.ok();
        let is_running = answer.and_then(|answer| rename_status::is_running(&answer.body).ok());
        Ok(is_running.unwrap_or(true))
    }

    /// The accounts that the order means.
    async fn wanted(
        &self,
        user: &User,
        order: &Order,
        accounts: Vec<Account>,
        enumeration: &Enumeration,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Account>, StoreError> {
        Ok(match &order.wanted {
            Wanted::All => accounts,
            Wanted::On(wikis) => on_wikis(accounts, wikis, warnings),
            Wanted::LookingDifferent => {
                let outlines = self.store.outlines(user.id).await?;
                pulse::looking_different(accounts, &enumeration.attached, &outlines)
            }
        })
    }

    /// An answer as it is kept, where answers are kept.
    fn kept(&self, answer: &Answer, purpose: Purpose, snapshot: &Snapshot) -> Option<KeptAnswer> {
        (self.keep_answers != KeepAnswers::None)
            .then(|| evidence::keep(answer, purpose, snapshot, &self.redaction))
            .flatten()
    }

    /// Records what an answer told: a baseline the first time, the difference from then on. `None`:
    /// it tells of something so rare that it has to be asked for once more, unless `is_sure`.
    async fn record(
        &self,
        run: RunNumber,
        account: &Account,
        read: &Read,
        requests: &[Request],
        is_sure: bool,
    ) -> Result<Option<Outcome>, StoreError> {
        let always = read.kept.as_ref();
        let always = always.filter(|_| self.keep_answers == KeepAnswers::All);
        let mut observed = Observed {
            run,
            account: account.id,
            at: read.at,
            requests,
            answer: always,
        };
        let fingerprint = read.fingerprint;
        let Some(snapshot) = &read.snapshot else {
            self.store.record_unchanged(&[observed]).await?;
            return Ok(Some(Outcome::Unchanged));
        };
        let Some(before) = self.store.latest_snapshot(account.id).await? else {
            observed.answer = read.kept.as_ref();
            let outcome = self
                .store
                .record_baseline(observed, fingerprint, snapshot)
                .await?;
            return Ok(Some(outcome));
        };
        if !is_sure && doubt::is_doubtful(&before, snapshot) {
            self.store.record_requests(Some(run), requests).await?;
            return Ok(None);
        }
        let difference = compare::difference(&before, snapshot, observed.at);
        if difference.changes.iter().any(Change::counts) {
            observed.answer = read.kept.as_ref();
        }
        let outcome = self
            .store
            .record_snapshot(observed, fingerprint, snapshot, &difference)
            .await?;
        Ok(Some(outcome))
    }
}

/// The requests of a reply as the ledger keeps them.
fn ledger(requests: Vec<RequestRecord>) -> Vec<Request> {
    requests.into_iter().map(Request::from).collect()
}

/// The accounts on some wikis.
fn on_wikis(accounts: Vec<Account>, wikis: &[WikiId], warnings: &mut Vec<String>) -> Vec<Account> {
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

/// Accounts of the same name that belong to somebody else, or to the user before they were attached.
/// They are never asked.
fn note_unattached(enumeration: &Enumeration) {
    for wiki in &enumeration.unattached {
        tracing::info!(%wiki, "the account on {wiki} is not attached; it is not asked");
    }
}
