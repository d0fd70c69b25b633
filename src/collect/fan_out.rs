//! One request a wiki, few at a time. Each answer is recorded before the next is looked at; those that
//! tell nothing new and come within a moment are recorded together.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{Collector, Progress, RunError, View, ledger};
use crate::{
    mediawiki::{
        Answer, Api, Client, Failure, Purpose, Question, Redaction, Unusable, evidence,
        user_info::{self, Told},
    },
    model::{
        AttachedAccount, CentralUserId, Enumeration, GlobalAccount, KeepAnswers, KeptAnswer,
        Outcome, Request, RunNumber, RunStatus, Snapshot, WikiId,
    },
    store::{Account, Observed, StoreError},
};

/// After so many answers in a row that refuse us, or that are not about us before any that is, the
/// login is lost; one or two may be a wiki's own trouble.
pub(super) const LOST_AFTER: u32 = 3;

/// An account still to be asked for.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    account: Account,
    url: String,
    /// Asked already, and to be asked once more before the answer is believed.
    again: Option<Again>,
}

/// Why an account is asked once more.
#[derive(Clone, Debug)]
enum Again {
    /// The wiki's databases lagged behind all the time.
    WithoutMaxlag,
    /// The answer told of something that rarely happens.
    Doubtful,
}

/// What became of all accounts.
#[derive(Debug, Default)]
pub(super) struct FannedOut {
    pub(super) failures: Vec<(WikiId, String)>,
    pub(super) warnings: Vec<String>,
    /// Why it ended early.
    pub(super) ended: Option<RunError>,
    pub(super) stopped: bool,
    /// Whether the servers want to be asked nothing more.
    pub(super) closed: bool,
}

impl FannedOut {
    pub(super) fn status(&self) -> RunStatus {
        match (&self.ended, self.stopped) {
            (Some(_), _) => RunStatus::Failed,
            (None, true) => RunStatus::Interrupted,
            (None, false) => RunStatus::Finished,
        }
    }
}

/// What an answer tells.
pub(super) struct Read {
    /// Tells it from other answers about the account.
    pub(super) fingerprint: [u8; 16],
    /// `None` where its fingerprint is that of the answer before: it tells the same.
    pub(super) snapshot: Option<Snapshot>,
    /// When it came.
    pub(super) at: DateTime<Utc>,
    /// The answer itself, where answers are kept.
    pub(super) kept: Option<KeptAnswer>,
}

/// At most so many looks that found nothing new are recorded together.
const MOST_TOGETHER: usize = 16;

/// A look that found nothing new waits no longer than this for others to be recorded with: that is
/// what a power cut may take. At the pace that Wikimedia wants nearly every look is recorded alone.
const TOGETHER_WITHIN: Duration = Duration::from_millis(50);

/// A look that found nothing new and is not recorded yet.
struct Same {
    account: Account,
    at: DateTime<Utc>,
    requests: Vec<Request>,
    answer: Option<KeptAnswer>,
}

/// What one task brings back.
struct Asked {
    waiting: Waiting,
    requests: Vec<Request>,
    /// What the answer tells, or why there is none, or none that can be used.
    read: Result<Result<Read, Unusable>, Failure>,
}

/// What a fan-out is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    pub(super) run: RunNumber,
    pub(super) user: i64,
    pub(super) global: &'a GlobalAccount,
    /// All accounts of the run, those read before it was interrupted too.
    pub(super) accounts: usize,
}

/// Where a fan-out stands.
struct State<'a> {
    run: RunNumber,
    user: i64,
    global: &'a GlobalAccount,
    /// Asked a second time, when all others have been asked.
    once_more: VecDeque<Waiting>,
    unrecorded: Vec<Same>,
    /// When the first of them came, by the clock's `elapsed`.
    unrecorded_since: Duration,
    progress: Progress,
    outcome: FannedOut,
    has_seen_us: bool,
    not_us_in_a_row: u32,
    /// Nobody is asked any more, and why the rest could not be read.
    closed: Option<String>,
}

