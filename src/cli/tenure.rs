//! `tenure`: since when each right has been held without a gap.

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
};
use crate::{
    findings::tenure::{Basis, Tenure, tenures},
    report::{Column, ColumnKind, Listing},
    store::Store,
};

/// Which rights.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this group; * stands for any text
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Also those that are not held any more
    #[arg(long)]
    past: bool,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.choose(&store).await?.map(|user| user.id);
    let mut found = find(&store, user, arguments.group.as_deref()).await?;
    if !arguments.past {
        found.retain(|tenure| tenure.valid_to.is_none());
    }
    let mut listing = if arguments.format.is_for_people() {
        for_people(found)
    } else {
        for_programs(found)
    };
    listing.notice = freshness::warning(context, &store, user).await?;
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}

/// Every right, each time it was held.
pub(super) async fn find(
    store: &Store,
    user: Option<i64>,
    group: Option<&str>,
) -> Result<Vec<Tenure>, Trouble> {
    let rows = store.held_groups(user, group).await?;
    let gaps = store.gaps(user).await?;
    let log = store.rights_log(user).await?;
    Ok(tenures(&rows, &gaps, &log))
}

const EMPTY: &str = "No such right has been held.";

fn for_people(found: Vec<Tenure>) -> Listing {
    let columns = vec![
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("group_name", "group", ColumnKind::Word),
        Column::new("days", "days", ColumnKind::Number),
        Column::new("held_since", "held since", ColumnKind::Time),
        Column::new("basis", "which is", ColumnKind::Text),
        Column::new("seen_until", "seen until", ColumnKind::Time),
        Column::new("valid_to", "gone since", ColumnKind::Time),
        Column::new("observations", "observed", ColumnKind::Number),
        Column::new("renewals", "renewed", ColumnKind::Number),
    ];
    let mut listing = Listing::new("Tenure", columns, EMPTY);
    for one in found {
        let basis = basis(&one);
        listing.push(vec![
            one.wiki.into(),
            one.group.into(),
            one.days.into(),
            one.since.into(),
            basis.into(),
            one.seen_until.into(),
            one.valid_to.into(),
            one.observations.into(),
            one.renewals.into(),
        ]);
    }
    listing
}

fn basis(one: &Tenure) -> String {
    match (one.basis, &one.performer) {
        (Basis::AtLeast, _) => "at least: first observation".to_owned(),
        (Basis::Observed, _) => "when it was first observed".to_owned(),
        (Basis::Log, Some(performer)) => format!("in the log: by {performer}"),
        (Basis::Log, None) => "in the log".to_owned(),
    }
}

fn for_programs(found: Vec<Tenure>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("group_name", "group", ColumnKind::Word),
        Column::new("held_since", "held since", ColumnKind::Time),
        Column::new("basis", "basis", ColumnKind::Word),
        Column::new("happened_after", "happened after", ColumnKind::Time),
        Column::new("seen_until", "seen until", ColumnKind::Time),
        Column::new("valid_to", "gone since", ColumnKind::Time),
        Column::new("days", "days", ColumnKind::Number),
        Column::new("observations", "observations", ColumnKind::Number),
        Column::new("renewals", "renewals", ColumnKind::Number),
        Column::new("expires_at", "expires", ColumnKind::Time),
        Column::new("performer", "performer", ColumnKind::Text),
    ];
    let mut listing = Listing::new("Tenure", columns, EMPTY);
    for one in found {
        listing.push(vec![
            one.user.into(),
            one.wiki.into(),
            one.group.into(),
            one.since.into(),
            one.basis.as_str().into(),
            one.happened_after.into(),
            one.seen_until.into(),
            one.valid_to.into(),
            one.days.into(),
            one.observations.into(),
            one.renewals.into(),
            one.expires_at.into(),
            one.performer.into(),
        ]);
    }
    listing
}
