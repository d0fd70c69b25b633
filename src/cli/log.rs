//! `log`: what the logs say about the user, as far as they have been read.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    output::FormatArgument,
    refuse_unknown_wiki,
};
use crate::{
    report::{Column, ColumnKind, Listing},
    store::{DisagreementRow, Filter, LogEventRow},
};

/// Which entries.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only what is about this wiki; global is the global account
    #[arg(long, value_name = "WIKI")]
    wiki: Option<String>,
    /// Only this log: rights, block, newusers, globalauth, …; * stands for any text
    #[arg(long = "type", value_name = "GLOB")]
    log_type: Option<String>,
    /// What the newest entries say and the latest observations do not, or the other way round
    #[arg(long, conflicts_with = "log_type")]
    disagreements: bool,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    refuse_unknown_wiki(&store, user, arguments.wiki.as_deref()).await?;
    let filter = Filter {
        user,
        wiki: arguments.wiki.clone(),
        kind: None,
        name: arguments.log_type.clone(),
    };
    let listing = if arguments.disagreements {
        disagreements(store.disagreements(&filter).await?)
    } else {
        entries(store.log_events(&filter).await?)
    };
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}

fn entries(rows: Vec<LogEventRow>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("log_id", "entry", ColumnKind::Number),
        Column::new("type", "log", ColumnKind::Word),
        Column::new("action", "action", ColumnKind::Word),
        Column::new("logged_at", "when", ColumnKind::Time),
        Column::new("performer", "by", ColumnKind::Text),
        Column::new("comment", "comment", ColumnKind::Text),
        Column::new("params", "details", ColumnKind::Json),
        Column::new("logged_on", "logged on", ColumnKind::Word),
        Column::new("hidden", "hidden", ColumnKind::Text),
    ];
    let empty = "No entries are known; `sultrail backfill` reads the logs.";
    let mut listing = Listing::new("Log", columns, empty);
    for row in rows {
        listing.push(vec![
            row.user.into(),
            row.wiki.into(),
            row.log_id.into(),
            row.log_type.into(),
            row.action.into(),
            row.logged_at.into(),
            row.performer.into(),
            row.comment.into(),
            row.params.into(),
            row.logged_on.into(),
            row.hidden.into(),
        ]);
    }
    listing
}

fn disagreements(rows: Vec<DisagreementRow>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("by_log", "log", ColumnKind::Word),
        Column::new("by_observation", "observed", ColumnKind::Word),
        Column::new("logged_on", "logged on", ColumnKind::Word),
        Column::new("log_id", "entry", ColumnKind::Number),
        Column::new("logged_at", "logged", ColumnKind::Time),
        Column::new("observed_at", "last seen", ColumnKind::Time),
    ];
    let empty = "Logs and observations agree, as far as both are known.";
    let mut listing = Listing::new("Disagreements", columns, empty);
    for row in rows {
        listing.push(vec![
            row.user.into(),
            row.wiki.into(),
            row.kind.into(),
            row.name.into(),
            row.by_log.into(),
            row.by_observation.into(),
            row.logged_on.into(),
            row.log_id.into(),
            row.logged_at.into(),
            row.observed_at.into(),
        ]);
    }
    listing
}