impl Collector {
    pub(super) async fn fan_out(
        &self,
        task: Task<'_>,
        mut queue: VecDeque<Waiting>,
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<FannedOut, RunError> {
        let mut state = State::new(task, queue.len());
        let mut tasks = JoinSet::new();
        loop {
            progress(state.progress);
            if stop.is_cancelled() {
                state.outcome.stopped = true;
                queue.clear();
                state.once_more.clear();
            }
            if queue.is_empty() && tasks.is_empty() {
                queue.append(&mut state.once_more);
            }
            while tasks.len() < self.max_in_flight
                && let Some(waiting) = queue.pop_front()
            {
                if let Some(reason) = state.closed.clone() {
                    self.give_up(&mut state, &waiting.account, &reason, &[])
                        .await?;
                } else {
                    self.start(&mut tasks, &mut state, waiting, stop).await?;
                }
            }
            match self.next_asked(&mut tasks, &mut state).await? {
                None if queue.is_empty() && state.once_more.is_empty() => break,
                None => {}
                Some(Ok(asked)) => {
                    self.remember_pause(state.user).await?;
                    self.receive(&mut state, asked).await?;
                }
                // A panic in reading one answer must not end the run; the account stays unknown.
                Some(Err(error)) => {
                    tracing::error!(%error, "a task broke off; one account was not read");
                    state.count(Outcome::Failed);
                }
            }
        }
        state.refuse_if_nobody_knew_us();
        state.outcome.closed = state.closed.is_some();
        Ok(state.outcome)
    }

    /// What the next task to end brings back. Nobody waits for it any longer than looks may stay
    /// unrecorded.
    async fn next_asked(
        &self,
        tasks: &mut JoinSet<Asked>,
        state: &mut State<'_>,
    ) -> Result<Option<Result<Asked, JoinError>>, StoreError> {
        if !state.unrecorded.is_empty() {
            let waited = self.clock.elapsed().saturating_sub(state.unrecorded_since);
            match timeout(TOGETHER_WITHIN.saturating_sub(waited), tasks.join_next()).await {
                Ok(Some(next)) => return Ok(Some(next)),
                Ok(None) | Err(_) => self.record_same(state).await?,
            }
        }
        Ok(tasks.join_next().await)
    }

    async fn start(
        &self,
        tasks: &mut JoinSet<Asked>,
        state: &mut State<'_>,
        waiting: Waiting,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let api = match self.hosts.api(&waiting.url) {
            Ok(api) => api,
            Err(refusal) => {
                let reason = refusal.to_string();
                let wiki = &waiting.account.wiki;
                state
                    .outcome
                    .warnings
                    .push(format!("{wiki} was not asked: {reason}"));
                return self.give_up(state, &waiting.account, &reason, &[]).await;
            }
        };
        tasks.spawn(ask(
            Arc::clone(&self.client),
            api,
            waiting,
            self.view,
            state.global.id,
            state.global.name.clone(),
            Arc::clone(&self.redaction),
            self.keep_answers,
            stop.clone(),
        ));
        Ok(())
    }

    /// Records what one account's request brought, or why it brought nothing.
    async fn receive(&self, state: &mut State<'_>, asked: Asked) -> Result<(), StoreError> {
        let Asked {
            waiting,
            requests,
            read,
        } = asked;
        let account = &waiting.account;
        let read = match read {
            Ok(Ok(read)) => read,
            Ok(Err(unusable)) => {
                if matches!(unusable, Unusable::SomebodyElse(_)) {
                    state.note_not_us(&unusable.to_string());
                }
                return self
                    .give_up(state, account, &unusable.to_string(), &requests)
                    .await;
            }
            Err(failure) => return self.fail(state, waiting, &failure, &requests).await,
        };
        state.has_seen_us = true;
        state.not_us_in_a_row = 0;
        if read.snapshot.is_none() {
            if state.unrecorded.is_empty() {
                state.unrecorded_since = self.clock.elapsed();
            }
            state.unrecorded.push(Same {
                account: waiting.account,
                at: read.at,
                requests,
                answer: read.kept,
            });
            if state.unrecorded.len() >= MOST_TOGETHER {
                self.record_same(state).await?;
            }
            return Ok(());
        }
        self.record_same(state).await?;
        let is_sure = waiting.again.is_some();
        let recorded = self
            .record(state.run, account, &read, &requests, is_sure)
            .await?;
        let Some(outcome) = recorded else {
            state.ask_once_more(waiting, Again::Doubtful);
            return Ok(());
        };
        state.tell(account, outcome);
        Ok(())
    }

    /// Records the looks that found nothing new.
    async fn record_same(&self, state: &mut State<'_>) -> Result<(), StoreError> {
        if state.unrecorded.is_empty() {
            return Ok(());
        }
        let looks = state.unrecorded.iter();
        let observed: Vec<Observed<'_>> = looks
            .map(|look| Observed {
                run: state.run,
                account: look.account.id,
                at: look.at,
                requests: &look.requests,
                answer: look.answer.as_ref(),
            })
            .collect();
        self.store.record_unchanged(&observed).await?;
        for look in std::mem::take(&mut state.unrecorded) {
            state.tell(&look.account, Outcome::Unchanged);
        }
        Ok(())
    }

    async fn fail(
        &self,
        state: &mut State<'_>,
        waiting: Waiting,
        failure: &Failure,
        requests: &[Request],
    ) -> Result<(), StoreError> {
        self.record_same(state).await?;
        let reason = failure.to_string();
        match failure {
            Failure::Stopped => {
                return self.store.record_requests(Some(state.run), requests).await;
            }
            Failure::AskAgainLater(_) if waiting.again.is_none() => {
                self.store
                    .record_requests(Some(state.run), requests)
                    .await?;
                state.ask_once_more(waiting, Again::WithoutMaxlag);
                return Ok(());
            }
            Failure::StopAccount(_) => state.note_refusal(&reason),
            Failure::StopRun(_) | Failure::Deferred { .. } => {
                state.outcome.warnings.push(reason.clone());
                state.closed = Some(reason.clone());
            }
            _ => {}
        }
        self.give_up(state, &waiting.account, &reason, requests)
            .await
    }

    /// Records that an account is unknown in this run.
    async fn give_up(
        &self,
        state: &mut State<'_>,
        account: &Account,
        reason: &str,
        requests: &[Request],
    ) -> Result<(), StoreError> {
        self.record_same(state).await?;
        let observed = Observed {
            run: state.run,
            account: account.id,
            at: self.clock.now(),
            requests,
            answer: None,
        };
        let outcome = self.store.record_failure(observed, reason).await?;
        let (wiki, run) = (&account.wiki, state.run.0);
        tracing::info!(run, %wiki, "{wiki} could not be read: {reason}");
        state
            .outcome
            .failures
            .push((account.wiki.clone(), reason.to_owned()));
        state.count(outcome);
        Ok(())
    }
}

impl<'a> State<'a> {
    fn new(task: Task<'a>, left: usize) -> Self {
        Self {
            run: task.run,
            user: task.user,
            global: task.global,
            once_more: VecDeque::new(),
            unrecorded: Vec::new(),
            unrecorded_since: Duration::ZERO,
            progress: Progress {
                accounts: task.accounts,
                done: task.accounts - left,
                failed: 0,
            },
            outcome: FannedOut::default(),
            has_seen_us: false,
            not_us_in_a_row: 0,
            closed: None,
        }
    }

