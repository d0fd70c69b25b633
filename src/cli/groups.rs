//! `groups`: memberships, local and global.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    history::instant,
    output::FormatArgument,
};
use crate::{
    findings::matrix::{self, Membership},
    model::Moment,
    report::{Cell, Column, ColumnKind, Listing},
    store::{Filter, GroupRow},
};

pub(super) const HELP: &str = "\
With --matrix --since, a cell tells when a group was gained (+2026-03-01), renewed (~2026-04-01) and
lost (-2026-05-02), as it was first observed; yes: held all the time. For programs, a row a change.";

/// When, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// As it was at this point in time: a run, a date, an instant, an age (7d)
    #[arg(long, value_name = "T", default_value = "latest")]
    at: Moment,
    /// A row a wiki, a column a group
    #[arg(long)]
    matrix: bool,
    /// With --matrix: what was held since this point in time, and when that changed
    #[arg(long, value_name = "T", requires = "matrix", conflicts_with = "at")]
    since: Option<Moment>,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    if arguments.since.is_some() {
        let since = instant(context, &store, user, arguments.since).await?;
        let held = matrix::memberships(
            &store.held_groups(user, None).await?,
            &since.unwrap_or_default(),
        );
        let mut listing = if arguments.format.is_for_people() {
            over_time(&held)
        } else {
            turns(held)
        };
        listing.notice = freshness::warning(context, &store, user).await?;
        context.output().print(&listing, &arguments.format)?;
        return Ok(Exit::Done);
    }
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

/// A row a wiki, a column a group, in each cell what became of it.
fn over_time(held: &[Membership]) -> Listing {
    let groups: BTreeSet<&str> = held.iter().map(|one| one.group.as_str()).collect();
    let mut wikis: BTreeMap<(&str, &str), BTreeMap<&str, String>> = BTreeMap::new();
    for one in held {
        let cells = wikis.entry((&one.user, &one.wiki)).or_default();
        cells.insert(&one.group, cell(one));
    }
    let mut columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
    ];
    let names = groups.iter().map(|group| (*group).to_owned());
    columns.extend(names.map(|group| Column::new(group.clone(), group, ColumnKind::Word)));
    let mut listing = Listing::new("Groups by wiki over time", columns, EMPTY);
    for ((user, wiki), mut texts) in wikis {
        let mut cells: Vec<Cell> = vec![user.into(), wiki.into()];
        cells.extend(groups.iter().map(|group| Cell::from(texts.remove(group))));
        listing.push(cells);
    }
    listing
}

fn cell(one: &Membership) -> String {
    if one.turns.is_empty() {
        return "yes".to_owned();
    }
    let turn = |turn: &matrix::Turn| {
        let day: String = turn.happened_by.chars().take("2026-03-01".len()).collect();
        format!("{}{day}", turn.change)
    };
    let turns: Vec<String> = one.turns.iter().map(turn).collect();
    turns.join(" ")
}

/// A row a change, and one for what was held at the beginning.
fn turns(held: Vec<Membership>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("group_name", "group", ColumnKind::Word),
        Column::new("change", "change", ColumnKind::Change),
        Column::new("expires_at", "expires", ColumnKind::Time),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("happened_by", "happened by", ColumnKind::Time),
    ];
    let mut listing = Listing::new("Groups over time", columns, EMPTY);
    for one in held {
        let mut push = |change: Cell, expires_at: Cell, after: Cell, by: Cell| {
            let (user, wiki) = (one.user.as_str().into(), one.wiki.as_str().into());
            let group = one.group.as_str().into();
            listing.push(vec![user, wiki, group, change, expires_at, after, by]);
        };
        if one.held_at_start {
            let expires_at = one.expires_at.clone().into();
            push(Cell::Null, expires_at, Cell::Null, Cell::Null);
        }
        for turn in &one.turns {
            push(
                turn.change.into(),
                turn.expires_at.clone().into(),
                turn.happened_after.clone().into(),
                turn.happened_by.as_str().into(),
            );
        }
    }
    listing
}
