//! `snapshot`: one run now.

use std::{collections::BTreeSet, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::{
    Context,
    collector::{self, Whose},
    exit::{Exit, Trouble},
    logging::Level,
    metrics,
};
use crate::{
    collect::{Collector, Order, Progress, Report, Wanted},
    model::{RunStatus, Trigger, WikiId},
    store::{RunLock, Store},
};

/// Whose accounts, and where.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The user; may be left out where one is configured. Without a configuration: the public view
    /// of this user on the Wikimedia farm
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read only this wiki; may be given several times
    #[arg(long, value_name = "WIKI")]
    wiki: Vec<WikiId>,
    /// One request to the central wiki, then only the accounts that look different there
    #[arg(long, conflicts_with = "wiki")]
    pulse: bool,
    /// How the operators of the wikis reach you: a page of yours or an e-mail address
    #[arg(long, value_name = "CONTACT")]
    contact: Option<String>,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let settings = context.settings()?;
    let whose = Whose {
        name: arguments.user.as_deref(),
        contact: arguments.contact.as_deref(),
    };
    // Everything that can be wrong with the configuration is found before a file is created.
    let plan = collector::plan(&settings, &whose, &context.world.variables)?;
    let store = Store::open(&context.database()).await?;
    let lock = store.lock_runs()?;
    let collector = plan.collector(store.clone(), &context.world.clock).await?;
    let wanted = match (arguments.pulse, arguments.wiki.is_empty()) {
        (true, _) => Wanted::LookingDifferent,
        (false, true) => Wanted::All,
        (false, false) => Wanted::On(arguments.wiki.clone()),
    };
    let trigger = Trigger::Command;
    let order = Order { wanted, trigger };
    let report = take_run(context, &collector, &lock, &order).await;
    drop(lock);
    store.close().await;
    metrics::renew_file(context, &settings).await;
    let report = report?;
    tell(context, &report)?;
    let named: BTreeSet<&WikiId> = arguments.wiki.iter().collect();
    let unread = report.contributed.iter().flat_map(|done| &done.failures);
    let is_complete = report.failures.is_empty()
        && unread.count() == 0
        && report.tally.accounts as usize >= named.len();
    Ok(match (report.status, is_complete) {
        (RunStatus::Finished, true) => Exit::Done,
        _ => Exit::Incomplete,
    })
}

/// Takes the run. SIGINT and SIGTERM end it after the requests under way.
async fn take_run(
    context: &Context<'_>,
    collector: &Collector,
    lock: &RunLock,
    order: &Order,
) -> Result<Report, Trouble> {
    let bar = progress_bar(context, "wikis");
    let stop = CancellationToken::new();
    let show = |progress: Progress| {
        bar.set_length(progress.accounts as u64);
        bar.set_position(progress.done as u64);
        if progress.failed > 0 {
            bar.set_message(format!("{} unread", progress.failed));
        }
    };
    let run = collector.take_run(lock, order, &stop, &show);
    let report = unless_stopped(&stop, run).await;
    bar.finish_and_clear();
    Ok(report?)
}

/// Waits for some work. SIGINT and SIGTERM ask it to stop; then it still ends in its own way.
pub(super) async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => done,
        () = signal() => {
            stop.cancel();
            work.await
        }
    }
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

pub(super) fn progress_bar(context: &Context<'_>, what: &str) -> ProgressBar {
    let is_watched = context.world.stderr_is_terminal && !context.common.quiet;
    let target = if is_watched {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let template = format!("{{bar:30}} {{pos}}/{{len}} {what}, {{eta}} left {{msg}}");
    let style = ProgressStyle::with_template(&template);
    let bar = ProgressBar::with_draw_target(None, target);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

/// Says what became of the run, on standard error: the data is in the database.
fn tell(context: &mut Context<'_>, report: &Report) -> Result<(), Trouble> {
    let mut messages = context.messages();
    for warning in &report.warnings {
        messages.say(Level::Warning, &format!("warning: {warning}"))?;
    }
    for (wiki, reason) in &report.failures {
        messages.say(Level::Warning, &format!("{wiki}: not read: {reason}"))?;
    }
    let tally = report.tally;
    let pace = &report.pace;
    let ended = match report.status {
        RunStatus::Interrupted => "stopped; run again to go on",
        _ => "done",
    };
    let counts = format!(
        "run {} {ended}: {} wikis: {} first seen, {} unchanged, {} changed ({} changes), {} not read",
        report.run.0,
        tally.accounts,
        tally.first_seen,
        tally.unchanged,
        tally.changed,
        tally.changes,
        tally.failed,
    );
    messages.say(Level::Info, &counts)?;
    if let Some(contributed) = &report.contributed {
        for (wiki, reason) in &contributed.failures {
            let text = format!("{wiki}: contributions not read: {reason}");
            messages.say(Level::Warning, &text)?;
        }
        let left = match contributed.left {
            0 => String::new(),
            left => format!(", {left} wikis left for the next run"),
        };
        let text = format!("contributions: {} new{left}", contributed.new);
        messages.say(Level::Info, &text)?;
    }
    let throttled = match pace.throttled {
        0 => "never asked to slow down".to_owned(),
        times => format!("asked {times} times to slow down"),
    };
    let requests = format!(
        "requests: {}, at most {} in a minute and {} at once, {} s spent waiting, {throttled}",
        pace.requests,
        pace.highest_in_any_minute,
        pace.most_in_flight,
        pace.waited.as_secs(),
    );
    messages.say(Level::Info, &requests)?;
    Ok(())
}
