//! `status`: is it still working?

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Context, collector, daemon,
    exit::{Exit, Trouble},
    freshness,
    output::FormatArgument,
};
use crate::{
    config::{self, Settings},
    model::{Moment, parse_age, utc_text},
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
    let watched = watched(&settings, &store).await?;
    let mut is_late = watched.is_empty();
    for user in &watched {
        is_late |= tell_runs(&store, user, now, arguments.max_age, &mut listing).await?;
        tell_ticks(&settings, user, now, &mut listing)?;
        let Some(known) = &user.known else { continue };
        tell_failing(&store, known, &mut listing).await?;
        tell_expiring(&store, known, now, &mut listing).await?;
    }
    context.output().print(&listing, &arguments.format)?;
    Ok(if is_late && arguments.check {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Whoever is to be looked after.
pub(super) struct Watched<'a> {
    name: String,
    pub(super) configured: Option<&'a config::User>,
    /// `None`: the database knows nothing of them yet.
    pub(super) known: Option<User>,
}

/// Those who are configured; where nobody is, those whom the database knows.
pub(super) async fn watched<'a>(
    settings: &'a Settings,
    store: &Store,
) -> Result<Vec<Watched<'a>>, Trouble> {
    let mut watched = Vec::new();
    if settings.users.is_empty() {
        for known in store.users().await? {
            watched.push(Watched {
                name: known.name.clone(),
                configured: None,
                known: Some(known),
            });
        }
        return Ok(watched);
    }
    let central = collector::central_url(settings)?;
    for configured in &settings.users {
        let known = store.user(&central, &configured.name).await?;
        let name = known.as_ref().map_or(&configured.name, |known| &known.name);
        watched.push(Watched {
            name: name.clone(),
            configured: Some(configured),
            known,
        });
    }
    Ok(watched)
}

/// The last run and the last good one; whether that is too old.
async fn tell_runs(
    store: &Store,
    user: &Watched<'_>,
    now: DateTime<Utc>,
    max_age: TimeDelta,
    listing: &mut Listing,
) -> Result<bool, Trouble> {
    let name = user.name.as_str();
    let is_scheduled = user.configured.is_some_and(|user| user.schedule.is_some());
    let scopes = freshness::good_scopes(user.configured);
    let (last, good) = match &user.known {
        None => (None, None),
        Some(known) => (
            store.last_run(known.id).await?,
            store.last_good_run_of(known.id, scopes).await?,
        ),
    };
    if let Some(last) = last {
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
    let good = good.map(|good| good.started_at);
    let is_late = freshness::is_late(good, now, max_age);
    let detail = match good {
        None if is_scheduled => "there is none: no full run has read most of the wikis yet",
        None => "there is none: no run has read most of the wikis yet",
        Some(good) if is_late && good > now => "in the future: was the clock right, and is it now?",
        Some(_) if is_late => "too old: nothing that changed since then is known",
        Some(_) => "in time",
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
    user: &Watched<'_>,
    now: DateTime<Utc>,
    listing: &mut Listing,
) -> Result<(), Trouble> {
    let Some(configured) = user.configured else {
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
    let (now, soon) = (utc_text(now), utc_text(now + SOON));
    for group in store.groups(&filter, run).await? {
        // All instants are UTC and written alike, so text compares as time does.
        if group
            .expires_at
            .as_ref()
            .is_some_and(|at| *at > now && *at <= soon)
        {
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
