//! The page of one user: asks the history what it shows, and hands it to `report`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    drift,
    exit::Trouble,
    expiring,
    freshness::{Standing, fate},
    report::{Report, digest_of, ending_name, ending_state},
};
use crate::{
    findings::expiring::{self as ends, Expiring},
    model::{RunNumber, Scope, Zone},
    report::page::{
        Axis, Coverage, Drift, DriftLine, Ending, Headline, OtherValue, Page, Rights, RunMark,
        RunResult, Spell, Timeline, Unread,
    },
    store::{RunOutline, Store, User},
};

/// How a page is wanted, and as of when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Of which runs a good one counts.
    pub(super) scopes: &'static [Scope],
    pub(super) zone: Zone,
    pub(super) now: DateTime<Utc>,
    pub(super) reveal: bool,
}

/// Rights that end are told, however late.
const EVER: TimeDelta = TimeDelta::days(366 * 100);

/// So many of the preferences that differ are told with their wikis.
const DRIFT: usize = 25;

/// Puts the page together around a report.
pub(super) async fn page(store: &Store, wanted: &Wanted, report: &Report) -> Result<Page, Trouble> {
    let user = report.user.id;
    let outlines = store.run_outlines(user).await?;
    let first_at = outlines.iter().find_map(began);
    let axis = Axis::over(first_at.unwrap_or(wanted.now), wanted.now, wanted.zone);
    let rights = rights(store, user, &axis, &outlines).await?;
    let coverage = coverage(store, user).await?;
    let wikis = store.count_listed(user).await?;
    let wikis = usize::try_from(wikis).unwrap_or_default();
    let unread = coverage.unread.iter();
    let unread = unread.filter(|unread| unread.wiki != "global").count();
    let standing = Standing::of(store, report.user.clone(), wanted.scopes, wanted.now).await?;
    Ok(Page {
        user: report.user.name.clone(),
        written_at: wanted.now,
        zone: wanted.zone,
        reveal: wanted.reveal,
        headline: Headline {
            last_good_at: standing.good.map(|good| good.started_at),
            is_late: standing.is_late,
            bad_run: standing.bad.map(|bad| (bad.started_at, fate(&bad))),
            first_at,
            wikis,
            read: wikis.saturating_sub(unread),
        },
        digest: digest_of(report, wanted.zone),
        endings: endings(&expiring::find(store, Some(user), wanted.now, EVER).await?),
        timeline: timeline(store, user, axis, &outlines).await?,
        rights,
        drift: differing(store, &report.user).await?,
        coverage,
    })
}

fn began(outline: &RunOutline) -> Option<DateTime<Utc>> {
    instant(outline.started_at)
}

fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

/// Each run with what it found.
async fn timeline(
    store: &Store,
    user: i64,
    axis: Axis,
    outlines: &[RunOutline],
) -> Result<Timeline, Trouble> {
    let counts = store.change_counts(user).await?;
    let counts: BTreeMap<i64, _> = counts.iter().map(|counts| (counts.run, counts)).collect();
    let runs = outlines.iter().filter(|run| run.status != "running");
    let runs = runs.filter_map(|run| {
        let found = counts.get(&run.run);
        let of =
            |count: Option<i64>| usize::try_from(count.unwrap_or_default()).unwrap_or_default();
        Some(RunMark {
            at: began(run)?,
            result: result(run),
            account: of(found.map(|found| found.account)),
            rights: of(found.map(|found| found.rights)),
            preferences: of(found.map(|found| found.preferences)),
            defaults: of(found.map(|found| found.defaults)),
        })
    });
    Ok(Timeline {
        axis,
        runs: runs.collect(),
    })
}

fn result(run: &RunOutline) -> RunResult {
    match (run.status.as_str(), run.failed) {
        ("finished", Some(0)) => RunResult::Complete,
        ("finished", _) => RunResult::Partial,
        _ => RunResult::Failed,
    }
}

