//! Why it changed: logs and global preferences are asked, and only where a change was seen.
//!
//! The changes are recorded before this begins. If it is cut short, the causes that were not found
//! stay what the values alone tell.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta};
use tokio_util::sync::CancellationToken;

use super::{Collector, RunError, View, ledger};
use crate::{
    mediawiki::{
        Answer, Api, Purpose, Question, global_preferences,
        logs::{self, LogEvent},
    },
    model::{
        Cause, Enumeration, KeepAnswers, Kind, Property, RunNumber, Snapshot, WikiId, utc_text,
    },
    store::{GlobalPreferenceChange, NewLogEvent, Observed, Unexplained, User},
};

/// Clocks of wikis and ours may differ by so much.
const SKEW: TimeDelta = TimeDelta::minutes(10);

/// What all steps of explaining need.
struct Explainer<'a> {
    collector: &'a Collector,
    run: RunNumber,
    user: &'a User,
    enumeration: &'a Enumeration,
    stop: &'a CancellationToken,
}

impl Collector {
    /// Finds the causes of a run's changes as far as logs and global preferences tell.
    pub(super) async fn explain(
        &self,
        run: RunNumber,
        user: &User,
        enumeration: &Enumeration,
        stop: &CancellationToken,
    ) -> Result<(), RunError> {
        // Those that an earlier run could not ask about are among them.
        let changes = self.store.unexplained(run).await?;
        let explainer = Explainer {
            collector: self,
            run,
            user,
            enumeration,
            stop,
        };
        let (preferences, logged): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| change.property.kind == Kind::Preference);
        if !preferences.is_empty() && self.view == View::Own {
            explainer.by_global_preferences(&preferences).await?;
        }
        explainer.by_logs(logged).await
    }
}

