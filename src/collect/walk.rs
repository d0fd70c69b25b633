//! Lists read page by page, few at a time: each page is recorded, with how far it goes, before the
//! next is asked for.

use std::{collections::VecDeque, sync::Arc};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Collector, Progress, RunError, fan_out::LOST_AFTER, ledger};
use crate::{
    mediawiki::{Answer, Api, Client, Failure, Purpose, Question, Start, Unusable},
    model::{Request, RunNumber},
    store::{PageEnd, StoreError},
};

/// More pages than any list has; whoever goes on for longer goes on for ever.
const MOST_PAGES: u32 = 2_000;

/// Where a list goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Not before this instant.
    pub(super) since: Option<String>,
    /// The wiki's own words for it.
    pub(super) go_on: Option<String>,
}

impl Place {
    pub(super) fn start(&self) -> Start<'_> {
        Start {
            since: self.since.as_deref().filter(|_| self.go_on.is_none()),
            go_on: self.go_on.as_deref(),
        }
    }
}

/// What kind of list it is, what is asked for, and what becomes of the answer.
pub(super) trait List: Clone + Send + 'static {
    /// What the requests are for.
    const PURPOSE: Purpose;

    /// The wiki that is asked.
    fn wiki(&self) -> &str;

    /// The parameters of the next page.
    fn parameters(&self) -> Vec<(&str, std::borrow::Cow<'_, str>)>;

    /// Whether a place is sent along that the wiki may have forgotten.
    fn has_place(&self) -> bool;

    /// Records a page. Returns how many entries are new.
    async fn record(
        &mut self,
        collector: &Collector,
        answer: &Answer,
        requests: &[Request],
    ) -> Result<Result<Recorded, Unusable>, StoreError>;

    /// Begins again where what is recorded ends: the wiki does not know the place any more.
    async fn forget_place(&mut self, collector: &Collector) -> Result<(), StoreError>;
}

/// What became of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recorded {
    /// Entries that were not known.
    pub(super) new: u64,
    /// Whether there is more.
    pub(super) goes_on: bool,
}

/// A list that is being read.
#[derive(Clone, Debug)]
pub(super) struct Walk<L> {
    pub(super) api: Api,
    pub(super) list: L,
    without_maxlag: bool,
    has_forgotten: bool,
    pages: u32,
}

impl<L> Walk<L> {
    pub(super) fn new(api: Api, list: L) -> Self {
        Self {
            api,
            list,
            without_maxlag: false,
            has_forgotten: false,
            pages: 0,
        }
    }
}

/// What became of all lists.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Lists read to their end.
    pub(super) read: usize,
    /// Entries that were not known.
    pub(super) new: u64,
    /// Lists that could not be read to their end, and why.
    pub(super) failures: Vec<(String, String)>,
    pub(super) warnings: Vec<String>,
    /// Lists left for another time.
    pub(super) left: usize,
    /// Why it ended early.
    pub(super) ended: Option<RunError>,
    pub(super) stopped: bool,
    /// Nobody is asked any more, and why.
    pub(super) closed: Option<String>,
    requests: usize,
    refused_in_a_row: u32,
}

/// What one task brings back.
struct Asked<L> {
    walk: Walk<L>,
    requests: Vec<Request>,
    answer: Result<Answer, Failure>,
}

/// For whom lists are read, and how much may be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand {
    pub(super) run: Option<RunNumber>,
    pub(super) user: i64,
    pub(super) most_requests: Option<u32>,
}

impl Collector {
    /// Reads lists to their ends.
    pub(super) async fn walk<L: List>(
        &self,
        errand: Errand,
        mut queue: VecDeque<Walk<L>>,
        walked: &mut Walked,
        stop: &CancellationToken,
        progress: &dyn Fn(Progress),
    ) -> Result<(), RunError> {
        let lists = queue.len();
        let mut tasks: JoinSet<Asked<L>> = JoinSet::new();
        let most = errand
            .most_requests
            .map_or(usize::MAX, |most| most as usize);
        loop {
            progress(Progress {
                accounts: lists,
                done: lists - queue.len() - tasks.len(),
                failed: walked.failures.len(),
            });
            if stop.is_cancelled() {
                walked.stopped = true;
                queue.clear();
            }
            if let Some(reason) = walked.closed.clone() {
                let left = queue.drain(..);
                let unread = left.map(|walk| (walk.list.wiki().to_owned(), reason.clone()));
                walked.failures.extend(unread);
            }
            while tasks.len() < self.max_in_flight
                && walked.requests + tasks.len() < most
                && let Some(walk) = queue.pop_front()
            {
                tasks.spawn(ask(Arc::clone(&self.client), walk, stop.clone()));
            }
            match tasks.join_next().await {
                None => break,
                Some(Ok(asked)) => {
                    self.remember_pause(errand.user).await?;
                    walked.requests += asked.requests.len();
                    self.receive_page(errand.run, asked, &mut queue, walked)
                        .await?;
                }
                Some(Err(error)) => {
                    tracing::error!(%error, "a task broke off; one list was not read");
                    let text = "the program failed".to_owned();
                    walked.failures.push((String::new(), text));
                }
            }
        }
        walked.left += queue.len();
        if walked.read == 0 && walked.refused_in_a_row > 0 && walked.ended.is_none() {
            let reason = walked.failures.last().map(|(_, reason)| reason.clone());
            walked.ended = reason.map(RunError::Refused);
        }
        Ok(())
    }

