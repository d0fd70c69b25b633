//! `runs`: what was done when, and how it went.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
};
use crate::report::{Column, ColumnKind, Listing};

/// Which runs.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    let rows = store.runs(user).await?;
    let columns = vec![
        Column::new("run", "run", ColumnKind::Number),
        Column::new("user", "user", ColumnKind::Text),
        Column::new("scope", "scope", ColumnKind::Word),
        Column::new("trigger", "by", ColumnKind::Word),
        Column::new("status", "status", ColumnKind::Word),
        Column::new("started_at", "started", ColumnKind::Time),
        Column::new("finished_at", "finished", ColumnKind::Time),
        Column::new("accounts", "accounts", ColumnKind::Number),
        Column::new("unchanged", "unchanged", ColumnKind::Number),
        Column::new("changed", "changed", ColumnKind::Number),
        Column::new("first_seen", "first seen", ColumnKind::Number),
        Column::new("failed", "failed", ColumnKind::Number),
        Column::new("requests", "requests", ColumnKind::Number),
        Column::new("error", "error", ColumnKind::Text),
    ];
    let empty = "No run yet; take one with `sultrail snapshot`.";
    let mut listing = Listing::new("Runs", columns, empty);
    for row in rows {
        listing.push(vec![
            row.run.into(),
            row.user.into(),
            row.scope.into(),
            row.trigger.into(),
            row.status.into(),
            row.started_at.into(),
            row.finished_at.into(),
            row.accounts.into(),
            row.unchanged.into(),
            row.changed.into(),
            row.first_seen.into(),
            row.failed.into(),
            row.requests.into(),
            row.error.into(),
        ]);
    }
    listing.notice = freshness::warning(context, &store, user).await?;
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}