impl Explainer<'_> {
    /// Asks each log that can tell once, for all changes it can tell about.
    async fn by_logs(&self, changes: Vec<Unexplained>) -> Result<(), RunError> {
        let mut by_log: BTreeMap<Log, Vec<Unexplained>> = BTreeMap::new();
        for change in changes {
            by_log.entry(Log::of(&change)).or_default().push(change);
        }
        for (log, changes) in by_log {
            let mut unfound = self.by_log(&log, changes).await?;
            // Stewards act from the central wiki.
            if let (Log::Rights(wiki), Some(changes)) = (&log, &unfound)
                && !changes.is_empty()
            {
                let stewards = Log::StewardRights(wiki.clone());
                unfound = self.by_log(&stewards, changes.clone()).await?;
            }
            for change in unfound.unwrap_or_default() {
                self.collector.store.record_no_cause(&change).await?;
            }
        }
        Ok(())
    }

    /// Explains what one log explains; returns the rest, or `None` if the log could not be read and
    /// has to be asked again in the next run.
    async fn by_log(
        &self,
        log: &Log,
        changes: Vec<Unexplained>,
    ) -> Result<Option<Vec<Unexplained>>, RunError> {
        let since = changes
            .iter()
            .map(|change| change.happened_after - SKEW)
            .min();
        let (Some(since), Some(logged_on)) = (since, self.wiki_of(log)) else {
            return Ok(Some(changes));
        };
        let mut names = vec![self.enumeration.account.name.clone()];
        if log.keeps_former_names() {
            let store = &self.collector.store;
            names.extend(store.former_names(self.user.id, since).await?);
        }
        let mut events = Vec::new();
        for name in names {
            let title = log.title(&name);
            match self.ask(log, &logged_on, &title, &utc_text(since)).await? {
                Some(more) => events.extend(more),
                None => return Ok(None),
            }
        }
        let mut unfound = Vec::new();
        for change in changes {
            // Newest first: the latest entry that fits led to what was found.
            let Some(event) = events.iter().find(|event| tells_of(event, &change)) else {
                unfound.push(change);
                continue;
            };
            let kept = NewLogEvent {
                logged_on: logged_on.as_str(),
                wiki: log.about(),
                log_id: event.log_id,
                log_type: &event.log_type,
                action: &event.action,
                logged_at: event.logged_at,
                performer: event.performer.as_deref(),
                comment: event.comment.as_deref(),
                params: &event.params,
                hidden: event.hidden,
            };
            let store = &self.collector.store;
            let id = store.record_log_event(self.user.id, &kept).await?;
            store
                .record_cause(&change, Cause::RightsLog, Some(id))
                .await?;
        }
        Ok(Some(unfound))
    }

    /// The entries of a log since an instant; `None` if it could not be read.
    async fn ask(
        &self,
        log: &Log,
        logged_on: &WikiId,
        title: &str,
        since: &str,
    ) -> Result<Option<Vec<LogEvent>>, RunError> {
        let Some(api) = self.api(logged_on) else {
            return Ok(None);
        };
        let question = Question::new(Purpose::Log, logs::question(log.name(), title, since));
        let answer = self.answer(&api, &question).await?;
        Ok(answer.and_then(|answer| logs::events(&answer.body, title).ok()))
    }

    /// Reads the global preferences once, keeps them with the global account, and tells which
    /// preferences moved with them.
    async fn by_global_preferences(&self, changes: &[Unexplained]) -> Result<(), RunError> {
        let Some(central) = self.central_wiki() else {
            return Ok(());
        };
        let Some(api) = self.api(&central) else {
            return Ok(());
        };
        let question = Question::new(Purpose::GlobalPreferences, global_preferences::question());
        let Some(answer) = self.answer(&api, &question).await? else {
            return Ok(());
        };
        let redaction = &self.collector.redaction;
        let id = self.enumeration.account.id;
        let Ok(now) = global_preferences::snapshot(&answer.body, id, redaction) else {
            return Ok(());
        };
        let set = self.record_global_preferences(&now, &answer).await?;
        let exceptions: BTreeSet<(RunNumber, i64, &str)> = changes
            .iter()
            .filter_map(|change| {
                let name = change.property.name.strip_suffix("-local-exception")?;
                Some((change.run, change.account, name))
            })
            .collect();
        for change in changes {
            let name = change.property.name.as_str();
            let store = &self.collector.store;
            // Where a local exception holds, the value for all wikis has no effect.
            let is_exception = exceptions.contains(&(change.run, change.account, name))
                || store.holds_local_exception(change.account, name).await?;
            let mut meanwhile = set.iter().filter(|global| moved_meanwhile(change, global));
            let cause = if is_exception {
                None
            } else if meanwhile.clone().any(|global| moved_with(change, global)) {
                Some(Cause::GlobalPreference)
            } else {
                // It had values for all wikis that nobody looked at; being there when it was first
                // looked for is no such sign.
                meanwhile
                    .any(|global| global.happened_after > DateTime::UNIX_EPOCH)
                    .then_some(Cause::Unknown)
            };
            let Some(cause) = cause else {
                store.record_no_cause(change).await?;
                continue;
            };
            store.record_cause(change, cause, None).await?;
        }
        Ok(())
    }

    /// Adds the global preferences to what the run observed of the global account, and returns how
    /// they have changed ever since they were first looked for.
    async fn record_global_preferences(
        &self,
        now: &Snapshot,
        answer: &Answer,
    ) -> Result<Vec<GlobalPreferenceChange>, RunError> {
        let store = &self.collector.store;
        let account = store.global_account(self.user.id).await?;
        let known = store.latest_snapshot(account).await?.unwrap_or_default();
        let is_global = |property: &Property| property.kind == Kind::GlobalPreference;
        let mut before = Snapshot {
            coverage: known.coverage,
            ..Snapshot::default()
        };
        let preferences = known.properties.into_iter();
        before.properties = preferences
            .filter(|(property, _)| is_global(property))
            .collect();
        let at = self.collector.clock.now();
        let difference = crate::compare::difference(&before, now, at);
        let kept = self
            .collector
            .kept(answer, Purpose::GlobalPreferences, now)
            .filter(|_| {
                self.collector.keep_answers == KeepAnswers::All
                    || !difference.changes.is_empty()
                    || !difference.first_seen.is_empty()
            });
        let observed = Observed {
            run: self.run,
            account,
            at,
            requests: &[],
            answer: kept.as_ref(),
        };
        store
            .add_to_snapshot(observed, now.coverage, &difference)
            .await?;
        Ok(store.global_preference_changes(account, at).await?)
    }

    /// Asks, and writes the requests into the ledger. `None`: no answer, and no cause then.
    async fn answer(&self, api: &Api, question: &Question<'_>) -> Result<Option<Answer>, RunError> {
        let reply = self.collector.client.ask(api, question, self.stop).await;
        let requests = ledger(reply.requests);
        self.collector
            .store
            .record_requests(Some(self.run), &requests)
            .await?;
        match reply.answer {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) => {
                let purpose = question.purpose.as_str();
                let host = api.host();
                tracing::info!(host, purpose, "no cause found on {host}: {failure}");
                Ok(None)
            }
        }
    }

    /// The wiki whose log it is.
    fn wiki_of(&self, log: &Log) -> Option<WikiId> {
        match log {
            Log::Rights(wiki) | Log::Block(wiki) => wiki.parse().ok(),
            _ => self.central_wiki(),
        }
    }

    /// The attached account on the central wiki.
    fn central_wiki(&self) -> Option<WikiId> {
        let central = self.collector.hosts.central();
        let attached = &self.enumeration.attached;
        let is_central = |url: &str| {
            let api = self.collector.hosts.api(url);
            api.is_ok_and(|api| api.url() == central.url())
        };
        let account = attached.iter().find(|account| is_central(&account.url))?;
        Some(account.wiki.clone())
    }

    fn api(&self, wiki: &WikiId) -> Option<Api> {
        let attached = &self.enumeration.attached;
        let account = attached.iter().find(|account| account.wiki == *wiki)?;
        self.collector.hosts.api(&account.url).ok()
    }
}

