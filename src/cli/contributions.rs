//! `contributions`: how much the user did, where and when.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    output::FormatArgument,
    refuse_unknown_wiki,
};
use crate::{
    report::{Column, ColumnKind, Listing},
    store::{ContributionsRow, Filter},
};

/// What is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// What was done on a wiki
    Wiki,
    /// What was done in a month, on all wikis
    Month,
    /// What was done on a wiki in a month
    WikiMonth,
}

/// Which sums.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only on this wiki
    #[arg(long, value_name = "WIKI")]
    wiki: Option<String>,
    /// What is added up
    #[arg(long, value_name = "WHAT", default_value = "wiki")]
    by: By,
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
        ..Filter::default()
    };
    let rows = store.contributions_by_month(&filter).await?;
    let listing = listing(sums(rows, arguments.by), arguments.by);
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}

fn sums(rows: Vec<ContributionsRow>, by: By) -> Vec<ContributionsRow> {
    let mut sums: Vec<ContributionsRow> = Vec::new();
    let mut rows = rows;
    if by == By::Month {
        rows.sort_by(|a, b| (&a.user, &a.month).cmp(&(&b.user, &b.month)));
    }
    for row in rows {
        let same = |sum: &&mut ContributionsRow| {
            sum.user == row.user
                && (by == By::Month || sum.wiki == row.wiki)
                && (by == By::Wiki || sum.month == row.month)
        };
        match sums.last_mut().filter(same) {
            None => sums.push(row),
            Some(sum) => {
                sum.edits += row.edits;
                sum.new_pages += row.new_pages;
                sum.minor_edits += row.minor_edits;
                sum.size_diff += row.size_diff;
                sum.actions += row.actions;
            }
        }
    }
    sums
}

fn listing(rows: Vec<ContributionsRow>, by: By) -> Listing {
    let mut columns = vec![Column::new("user", "user", ColumnKind::Text)];
    if by != By::Month {
        columns.push(Column::new("wiki", "wiki", ColumnKind::Word));
    }
    if by != By::Wiki {
        columns.push(Column::new("month", "month", ColumnKind::Word));
    }
    columns.extend([
        Column::new("edits", "edits", ColumnKind::Number),
        Column::new("new_pages", "new pages", ColumnKind::Number),
        Column::new("minor_edits", "minor", ColumnKind::Number),
        Column::new("size_diff", "bytes added", ColumnKind::Number),
        Column::new("actions", "logged actions", ColumnKind::Number),
    ]);
    let empty = "Nothing is known: contributions = true in the configuration collects them.";
    let mut listing = Listing::new("Contributions", columns, empty);
    for row in rows {
        let mut cells = vec![row.user.into()];
        if by != By::Month {
            cells.push(row.wiki.into());
        }
        if by != By::Wiki {
            cells.push(row.month.into());
        }
        cells.extend([
            row.edits.into(),
            row.new_pages.into(),
            row.minor_edits.into(),
            row.size_diff.into(),
            row.actions.into(),
        ]);
        listing.push(cells);
    }
    listing
}
