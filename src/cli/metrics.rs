//! Figures for Prometheus: which, and where they go. Off unless the configuration says where.
//!
//! All of them are read from the database, so they survive a restart, and a run by hand counts too.
//! No label names a person: users are numbers, and a group is told without its wiki, since wiki,
//! group and end together stand in the public log of rights, beside the name.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use tokio::sync::watch;

use super::{
    Context,
    exit::Trouble,
    freshness, status,
    whole_file::{WholeFile, unfinished},
};
use crate::{
    config::Settings,
    report::{Family, exposition},
    store::{Figures, LastRun, Store},
};

/// The outcomes of a wiki in a run, each told even where it is zero.
fn outcomes(last: &LastRun) -> [(&'static str, i64); 4] {
    [
        ("unchanged", last.unchanged),
        ("changed", last.changed),
        ("first_seen", last.first_seen),
        ("failed", last.failed),
    ]
}

/// The classes of answers, by the first digit of their status.
const CLASSES: [(i64, &str); 5] = [(2, "2xx"), (3, "3xx"), (4, "4xx"), (5, "5xx"), (0, "none")];

/// Renews the figures wherever they are wanted. What goes wrong with them is said and stops nothing:
/// the history matters more.
pub(super) async fn renew(
    context: &Context<'_>,
    settings: &Settings,
    page: &watch::Sender<String>,
) {
    let metrics = &settings.metrics;
    if metrics.file.as_os_str().is_empty() && metrics.listen.is_none() {
        return;
    }
    let text = match text(context, settings).await {
        Ok(text) => text,
        Err(trouble) => {
            tracing::warn!("the metrics could not be renewed: {}", trouble.text());
            return;
        }
    };
    if !metrics.file.as_os_str().is_empty()
        && let Err(error) = write_file(&metrics.file, &text)
    {
        let file = metrics.file.display();
        tracing::warn!("the metrics could not be written to {file}: {error}");
    }
    page.send_replace(text);
}

/// The same for a command that is no daemon: it has nobody who could ask.
pub(super) async fn renew_file(context: &Context<'_>, settings: &Settings) {
    if !settings.metrics.file.as_os_str().is_empty() {
        renew(context, settings, &watch::Sender::new(String::new())).await;
    }
}

/// Replaces the file at once, so that nobody reads half of it. Everybody may read it, as the one who
/// collects it has to: it holds no names.
fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let mut file = WholeFile::create(unfinished(path), 0o644)?;
    file.write_all(text.as_bytes())?;
    file.keep(path)
}

async fn text(context: &Context<'_>, settings: &Settings) -> Result<String, Trouble> {
    let store = Store::open_to_read(&context.database()).await?;
    let mut families = Families::new();
    for user in status::watched(settings, &store).await? {
        let Some(known) = user.known else {
            families.never_read += 1;
            continue;
        };
        let scopes = freshness::good_scopes(user.configured);
        let good = store.last_good_run_of(known.id, scopes).await?;
        families.never_read += i64::from(good.is_none());
        let good_at = good.map_or(0, |good| good.started_at.timestamp());
        let unreadable = store.failing_accounts(known.id).await?.len();
        let figures = store.figures(known.id).await?;
        families.add(&known.id.to_string(), good_at, unreadable, &figures);
    }
    let bytes = database_bytes(store.path());
    store.close().await;
    Ok(exposition(&families.finish(bytes)))
}

/// The file, and what is written but not moved into it yet.
fn database_bytes(path: &Path) -> i64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let sizes = [path, Path::new(&log)].map(|file| fs::metadata(file).map_or(0, |file| file.len()));
    i64::try_from(sizes.iter().sum::<u64>()).unwrap_or(i64::MAX)
}

/// Every family, in the order of the page.
struct Families {
    never_read: i64,
    good_at: Family,
    started_at: Family,
    seconds: Family,
    wikis: Family,
    unreadable: Family,
    last_requests: Family,
    runs: Family,
    requests: Family,
    changes: Family,
    expiry: Family,
}

impl Families {
    fn new() -> Self {
        Self {
            never_read: 0,
            good_at: Family::gauge(
                "sultrail_last_good_run_timestamp_seconds",
                "When the last good run began; 0 if there was none.",
            ),
            started_at: Family::gauge(
                "sultrail_last_run_timestamp_seconds",
                "When the last run began, good or not.",
            ),
            seconds: Family::gauge(
                "sultrail_last_run_duration_seconds",
                "How long the last run took.",
            ),
            wikis: Family::gauge(
                "sultrail_last_run_wikis",
                "Wikis of the last run, by outcome.",
            ),
            unreadable: Family::gauge(
                "sultrail_unreadable_wikis",
                "Wikis that could not be read when they were last asked.",
            ),
            last_requests: Family::gauge(
                "sultrail_last_run_requests",
                "Requests of the last run, by class of the status.",
            ),
            runs: Family::counter("sultrail_runs_total", "Runs, by how they ended."),
            requests: Family::counter("sultrail_requests_total", "Requests of all runs."),
            changes: Family::counter("sultrail_changes_total", "Changes, by kind of property."),
            expiry: Family::gauge(
                "sultrail_group_expiry_timestamp_seconds",
                "When a group ends, on the wiki where it ends first.",
            ),
        }
    }

    fn add(&mut self, user: &str, good_at: i64, unreadable: usize, figures: &Figures) {
        let of_user = [("user", user)];
        self.good_at.push(&of_user, good_at);
        let unreadable = i64::try_from(unreadable).unwrap_or(i64::MAX);
        self.unreadable.push(&of_user, unreadable);
        self.requests.push(&of_user, figures.requests);
        if let Some(last) = &figures.last {
            self.add_last_run(user, last, &figures.last_requests);
        }
        let with = |family: &mut Family, label, counts: &[(String, i64)]| {
            for (name, count) in counts {
                family.push(&[("user", user), (label, name)], *count);
            }
        };
        with(&mut self.runs, "status", &figures.runs);
        with(&mut self.changes, "kind", &figures.changes);
        with(&mut self.expiry, "group", &figures.expiring_groups);
    }

    fn add_last_run(&mut self, user: &str, last: &LastRun, requests: &[(i64, i64)]) {
        let of_user = [("user", user)];
        self.started_at.push(&of_user, last.started_at);
        if let Some(finished_at) = last.finished_at {
            self.seconds.push(&of_user, finished_at - last.started_at);
        }
        for (outcome, count) in outcomes(last) {
            self.wikis
                .push(&[("user", user), ("outcome", outcome)], count);
        }
        for (class, name) in CLASSES {
            let count = requests.iter().find(|(found, _)| *found == class);
            let count = count.map_or(0, |(_, count)| *count);
            self.last_requests
                .push(&[("user", user), ("class", name)], count);
        }
    }

    fn finish(self, bytes: i64) -> Vec<Family> {
        let mut build = Family::gauge("sultrail_build_info", "The version that runs; always 1.");
        build.push(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        let mut never_read = Family::gauge(
            "sultrail_users_without_good_run",
            "Configured users of whom no run has read most of the wikis yet.",
        );
        never_read.push(&[], self.never_read);
        let mut size = Family::gauge("sultrail_database_bytes", "Size of the database.");
        size.push(&[], bytes);
        vec![
            build,
            never_read,
            self.good_at,
            self.started_at,
            self.seconds,
            self.wikis,
            self.unreadable,
            self.last_requests,
            self.runs,
            self.requests,
            self.changes,
            self.expiry,
            size,
        ]
    }
}
