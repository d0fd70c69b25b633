//! `diff`: the changes between two points in time.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    history::private,
    output::FormatArgument,
    refuse_unknown_wiki,
};
use crate::{
    model::{Kind, Moment, RunNumber},
    report::{Cell, Column, ColumnKind, Listing},
    store::{ChangeRow, Filter, Store},
};

pub(super) const HELP: &str = "\
Each line is one property: + it is there now, - it is gone, ~ its value is another.
It happened after `happened_after` (last seen as before) and by `happened_by` (first seen as now).

Points in time: a run number (42), latest, latest~1, a date (2026-11-21), an instant
(2026-11-21T03:17:04Z), now, or an age (90m, 36h, 7d, 2w).";

/// From when to when.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The earlier point in time [default: latest~1]
    from: Option<Moment>,
    /// The later point in time [default: latest]
    to: Option<Moment>,
    /// Exit with 1 if there are changes
    #[arg(long)]
    exit_code: bool,
    /// Also show edit counts and the like
    #[arg(long)]
    counters: bool,
    /// Only on this wiki; global is the global account
    #[arg(long, value_name = "WIKI")]
    wiki: Option<String>,
    /// Only this kind: group, preference, block, identity, …
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// Only those of this name; * stands for any text
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.only(&store).await?;
    let (from, to) = period(context, arguments, &store, user.id).await?;
    refuse_unknown_wiki(&store, Some(user.id), arguments.wiki.as_deref()).await?;
    let filter = Filter {
        user: Some(user.id),
        wiki: arguments.wiki.clone(),
        kind: arguments.kind,
        name: arguments.name.clone(),
    };
    let changes = store.changes_between(&filter, from, to).await?;
    let mut changes = net(changes.rows());
    if !arguments.counters && arguments.kind != Some(Kind::Counter) {
        changes.retain(|change| **change.kind != *Kind::Counter.as_str());
    }
    let has_changed = !changes.is_empty();
    let empty = format!("No changes from run {} to run {}.", from.0, to.0);
    let (columns, row) = if arguments.format.is_for_people() {
        for_people()
    } else {
        for_programs()
    };
    let mut listing = Listing::new("Changes", columns, empty);
    listing.notice = freshness::notice(context, &store, Some(user.id)).await?;
    let rows = changes.iter().map(row);
    context
        .output()
        .print_rows(listing, rows, &arguments.format)?;
    Ok(if has_changed && arguments.exit_code {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// The two runs. With a single run there is nothing before it: it is compared with itself.
async fn period(
    context: &Context<'_>,
    arguments: &Arguments,
    store: &Store,
    user: i64,
) -> Result<(RunNumber, RunNumber), Trouble> {
    let now = context.world.clock.now();
    let to = arguments.to.unwrap_or(Moment::LATEST);
    let to = store.run_at(Some(user), to, now).await?;
    let from = if let Some(from) = arguments.from {
        store.run_at(Some(user), from, now).await?
    } else {
        let before = store.run_at(Some(user), Moment::Latest(1), now).await;
        before.unwrap_or(to)
    };
    if from > to {
        let text = format!(
            "run {} is later than run {}: give the earlier one first",
            from.0, to.0
        );
        return Err(Trouble::new(Exit::Usage, text));
    }
    Ok((from, to))
}

/// What differs from the first to the last state, of changes that may have gone to and fro. The rows
/// of one property follow each other in order.
fn net<'a>(changes: impl Iterator<Item = ChangeRow<'a>>) -> Vec<ChangeRow<'a>> {
    let mut net: Vec<ChangeRow> = Vec::new();
    for change in changes {
        match net.last_mut() {
            Some(earlier) if is_same_property(earlier, &change) => {
                *earlier = ChangeRow {
                    before: earlier.before,
                    happened_after: earlier.happened_after,
                    ..change
                };
            }
            _ => net.push(change),
        }
    }
    net.retain(|change| change.before != change.after);
    net
}

fn is_same_property(a: &ChangeRow, b: &ChangeRow) -> bool {
    (a.user, a.wiki, a.kind, a.name) == (b.user, b.wiki, b.kind, b.name)
}

/// The columns of a change, and its cells.
type Layout = (Vec<Column>, fn(&ChangeRow) -> Vec<Cell>);

fn for_people() -> Layout {
    let columns = vec![
        Column::new("change", " ", ColumnKind::Change),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("before", "before", ColumnKind::Json),
        Column::new("after", "after", ColumnKind::Json),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("happened_by", "and by", ColumnKind::Time),
        Column::new("cause", "cause", ColumnKind::Word),
    ];
    let row = |row: &ChangeRow| {
        vec![
            row.change().into(),
            row.wiki.into(),
            row.kind.into(),
            row.name.into(),
            private(row.kind, row.name, row.before.cloned()),
            private(row.kind, row.name, row.after.cloned()),
            row.happened_after.into(),
            row.happened_by.into(),
            row.cause.into(),
        ]
    };
    (columns, row)
}

fn for_programs() -> Layout {
    let columns = vec![
        Column::new("run", "run", ColumnKind::Number),
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("kind", "kind", ColumnKind::Word),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("change", "change", ColumnKind::Change),
        Column::new("before", "before", ColumnKind::Json),
        Column::new("after", "after", ColumnKind::Json),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("happened_by", "happened by", ColumnKind::Time),
        Column::new("cause", "cause", ColumnKind::Word),
        Column::new("performer", "performer", ColumnKind::Text),
        Column::new("comment", "comment", ColumnKind::Text),
    ];
    let row = |row: &ChangeRow| {
        vec![
            row.run.into(),
            row.user.into(),
            row.wiki.into(),
            row.kind.into(),
            row.name.into(),
            row.change().into(),
            private(row.kind, row.name, row.before.cloned()),
            private(row.kind, row.name, row.after.cloned()),
            row.happened_after.into(),
            row.happened_by.into(),
            row.cause.into(),
            row.performer.into(),
            row.comment.into(),
        ]
    };
    (columns, row)
}