    /// An account was read, and what it told is in the database.
    fn tell(&mut self, account: &Account, outcome: Outcome) {
        let (wiki, run) = (&account.wiki, self.run.0);
        tracing::debug!(run, %wiki, ?outcome, "{wiki} was read");
        self.count(outcome);
    }

    fn count(&mut self, outcome: Outcome) {
        self.progress.done += 1;
        if outcome == Outcome::Failed {
            self.progress.failed += 1;
        }
    }

    fn ask_once_more(&mut self, waiting: Waiting, why: Again) {
        let wiki = &waiting.account.wiki;
        tracing::debug!(%wiki, ?why, "{wiki} is asked once more at the end");
        self.once_more.push_back(Waiting {
            again: Some(why),
            ..waiting
        });
    }

    /// An answer about somebody else. Once a wiki has known us, it is that other wiki's own trouble.
    fn note_not_us(&mut self, reason: &str) {
        self.note_stranger(reason, !self.has_seen_us);
    }

    /// The credential was refused. It may have been revoked in the middle of the run.
    fn note_refusal(&mut self, reason: &str) {
        self.note_stranger(reason, true);
    }

    fn note_stranger(&mut self, reason: &str, may_be_lost: bool) {
        self.not_us_in_a_row += 1;
        if may_be_lost && self.not_us_in_a_row >= LOST_AFTER && self.closed.is_none() {
            self.closed = Some(reason.to_owned());
            self.outcome.ended = Some(RunError::Refused(reason.to_owned()));
        }
    }

