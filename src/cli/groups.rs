//! `groups`: memberships, local and global.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
};
use crate::{
    model::Moment,
    report::{Cell, Column, ColumnKind, Listing},
    store::{Filter, GroupRow},
};

/// When, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// As it was at this point in time: a run, a date, an instant, an age (7d)
    #[arg(long, value_name = "T", default_value = "latest")]
    at: Moment,
    /// A row a wiki, a column a group
    #[arg(long)]
    matrix: bool,
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
    let filter = Filter {
        user,
        ..Filter::default()
    };
    let rows = store.groups(&filter, run).await?;
    let mut listing = if arguments.matrix {
        matrix(&rows)
    } else {
        list(rows)
    };
    listing.notice = freshness::warning(context, &store, user).await?;
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}

const EMPTY: &str = "No group memberships.";

fn list(rows: Vec<GroupRow>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("group_name", "group", ColumnKind::Word),
        Column::new("expires_at", "expires", ColumnKind::Time),
        Column::new("valid_from", "seen since", ColumnKind::Time),
        Column::new("valid_to", "gone since", ColumnKind::Time),
    ];
    let mut listing = Listing::new("Groups", columns, EMPTY);
    for row in rows {
        listing.push(vec![
            row.user.into(),
            row.wiki.into(),
            row.group_name.into(),
            row.expires_at.into(),
            row.valid_from.into(),
            row.valid_to.into(),
        ]);
    }
    listing
}

fn matrix(rows: &[GroupRow]) -> Listing {
    let groups: BTreeSet<&str> = rows.iter().map(|row| row.group_name.as_str()).collect();
    let mut wikis: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        let held = wikis.entry((&row.user, &row.wiki)).or_default();
        held.insert(&row.group_name);
    }
    let mut columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
    ];
    let names = groups.iter().map(|group| (*group).to_owned());
    columns.extend(names.map(|group| Column::new(group.clone(), group, ColumnKind::Word)));
    let mut listing = Listing::new("Groups by wiki", columns, EMPTY);
    for ((user, wiki), held) in wikis {
        let mut cells: Vec<Cell> = vec![user.into(), wiki.into()];
        cells.extend(groups.iter().map(|group| Cell::from(held.contains(group))));
        listing.push(cells);
    }
    listing
}
