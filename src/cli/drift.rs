//! `drift`: where preferences differ between wikis.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Context, UserArgument,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
};
use crate::{
    findings::drift::{Drift, Known, drift},
    report::{Cell, Column, ColumnKind, Listing},
    store::{Store, User, WikiValueRow},
};

/// Which preferences, and how much of them.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only those of this name; * stands for any text. Also those that are kept as a hash
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// A row for each wiki that deviates from the majority or has a local exception
    #[arg(long)]
    wikis: bool,
    /// Leave out those that differ only since the wikis' defaults do
    #[arg(long)]
    set_only: bool,
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    format: FormatArgument,
}

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let user = arguments.user.only(&store).await?;
    let mut found = find(&store, &user, arguments.name.as_deref()).await?;
    if arguments.set_only {
        found.retain(|drift| !drift.is_by_default());
    }
    let mut listing = if arguments.wikis {
        by_wiki(&store, &user, &found).await?
    } else if arguments.format.is_for_people() {
        for_people(found)
    } else {
        for_programs(&user, found)
    };
    listing.notice = freshness::warning(context, &store, Some(user.id)).await?;
    context.output().print(&listing, &arguments.format)?;
    Ok(Exit::Done)
}

/// Where a user's preferences differ.
pub(super) async fn find(
    store: &Store,
    user: &User,
    name: Option<&str>,
) -> Result<Vec<Drift>, Trouble> {
    Ok(drift(&Known {
        values: store.preference_values(user.id, name).await?,
        exceptions: store.local_exceptions(user.id).await?,
        global: store.global_preferences(user.id).await?,
        with_redacted: name.is_some(),
    }))
}

const EMPTY: &str = "No preference differs between the wikis.";

/// A row a value.
pub(super) fn for_people(found: Vec<Drift>) -> Listing {
    let columns = vec![
        Column::new("name", "preference", ColumnKind::Word),
        Column::new("value", "value", ColumnKind::Json),
        Column::new("wikis", "wikis", ColumnKind::Number),
        Column::new("defaults", "their default", ColumnKind::Number),
        Column::new("exceptions", "exceptions", ColumnKind::Number),
        Column::new("note", "note", ColumnKind::Text),
    ];
    let mut listing = Listing::new("Preference drift", columns, EMPTY);
    for drift in found {
        for (n, share) in drift.values.iter().enumerate() {
            let note = if n > 0 { String::new() } else { note(&drift) };
            let some = |number: i64| Some(number).filter(|number| *number > 0);
            listing.push(vec![
                drift.name.as_str().into(),
                share.value.as_str().into(),
                share.wikis.into(),
                some(share.defaults).into(),
                some(share.exceptions).into(),
                note.into(),
            ]);
        }
    }
    listing
}

pub(super) fn note(drift: &Drift) -> String {
    let mut notes = Vec::new();
    if let Some(value) = &drift.global_value {
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.clone());
        notes.push(format!("set for all wikis: {value}"));
    }
    if drift.is_candidate == Some(true) {
        notes.push("could be set for all wikis".to_owned());
    }
    if !drift.exceptions.is_empty() {
        notes.push(format!("local exception on {}", few(&drift.exceptions)));
    }
    if drift.values.len() > 1 && drift.is_by_default() {
        notes.push("the wikis' defaults differ".to_owned());
    }
    notes.join("; ")
}

/// The first of them, and how many more there are.
fn few(wikis: &[String]) -> String {
    const SHOWN: usize = 3;
    let first = wikis.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    match wikis.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A row a value, each with all that is known.
fn for_programs(user: &User, found: Vec<Drift>) -> Listing {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("name", "name", ColumnKind::Word),
        Column::new("value", "value", ColumnKind::Json),
        Column::new("wikis", "wikis", ColumnKind::Number),
        Column::new("defaults", "their default", ColumnKind::Number),
        Column::new("exceptions", "exceptions", ColumnKind::Number),
        Column::new("is_majority", "majority", ColumnKind::Word),
        Column::new("global_value", "for all wikis", ColumnKind::Json),
        Column::new("is_candidate", "candidate", ColumnKind::Word),
    ];
    let mut listing = Listing::new("Preference drift", columns, EMPTY);
    for drift in found {
        for (n, share) in drift.values.into_iter().enumerate() {
            listing.push(vec![
                user.name.as_str().into(),
                drift.name.as_str().into(),
                share.value.into(),
                share.wikis.into(),
                share.defaults.into(),
                share.exceptions.into(),
                (n == 0).into(),
                drift.global_value.clone().into(),
                drift.is_candidate.map(|is| is && n == 0).into(),
            ]);
        }
    }
    listing
}

/// A row for each wiki that does not hold what most do, or holds it by a local exception.
async fn by_wiki(store: &Store, user: &User, found: &[Drift]) -> Result<Listing, Trouble> {
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("name", "preference", ColumnKind::Word),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("value", "value", ColumnKind::Json),
        Column::new("is_default", "default", ColumnKind::Word),
        Column::new("is_exception", "exception", ColumnKind::Word),
        Column::new("majority_value", "most have", ColumnKind::Json),
        Column::new("global_value", "for all wikis", ColumnKind::Json),
    ];
    let mut listing = Listing::new("Preference drift by wiki", columns, EMPTY);
    let usual: Vec<(&str, &str)> = found
        .iter()
        .filter_map(|drift| Some((drift.name.as_str(), drift.values.first()?.value.as_str())))
        .collect();
    let mut wikis: BTreeMap<(String, String), WikiValueRow> = BTreeMap::new();
    let excepted = store.local_exceptions(user.id).await?;
    let names: BTreeSet<&str> = usual.iter().map(|(name, _)| *name).collect();
    let deviating = store.deviating_wikis(user.id, &usual).await?;
    let of_these = excepted
        .into_iter()
        .filter(|row| names.contains(row.name.as_str()));
    for row in deviating.into_iter().chain(of_these) {
        wikis.insert((row.name.clone(), row.wiki.clone()), row);
    }
    for drift in found {
        let majority = drift.values.first().map(|share| share.value.as_str());
        let from = (drift.name.clone(), String::new());
        let rows = wikis
            .range(from..)
            .take_while(|((name, _), _)| *name == drift.name);
        for (_, row) in rows {
            listing.push(vec![
                user.name.as_str().into(),
                drift.name.as_str().into(),
                row.wiki.as_str().into(),
                Cell::from(row.value.clone()),
                row.is_default.map(|is| is == 1).into(),
                drift.exceptions.contains(&row.wiki).into(),
                majority.into(),
                drift.global_value.clone().into(),
            ]);
        }
    }
    Ok(listing)
}