/// Where an explanation may stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Log {
    /// The rights log of a wiki.
    Rights(String),
    /// What stewards did to the rights on a wiki, in the log of the central one.
    StewardRights(String),
    /// The block log of a wiki.
    Block(String),
    /// The log of global groups.
    GlobalRights,
    /// The log of locks.
    GlobalAuth,
    /// The log of renames.
    Rename,
}

impl Log {
    fn of(change: &Unexplained) -> Self {
        match change.property.kind {
            Kind::Group => Self::Rights(change.wiki.clone()),
            Kind::Block => Self::Block(change.wiki.clone()),
            Kind::GlobalGroup => Self::GlobalRights,
            Kind::Lock => Self::GlobalAuth,
            _ => Self::Rename,
        }
    }

    /// Whether a rename leaves the entries under the old name.
    fn keeps_former_names(&self) -> bool {
        matches!(
            self,
            Self::StewardRights(_) | Self::GlobalRights | Self::GlobalAuth | Self::Rename
        )
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Rights(_) | Self::StewardRights(_) => "rights",
            Self::Block(_) => "block",
            Self::GlobalRights => "gblrights",
            Self::GlobalAuth => "globalauth",
            Self::Rename => "gblrename",
        }
    }

    /// The page that entries about the user are filed under. `User:` works in every language.
    fn title(&self, name: &str) -> String {
        match self {
            Self::Rights(_) | Self::Block(_) | Self::GlobalRights => format!("User:{name}"),
            Self::StewardRights(wiki) => format!("User:{name}@{wiki}"),
            Self::GlobalAuth => format!("User:{name}@global"),
            Self::Rename => format!("Special:CentralAuth/{name}"),
        }
    }

    /// The wiki it is about.
    fn about(&self) -> &str {
        match self {
            Self::Rights(wiki) | Self::StewardRights(wiki) | Self::Block(wiki) => wiki,
            _ => WikiId::GLOBAL,
        }
    }
}

/// Whether an entry tells of a change: it stands in the interval, and says just this.
fn tells_of(event: &LogEvent, change: &Unexplained) -> bool {
    let interval = (change.happened_after - SKEW)..=(change.happened_by + SKEW);
    if !interval.contains(&event.logged_at) {
        return false;
    }
    match change.property.kind {
        Kind::Group | Kind::GlobalGroup => led_to(event, change),
        Kind::Block => match (&change.before, &change.after) {
            (Some(_), None) => event.action == "unblock",
            (None, _) => event.action == "block",
            _ => event.action == "reblock",
        },
        Kind::Identity => new_name(event).as_deref() == change.after.as_deref(),
        _ => true,
    }
}

/// The name after a rename, as JSON text.
fn new_name(event: &LogEvent) -> Option<String> {
    let params: serde_json::Value = serde_json::from_str(&event.params).ok()?;
    Some(params.get("newuser")?.to_string())
}

/// Whether an entry changed this group, and to what was found: an entry names all groups held before
/// and after it, those that it left alone too.
fn led_to(event: &LogEvent, change: &Unexplained) -> bool {
    let Some(groups) = &event.groups else {
        return false;
    };
    let group = &change.property.name;
    let (had, has) = (groups.old.contains(group), groups.new.contains(group));
    let (until_before, until_after) = event.expiries(group);
    let found = change.after.as_deref();
    let fits = |until: String| Some(serde_json::Value::from(until).to_string().as_str()) == found;
    has == found.is_some()
        && (had != has || until_before != until_after)
        && (change.property.kind == Kind::GlobalGroup || until_after.is_none_or(fits))
}

/// Whether a preference and the one for all wikis may have moved at the same time.
fn moved_meanwhile(change: &Unexplained, global: &GlobalPreferenceChange) -> bool {
    global.name == change.property.name
        && global.happened_after < change.happened_by
        && change.happened_after < global.happened_by
}

/// Whether both moved from or to the same value.
fn moved_with(change: &Unexplained, global: &GlobalPreferenceChange) -> bool {
    global.after.is_some() && global.after == change.after
        || global.before.is_some() && global.before == change.before
}