    /// With one or two accounts there are no more answers to wait for.
    fn refuse_if_nobody_knew_us(&mut self) {
        let accounts = u32::try_from(self.progress.accounts).unwrap_or(u32::MAX);
        if self.outcome.ended.is_none()
            && self.not_us_in_a_row == accounts
            && let Some((_, reason)) = self.outcome.failures.last()
        {
            self.outcome.ended = Some(RunError::Refused(reason.clone()));
        }
    }
}

/// The accounts in the order in which they are asked: those with rights first, then by activity,
/// so that a run that is cut short holds what matters.
pub(super) fn queue(accounts: Vec<Account>, enumeration: &Enumeration) -> VecDeque<Waiting> {
    let listed: BTreeMap<&WikiId, &AttachedAccount> = enumeration
        .attached
        .iter()
        .map(|account| (&account.wiki, account))
        .collect();
    let mut queue: Vec<(bool, u64, Waiting)> = accounts
        .into_iter()
        .filter_map(|account| {
            let attached = listed.get(&account.wiki)?;
            let has_rights = !attached.groups.is_empty() || attached.block.is_some();
            let waiting = Waiting {
                url: attached.url.clone(),
                account,
                again: None,
            };
            Some((has_rights, attached.edit_count, waiting))
        })
        .collect();
    queue.sort_by_key(|(has_rights, edits, _)| (!has_rights, u64::MAX - edits));
    queue.into_iter().map(|(_, _, waiting)| waiting).collect()
}

#[expect(clippy::too_many_arguments, reason = "a task owns everything it needs")]
async fn ask(
    client: Arc<Client>,
    api: Api,
    waiting: Waiting,
    view: View,
    id: CentralUserId,
    name: String,
    redaction: Arc<Redaction>,
    keep_answers: KeepAnswers,
    stop: CancellationToken,
) -> Asked {
    let parameters = match view {
        View::Own => user_info::question(&name),
        View::Public => user_info::public_question(&name),
    };
    let mut question = Question::new(Purpose::Account, parameters);
    question.without_maxlag = matches!(waiting.again, Some(Again::WithoutMaxlag));
    let reply = client.ask(&api, &question, &stop).await;
    let read = |answer: Answer| {
        let told = match view {
            View::Own => Told::own(&answer.body, &waiting.account.wiki, id, &redaction),
            View::Public => Told::public(&answer.body, id),
        }?;
        let fingerprint = told.fingerprint(&redaction);
        let is_known = waiting.account.fingerprint == Some(fingerprint);
        let snapshot = (!is_known || keep_answers == KeepAnswers::All)
            .then(|| told.snapshot(&redaction))
            .transpose()?;
        let answered = snapshot.as_ref();
        let answered = answered.filter(|_| keep_answers != KeepAnswers::None);
        let kept = answered
            .and_then(|snapshot| evidence::keep(&answer, Purpose::Account, snapshot, &redaction));
        Ok(Read {
            fingerprint,
            snapshot: snapshot.filter(|_| !is_known),
            at: answer.received_at,
            kept,
        })
    };
    let read = reply.answer.map(read);
    Asked {
        waiting,
        requests: ledger(reply.requests),
        read,
    }
}
