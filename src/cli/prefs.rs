//! `prefs`: the preferences in effect.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
    refuse_unknown_wiki,
};
use crate::{
    model::Moment,
    report::{Column, ColumnKind, Listing},
    store::{Filter, PreferenceRow},
};

/// Which preferences, and when.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// As it was at this point in time: a run, a date, an instant, an age (7d)
    #[arg(long, value_name = "T", default_value = "latest")]
    at: Moment,
    /// Only on this wiki
    #[arg(long, value_name = "WIKI")]
    wiki: Option<String>,
    /// Only those of this name; * stands for any text
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// Leave out those at the wiki's default
    #[arg(long)]
    set_only: bool,
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
    refuse_unknown_wiki(&store, user, arguments.wiki.as_deref()).await?;
    let filter = Filter {
        user,
        wiki: arguments.wiki.clone(),
        kind: None,
        name: arguments.name.clone(),
    };
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("value", "value", ColumnKind::Json),
        Column::new("is_default", "default", ColumnKind::Word),
        Column::new("valid_from", "seen since", ColumnKind::Time),
        Column::new("valid_to", "gone since", ColumnKind::Time),
    ];
    let mut listing = Listing::new("Preferences", columns, "No such preferences.");
    listing.notice = freshness::warning(context, &store, user).await?;
    let preferences = store.preferences(&filter, run).await?;
    let is_asked_for =
        |row: &PreferenceRow<'_>| !(arguments.set_only && row.is_default == Some(true));
    let rows = preferences.rows().filter(is_asked_for).map(|row| {
        vec![
            row.user.into(),
            row.wiki.into(),
            row.name.into(),
            row.value.into(),
            row.is_default.into(),
            row.valid_from.into(),
            row.valid_to.into(),
        ]
    });
    context
        .output()
        .print_rows(listing, rows, &arguments.format)?;
    Ok(Exit::Done)
}
