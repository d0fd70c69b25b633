//! `history`: every value a property has had, with its interval.

use std::sync::Arc;

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
    refuse_unknown_wiki,
};
use crate::{
    model::{Kind, Moment, utc_text},
    report::{Cell, Column, ColumnKind, Listing},
    store::{Filter, HistoryRow, Store},
};

/// Which properties, and when.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only on this wiki; global is the global account
    #[arg(long, value_name = "WIKI")]
    wiki: Option<String>,
    /// Only this kind: group, preference, block, identity, …
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// Only those of this name; * stands for any text
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// Only what was held after this point in time
    #[arg(long, value_name = "T")]
    since: Option<Moment>,
    /// Only what was held before this point in time
    #[arg(long, value_name = "T")]
    until: Option<Moment>,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    let since = instant(context, &store, user, arguments.since).await?;
    let until = instant(context, &store, user, arguments.until).await?;
    refuse_unknown_wiki(&store, user, arguments.wiki.as_deref()).await?;
    let filter = Filter {
        user,
        wiki: arguments.wiki.clone(),
        kind: arguments.kind,
        name: arguments.name.clone(),
    };
    let rows = store.history(&filter).await?;
    // All instants are UTC and written alike, so text compares as time does.
    let is_asked_for = |row: &HistoryRow| {
        let ended_before = |since: &String| row.valid_to.as_ref().is_some_and(|to| to <= since);
        let began_after = |until: &String| row.valid_from > *until;
        !since.as_ref().is_some_and(ended_before) && !until.as_ref().is_some_and(began_after)
    };
    let mut listing = listing(rows.into_iter().filter(is_asked_for));
    listing.notice = freshness::warning(context, &store, user).await?;
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}

/// A point in time as an instant: for a run, when it ended.
pub(super) async fn instant(
    context: &Context<'_>,
    store: &Store,
    user: Option<i64>,
    moment: Option<Moment>,
) -> Result<Option<String>, Trouble> {
    let now = context.world.clock.now();
    Ok(match moment {
        None => None,
        Some(Moment::At(instant)) => Some(utc_text(instant)),
        Some(Moment::Ago(age)) => Some(utc_text(now - age)),
        Some(moment) => {
            let run = store.run_at(user, moment, now).await?;
            Some(utc_text(store.run_end(run).await?))
        }
    })
}

fn listing(rows: impl Iterator<Item = HistoryRow>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("value", "value", ColumnKind::Json),
        Column::new("is_default", "default", ColumnKind::Word),
        Column::new("valid_from", "seen since", ColumnKind::Time),
        Column::new("seen_until", "seen until", ColumnKind::Time),
        Column::new("valid_to", "gone since", ColumnKind::Time),
    ];
    let mut listing = Listing::new("History", columns, "Nothing of this is known.");
    for row in rows {
        let value = private(&row.kind, &row.name, Some(row.value));
        listing.push(vec![
            row.user.into(),
            row.wiki.into(),
            row.kind.into(),
            row.name.into(),
            value,
            row.is_default.map(|is_default| is_default == 1).into(),
            row.valid_from.into(),
            row.seen_until.into(),
            row.valid_to.into(),
        ]);
    }
    listing
}

/// A value, masked when printed if it is private.
pub(super) fn private(kind: &str, name: &str, value: Option<impl Into<Arc<str>>>) -> Cell {
    let value = value.map(Into::into);
    match value {
        Some(value) if kind == Kind::Identity.as_str() && name == "email" => {
            Cell::Private(value.to_string())
        }
        value => value.into(),
    }
}
