//! What an answer rests on: "no changes" is good news only where something was read.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Context, collector, exit::Trouble};
use crate::{
    config::{self, Settings},
    model::{Scope, utc_text},
    report::Notice,
    store::{EndedRun, Store, User},
};

/// How old the last good run may be, if nobody says otherwise: a nightly run and half a night.
pub(super) const MAX_AGE: TimeDelta = TimeDelta::hours(36);

/// How far in the future a run may lie by the clocks of two machines that are both right.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// The line above a report: which run it rests on. `None` only where the database knows nobody.
///
/// It is about the user, or about the worst off of all if `user` is `None`.
pub(super) async fn notice(
    context: &Context<'_>,
    store: &Store,
    user: Option<i64>,
) -> Result<Option<Notice>, Trouble> {
    let now = context.world.clock.now();
    // Who only reads needs no configuration; where there is none, every run counts.
    let settings = context.settings().ok();
    let users = store.users().await?;
    let has_others = users.len() > 1;
    let mut worst: Option<Standing> = None;
    for user in users
        .into_iter()
        .filter(|one| user.is_none_or(|user| one.id == user))
    {
        let scopes = match &settings {
            Some(settings) => scopes_of(store, settings, &user).await?,
            None => good_scopes(None),
        };
        let standing = Standing::of(store, user, scopes, now).await?;
        if worst
            .as_ref()
            .is_none_or(|worst| standing.rank() < worst.rank())
        {
            worst = Some(standing);
        }
    }
    Ok(worst.map(|worst| worst.notice(has_others, now)))
}

/// The same line, if it is a warning: the last good run is old, or there is none, or a later one
/// went wrong.
pub(super) async fn warning(
    context: &Context<'_>,
    store: &Store,
    user: Option<i64>,
) -> Result<Option<Notice>, Trouble> {
    let notice = notice(context, store, user).await?;
    Ok(notice.filter(|notice| notice.is_warning))
}

/// The scopes of the runs that count for a user. Where full runs are scheduled, no pulse stands in
/// for one.
pub(super) fn good_scopes(configured: Option<&config::User>) -> &'static [Scope] {
    match configured {
        Some(user) if user.schedule.is_some() => &[Scope::Full],
        _ => &[Scope::Full, Scope::Pulse],
    }
}

/// Whether a good run is too old to rely on. One in the future says only that the clock was wrong,
/// then or now; that must not pass for fresh for ever.
pub(super) fn is_late(good: Option<DateTime<Utc>>, now: DateTime<Utc>, max_age: TimeDelta) -> bool {
    good.is_none_or(|good| good < now - max_age || good > now + SKEW)
}

/// The scopes that count for a user whom the database knows.
pub(super) async fn scopes_of(
    store: &Store,
    settings: &Settings,
    user: &User,
) -> Result<&'static [Scope], Trouble> {
    if let Ok(central) = collector::central_url(settings) {
        for configured in &settings.users {
            let known = store.user(&central, &configured.name).await?;
            if known.is_some_and(|known| known.id == user.id) {
                return Ok(good_scopes(Some(configured)));
            }
        }
    }
    Ok(good_scopes(None))
}

/// How it stands with one user.
pub(super) struct Standing {
    name: String,
    pub(super) good: Option<EndedRun>,
    /// A run after the last good one, or the only one: it read too little.
    pub(super) bad: Option<EndedRun>,
    pub(super) is_late: bool,
}

impl Standing {
    pub(super) async fn of(
        store: &Store,
        user: User,
        scopes: &[Scope],
        now: DateTime<Utc>,
    ) -> Result<Self, Trouble> {
        let good = store.last_good_run_of(user.id, scopes).await?;
        let last = store.last_ended_run_of(user.id, scopes).await?;
        let is_after = |last: &EndedRun| good.as_ref().is_none_or(|good| last.run > good.run);
        let started_at = good.as_ref().map(|good| good.started_at);
        Ok(Self {
            name: user.name,
            bad: last.filter(is_after),
            is_late: is_late(started_at, now, MAX_AGE),
            good,
        })
    }

    /// The lower, the worse.
    fn rank(&self) -> (bool, bool, Option<DateTime<Utc>>) {
        let started_at = self.good.as_ref().map(|good| good.started_at);
        (!self.is_late, self.bad.is_none(), started_at)
    }

    fn notice(&self, has_others: bool, now: DateTime<Utc>) -> Notice {
        let mut text = match &self.good {
            None => "no good run yet: none has read most of the wikis".to_owned(),
            Some(good) => {
                let (at, run) = (utc_text(good.started_at), good.run.0);
                let pulse = if good.scope == Scope::Pulse.as_str() {
                    ", a pulse"
                } else {
                    ""
                };
                let age = age(now - good.started_at);
                let unread = unread(good).map(|unread| format!(", {unread}"));
                let unread = unread.unwrap_or_default();
                format!("last good run: {at} (run {run}{pulse}, {age}{unread})")
            }
        };
        if let Some(bad) = &self.bad {
            let at = utc_text(bad.started_at);
            text = format!("{text}; run {} of {at}: {}", bad.run.0, fate(bad));
        }
        if has_others {
            text = format!("{}: {text}", self.name);
        }
        let is_warning = self.is_late || self.bad.is_some();
        Notice { text, is_warning }
    }
}

/// What became of a run that was not good.
pub(super) fn fate(bad: &EndedRun) -> String {
    match (bad.status.as_str(), unread(bad)) {
        ("finished", Some(unread)) => unread,
        (status, _) => status.to_owned(),
    }
}

fn unread(run: &EndedRun) -> Option<String> {
    (run.failed > 0).then(|| format!("{} of {} wikis not read", run.failed, run.accounts))
}

/// How long ago, in the largest unit of which there are at least two.
fn age(age: TimeDelta) -> String {
    if age < -SKEW {
        return "in the future: is the clock right?".to_owned();
    }
    match (age.num_days(), age.num_hours(), age.num_minutes()) {
        (days @ 2.., _, _) => format!("{days} days ago"),
        (_, hours @ 2.., _) => format!("{hours} h ago"),
        (_, _, minutes @ 1..) => format!("{minutes} min ago"),
        _ => "just now".to_owned(),
    }
}
