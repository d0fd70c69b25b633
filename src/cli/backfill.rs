//! `backfill`: what the logs say of the time before the first snapshot.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::{
    Context,
    collector::{self, Whose},
    exit::{Exit, Trouble},
    logging::Level,
    snapshot::{progress_bar, unless_stopped},
};
use crate::{
    collect::{Backfilled, Collector, Progress},
    model::WikiId,
    store::{Filter, Store},
};

/// Whose past, and where.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The user; may be left out where one is configured
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only what is logged about this wiki; may be given several times. global: locks, renames and
    /// global groups
    #[arg(long, value_name = "WIKI")]
    wiki: Vec<WikiId>,
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
    let plan = collector::plan(&settings, &whose, &context.world.variables)?;
    let store = Store::open(&context.database()).await?;
    let lock = store.lock_runs()?;
    let collector = plan.collector(store.clone(), &context.world.clock).await?;
    let backfilled = read(context, &collector, &arguments.wiki).await;
    drop(lock);
    let backfilled = match backfilled {
        Ok(backfilled) => backfilled,
        Err(trouble) => {
            store.close().await;
            return Err(trouble);
        }
    };
    let filter = Filter {
        user: Some(backfilled.user),
        ..Filter::default()
    };
    let disagreements = store.disagreements(&filter).await?.len();
    store.close().await;
    tell(context, &backfilled, disagreements)?;
    let has_warnings = !backfilled.warnings.is_empty();
    let is_complete = backfilled.failures.is_empty() && !backfilled.stopped && !has_warnings;
    Ok(if is_complete {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

/// SIGINT and SIGTERM end it after the requests under way.
async fn read(
    context: &Context<'_>,
    collector: &Collector,
    wikis: &[WikiId],
) -> Result<Backfilled, Trouble> {
    let bar = progress_bar(context, "lists");
    let stop = CancellationToken::new();
    let show = |progress: Progress| {
        bar.set_length(progress.accounts as u64);
        bar.set_position(progress.done as u64);
    };
    let work = collector.backfill(wikis, &stop, &show);
    let backfilled = unless_stopped(&stop, work).await;
    bar.finish_and_clear();
    Ok(backfilled?)
}

/// On standard error: the data is in the database.
fn tell(
    context: &mut Context<'_>,
    backfilled: &Backfilled,
    disagreements: usize,
) -> Result<(), Trouble> {
    let mut messages = context.messages();
    for warning in &backfilled.warnings {
        messages.say(Level::Warning, &format!("warning: {warning}"))?;
    }
    let failures: BTreeSet<_> = backfilled.failures.iter().collect();
    for (wiki, reason) in &failures {
        messages.say(Level::Warning, &format!("{wiki}: not read: {reason}"))?;
    }
    let ended = if backfilled.stopped {
        "stopped; run again to go on"
    } else {
        "done"
    };
    let counts = format!(
        "backfill {ended}: {} lists read, {} new entries, {} lists not read; {} requests, {} s spent \
         waiting",
        backfilled.lists,
        backfilled.new,
        backfilled.failures.len(),
        backfilled.pace.requests,
        backfilled.pace.waited.as_secs(),
    );
    messages.say(Level::Info, &counts)?;
    if disagreements > 0 {
        let text = format!(
            "logs and observations disagree in {disagreements} places: `sultrail log --disagreements`"
        );
        messages.say(Level::Info, &text)?;
    }
    Ok(())
}
