//! `accounts`: where the user has accounts, and what they are there.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
};
use crate::{
    model::Moment,
    report::{Cell, Column, ColumnKind, Listing},
    store::AccountRow,
};

/// When.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// As it was at this point in time: a run, a date, an instant, an age (7d)
    #[arg(long, value_name = "T", default_value = "latest")]
    at: Moment,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    let run = store
        .run_at(user, arguments.at, context.world.clock.now())
        .await?;
    let rows = store.accounts(user, run).await?;
    let mut listing = if arguments.format.is_for_people() {
        for_people(rows)
    } else {
        for_programs(rows)
    };
    listing.notice = freshness::warning(context, &store, user).await?;
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}

const EMPTY: &str = "No attached accounts.";

fn for_people(rows: Vec<AccountRow>) -> Listing {
    let columns = vec![
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("attached_at", "attached", ColumnKind::Time),
        Column::new("attached_by", "by", ColumnKind::Word),
        Column::new("groups", "groups", ColumnKind::Text),
        Column::new("edit_count", "edits", ColumnKind::Number),
        Column::new("state", "state", ColumnKind::Word),
    ];
    let mut listing = Listing::new("Accounts", columns, EMPTY);
    for row in rows {
        let groups: Vec<String> = row
            .groups
            .and_then(|groups| serde_json::from_str(&groups).ok())
            .unwrap_or_default();
        listing.push(vec![
            row.wiki.into(),
            row.attached_at.into(),
            row.attached_by.into(),
            groups.join(", ").into(),
            row.edit_count.into(),
            row.state.into(),
        ]);
    }
    listing
}

fn for_programs(rows: Vec<AccountRow>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("central_user_id", "central user ID", ColumnKind::Number),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("api_url", "API", ColumnKind::Word),
        Column::new("local_user_id", "local user ID", ColumnKind::Number),
        Column::new("attached_at", "attached", ColumnKind::Time),
        Column::new("attached_by", "by", ColumnKind::Word),
        Column::new("registered_at", "registered", ColumnKind::Time),
        Column::new("first_seen_at", "first seen", ColumnKind::Time),
        Column::new("last_seen_at", "last seen", ColumnKind::Time),
        Column::new("state", "state", ColumnKind::Word),
        Column::new("groups", "groups", ColumnKind::Json),
        Column::new("edit_count", "edits", ColumnKind::Number),
    ];
    let mut listing = Listing::new("Accounts", columns, EMPTY);
    for row in rows {
        listing.push(vec![
            row.user.into(),
            row.central_user_id.into(),
            row.wiki.into(),
            row.api_url.into(),
            row.local_user_id.into(),
            row.attached_at.into(),
            row.attached_by.into(),
            row.registered_at.into(),
            row.first_seen_at.into(),
            row.last_seen_at.into(),
            row.state.into(),
            row.groups.map_or_else(|| Cell::from("[]"), Cell::from),
            row.edit_count.into(),
        ]);
    }
    listing
}
