//! `status`: is it still working?

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Context, daemon,
    exit::{Exit, Trouble},
    output::FormatArgument,
};
use crate::{
    config::Settings,
    model::{Moment, Scope, parse_age, utc_text},
    report::{Column, ColumnKind, Listing},
    store::{Filter, Store, User},
};

/// What to hold it against.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Exit with 1 if the last good run of any user is older than --max-age
    #[arg(long)]
    check: bool,
    /// How old the last good run may be
    #[arg(long, value_name = "AGE", default_value = "36h", value_parser = parse_age)]
    max_age: TimeDelta,
    #[command(flatten)]
    format: FormatArgument,
}

/// Rights that end within this time are told.
const SOON: TimeDelta = TimeDelta::days(30);

pub(super) async fn run(context: &mut Context<'_>, arguments: &Arguments) -> Result<Exit, Trouble> {
    let store = context.history().await?;
    let settings = context.settings()?;
    let now = context.world.clock.now();
    let columns = vec![
        Column::new("user", "user", ColumnKind::Text),
        Column::new("subject", "subject", ColumnKind::Word),
        Column::new("wiki", "wiki", ColumnKind::Word),
        Column::new("at", "when", ColumnKind::Time),
        Column::new("detail", "detail", ColumnKind::Text),
    ];
    let empty = "No run yet; take one with `sultrail snapshot`.";
    let mut listing = Listing::new("Status", columns, empty);
    let users = store.users().await?;
    let mut is_late = users.is_empty();
    for user in &users {
        is_late |= tell_runs(&store, user, now - arguments.max_age, &mut listing).await?;
        tell_ticks(&settings, user, now, &mut listing)?;
        tell_failing(&store, user, &mut listing).await?;
        tell_expiring(&store, user, now, &mut listing).await?;
    }
    context.output().print(&listing, &arguments.format)?;
    Ok(if is_late && arguments.check {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// The last run and the last good one; whether that is too old.
async fn tell_runs(
    store: &Store,
    user: &User,
    oldest: DateTime<Utc>,
    listing: &mut Listing,
) -> Result<bool, Trouble> {
    let name = user.name.as_str();
    if let Some(last) = store.runs(Some(user.id)).await?.into_iter().next() {
        let detail = format!(
            "run {} {}: {} unchanged, {} changed, {} first seen, {} not read",
            last.run, last.status, last.unchanged, last.changed, last.first_seen, last.failed
        );
        let none: Option<&str> = None;
        listing.push(vec![
            name.into(),
            "last run".into(),
            none.into(),
            last.started_at.into(),
            detail.into(),
        ]);
    }
    let good = store
        .last_good_run_of(user.id, &[Scope::Full, Scope::Pulse])
        .await?;
    let is_late = good.is_none_or(|good| good < oldest);
    let detail = if is_late {
        "too old: nothing that changed since then is known"
    } else {
        "in time"
    };
    let none: Option<&str> = None;
    listing.push(vec![
        name.into(),
        "last good run".into(),
        none.into(),
        good.map(utc_text).into(),
        detail.into(),
    ]);
    Ok(is_late)
}

fn tell_ticks(
    settings: &Settings,
    user: &User,
    now: DateTime<Utc>,
    listing: &mut Listing,
) -> Result<(), Trouble> {
    let configured = settings
        .users
        .iter()
        .find(|configured| user.is_called(&configured.name));
    let Some(configured) = configured else {
        return Ok(());
    };
    for (subject, text) in [
        ("next run", &configured.schedule),
        ("next pulse", &configured.pulse),
    ] {
        let Some(text) = text else { continue };
        let tick = daemon::schedule(settings, configured, text)?.next_after(now);
        let none: Option<&str> = None;
        listing.push(vec![
            user.name.as_str().into(),
            subject.into(),
            none.into(),
            tick.map(utc_text).into(),
            format!("{text} ({})", settings.time_zone).into(),
        ]);
    }
    Ok(())
}

async fn tell_failing(store: &Store, user: &User, listing: &mut Listing) -> Result<(), Trouble> {
    for failing in store.failing_accounts(user.id).await? {
        listing.push(vec![
            user.name.as_str().into(),
            "not read since".into(),
            failing.wiki.into(),
            failing.failing_since.into(),
            failing.error.into(),
        ]);
    }
    Ok(())
}

async fn tell_expiring(
    store: &Store,
    user: &User,
    now: DateTime<Utc>,
    listing: &mut Listing,
) -> Result<(), Trouble> {
    let Ok(run) = store.run_at(Some(user.id), Moment::LATEST, now).await else {
        return Ok(());
    };
    let filter = Filter {
        user: Some(user.id),
        ..Filter::default()
    };
    let soon = utc_text(now + SOON);
    for group in store.groups(&filter, run).await? {
        // All instants are UTC and written alike, so text compares as time does.
        if group.expires_at.as_ref().is_some_and(|at| *at <= soon) {
            listing.push(vec![
                user.name.as_str().into(),
                "expires".into(),
                group.wiki.into(),
                group.expires_at.into(),
                group.group_name.into(),
            ]);
        }
    }
    Ok(())
}