    /// Records what one page told, or why there is none.
    async fn receive_page<L: List>(
        &self,
        run: Option<RunNumber>,
        asked: Asked<L>,
        queue: &mut VecDeque<Walk<L>>,
        walked: &mut Walked,
    ) -> Result<(), StoreError> {
        let Asked {
            mut walk,
            requests,
            answer,
        } = asked;
        let failure = match answer {
            Err(failure) => failure,
            Ok(answer) => {
                walked.refused_in_a_row = 0;
                walk.pages += 1;
                match walk.list.record(self, &answer, &requests).await? {
                    Ok(recorded) => {
                        walked.new += recorded.new;
                        if !recorded.goes_on {
                            walked.read += 1;
                        } else if walk.pages < MOST_PAGES {
                            queue.push_front(walk);
                        } else {
                            let reason = "its list goes on for longer than any does";
                            walked.fail(&walk.list, reason);
                        }
                    }
                    Err(unusable) => {
                        self.store.record_requests(run, &requests).await?;
                        walked.fail(&walk.list, &unusable.to_string());
                    }
                }
                return Ok(());
            }
        };
        self.store.record_requests(run, &requests).await?;
        let reason = failure.to_string();
        match &failure {
            Failure::Stopped => return Ok(()),
            Failure::AskAgainLater(_) if !walk.without_maxlag => {
                walk.without_maxlag = true;
                queue.push_back(walk);
                return Ok(());
            }
            failure
                if failure.code() == Some("badcontinue")
                    && walk.list.has_place()
                    && !walk.has_forgotten =>
            {
                walk.has_forgotten = true;
                walk.list.forget_place(self).await?;
                queue.push_front(walk);
                return Ok(());
            }
            Failure::StopAccount(_) => {
                walked.refused_in_a_row += 1;
                if walked.refused_in_a_row >= LOST_AFTER && walked.closed.is_none() {
                    walked.closed = Some(reason.clone());
                    walked.ended = Some(RunError::Refused(reason.clone()));
                }
            }
            Failure::StopRun(_) | Failure::Deferred { .. } => {
                walked.warnings.push(reason.clone());
                walked.closed = Some(reason.clone());
            }
            _ => {}
        }
        walked.fail(&walk.list, &reason);
        Ok(())
    }
}

impl Walked {
    fn fail<L: List>(&mut self, list: &L, reason: &str) {
        let wiki = list.wiki().to_owned();
        tracing::info!(wiki, reason, "a list could not be read");
        self.failures.push((wiki, reason.to_owned()));
    }
}

/// Where a page ended; an error if the wiki wants to be sent what it was just sent.
pub(super) fn page_end<'a, T>(
    page: &'a crate::mediawiki::Page<T>,
    sent: &Place,
    answer: &Answer,
    edit_count: Option<u64>,
) -> Result<PageEnd<'a>, Unusable> {
    if page.go_on.is_some() && page.go_on == sent.go_on {
        return Err(Unusable::Malformed(
            "the wiki's list goes round in circles".into(),
        ));
    }
    Ok(PageEnd {
        read_until: page.read_until,
        go_on: page.go_on.as_deref(),
        at: answer.received_at,
        edit_count,
    })
}

async fn ask<L: List>(client: Arc<Client>, walk: Walk<L>, stop: CancellationToken) -> Asked<L> {
    let mut question = Question::new(L::PURPOSE, walk.list.parameters());
    question.without_maxlag = walk.without_maxlag;
    let reply = client.ask(&walk.api, &question, &stop).await;
    drop(question);
    Asked {
        walk,
        requests: ledger(reply.requests),
        answer: reply.answer,
    }
}