/// What was held when, and when nobody could look.
async fn rights(
    store: &Store,
    user: i64,
    axis: &Axis,
    outlines: &[RunOutline],
) -> Result<Rights, Trouble> {
    let mut rights = Rights::default();
    for row in store.group_spells(user).await? {
        let Some(from) = instant(row.found_at) else {
            continue;
        };
        if let Some(first) = row.first_at.and_then(instant) {
            rights.first_seen.insert(row.wiki.clone(), first);
        }
        rights.spells.push(Spell {
            wiki: row.wiki,
            group: row.group_name,
            from,
            to: row.gone_at.and_then(instant),
            unknown_from: row.unknown_from.and_then(instant),
            expires_at: expiry(&row.value),
        });
    }
    // The runs of each bucket, and the buckets in which none ended.
    let mut spans: BTreeMap<usize, (RunNumber, RunNumber)> = BTreeMap::new();
    rights.dark = (0..axis.len()).collect();
    for run in outlines {
        let Some(bucket) = began(run).and_then(|at| axis.bucket_of(at)) else {
            continue;
        };
        let number = RunNumber(run.run);
        let span = spans.entry(bucket).or_insert((number, number));
        *span = (span.0.min(number), span.1.max(number));
        if run.status == "finished" {
            rights.dark.remove(&bucket);
        }
    }
    let buckets: Vec<usize> = spans.keys().copied().collect();
    let spans: Vec<(RunNumber, RunNumber)> = spans.into_values().collect();
    for unread in store.unread_spans(user, &spans).await? {
        let at = usize::try_from(unread.span).ok();
        if let Some(bucket) = at.and_then(|at| buckets.get(at)) {
            rights
                .unread
                .entry(unread.wiki)
                .or_default()
                .insert(*bucket);
        }
    }
    Ok(rights)
}

/// The expiry of a membership; `None`: it has none.
fn expiry(json: &str) -> Option<DateTime<Utc>> {
    serde_json::from_str::<String>(json).ok()?.parse().ok()
}

/// What ends, the next first; what ends at the same time is one line.
fn endings(expiring: &[Expiring]) -> Vec<Ending> {
    let mut endings: BTreeMap<(DateTime<Utc>, String, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut over = BTreeSet::new();
    for one in expiring {
        let key = (one.expires_at, ending_name(one), ending_state(one.state));
        if one.state != ends::Ending::Held {
            over.insert(key.clone());
        }
        endings.entry(key).or_default().insert(&one.wiki);
    }
    let endings = endings.into_iter().map(|(key, wikis)| Ending {
        is_over: over.contains(&key),
        ends_at: key.0,
        name: key.1,
        note: key.2.to_owned(),
        wikis: wikis.into_iter().map(str::to_owned).collect(),
    });
    endings.collect()
}

/// Preferences that differ, the first of them with the wikis that hold another value than most.
async fn differing(store: &Store, user: &User) -> Result<Drift, Trouble> {
    let mut found = drift::find(store, user, None).await?;
    found.retain(|drift| drift.values.len() > 1);
    let names = found.len();
    found.truncate(DRIFT);
    let usual: Vec<(&str, &str)> = found
        .iter()
        .filter_map(|drift| Some((drift.name.as_str(), drift.values.first()?.value.as_str())))
        .collect();
    let mut wikis: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for row in store.deviating_wikis(user.id, &usual).await? {
        let Some(value) = row.value else { continue };
        wikis.entry((row.name, value)).or_default().push(row.wiki);
    }
    let count = |wikis: i64| usize::try_from(wikis).unwrap_or_default();
    let lines = found.iter().filter_map(|drift| {
        let (most, others) = drift.values.split_first()?;
        let others = others.iter().map(|share| OtherValue {
            value: share.value.as_str().into(),
            count: count(share.wikis),
            wikis: wikis
                .remove(&(drift.name.clone(), share.value.clone()))
                .unwrap_or_default(),
        });
        Some(DriftLine {
            name: drift.name.clone(),
            majority: (most.value.as_str().into(), count(most.wikis)),
            others: others.collect(),
            note: drift::note(drift),
        })
    });
    Ok(Drift {
        names,
        lines: lines.collect(),
    })
}

async fn coverage(store: &Store, user: i64) -> Result<Coverage, Trouble> {
    let failing = store.failing_accounts(user).await?.into_iter();
    let unread = failing.filter_map(|failing| {
        Some(Unread {
            wiki: failing.wiki,
            since: failing.failing_since.parse().ok()?,
            error: failing.error.unwrap_or_default(),
        })
    });
    Ok(Coverage {
        unread: unread.collect(),
    })
}
